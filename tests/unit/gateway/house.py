"""A listener with echo sessions and a small web site, for tests over real sockets."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager

from aiohttp import web

from kentong.server.gateway.handshake import UpgradeRequest
from kentong.server.gateway.link import Link, Receiver
from kentong.server.gateway.listener import Listener, ListenerSettings
from kentong.server.gateway.websocket import Limits

SETTINGS = ListenerSettings(sweep_every_s=3600, limits=Limits(message_bytes_max=256 * 1024))
WAIT_S = 10
LONG_BYTES = 4_000_000  # more than the kernel takes in one go
Run = Callable[[Coroutine[None, None, None]], None]


class Echo:
    """A session that sends back what it gets."""

    def __init__(self, link: Link, request: UpgradeRequest) -> None:
        self.link = link
        self.request = request
        self.closed_times = 0
        self.writable_times = 0
        link.authenticated = True
        link.send(b"hello")

    def received(self, frame: bytes) -> None:
        self.link.send(frame)

    def writable(self) -> None:
        self.writable_times += 1

    def answered(self) -> None:
        raise AssertionError("nobody asked")

    def closed(self) -> None:
        self.closed_times += 1


class House:
    """A listener with echo sessions and a small web site, and a clock to turn."""

    def __init__(self, settings: ListenerSettings, server: web.Server) -> None:
        self.now = 0.0
        self.sessions: list[Echo] = []
        self.listener = Listener(self._open, server, settings, lambda: self.now)
        self.port = 0
        self.writers: list[asyncio.StreamWriter] = []

    def _open(self, link: Link, request: UpgradeRequest) -> Receiver:
        self.sessions.append(Echo(link, request))
        return self.sessions[-1]

    async def connect(
        self, context: ssl.SSLContext | None = None
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Open a bare connection; it is closed together with the house."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port, ssl=context)
        self.writers.append(writer)
        return reader, writer

    async def leave(self) -> None:
        """Close all bare connections."""
        for writer in self.writers:
            writer.close()
        await asyncio.gather(*(w.wait_closed() for w in self.writers), return_exceptions=True)
        self.writers.clear()

    async def pass_time(self, seconds: float) -> None:
        self.now += seconds
        self.listener.sweep(self.now)


async def answer(request: web.Request) -> web.Response:
    if request.path == "/long":
        return web.Response(body=bytes(LONG_BYTES))
    return web.Response(text=f"{request.path} {await request.text()}")


@asynccontextmanager
async def house(
    settings: ListenerSettings = SETTINGS, context: ssl.SSLContext | None = None
) -> AsyncIterator[House]:
    application = web.Application()
    application.router.add_route("*", "/{any:.*}", answer)
    runner = web.AppRunner(application)
    await runner.setup()
    assert runner.server is not None
    it = House(settings, runner.server)
    it.port = await it.listener.listen("127.0.0.1", 0, context)
    try:
        yield it
    finally:
        await it.leave()
        await it.listener.close()
        await runner.cleanup()
        await until(lambda: it.listener.crowd.total == 0)


async def until(condition: Callable[[], bool]) -> None:
    while not condition():  # noqa: ASYNC110 - what we wait for happens in the kernel
        await asyncio.sleep(0)


async def end_of(reader: asyncio.StreamReader) -> bytes:
    """Read to the end, however rude the end is."""
    try:
        return await reader.read()
    except ConnectionError:
        return b""
