"""Asking for administration: the running server through its socket, else the data folder."""

import argparse
import asyncio
import dataclasses
import http.client
import json
import os
import socket
import sqlite3
import stat
from pathlib import Path

from kentong.server import app, config
from kentong.server.app import CannotStart
from kentong.server.config import Config, ConfigError
from kentong.server.features.administration import Answer, NotPossible, Wish
from kentong.server.http.admin import actor_of, desk_alone, socket_path
from kentong.server.storage import copies
from kentong.server.storage.copies import NotABackup
from kentong.server.storage.folder import DATABASE, FolderInUse
from kentong.server.storage.migrations import SchemaTooNew

FAILURES = (ConfigError, CannotStart, NotPossible)  # each says in a sentence what is wrong


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Where the server is; as for `kentong serve`, the environment and the file count too."""
    for name, sentence in (
        ("config", "settings file (TOML)"),
        ("data", "data folder of the server"),
        ("database", "postgresql://… if the server uses PostgreSQL"),
    ):
        parser.add_argument(f"--{name}", default=argparse.SUPPRESS, help=sentence)


def ask(arguments: argparse.Namespace, wish: Wish) -> Answer:
    """Have a wish granted. Raises one of FAILURES."""
    settings = config.load(vars(arguments))
    folder = Path(settings.data)
    if not folder.is_dir():
        raise NotPossible(f"There is no data folder {folder}; name it with --data.")
    connection = _Connection(folder)
    try:
        connection.connect()
    except OSError:  # no server runs
        return asyncio.run(_ask_folder(settings, wish))
    return _ask_server(connection, wish)


def _ask_server(connection: http.client.HTTPConnection, wish: Wish) -> Answer:
    try:
        headers = {"Content-Type": "application/json"}
        connection.request("POST", "/", json.dumps(wish._asdict()), headers)
        response = connection.getresponse()
        found = json.loads(response.read())
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise NotPossible("The server went away, or failed; its log knows more.") from error
    finally:
        connection.close()
    if response.status != http.client.OK:
        raise NotPossible(str(found.get("error")))
    answer: Answer = found
    return answer


class _Connection(http.client.HTTPConnection):
    """HTTP over the socket in a data folder."""

    def __init__(self, folder: Path) -> None:
        super().__init__("localhost")
        self._folder = folder

    def connect(self) -> None:
        """Raises OSError: nobody listens."""
        self.sock = socket.socket(socket.AF_UNIX)
        try:
            with socket_path(self._folder) as path:
                self.sock.connect(path)
        except OSError:
            self.sock.close()
            raise


async def _ask_folder(settings: Config, wish: Wish) -> Answer:
    """Open the folder ourselves; while we do, no server can."""
    folder = Path(settings.data)
    if wish.action != "restore" and not settings.database:
        _require_database(folder)
    try:
        return await _work_in(folder, settings, wish)
    finally:
        _give_back(folder)


async def _work_in(folder: Path, settings: Config, wish: Wish) -> Answer:
    if wish.action == "restore" and not settings.database:
        # Also when the database that is replaced can't be opened any more.
        await asyncio.to_thread(_restore, folder, Path(wish.file))
    engine = await app.open_storage(settings)
    try:
        desk = desk_alone(engine, settings)
        if wish.action == "restore" and not settings.database:
            desk = dataclasses.replace(desk, restore=_done)
        return await desk.answer(actor_of(os.getuid()), wish)
    finally:
        await engine.close()


def _give_back(folder: Path) -> None:
    """Let the server's user have what root made in its folder, or it could not start again."""
    owner = folder.stat()
    if os.geteuid() != 0 or owner.st_uid == 0:
        return
    for path in folder.iterdir():
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except OSError:  # a link or a socket: not ours
            continue
        try:
            found = os.fstat(descriptor)
            if stat.S_ISREG(found.st_mode) and found.st_uid == 0 and found.st_nlink == 1:
                os.fchown(descriptor, owner.st_uid, owner.st_gid)
        finally:
            os.close(descriptor)


def _require_database(folder: Path) -> None:
    """A mistyped folder must not become a server's."""
    if not (folder / DATABASE).exists():
        raise NotPossible(f"There is no database in {folder}; name the server's with --data.")


def _restore(folder: Path, source: Path) -> None:
    try:
        copies.restore(folder, source)
    except (FolderInUse, NotABackup, SchemaTooNew) as error:
        raise NotPossible(str(error)) from error
    except (OSError, sqlite3.Error) as error:
        raise NotPossible(f"{source}: {error}.") from error


async def _done(source: Path) -> None:
    """It is restored already."""
    del source
