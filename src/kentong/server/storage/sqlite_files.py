"""The file of the embedded database: connections, transactions, migrations, copies."""
# ruff: noqa: D102 - the abstract class says what a method promises

import functools
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from kentong.server.storage import meta
from kentong.server.storage.engine import SqlRow, SqlValue, Transaction
from kentong.server.storage.folder import before_schema, sync_file
from kentong.server.storage.migrations import Migration, statements, steps

BUSY_TIMEOUT_S = 5.0
STATEMENTS_CACHED = 512
CACHE_KIB = 32_768  # of pages, per connection
SUFFIXES = ("", "-journal", "-wal", "-shm")
WAL_BYTES_KEPT = 64 * 2**20  # the log is cut to this after a burst


class Options(NamedTuple):
    """How the embedded database is kept."""

    reserve_bytes: int = 64 * 2**20  # free on the volume, or writing is refused
    durable: bool = True  # False: only a test may lose what it was told
    commits_late: bool = False  # a planted bug: a group is committed with the next one


class Clock:
    """The counter from which pieces of work take their clocks."""

    __slots__ = ("last",)

    def __init__(self, last: int) -> None:
        self.last = last

    def next(self) -> int:
        """A clock above all others."""
        self.last += 1
        return self.last


class NoClock(Clock):
    """Who only reads changes nothing."""

    __slots__ = ()

    def next(self) -> int:
        raise AssertionError("a clock is taken by writing works only")


class SqliteTransaction(Transaction):
    """A piece of work on a SQLite connection."""

    __slots__ = ("_clock", "_counter", "_execute")

    def __init__(self, execute: Callable[..., sqlite3.Cursor], counter: Clock) -> None:
        self.wrote = False
        self.removed = []
        self._execute = execute
        self._counter = counter
        self._clock = 0

    @property
    def clock(self) -> int:
        if not self._clock:
            self._clock = self._counter.next()
        return self._clock

    def cursor(self) -> int:
        return meta.fact(self, meta.CLOCK) + 1

    def lag(self) -> int:
        return 0

    def all(self, sql: str, *args: SqlValue) -> list[SqlRow]:
        if not sql.startswith("SELECT"):
            self.wrote = True
        return self._execute(sql, args).fetchall()

    def one(self, sql: str, *args: SqlValue) -> SqlRow | None:
        if not sql.startswith("SELECT"):
            self.wrote = True
        row: SqlRow | None = self._execute(sql, args).fetchone()
        return row

    def run(self, sql: str, *args: SqlValue) -> int:
        self.wrote = True
        return self._execute(sql, args).rowcount

    def size_bytes(self) -> int:
        row = self.one("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size")
        assert row is not None
        return int(row[0])

    def next_id(self, table: str) -> int:
        row = self.one("SELECT seq FROM sqlite_sequence WHERE name = ?", table)
        return row[0] + 1 if row else 1

    def set_next_id(self, table: str, next_id: int) -> None:
        self.run("DELETE FROM sqlite_sequence WHERE name = ?", table)
        self.run("INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", table, next_id - 1)


def connect(path: Path, options: Options) -> sqlite3.Connection:
    """A connection as the engine needs it: explicit transactions, synced commits.

    The file is its owner's alone, and what SQLite puts beside it has its mode.
    """
    path.touch(mode=0o600)
    for suffix in SUFFIXES:
        beside = path.with_name(path.name + suffix)
        if beside.exists():
            beside.chmod(0o600)
    connection = sqlite3.connect(
        path,
        timeout=BUSY_TIMEOUT_S,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=STATEMENTS_CACHED,
    )
    for setting in (
        "journal_mode = WAL",
        f"synchronous = {'FULL' if options.durable else 'OFF'}",
        "foreign_keys = OFF",
        "secure_delete = ON",  # a wiped text leaves the file, not only the index
        "temp_store = MEMORY",
        f"cache_size = -{CACHE_KIB}",
        f"journal_size_limit = {WAL_BYTES_KEPT}",
    ):
        connection.execute(f"PRAGMA {setting}")
    return connection


def migrate(connection: sqlite3.Connection, folder: Path | None = None) -> None:
    """Bring a database up to this Kentong's schema.

    An older one is copied first, into `folder`. Raises SchemaTooNew.
    """
    found = schema_version(connection)
    missing = steps(found)
    if folder and found and missing:
        copy(connection, before_schema(folder, found))
    for step in missing:
        _migrate(connection, step)


def schema_version(connection: sqlite3.Connection) -> int:
    """The schema of a database, 0 if it is empty."""
    has_meta = connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'meta'").fetchone()
    if has_meta is None:
        return 0
    tx = SqliteTransaction(connection.execute, Clock(0))
    return meta.fact(tx, meta.SCHEMA_VERSION)


def read_only(path: Path) -> sqlite3.Connection:
    """A connection to a file that is left as it is."""
    address = f"file:{quote(str(path.absolute()))}?mode=ro"
    return sqlite3.connect(address, uri=True, isolation_level=None)


def copy(connection: sqlite3.Connection, target: Path) -> None:
    """A consistent copy in one file, on the disk when it has its name; else nothing is left."""
    write_whole(target, functools.partial(_fill, connection))


def write_whole(target: Path, fill: Callable[[Path], None]) -> None:
    """Have a file filled and synced under another name, then give it its own; else nothing is
    left.
    """
    unfinished = target.with_name(target.name + ".unfinished")
    _discard(unfinished)
    try:
        fill(unfinished)
        unfinished.replace(target)
    finally:
        _discard(unfinished)
    sync_file(target.parent)


def _fill(connection: sqlite3.Connection, path: Path) -> None:
    path.touch(mode=0o600)
    into = sqlite3.connect(path)
    try:
        connection.backup(into)
        into.execute("PRAGMA journal_mode = DELETE")
    finally:
        into.close()
    sync_file(path)


def _discard(path: Path) -> None:
    for suffix in SUFFIXES:
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def _migrate(connection: sqlite3.Connection, step: Migration) -> None:
    tx = SqliteTransaction(connection.execute, Clock(0))
    connection.execute("BEGIN IMMEDIATE")
    try:
        for statement in statements(step.sql):
            tx.run(statement)
        if step.version == 1:
            meta.found(tx)
        meta.set_fact(tx, meta.SCHEMA_VERSION, step.version)
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
