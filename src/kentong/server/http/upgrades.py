"""A WebSocket on a connection that served HTTP before: proxies use theirs again and again."""

import asyncio
from collections.abc import Callable

from aiohttp import web
from aiohttp.abc import AbstractStreamWriter

Upgrade = Callable[[asyncio.Transport, bytes, bytes], None]
"""Takes a connection over: its transport, the head of the request, what came behind it."""


class Upgrades:
    """Hands such a connection over to the gateway, for good."""

    def __init__(self, path: str, upgrade: Upgrade) -> None:
        self._path = path
        self._upgrade = upgrade

    def routes(self) -> list[web.RouteDef]:
        """What is served."""
        return [web.get(self._path, self._handle, allow_head=False)]

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        wanted = "websocket" in request.headers.get("Upgrade", "").lower()
        if not wanted or request.raw_path.partition("?")[0] != self._path:
            raise web.HTTPNotFound
        protocol, tail = request.protocol, _Tail()
        transport = protocol.transport
        if transport is None:  # gone already
            return _Nothing()
        protocol.set_parser(tail)  # type: ignore[arg-type] # all that it needs is there
        protocol.transport = None  # aiohttp neither writes to it any more nor closes it
        self._upgrade(transport, _head(request), bytes(tail.data))
        return _Nothing()


class _Tail:
    """Takes what came behind the request."""

    def __init__(self) -> None:
        self.data = bytearray()

    def feed_data(self, data: bytes) -> tuple[bool, bytes]:
        """More came."""
        self.data += data
        return False, b""

    def feed_eof(self) -> None:
        """Nothing more comes this way."""


class _Nothing(web.StreamResponse):
    """The answer to a request that somebody else answers."""

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        """Write nothing."""
        del request
        self.force_close()
        return None

    async def write_eof(self, data: bytes = b"") -> None:
        """Write nothing."""
        del data


def _head(request: web.Request) -> bytes:
    version = f"HTTP/{request.version.major}.{request.version.minor}"
    lines = [f"{request.method} {request.raw_path} {version}".encode("utf-8", "surrogateescape")]
    lines += [name + b": " + value for name, value in request.raw_headers]
    return b"\r\n".join([*lines, b"", b""])
