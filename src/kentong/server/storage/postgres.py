"""The engine for several nodes: PostgreSQL, whose transaction ids are the clock."""
# ruff: noqa: D102 - the abstract class says what a method promises

import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg
from psycopg.pq import TransactionStatus

from kentong.protocol.errors import ErrorCode, Refused
from kentong.server.model import Withdrawn
from kentong.server.storage import copies, meta, postgres_copies
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
from kentong.server.storage.folder import DataFolder, sync_file
from kentong.server.storage.migrations import SchemaTooNew
from kentong.server.storage.postgres_connection import (
    LOCK,
    PATIENT,
    READING,
    WRITING,
    Connection,
    PostgresTransaction,
    Times,
    begin,
    connect,
    drop,
    place,
)
from kentong.server.storage.postgres_schema import migrate, take_part
from kentong.server.storage.removals import DAY_S, RemovalLog

ATTEMPTS = 4  # to run a group whose connection is lost or whose locks collide
LARGEST_CLOCK = (
    "SELECT greatest((SELECT max(clock) FROM users), (SELECT max(clock) FROM chats), "
    "(SELECT max(clock) FROM members), (SELECT max(clock) FROM revisions), 0)"
)
CONFLICTS = (  # with what others do at the same time; they pass when the work is run again
    psycopg.errors.DeadlockDetected,
    psycopg.errors.SerializationFailure,
    psycopg.errors.LockNotAvailable,
    psycopg.errors.QueryCanceled,
    psycopg.IntegrityError,
)


class _Spoiled(Exception):
    """A work failed after it had written: run the group again with savepoints."""


class _OutcomeUnknown(Exception):
    """The connection was lost during COMMIT."""


class _OtherHistory(Exception):
    """The epoch is another one: works that wait were meant for the one before."""


class _LockedOut(Exception):
    """Another node restores a backup, or changes the schema."""


class PostgresDatabase(Database):
    """A database of a PostgreSQL cluster, and the data folder of this node.

    Another history begins when a backup was restored, when a dump was loaded, or when
    another server took over; the latter two are noticed whenever a connection is opened.
    Other nodes notice it by their next transaction.

    Raises:
        FolderInUse: another process has the folder.
        SchemaTooNew: a newer Kentong wrote the database.
        SchemaInUse: an older one did, and still uses it.
        OSError, sqlite3.Error: there is no room for a copy of what an older one wrote.
        psycopg.OperationalError: the server can't be reached.
    """

    def __init__(
        self,
        url: str,
        folder: Path,
        times: Times = Times(),  # noqa: B008
    ) -> None:
        self._url = url
        self._times = times
        self.writing = threading.RLock()
        self.folder = DataFolder(folder)
        self.removals = RemovalLog(self.folder.removals)
        self._writer: Connection | None = None
        self._reader: Connection | None = None
        try:
            self._start()
        except BaseException:
            self.close()
            raise

    def run_group(self, works: Sequence[Work]) -> GroupResult:
        with self.writing:
            return self._persist(works)

    def read_group(self, works: Sequence[Work]) -> GroupResult:
        error: psycopg.Error | None = None
        for _ in range(ATTEMPTS):
            try:
                return self._read(works)
            except _OtherHistory:
                self.run_group([])  # learns the epoch; by the writer only, so in its order
            except SchemaTooNew as caught:
                return _refused(works, caught)
            except psycopg.Error as caught:
                error = caught
                drop(self._reader)
                self._reader = None
        return _refused(works, error)

    def new_epoch(self) -> None:
        """Begin another history, after the database was loaded from a dump.

        Devices take everything anew, no id that was handed out is given to something
        else, and what was removed since the dump is removed again.
        """
        result = self.run_group([self._begin_another_history])
        if result.outcomes[0].error is not None:
            raise result.outcomes[0].error
        self.epoch = result.outcomes[0].result

    def backup(self, target: Path) -> None:
        copies.require_outside(self.folder.path, target)
        with _refusing(), closing(self._connect(PATIENT)) as connection:
            begin(connection, READING)
            postgres_copies.save(connection, target)

    def restore(self, source: Path) -> None:
        with self.writing:
            try:
                with _refusing(), closing(self._connect(PATIENT)) as connection:
                    _begin_alone(connection)
                    self._replace(connection, source)
                    connection.execute("COMMIT")
                    self._learn(connection)
            finally:
                for name in (copies.UNFINISHED, copies.REPLACING):
                    (self.folder.path / name).unlink(missing_ok=True)

    def tidy(self, now_s: int, keep: Keep) -> None:
        with self.writing:
            self.removals.shorten(now_s, keep.removals_days)
        copies.drop_old(self.folder.path, now_s - keep.copies_days * DAY_S)

    def close(self) -> None:
        with self.writing:
            drop(self._writer)
            self._writer = None
            drop(self._reader)
            self._reader = None
        self.folder.close()

    def _start(self) -> None:
        with closing(connect(self._url, PATIENT)) as connection:
            _begin_alone(connection)
            migrate(connection, self.folder.path)
            self._settle(connection)
            connection.execute("COMMIT")
        self._writer = self._connect(self._times)
        self._learn(self._writer)

    def _learn(self, connection: Connection) -> None:
        tx = PostgresTransaction(connection, 0)
        self.epoch = meta.fact(tx, meta.EPOCH)
        self.instance = meta.instance(tx)

    def _connect(self, times: Times) -> Connection:
        """A connection of a node. Raises SchemaTooNew."""
        connection = connect(self._url, times)
        try:
            take_part(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _replace(self, connection: Connection, source: Path) -> None:
        """Put a backup in place of everything; what was there is kept as a file.

        An older file of that kind is replaced only when nothing but the commit can fail.
        """
        tx = PostgresTransaction(connection, 0)
        prepared = copies.prepare(self.folder, source, meta.next_ids(tx))
        has_people = tx.one("SELECT 1 FROM users LIMIT 1") is not None
        if has_people and copies.instance(prepared) != meta.instance(tx):
            raise copies.OtherServer(source)
        replacing = self.folder.path / copies.REPLACING
        postgres_copies.save(connection, replacing)
        try:
            postgres_copies.load(connection, prepared)
        except (psycopg.DataError, psycopg.IntegrityError) as error:
            raise copies.NotABackup(source, str(error)) from error
        replacing.replace(self.folder.path / copies.REPLACED)
        sync_file(self.folder.path)

    def _reconnected(self) -> Connection:
        """A connection for writing. If it leads elsewhere than before, another history begins."""
        connection = self._connect(self._times)
        try:
            tx = PostgresTransaction(connection, 0)
            if place(tx) != meta.fact(tx, meta.PLACE):
                _begin_alone(connection)
                self._settle(connection)
                connection.execute("COMMIT")
        except BaseException:
            connection.close()
            raise
        return connection

    def _settle(self, connection: Connection) -> None:
        """See that new clocks lie above all old ones, whatever cluster this is.

        Nobody writes meanwhile, here or on another node: they would take clocks from before.
        """
        tx = PostgresTransaction(connection, 0)
        offset, known, here = meta.fact(tx, meta.CLOCK_OFFSET), meta.fact(tx, meta.PLACE), place(tx)
        row = tx.one(LARGEST_CLOCK)
        assert row is not None
        is_behind = row[0] >= offset + tx.clock
        if is_behind:
            offset = row[0] + 1 - tx.clock
            meta.set_fact(tx, meta.CLOCK_OFFSET, offset)
        if is_behind or known not in {0, here}:
            self._begin_another_history(PostgresTransaction(connection, offset))
        if known != here:
            meta.set_fact(tx, meta.PLACE, here)

    def _begin_another_history(self, tx: Transaction) -> int:
        epoch = meta.begin_another_history(tx, {})
        self.removals.replay(tx)
        return epoch

    def _persist(self, works: Sequence[Work]) -> GroupResult:
        is_apart = False
        error: psycopg.Error | None = None
        for _ in range(ATTEMPTS):
            try:
                return self._run_once(works, is_apart=is_apart)
            except _Spoiled:
                is_apart = True
            except _OutcomeUnknown:
                return _refused(works, None)
            except (OSError, _OtherHistory, _LockedOut, SchemaTooNew) as caught:
                return _refused(works, caught)
            except CONFLICTS as caught:
                if len(works) > 1:
                    return _joined([self._persist([work]) for work in works])
                error = caught
            except psycopg.Error as caught:
                error = caught
                drop(self._writer)
                self._writer = None
        return _refused(works, error)

    def _run_once(self, works: Sequence[Work], *, is_apart: bool) -> GroupResult:
        with _locked_out():
            if self._writer is None:
                self._writer = self._reconnected()
        connection = self._writer
        try:
            with _locked_out():
                offset, epoch = begin(connection, WRITING)
            if epoch != self.epoch:
                self._learn(connection)
                raise _OtherHistory("another history began")
            run = _run_apart if is_apart else _run_together
            outcomes, removed, wrote = run(works, connection, offset)
            if removed:
                self.removals.add(removed)
        except BaseException:
            if not connection.closed:
                connection.execute("ROLLBACK")
            raise
        _commit(connection)
        return GroupResult(outcomes, wrote)

    def _read(self, works: Sequence[Work]) -> GroupResult:
        if self._reader is None:
            self._reader = self._connect(self._times)
            self.run_group([])  # its connection may lead elsewhere, too
        connection = self._reader
        offset = self._begin_reading(connection)
        outcomes = []
        for work in works:
            outcomes.append(_attempt(work, PostgresTransaction(connection, offset), connection))
            if connection.info.transaction_status == TransactionStatus.INERROR:
                connection.execute("ROLLBACK")
                offset = self._begin_reading(connection)
        connection.execute("COMMIT")
        return GroupResult(outcomes)

    def _begin_reading(self, connection: Connection) -> int:
        offset, epoch = begin(connection, READING)
        if epoch != self.epoch:
            connection.execute("ROLLBACK")
            raise _OtherHistory
        return offset


def _begin_alone(connection: Connection) -> None:
    """Begin a transaction beside which nobody writes, here or on another node."""
    connection.execute("BEGIN")
    connection.execute("SELECT pg_advisory_xact_lock(%s)", (LOCK,))


@contextmanager
def _locked_out() -> Iterator[None]:
    """Waiting for our turn takes longer than a work may."""
    try:
        yield
    except psycopg.errors.LockNotAvailable as error:
        raise _LockedOut(str(error)) from error


@contextmanager
def _refusing() -> Iterator[None]:
    """Say in our words why the database can't do it now."""
    try:
        yield
    except psycopg.Error as error:
        raise _refusal(error) from error


Ran = tuple[list[Outcome], list[Withdrawn], bool]


def _run_together(works: Sequence[Work], connection: Connection, offset: int) -> Ran:
    """Without savepoints: works that fail before writing anything hurt nobody."""
    outcomes, removed, wrote = [], [], False
    for work in works:
        tx = PostgresTransaction(connection, offset)
        outcome = _attempt(work, tx, connection)
        is_broken = connection.info.transaction_status == TransactionStatus.INERROR
        if outcome.error is not None and (tx.wrote or is_broken):
            raise _Spoiled
        outcomes.append(outcome)
        removed += tx.removed
        wrote = wrote or tx.wrote
    return outcomes, removed, wrote


def _run_apart(works: Sequence[Work], connection: Connection, offset: int) -> Ran:
    """With a savepoint for each work, so that what a failed one wrote can be undone."""
    outcomes, removed, wrote = [], [], False
    for work in works:
        tx = PostgresTransaction(connection, offset)
        connection.execute("SAVEPOINT work")
        outcome = _attempt(work, tx, connection)
        if outcome.error is None:
            removed += tx.removed
            wrote = wrote or tx.wrote
        else:
            connection.execute("ROLLBACK TO work")
        connection.execute("RELEASE work")
        outcomes.append(outcome)
    return outcomes, removed, wrote


def _attempt(work: Work, tx: Transaction, connection: Connection) -> Outcome:
    try:
        return Outcome(work(tx))
    except Exception as error:
        if connection.closed or isinstance(error, CONFLICTS):
            raise
        if isinstance(error, psycopg.OperationalError):
            return Outcome(None, _refusal(error))
        return Outcome(None, error)


def _commit(connection: Connection) -> None:
    try:
        connection.execute("COMMIT")
    except psycopg.Error:
        if connection.closed:
            raise _OutcomeUnknown from None
        raise


def _refused(works: Sequence[Work], error: Exception | None) -> GroupResult:
    return GroupResult([Outcome(None, _refusal(error)) for _ in works])


def _refusal(error: Exception | None) -> Refused:
    """What a caller is told when the database can't do it now; a new one for each."""
    if isinstance(error, OSError | psycopg.errors.DiskFull):
        return Refused(ErrorCode.DISK_FULL, str(error), DISK_RETRY_MS)
    detail = str(error) if error else "the connection was lost during a commit"
    return Refused(ErrorCode.OVERLOADED, detail, BUSY_RETRY_MS)


def _joined(results: Sequence[GroupResult]) -> GroupResult:
    outcomes = [outcome for result in results for outcome in result.outcomes]
    return GroupResult(outcomes, any(result.wrote for result in results))
