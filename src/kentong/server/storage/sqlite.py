"""The embedded engine: SQLite with one writer, a write-ahead log and a counter as clock."""
# ruff: noqa: D102 - the abstract class says what a method promises

import shutil
import sqlite3
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from kentong.protocol.errors import ErrorCode, Refused
from kentong.server.model import Removed
from kentong.server.storage import meta
from kentong.server.storage.engine import (
    Database,
    GroupResult,
    Outcome,
    SqlRow,
    SqlValue,
    Transaction,
    Work,
)
from kentong.server.storage.folder import DataFolder, sync_file
from kentong.server.storage.migrations import Migration, statements, steps
from kentong.server.storage.removals import RemovalLog

DISK_RETRY_MS = 5_000
BUSY_RETRY_MS = 1_000
BUSY_TIMEOUT_S = 5.0
STATEMENTS_CACHED = 512
CACHE_KIB = 32_768  # of pages, per connection
WAL_BYTES_KEPT = 64 * 2**20  # the log is cut to this after a burst
PRIMARY_CODE = 0xFF  # of SQLite's error codes; the rest says more exactly
DISK_ERRORS = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY)


class Options(NamedTuple):
    """How the embedded database is kept."""

    reserve_bytes: int = 64 * 2**20  # free on the volume, or writing is refused
    durable: bool = True  # False: only a test may lose what it was told


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

    def next_id(self, table: str) -> int:
        row = self.one("SELECT seq FROM sqlite_sequence WHERE name = ?", table)
        return row[0] + 1 if row else 1

    def set_next_id(self, table: str, next_id: int) -> None:
        self.run("DELETE FROM sqlite_sequence WHERE name = ?", table)
        self.run("INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", table, next_id - 1)


class _Spoiled(Exception):
    """A work failed after it had written: the group must be run again with savepoints."""


class SqliteDatabase(Database):
    """The database of a data folder.

    Raises:
        FolderInUse: another process has the folder.
        SchemaTooNew: a newer Kentong wrote the database.
    """

    def __init__(self, path: Path, options: Options = Options()) -> None:  # noqa: B008
        self.options = options
        self.folder = DataFolder(path)
        self.removals = RemovalLog(self.folder.removals)
        self.writing = threading.RLock()  # held while the writer's connection is used
        self.reading = threading.RLock()
        try:
            self.open()
        except BaseException:
            self.folder.close()
            raise

    def open(self) -> None:
        """Open the file, bring it up to date and learn what it is."""
        self._writer = connect(self.folder.database, self.options)
        migrate(self._writer, self.folder.database)
        self._reader = connect(self.folder.database, self.options)
        self._reader.execute("PRAGMA query_only = ON")
        tx = SqliteTransaction(self._writer.execute, Clock(0))
        self._counter = Clock(meta.fact(tx, meta.CLOCK))
        self.epoch = meta.fact(tx, meta.EPOCH)
        self.instance = meta.instance(tx)

    def run_group(self, works: Sequence[Work]) -> GroupResult:
        with self.writing:
            before = self._counter.last
            try:
                self._require_space()
                try:
                    return self._run_together(works)
                except _Spoiled:
                    self._undo(before)
                    return self._run_apart(works)
            except (sqlite3.Error, OSError) as error:
                self._undo(before)
                return GroupResult([Outcome(None, _failure(error)) for _ in works])

    def read_group(self, works: Sequence[Work]) -> GroupResult:
        with self.reading:
            execute = self._reader.execute
            execute("BEGIN")
            try:
                outcomes = [_attempt(work, _reading(execute)) for work in works]
            finally:
                execute("COMMIT")
            return GroupResult(outcomes)

    def close(self) -> None:
        self.disconnect()
        self.folder.close()

    def disconnect(self) -> None:
        """Close both connections; the last one empties the log."""
        self._reader.close()
        self._writer.close()

    def _run_together(self, works: Sequence[Work]) -> GroupResult:
        """Without savepoints: works that fail before writing anything hurt nobody."""
        execute = self._writer.execute
        counter = self._counter
        begin_clock = counter.last
        removed = []
        outcomes = []
        wrote = False
        execute("BEGIN IMMEDIATE")
        for work in works:
            tx = SqliteTransaction(execute, counter)
            outcome = _attempt(work, tx)
            if tx.wrote:
                wrote = True
                if outcome.error is not None:
                    raise _Spoiled
                removed += tx.removed
            outcomes.append(outcome)
        self._commit(begin_clock, removed)
        return GroupResult(outcomes, wrote)

    def _run_apart(self, works: Sequence[Work]) -> GroupResult:
        """With a savepoint for each work, so that what a failed one wrote can be undone."""
        execute = self._writer.execute
        begin_clock = self._counter.last
        removed = []
        outcomes = []
        wrote = False
        execute("BEGIN IMMEDIATE")
        for work in works:
            tx = SqliteTransaction(execute, self._counter)
            execute("SAVEPOINT work")
            outcome = _attempt(work, tx)
            if outcome.error is not None:
                execute("ROLLBACK TO work")
            else:
                wrote = wrote or tx.wrote
                removed += tx.removed
            execute("RELEASE work")
            outcomes.append(outcome)
        self._commit(begin_clock, removed)
        return GroupResult(outcomes, wrote)

    def _commit(self, begin_clock: int, removed: list[Removed]) -> None:
        execute = self._writer.execute
        if self._counter.last != begin_clock:
            execute("UPDATE meta SET value = ? WHERE key = 'clock'", (self._counter.last,))
        if removed:
            self.removals.add(removed)
        execute("COMMIT")

    def _undo(self, begin_clock: int) -> None:
        if self._writer.in_transaction:  # some errors have undone everything already
            self._writer.execute("ROLLBACK")
        self._counter.last = begin_clock

    def _require_space(self) -> None:
        reserve = self.options.reserve_bytes
        if reserve and shutil.disk_usage(self.folder.path).free < reserve:
            raise OSError(f"less than {reserve} bytes free in {self.folder.path}")


def connect(path: Path, options: Options) -> sqlite3.Connection:
    """A connection as the engine needs it: explicit transactions, synced commits."""
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
        "secure_delete = FAST",  # a wiped text leaves the file, not only the index
        "temp_store = MEMORY",
        f"cache_size = -{CACHE_KIB}",
        f"journal_size_limit = {WAL_BYTES_KEPT}",
    ):
        connection.execute(f"PRAGMA {setting}")
    return connection


def migrate(connection: sqlite3.Connection, path: Path) -> None:
    """Bring a database up to this Kentong's schema; an older one is copied first.

    Raises SchemaTooNew.
    """
    found = schema_version(connection)
    missing = steps(found)
    if found and missing:
        copy(connection, path.with_name(f"{path.stem}-schema-{found}.db"))
    for step in missing:
        _migrate(connection, step)


def schema_version(connection: sqlite3.Connection) -> int:
    """The schema of a database, 0 if it is empty."""
    has_meta = connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'meta'").fetchone()
    if has_meta is None:
        return 0
    tx = SqliteTransaction(connection.execute, Clock(0))
    return meta.fact(tx, meta.SCHEMA_VERSION)


def copy(connection: sqlite3.Connection, target: Path) -> None:
    """A consistent copy in one file, on the disk when it has its name."""
    unfinished = target.with_name(target.name + ".unfinished")
    unfinished.unlink(missing_ok=True)
    unfinished.touch(mode=0o600)
    into = sqlite3.connect(unfinished)
    try:
        connection.backup(into)
        into.execute("PRAGMA journal_mode = DELETE")
    finally:
        into.close()
    sync_file(unfinished)
    unfinished.replace(target)
    sync_file(target.parent)


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


def _reading(execute: Callable[..., sqlite3.Cursor]) -> SqliteTransaction:
    return SqliteTransaction(execute, NoClock(0))


def _attempt(work: Work, tx: Transaction) -> Outcome:
    try:
        return Outcome(work(tx))
    except Exception as error:
        if isinstance(error, sqlite3.Error) and _is_about_the_disk(error):
            raise
        return Outcome(None, error)


def _is_about_the_disk(error: sqlite3.Error) -> bool:
    code: int = getattr(error, "sqlite_errorcode", 0)
    return code & PRIMARY_CODE in DISK_ERRORS


def _failure(error: sqlite3.Error | OSError) -> Exception:
    """What a caller is told when its group could not be stored; a new one for each."""
    if isinstance(error, OSError) or _is_about_the_disk(error):
        return Refused(ErrorCode.DISK_FULL, str(error), retry_after_ms=DISK_RETRY_MS)
    return Refused(ErrorCode.OVERLOADED, str(error), retry_after_ms=BUSY_RETRY_MS)
