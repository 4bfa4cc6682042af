"""What an HTTP request says: where it came from, and its body, within limits."""

import asyncio
from collections.abc import Sequence

from aiohttp import web

from kentong.protocol.errors import ErrorCode, Refused
from kentong.server.rules.addresses import Network, client_address, is_trusted, parse_address

BODY_BYTES_PER_S_MIN = 200  # a body that comes slower is given up


def address_of(request: web.Request, proxies: Sequence[Network]) -> str:
    """The address of whoever asks, with trusted proxies taken away."""
    peer = parse_address(request.remote or "")
    if peer is None:
        return request.remote or "unknown"
    hops = [
        hop.strip()
        for line in request.headers.getall("X-Forwarded-For", [])
        for hop in line.split(",")
    ]
    return str(client_address(peer, hops, proxies))


def is_secure(request: web.Request, proxies: Sequence[Network]) -> bool:
    """Whether the request travelled over HTTPS, as far as we or a trusted proxy saw."""
    if request.transport is not None and request.transport.get_extra_info("ssl_object"):
        return True
    peer = parse_address(request.remote or "")
    trusted = peer is not None and is_trusted(peer, proxies)
    return trusted and request.headers.get("X-Forwarded-Proto", "") == "https"


async def read_body(request: web.Request, bytes_max: int, stall_s: float) -> bytes:
    """The body of a request.

    Args:
        stall_s: time to begin with; each byte that is announced adds a little.

    Raises:
        Refused(TOO_LARGE): more than `bytes_max`.
        TimeoutError: it comes too slowly.
    """
    length = bytes_max if request.content_length is None else request.content_length
    if length > bytes_max:
        raise Refused(ErrorCode.TOO_LARGE)
    body = bytearray()
    async with asyncio.timeout(stall_s + length / BODY_BYTES_PER_S_MIN):
        while chunk := await request.content.readany():
            body += chunk
            if len(body) > bytes_max:
                raise Refused(ErrorCode.TOO_LARGE)
    return bytes(body)
