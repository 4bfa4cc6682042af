"""Backups of the embedded database, and what a restored one must forget and keep."""

import sqlite3
from pathlib import Path

from kentong.server.storage import meta
from kentong.server.storage.folder import DataFolder, sync_file
from kentong.server.storage.removals import RemovalLog
from kentong.server.storage.sqlite_files import (
    Clock,
    Options,
    SqliteTransaction,
    connect,
    copy,
    migrate,
    read_only,
    schema_version,
)

REPLACED = "kentong-replaced.db"
UNFINISHED = "kentong-restoring.db"
REPLACING = "kentong-replacing.db"


class NotABackup(Exception):
    """The file is not a database of Kentong, or it is damaged."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"{path} is not a usable backup: {why}.")


class InDataFolder(Exception):
    """A backup must not be written among the server's own files."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} is in the data folder; choose a place elsewhere for a backup.")


class OtherServer(Exception):
    """The backup is another server's, and people have joined this one."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"{path} is a backup of another server, and people have joined the one in this "
            "database; restore it into an empty one."
        )


def backup(folder: Path, target: Path) -> None:
    """Write a consistent copy of a folder's database; a server may use it meanwhile.

    The file has its name only when it is complete and on the disk. An older file of that
    name is replaced, but never one of the data folder. Nothing is left of what failed.
    Raises InDataFolder, OSError, sqlite3.Error.
    """
    require_outside(folder, target)
    connection = read_only(folder / "kentong.db")
    try:
        copy(connection, target)
    finally:
        connection.close()


def restore(path: Path, source: Path) -> None:
    """Put a backup in place of a folder's database, which no server may use meanwhile.

    Raises FolderInUse, NotABackup, SchemaTooNew.
    """
    folder = DataFolder(path)
    try:
        swap_in(folder, source, _next_ids(folder.database))
    finally:
        folder.close()


def swap_in(folder: DataFolder, source: Path, known_next_ids: dict[str, int]) -> None:
    """Prepare a backup and give it the database's name; nobody has that one open.

    The replaced file is kept as `kentong-replaced.db`.

    Raises NotABackup, SchemaTooNew; then everything is as it was.
    """
    prepared = prepare(folder, source, known_next_ids)
    replaced = folder.path / REPLACED
    replaced.unlink(missing_ok=True)
    if folder.database.exists():
        replaced.hardlink_to(folder.database)
    for suffix in ("-wal", "-shm"):
        folder.database.with_name(folder.database.name + suffix).unlink(missing_ok=True)
    prepared.replace(folder.database)
    if replaced.exists():
        replaced.touch()  # it is kept for some days from now on
    sync_file(folder.path)


def prepare(folder: DataFolder, source: Path, known_next_ids: dict[str, int]) -> Path:
    """A copy of a backup that is ready to take the database's place.

    It has today's schema, a new epoch, ids beyond all that were handed out, and the removals
    that the backup doesn't know. Raises NotABackup, SchemaTooNew.
    """
    prepared = folder.path / UNFINISHED
    _copy_of_backup(source, prepared)
    _begin_another_history(prepared, RemovalLog(folder.removals), known_next_ids)
    return prepared


def instance(path: Path) -> str:
    """Which server's a file is."""
    connection = read_only(path)
    try:
        return meta.instance(SqliteTransaction(connection.execute, Clock(0)))
    finally:
        connection.close()


def drop_old(folder: Path, before_s: int) -> None:
    """Delete what restores and upgrades of the schema replaced, or left half done, before then."""
    left = (REPLACED, REPLACING, UNFINISHED, "kentong-*.db.unfinished", "kentong-schema-*.db")
    for path in (path for pattern in left for path in folder.glob(pattern)):
        if path.exists() and path.stat().st_mtime < before_s:
            path.unlink()


def require_outside(folder: Path, target: Path) -> None:
    """A backup must not stand where the server's own files do. Raises InDataFolder."""
    if _is_in(folder, target):
        raise InDataFolder(target)


def _is_in(folder: Path, target: Path) -> bool:
    """Whether a file, or what it links to, is the folder's, whatever name that goes by."""
    places = (target.parent.resolve(), target.resolve())
    parents = {place for path in places for place in (path, *path.parents) if place.exists()}
    own = [folder, *(path for path in folder.iterdir() if path.exists())]
    return any(path.samefile(place) for path in own for place in parents)


def _copy_of_backup(source: Path, prepared: Path) -> None:
    try:
        connection = read_only(source)
    except sqlite3.Error as error:
        raise NotABackup(source, str(error)) from None
    try:
        if schema_version(connection) == 0:
            raise NotABackup(source, "it is empty")
        problem = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        if problem != "ok":
            raise NotABackup(source, problem)
        copy(connection, prepared)
    except sqlite3.DatabaseError as error:
        raise NotABackup(source, str(error)) from None
    finally:
        connection.close()


def _begin_another_history(
    prepared: Path, removals: RemovalLog, known_next_ids: dict[str, int]
) -> None:
    connection = connect(prepared, Options())
    try:
        migrate(connection)
        counter = Clock(0)
        tx = SqliteTransaction(connection.execute, counter)
        counter.last = meta.fact(tx, meta.CLOCK)
        connection.execute("BEGIN IMMEDIATE")
        meta.begin_another_history(tx, known_next_ids)
        removals.replay(tx)
        meta.set_fact(tx, meta.CLOCK, counter.last)
        connection.execute("COMMIT")
        connection.execute("PRAGMA journal_mode = DELETE")  # one file again
    finally:
        connection.close()
    sync_file(prepared)


def _next_ids(path: Path) -> dict[str, int]:
    """What the database that is replaced would hand out next; nothing if it is unreadable."""
    if not path.exists():
        return {}
    try:
        connection = connect(path, Options())
        try:
            return meta.next_ids(SqliteTransaction(connection.execute, Clock(0)))
        finally:
            connection.close()
    except sqlite3.Error:
        return {}
