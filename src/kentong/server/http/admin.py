"""Administration over a socket in the data folder: only the server's own user can reach it."""

import asyncio
import contextlib
import dataclasses
import json
import logging
import os
import secrets
import socket
import sqlite3
import struct
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any, Final

from aiohttp import web

from kentong.protocol.errors import ErrorCode, Refused
from kentong.protocol.planted import NOTHING
from kentong.server.access import Caller, Context
from kentong.server.config import Config
from kentong.server.features import administration
from kentong.server.features.administration import Answer, NotPossible, Wish
from kentong.server.http.headers import plain
from kentong.server.http.links import addresses
from kentong.server.http.requests import read_body
from kentong.server.http.stalls import ending_timeout_s
from kentong.server.node import Node
from kentong.server.storage.copies import InDataFolder, NotABackup, OtherServer
from kentong.server.storage.engine import Engine, Transaction
from kentong.server.storage.migrations import SchemaTooNew

log = logging.getLogger(__name__)

SOCKET: Final = "admin.sock"
PATH_BYTES_MAX: Final = 100  # Linux takes 107 for a socket's path
BODY_BYTES_MAX: Final = 65_536
BODY_WAIT_S: Final = 10.0
TOKEN_BYTES: Final = 15
FAILURES: Final = (NotPossible, InDataFolder, NotABackup, OtherServer, SchemaTooNew)


@dataclasses.dataclass(frozen=True)
class Desk:
    """Where administrators are served, beside a running server or without one."""

    engine: Engine
    config: Config
    addresses: list[str]
    now: Callable[[], float]
    new_token: Callable[[], str]
    restore: Callable[[Path], Awaitable[None]]
    new_epoch: Callable[[], Awaitable[None]]
    live: Callable[[], Answer]  # what only a running server knows

    async def answer(self, actor: str, wish: Wish) -> Answer:
        """Grant a wish. Raises NotPossible."""
        try:
            if wish.action == "restore":
                await self.restore(Path(wish.file))
            elif wish.action == "new-epoch":
                await self.new_epoch()
            answer = await self.engine.write(lambda tx: self._perform(tx, actor, wish))
            if wish.action == "backup":
                await self.engine.backup(Path(wish.file))
        except FAILURES as error:
            raise NotPossible(str(error)) from error
        except (OSError, sqlite3.Error) as error:
            raise NotPossible(f"{wish.file or 'The database'}: {error}.") from error
        except Refused as refused:
            raise NotPossible(_REFUSED.get(refused.code, str(refused))) from refused
        log.info("administration: %s by %s", wish.action, actor)
        more = self.live() if wish.action == "stats" else {}
        return {**answer, **more, "addresses": self.addresses}

    def _perform(self, tx: Transaction, actor: str, wish: Wish) -> Answer:
        context = Context(tx, Caller(0, 0), int(self.now()), self.config, self.new_token, NOTHING)
        return administration.perform(context, actor, wish)


_REFUSED: Final = {
    ErrorCode.DISK_FULL: "The disk is full: nothing can be written, not even the audit.",
    ErrorCode.OVERLOADED: "The database can't be reached now; try again.",
}


def desk_of(node: Node, port: int) -> Desk:
    """The desk of a running server."""

    def live() -> Answer:
        return {"devices_connected": len(node.sessions), "people_connected": len(node.hub.users)}

    return Desk(
        engine=node.engine,
        config=node.config,
        addresses=addresses(node.config, port),
        now=node.now,
        new_token=node.new_token,
        restore=node.restore,
        new_epoch=_only_when_stopped,
        live=live,
    )


def desk_alone(engine: Engine, config: Config) -> Desk:
    """A desk where no server runs."""

    async def new_epoch() -> None:
        begin = getattr(getattr(engine, "database", None), "new_epoch", None)
        if begin is None:
            raise NotPossible("The embedded database gets a new epoch from `kentong restore`.")
        await asyncio.to_thread(begin)

    return Desk(
        engine=engine,
        config=config,
        addresses=addresses(config, config.port),
        now=time.time,
        new_token=lambda: secrets.token_urlsafe(TOKEN_BYTES),
        restore=engine.restore,
        new_epoch=new_epoch,
        live=dict,
    )


async def _only_when_stopped() -> None:
    raise NotPossible("Stop the server first.")


@contextlib.asynccontextmanager
async def open_desk(desk: Desk) -> AsyncIterator[None]:
    """Listen on the socket in the data folder until the block ends."""
    site = web.Application(client_max_size=BODY_BYTES_MAX)
    site.router.add_post("/", _Counter(desk).handle)
    timeout_s = ending_timeout_s(desk.config)
    runner = web.AppRunner(site, access_log=None, handle_signals=False, shutdown_timeout=timeout_s)
    await runner.setup()
    folder = Path(desk.config.data)
    try:
        await web.SockSite(runner, _listening(folder)).start()
        yield
    finally:
        (folder / SOCKET).unlink(missing_ok=True)
        await runner.cleanup()


class _Counter:
    """The handler."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def handle(self, request: web.Request) -> web.Response:
        """One wish, one answer; what is not possible comes as a sentence."""
        try:
            body = await read_body(request, BODY_BYTES_MAX, BODY_WAIT_S)
            wish = wish_of(json.loads(body))
            # Not even a client that goes away leaves a restore half done.
            answer = await asyncio.shield(self._desk.answer(_actor(request), wish))
        except NotPossible as error:
            return web.json_response({"error": str(error)}, status=400)
        except (ValueError, RecursionError, Refused):
            return web.json_response({"error": "That was not understood."}, status=400)
        except Exception:
            log.exception("administration failed")
            return plain(500, "Our fault")
        return web.json_response(answer)


def wish_of(found: Any) -> Wish:  # noqa: ANN401 - JSON, checked here
    """A wish out of JSON. Raises NotPossible."""
    if not isinstance(found, dict) or not found.keys() <= set(Wish._fields):
        raise NotPossible("That was not understood.")
    wish = Wish(**{"action": "", **found})
    for value, default in zip(wish, Wish(""), strict=True):
        if type(value) is not type(default):
            raise NotPossible("That was not understood.")
    return wish


@contextlib.contextmanager
def socket_path(folder: Path) -> Iterator[str]:
    """A path of the socket that is short enough, however deep the folder lies."""
    path = str(folder / SOCKET)
    if len(os.fsencode(path)) <= PATH_BYTES_MAX:
        yield path
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{descriptor}/{SOCKET}"
    finally:
        os.close(descriptor)


def _listening(folder: Path) -> socket.socket:
    """The folder is ours alone (it is locked, mode 0700), so an older socket is a left-over."""
    path = folder / SOCKET
    path.unlink(missing_ok=True)
    listening = socket.socket(socket.AF_UNIX)
    with socket_path(folder) as short:
        listening.bind(short)
    path.chmod(0o600)
    listening.setblocking(False)
    return listening


def _actor(request: web.Request) -> str:
    """Who asks, as the kernel says."""
    assert request.transport is not None
    peer = request.transport.get_extra_info("socket")
    if not hasattr(socket, "SO_PEERCRED"):
        return "local"
    found = peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    return actor_of(struct.unpack("3i", found)[1])


def actor_of(user_id: int) -> str:
    """How the audit names a user of the operating system."""
    return f"local:{user_id}"
