"""The embedded engine: SQLite with one writer, a write-ahead log and a counter as clock."""
# ruff: noqa: D102 - the abstract class says what a method promises

import shutil
import sqlite3
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from kentong.protocol.errors import ErrorCode, Refused
from kentong.server.model import Withdrawn
from kentong.server.storage import copies, meta
from kentong.server.storage.engine import (
    BUSY_RETRY_MS,
    DISK_RETRY_MS,
    Database,
    GroupResult,
    Keep,
    Outcome,
    Transaction,
    Work,
)
from kentong.server.storage.folder import DataFolder
from kentong.server.storage.removals import DAY_S, RemovalLog
from kentong.server.storage.sqlite_files import (
    Clock,
    NoClock,
    Options,
    SqliteTransaction,
    connect,
    migrate,
)

PRIMARY_CODE = 0xFF  # of SQLite's error codes; the rest says more exactly
DISK_ERRORS = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY)


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
        self._is_closed = False
        try:
            self.open()
        except BaseException:
            self.folder.close()
            raise

    def open(self) -> None:
        """Open the file, bring it up to date and learn what it is."""
        self.writer = connect(self.folder.database, self.options)
        migrate(self.writer, self.folder.path)
        self._execute = self.writer.cursor().execute  # one cursor: a new one costs each statement
        self._reader = connect(self.folder.database, self.options)
        self._reader.execute("PRAGMA query_only = ON")
        tx = SqliteTransaction(self.writer.execute, Clock(0))
        self._counter = Clock(meta.fact(tx, meta.CLOCK))
        self.epoch = meta.fact(tx, meta.EPOCH)
        self.instance = meta.instance(tx)

    def run_group(self, works: Sequence[Work]) -> GroupResult:
        with self.writing:
            before = self._counter.last
            try:
                if self.options.commits_late and self.writer.in_transaction:
                    self.writer.execute("COMMIT")
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
            try:
                execute("BEGIN")
                return GroupResult([_attempt(work, _reading(execute)) for work in works])
            except sqlite3.Error as error:
                return GroupResult([Outcome(None, _busy(error)) for _ in works])
            finally:
                if self._reader.in_transaction:
                    execute("ROLLBACK")  # nothing was written: it only ends the snapshot

    def backup(self, target: Path) -> None:
        copies.backup(self.folder.path, target)

    def restore(self, source: Path) -> None:
        with self.writing, self.reading:
            tx = SqliteTransaction(self.writer.execute, NoClock(0))
            known_next_ids = meta.next_ids(tx)
            self.writer.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            self.disconnect()
            try:
                copies.swap_in(self.folder, source, known_next_ids)
            finally:
                self.open()

    def tidy(self, now_s: int, keep: Keep) -> None:
        with self.writing:
            if self._is_closed:  # it is called from a thread that nobody waits for
                return
            # What was deleted is still in the log of writes until that is emptied.
            self.writer.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            self.removals.shorten(now_s, keep.removals_days)
        copies.drop_old(self.folder.path, now_s - keep.copies_days * DAY_S)

    def close(self) -> None:
        with self.writing, self.reading:
            self._is_closed = True
            self.disconnect()
        self.folder.close()

    def lose_power(self) -> None:
        """What a simulation does to a server: whatever is not committed is gone."""
        if self.writer.in_transaction:
            self.writer.execute("ROLLBACK")
        self.close()

    def disconnect(self) -> None:
        """Close both connections; the last one empties the log."""
        self._reader.close()
        self.writer.close()

    def _run_together(self, works: Sequence[Work]) -> GroupResult:
        """Without savepoints: works that fail before writing anything hurt nobody."""
        execute = self._execute
        counter = self._counter
        begin_clock = counter.last
        removed: list[Withdrawn] = []
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
        execute = self._execute
        begin_clock = self._counter.last
        removed: list[Withdrawn] = []
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

    def _commit(self, begin_clock: int, removed: list[Withdrawn]) -> None:
        execute = self._execute
        if self._counter.last != begin_clock:
            execute("UPDATE meta SET value = ? WHERE key = 'clock'", (self._counter.last,))
        if removed:
            self.removals.add(removed)
        if not self.options.commits_late:
            execute("COMMIT")

    def _undo(self, begin_clock: int) -> None:
        if self.writer.in_transaction:  # some errors have undone everything already
            self.writer.execute("ROLLBACK")
        self._counter.last = begin_clock

    def _require_space(self) -> None:
        reserve = self.options.reserve_bytes
        if reserve and shutil.disk_usage(self.folder.path).free < reserve:
            raise OSError(f"less than {reserve} bytes free in {self.folder.path}")


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
    return _busy(error)


def _busy(error: sqlite3.Error) -> Refused:
    return Refused(ErrorCode.OVERLOADED, str(error), retry_after_ms=BUSY_RETRY_MS)
