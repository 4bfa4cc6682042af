"""Wiring and shutdown; the only module that knows everything."""

import asyncio
import contextlib
import functools
import logging
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

from aiohttp import web

from kentong.server.bus.local import LocalBus
from kentong.server.config import Config
from kentong.server.gateway import poll, sockets
from kentong.server.gateway.connection import Patience
from kentong.server.gateway.listener import Listener, ListenerSettings
from kentong.server.http.site import make_site
from kentong.server.node import Node, start_node
from kentong.server.storage.engine import Engine
from kentong.server.storage.opening import open_engine

log = logging.getLogger(__name__)


class Server:
    """A running server: its node, and the port it listens on."""

    def __init__(self, node: Node, port: int) -> None:
        self.node = node
        self.port = port


@contextlib.asynccontextmanager
async def running(config: Config) -> AsyncIterator[Server]:
    """A server that runs until the block ends; then it says goodbye and closes all."""
    engine = await open_engine(Path(config.data), config.database)
    try:
        async with serving(config, engine) as server:
            yield server
    finally:
        await engine.close()


@contextlib.asynccontextmanager
async def serving(config: Config, engine: Engine) -> AsyncIterator[Server]:
    """As `running`, over an engine that somebody else closes."""
    node = start_node(config, engine)
    bus = LocalBus()
    bus.listen(node.feeder.wake)
    engine.on_change = bus.announce
    await node.feeder.start()
    runner = web.AppRunner(
        make_site(node, poll.exchange), access_log=None, handle_signals=False,
        shutdown_timeout=config.shutdown_s,
    )  # fmt: skip
    await runner.setup()
    assert runner.server is not None
    listener = Listener(
        functools.partial(sockets.open_session, node), runner.server, _listening(config)
    )
    feeding = asyncio.create_task(node.feeder.run(asyncio.sleep))
    try:
        yield Server(node, await _listen(listener, config))
    finally:
        node.feeder.stop()
        feeding.cancel()
        await asyncio.gather(feeding, return_exceptions=True)
        await listener.close()
        await runner.cleanup()


async def _listen(listener: Listener, config: Config) -> int:
    port = config.port
    for host in config.host.split(",") if config.host else [""]:
        port = await listener.listen(host.strip(), port, _tls(config))
    return port


def _listening(config: Config) -> ListenerSettings:
    return ListenerSettings(
        connections_max=config.connections_max,
        connections_per_address_max=config.connections_per_address,
        head_timeout_s=config.head_timeout_s,
        trusted_proxies=config.proxies,
        patience=Patience(stall_s=config.stall_timeout_s, close_wait_s=config.shutdown_s),
    )


def _tls(config: Config) -> ssl.SSLContext | None:
    if not config.tls_certificate:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(config.tls_certificate, config.tls_key)
    return context
