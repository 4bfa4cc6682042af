"""What every storage engine promises, and the grouping of waiting work into one commit."""
# ruff: noqa: D102 - the abstract class says what a method promises

import abc
import asyncio
import functools
import logging
import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol, TypeVar

from kentong.protocol.errors import ErrorCode, Refused
from kentong.server.model import Withdrawn

R = TypeVar("R")
SqlValue = int | str | bytes | None
SqlRow = tuple[Any, ...]  # the columns are typed where a noun reads them
Work = Callable[["Transaction"], Any]

DISK_RETRY_MS = 5_000
BUSY_RETRY_MS = 1_000
GROUP_WORKS_MAX = 1_000  # works that share one commit or one snapshot
PATIENT_WORKS_MAX = 4  # of a group: whoever is in a hurry waits for no more of them
LINGER_S = 0.002  # a busy lane lets a group grow so long: a commit costs as much as ten works
LINGER_FROM_WORKS = 8  # in the group before; fewer are in a hurry ...
LINGER_BELOW_WORKS = 64  # ... and more need no help

log = logging.getLogger(__name__)


class Transaction(abc.ABC):
    """What a piece of work sees of the database.

    SQL is written once for all engines, with `?` for values. A work may run more than
    once (lost connection, deadlock, another work of its group failed): it must not
    touch anything but the transaction.
    """

    __slots__ = ("removed", "wrote")

    for_update = ""  # after the SELECT of a row to be changed; "": nobody else can change it

    def __init__(self) -> None:
        self.wrote = False  # anything but reads happened
        self.removed: list[Withdrawn] = []  # for the log of removals

    @property
    @abc.abstractmethod
    def clock(self) -> int:
        """The clock for everything that this piece of work changes."""

    @abc.abstractmethod
    def cursor(self) -> int:
        """The smallest clock that this snapshot can't be sure to have seen."""

    @abc.abstractmethod
    def lag(self) -> int:
        """By how many clocks the cursor is held back by unfinished transactions."""

    @abc.abstractmethod
    def all(self, sql: str, *args: SqlValue) -> list[SqlRow]:
        """Every row of the result."""

    @abc.abstractmethod
    def one(self, sql: str, *args: SqlValue) -> SqlRow | None:
        """The first row of the result, None if there is none."""

    @abc.abstractmethod
    def run(self, sql: str, *args: SqlValue) -> int:
        """How many rows the statement changed."""

    @abc.abstractmethod
    def size_bytes(self) -> int:
        """How much room the database takes."""

    @abc.abstractmethod
    def next_id(self, table: str) -> int:
        """The id that the next new row of a table gets."""

    @abc.abstractmethod
    def set_next_id(self, table: str, next_id: int) -> None:
        """Let the next new row of a table get this id."""


class Outcome(NamedTuple):
    """What became of a work: its result, or what it raised."""

    result: Any = None
    error: Exception | None = None


class Keep(NamedTuple):
    """For how many days something is kept."""

    removals_days: int  # in the log of removals
    copies_days: int  # copies that a restore or an upgrade made


class GroupResult(NamedTuple):
    """What became of a group, work by work; `wrote` says that a commit changed something."""

    outcomes: list[Outcome]
    wrote: bool = False


class Database(abc.ABC):
    """The synchronous part of an engine: no threads, no loop.

    One thread at a time may call `run_group`, and one more `read_group`.
    """

    epoch: int  # of this database; another one means another history
    instance: str  # names this server among those on one machine

    @abc.abstractmethod
    def run_group(self, works: Sequence[Work]) -> GroupResult:
        """Run works in order, isolated from each other's failures, and commit them.

        Whatever is reported as done is on the disk.
        """

    @abc.abstractmethod
    def read_group(self, works: Sequence[Work]) -> GroupResult:
        """Run works that only read, on one consistent snapshot."""

    @abc.abstractmethod
    def backup(self, target: Path) -> None:
        """Write a consistent copy into one file, of the same kind whatever the engine, while
        everything goes on. Raises InDataFolder, OSError, sqlite3.Error, Refused.
        """

    @abc.abstractmethod
    def restore(self, source: Path) -> None:
        """Put a backup in place of everything; works wait meanwhile.

        The epoch is a new one afterwards. Raises NotABackup, SchemaTooNew, OtherServer,
        OSError, sqlite3.Error, Refused; then everything is as it was.
        """

    @abc.abstractmethod
    def tidy(self, now_s: int, keep: Keep) -> None:
        """Let go of what is too old to be kept, and of deleted texts in logs. Raises OSError."""

    @abc.abstractmethod
    def close(self) -> None:
        """Let go of connections, files and locks."""


class Engine(abc.ABC):
    """Runs pieces of work. `on_change` is called on the event loop after each commit
    that wrote, never before; nothing else announces anything. `on_new_epoch` is called there
    before anything of another history is reported that somebody else began.
    """

    on_change: Callable[[], None]
    on_new_epoch: Callable[[], None]
    is_full: bool  # the last group that wanted to write found no room

    @property
    @abc.abstractmethod
    def epoch(self) -> int:
        """Of the database; 1 .. 2**32 - 1."""

    @property
    @abc.abstractmethod
    def instance(self) -> str:
        """Eight hexadecimal digits that name this server."""

    @abc.abstractmethod
    async def write(self, work: Callable[[Transaction], R]) -> R:
        """Run a work that may write; its result comes once it is durable.

        Cancelling the caller does not undo the work.

        Raises:
            Refused(DISK_FULL): nothing can be stored now; it recovers by itself.
            Refused(OVERLOADED): the database is away, or went away during the commit,
                whose outcome is then unknown; try again.
            whatever the work raised; then it took no effect.
        """

    @abc.abstractmethod
    async def read(self, work: Callable[[Transaction], R], *, patient: bool = False) -> R:
        """Run a work that only reads, on a consistent snapshot of committed data."""

    @abc.abstractmethod
    def post_write(self, work: Work, done: Callable[[Outcome], None]) -> None:
        """As `write`, for those who need no task: `done` is called on the event loop.

        Works posted one after the other run and report in that order.
        """

    @abc.abstractmethod
    def post_read(
        self, work: Work, done: Callable[[Outcome], None], *, patient: bool = False
    ) -> None:
        """As `read`, without a task; in order, too.

        Patient works, of which somebody may want many, wait for all that are not, and run
        and report in an order of their own.
        """

    @abc.abstractmethod
    async def backup(self, target: Path) -> None:
        """As Database.backup."""

    @abc.abstractmethod
    async def restore(self, source: Path) -> None:
        """Put a backup in place of everything; works wait meanwhile.

        Afterwards `epoch` is a new one, and `on_change` is called. Raises as
        Database.restore; then everything is as it was.
        """

    @abc.abstractmethod
    async def tidy(self, now_s: int, keep: Keep) -> None:
        """Let go of what is too old to be kept, and of deleted texts in logs. Raises OSError."""

    @abc.abstractmethod
    async def close(self) -> None:
        """Finish what waits, then close."""


class Pending(NamedTuple):
    """A work and who waits for it."""

    work: Work
    done: Callable[[Outcome], None]
    patient: bool = False


class Lane(Protocol):
    """Takes works and runs what waits, group by group, in order, patient works last."""

    def put(self, pending: Pending) -> None:
        """Let a work wait for its group."""

    async def close(self) -> None:
        """Finish what waits, then stop."""


RunGroup = Callable[[Sequence[Work]], GroupResult]
Deliver = Callable[[Sequence[Pending], GroupResult], None]
LaneMaker = Callable[[RunGroup, Deliver], Lane]


class _Line:
    """Works that wait their turn, until it is said that no more will come."""

    def __init__(self) -> None:
        self.is_open = True
        self._hurried: deque[Pending] = deque()
        self._patient: deque[Pending] = deque()

    def __bool__(self) -> bool:
        return bool(self._hurried or self._patient)

    def add(self, pending: Pending | None) -> None:
        """Let a work stand in line; None: it was the last one."""
        if pending is None:
            self.is_open = False
        else:
            (self._patient if pending.patient else self._hurried).append(pending)

    def take_group(self) -> list[Pending]:
        """Those whose turn it is now: a few patient works behind all the others."""
        hurried = min(len(self._hurried), GROUP_WORKS_MAX)
        patient = min(len(self._patient), PATIENT_WORKS_MAX)
        group = [self._hurried.popleft() for _ in range(hurried)]
        return group + [self._patient.popleft() for _ in range(patient)]


class ThreadLane:
    """A lane with a thread of its own; results come back with one call per group."""

    def __init__(self, run_group: RunGroup, deliver: Deliver) -> None:
        self._run_group = run_group
        self._deliver = deliver
        self._loop = asyncio.get_running_loop()
        self._waiting: queue.SimpleQueue[Pending | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="storage", daemon=True)
        self._thread.start()

    def put(self, pending: Pending) -> None:
        self._waiting.put(pending)

    async def close(self) -> None:
        self._waiting.put(None)
        await asyncio.to_thread(self._thread.join)

    def _work(self) -> None:
        line = _Line()
        size = 0
        while line.is_open or line:
            if line.is_open:
                self._gather(line, linger=LINGER_FROM_WORKS <= size < LINGER_BELOW_WORKS)
            group = line.take_group()
            size = len(group)
            if group:
                self._loop.call_soon_threadsafe(self._deliver, group, self._run(group))

    def _gather(self, line: "_Line", *, linger: bool) -> None:
        """Put what came into the line; wait for something if nothing stands there."""
        if not line:
            line.add(self._waiting.get())
        if linger:
            time.sleep(LINGER_S)
        for _ in range(min(self._waiting.qsize(), GROUP_WORKS_MAX)):
            line.add(self._waiting.get_nowait())

    def _run(self, group: Sequence[Pending]) -> GroupResult:
        try:
            return self._run_group([pending.work for pending in group])
        except Exception as error:
            log.exception("a group of works failed as a whole")
            return GroupResult([Outcome(None, error) for _ in group])


class GroupedEngine(Engine):
    """An engine over a database: one lane for writing, one for reading."""

    def __init__(self, database: Database, lane: LaneMaker = ThreadLane) -> None:
        self.database = database
        self.on_change = _nothing
        self.on_new_epoch = _nothing
        self.is_full = False
        self._epoch = database.epoch  # as far as it was told
        self._writer = lane(database.run_group, self._deliver_written)
        self._reader = lane(database.read_group, self._deliver)
        self._new_future = asyncio.get_running_loop().create_future

    @property
    def epoch(self) -> int:
        return self.database.epoch

    @property
    def instance(self) -> str:
        return self.database.instance

    async def write(self, work: Callable[[Transaction], R]) -> R:
        future = self._new_future()
        self._writer.put(Pending(work, functools.partial(_settle, future)))
        return await future  # type: ignore[no-any-return]

    async def read(self, work: Callable[[Transaction], R], *, patient: bool = False) -> R:
        future = self._new_future()
        self._reader.put(Pending(work, functools.partial(_settle, future), patient))
        return await future  # type: ignore[no-any-return]

    def post_write(self, work: Work, done: Callable[[Outcome], None]) -> None:
        self._writer.put(Pending(work, done))

    def post_read(
        self, work: Work, done: Callable[[Outcome], None], *, patient: bool = False
    ) -> None:
        self._reader.put(Pending(work, done, patient))

    async def backup(self, target: Path) -> None:
        await asyncio.to_thread(self.database.backup, target)

    async def restore(self, source: Path) -> None:
        await asyncio.to_thread(self.database.restore, source)
        self._epoch = self.database.epoch
        self.on_change()

    async def tidy(self, now_s: int, keep: Keep) -> None:
        await asyncio.to_thread(self.database.tidy, now_s, keep)

    async def close(self) -> None:
        await self.close_lanes()
        self.database.close()

    async def close_lanes(self) -> None:
        """Finish what waits; the database stays open for whoever opened it."""
        await self._writer.close()
        await self._reader.close()

    def _deliver_written(self, group: Sequence[Pending], result: GroupResult) -> None:
        self._note_room(result)
        self._deliver(group, result)

    def _note_room(self, result: GroupResult) -> None:
        """Say once that there is no room, and once that there is again."""
        refused = [outcome.error for outcome in result.outcomes if _is_no_room(outcome)]
        if refused and not self.is_full:
            log.warning("no room to write: devices wait and try again (%s)", refused[0])
            self.is_full = True
        elif self.is_full and any(outcome.error is None for outcome in result.outcomes):
            log.warning("there is room to write again")
            self.is_full = False

    def _deliver(self, group: Sequence[Pending], result: GroupResult) -> None:
        if self._epoch != self.database.epoch:
            self._epoch = self.database.epoch
            self.on_new_epoch()
        for pending, outcome in zip(group, result.outcomes, strict=True):
            try:
                pending.done(outcome)
            except Exception:  # its bug must not take the others' results
                log.exception("what waited for a work failed")
        if result.wrote:
            self.on_change()


def _settle(future: asyncio.Future[Any], outcome: Outcome) -> None:
    if future.done():  # its caller was cancelled
        return
    if outcome.error is None:
        future.set_result(outcome.result)
    else:
        future.set_exception(outcome.error)


def _is_no_room(outcome: Outcome) -> bool:
    return isinstance(outcome.error, Refused) and outcome.error.code == ErrorCode.DISK_FULL


def _nothing() -> None:
    """Nobody listens yet."""
