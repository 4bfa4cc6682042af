"""What an HTTP request says about where it came from."""

from collections.abc import Sequence

from aiohttp import web

from kentong.server.rules.addresses import Network, client_address, is_trusted, parse_address


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
