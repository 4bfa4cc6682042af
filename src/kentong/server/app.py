"""Wiring and shutdown; the only module that knows everything."""

import asyncio
import contextlib
import errno
import functools
import logging
import sqlite3
import ssl
from collections.abc import AsyncIterator, Coroutine
from pathlib import Path
from typing import Any, TypeVar

from aiohttp import web

from kentong.protocol.errors import ErrorCode
from kentong.server.bus.local import LocalBus
from kentong.server.config import Config
from kentong.server.gateway import poll, sockets
from kentong.server.gateway.connection import TOO_LARGE, Patience
from kentong.server.gateway.handshake import PATH
from kentong.server.gateway.listener import Listener, ListenerSettings, upgrade
from kentong.server.gateway.websocket import Limits
from kentong.server.http import files, pages
from kentong.server.http.admin import desk_of, open_desk
from kentong.server.http.links import addresses
from kentong.server.http.site import Gateway, make_site
from kentong.server.http.stalls import PatientProtocol, ending_timeout_s
from kentong.server.http.unreadable import make_logger
from kentong.server.node import Node, start_node
from kentong.server.storage.engine import Engine
from kentong.server.storage.folder import FolderInUse
from kentong.server.storage.migrations import SchemaInUse, SchemaTooNew
from kentong.server.storage.opening import open_engine
from kentong.server.storage.sqlite_files import Options
from kentong.server.tls import Certificate, NoCertificate
from kentong.server.upkeep import keep_up

log = logging.getLogger(__name__)

KEEP_ALIVE_S = 75.0  # an HTTP connection that nobody uses
MIB = 2**20
T = TypeVar("T")


class CannotStart(Exception):
    """The server can't start here; the sentence is for the operator."""


class Server:
    """A running server: its node, the port it listens on, where people find it."""

    def __init__(self, node: Node, port: int) -> None:
        self.node = node
        self.port = port
        self.addresses = addresses(node.config, port)


@contextlib.asynccontextmanager
async def running(config: Config) -> AsyncIterator[Server]:
    """A server that runs until the block ends; then it says goodbye and closes all.

    Raises CannotStart.
    """
    certificate = open_certificate(config)
    engine = await open_storage(config)
    try:
        async with serving(config, engine, certificate) as server:
            yield server
    finally:
        await engine.close()


async def open_storage(config: Config) -> Engine:
    """The engine that the settings name. Raises CannotStart."""
    options = Options(reserve_bytes=config.disk_reserve_mib * MIB)
    try:
        return await open_engine(Path(config.data), config.database, options)
    except (FolderInUse, SchemaTooNew, SchemaInUse) as error:
        raise CannotStart(str(error)) from error
    except ImportError as error:
        sentence = "PostgreSQL needs an extra package: pip install 'kentong[postgres]'."
        raise CannotStart(sentence) from error
    except OSError as error:
        sentence = f"The data folder {config.data} can't be used: {error.strerror}."
        raise CannotStart(sentence) from error
    except sqlite3.Error as error:
        raise CannotStart(f"The database in {config.data} can't be opened: {error}.") from error
    except Exception as error:
        if not type(error).__module__.startswith("psycopg"):  # it may not be installed
            raise
        raise CannotStart(f"PostgreSQL can't be reached: {str(error).strip()}") from error


@contextlib.asynccontextmanager
async def serving(
    config: Config, engine: Engine, certificate: Certificate | None = None
) -> AsyncIterator[Server]:
    """As `running`, over an engine that somebody else closes."""
    node = start_node(config, engine)
    node.build = files.build_number()
    pages.add_templates(Path(config.data) / "pages", config.horizon_days)
    bus = LocalBus()
    bus.listen(node.feeder.wake)
    engine.on_change = bus.announce
    engine.on_new_epoch = node.begin_again
    await node.feeder.start()
    async with _ending_together() as parts:
        listener = await parts.enter(_listener(node, await parts.enter(_site(node))))
        await parts.enter(_background(_works(node, certificate)))
        tls = certificate.context if certificate is not None else None
        server = Server(node, await _listen(listener, config, tls))
        await parts.enter(open_desk(desk_of(node, server.port)))
        log.info("listening on port %d", server.port)
        try:
            yield server
        finally:
            log.info("stopping")
            node.end_all(ErrorCode.SHUTTING_DOWN)
            node.feeder.stop()


class _Parts:
    """Parts of a server that end at the same time: each has all of `shutdown_s`, nobody more."""

    def __init__(self) -> None:
        self._entered: list[contextlib.AsyncExitStack] = []

    async def enter(self, part: contextlib.AbstractAsyncContextManager[T]) -> T:
        """Begin a part; those that began last are told to end first."""
        stack = contextlib.AsyncExitStack()
        found = await stack.enter_async_context(part)
        self._entered.append(stack)
        return found

    async def end(self) -> None:
        """End all; what one raises comes when all have ended."""
        endings = [stack.aclose() for stack in reversed(self._entered)]
        for outcome in await asyncio.gather(*endings, return_exceptions=True):
            if isinstance(outcome, BaseException):
                raise outcome


@contextlib.asynccontextmanager
async def _ending_together() -> AsyncIterator[_Parts]:
    parts = _Parts()
    try:
        yield parts
    finally:
        await parts.end()


@contextlib.asynccontextmanager
async def _site(node: Node) -> AsyncIterator[web.Server]:
    """What speaks HTTP on a connection."""
    runner = web.AppRunner(
        make_site(node, Gateway(poll.exchange, PATH, upgrade), files.load()),
        access_log=None,
        logger=make_logger(node),
        handle_signals=False,
        shutdown_timeout=ending_timeout_s(node.config),
        keepalive_timeout=KEEP_ALIVE_S,
        auto_decompress=False,  # nobody sends us compressed bodies, but for bombs
    )
    await runner.setup()
    assert runner.server is not None
    try:
        yield runner.server
    finally:
        await runner.cleanup()


@contextlib.asynccontextmanager
async def _listener(node: Node, http: web.Server) -> AsyncIterator[Listener]:
    stall_s = node.config.stall_timeout_s
    listener = Listener(
        functools.partial(sockets.open_session, node),
        lambda: PatientProtocol(http(), stall_s),
        _listening(node.config),
    )
    listener.set_cookie = functools.partial(sockets.renewed_cookie, node)
    try:
        yield listener
    finally:
        await listener.close()


def _works(node: Node, certificate: Certificate | None) -> list[Coroutine[Any, Any, None]]:
    works: list[Coroutine[Any, Any, None]] = [
        node.feeder.run(asyncio.sleep),
        keep_up(node, asyncio.sleep),
    ]
    if certificate is not None:
        works.append(certificate.keep_up(asyncio.sleep))
    return works


@contextlib.asynccontextmanager
async def _background(works: list[Coroutine[Any, Any, None]]) -> AsyncIterator[None]:
    """Work that goes on beside everything else until the block ends."""
    tasks = [asyncio.create_task(work) for work in works]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _listen(listener: Listener, config: Config, tls: ssl.SSLContext | None) -> int:
    port = config.port
    for host in config.host.split(",") if config.host else [""]:
        try:
            port = await listener.listen(host.strip(), port, tls)
        except OSError as error:
            raise CannotStart(_why_not(host.strip(), port, error)) from error
    return port


def _why_not(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} is in use; stop what uses it or choose another one with --port."
    if error.errno == errno.EACCES:
        return f"Port {port} is reserved; choose one above 1023 with --port."
    return f"The address {host!r} can't be listened on: {error.strerror}."


def _listening(config: Config) -> ListenerSettings:
    return ListenerSettings(
        connections_max=config.connections_max,
        connections_per_address_max=config.connections_per_address,
        head_timeout_s=config.head_timeout_s,
        trusted_proxies=config.proxies,
        limits=Limits(message_bytes_max=config.frame_bytes_max, farewell=TOO_LARGE),
        patience=Patience(stall_s=config.stall_timeout_s, close_wait_s=config.shutdown_s),
    )


def open_certificate(config: Config) -> Certificate | None:
    """TLS as the settings say. Raises CannotStart."""
    if not config.tls_certificate:
        return None
    try:
        return Certificate(Path(config.tls_certificate), Path(config.tls_key))
    except NoCertificate as error:
        raise CannotStart(str(error)) from error
