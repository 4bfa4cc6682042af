"""The server's machine: runs the real server core on a real database, crashes and comes back."""

import asyncio
import functools
import random
import shutil
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from kentong.protocol.errors import ErrorCode, Refused
from kentong.protocol.planted import Planted
from kentong.server import config
from kentong.server.node import Node, start_node
from kentong.server.storage import meta
from kentong.server.storage.engine import (
    PATIENT_WORKS_MAX,
    Deliver,
    GroupedEngine,
    GroupResult,
    Pending,
    RunGroup,
    Transaction,
)
from kentong.server.storage.sqlite import SqliteDatabase
from kentong.server.storage.sqlite_files import Options
from tests.sim.faults import Faults, Happened

R = TypeVar("R")
START_S = 1_795_000_000  # when the simulation begins, seconds since 1970
GROUP_S = 0.004  # a group takes about this long
PAGES_MAX = 2**30  # of a database
PLENTY_BYTES = 2**62  # more than any volume has free


class SimulatedLane:
    """Runs works group by group, after a simulated wait; a crash forgets what waits."""

    def __init__(self, host: "Host", run_group: RunGroup, deliver: Deliver) -> None:
        self._host = host
        self._run_group = run_group
        self._deliver = deliver
        self._waiting: deque[Pending] = deque()
        self._busy = False
        self._life = host.life

    def put(self, pending: Pending) -> None:
        self._waiting.append(pending)
        if not self._busy:
            self._busy = True
            self._later(self._run)

    async def close(self) -> None:
        while self._busy:  # noqa: ASYNC110 - time passes by itself here
            await asyncio.sleep(GROUP_S)

    def _later(self, step: Callable[[], None]) -> None:
        asyncio.get_running_loop().call_later(self._host.storage_delay_s(), step)

    def _run(self) -> None:
        if self._host.life != self._life:
            return
        # As ThreadLane does: patient works last, and few of them.
        hurried = [pending for pending in self._waiting if not pending.patient]
        patient = [pending for pending in self._waiting if pending.patient]
        self._waiting = deque(patient[PATIENT_WORKS_MAX:])
        group = hurried + patient[:PATIENT_WORKS_MAX]
        result = self._run_group([pending.work for pending in group])
        self._host.note_result(result)
        self._later(functools.partial(self._answer, group, result))

    def _answer(self, group: list[Pending], result: GroupResult) -> None:
        if self._host.life != self._life:
            return
        self._busy = bool(self._waiting)
        if self._busy:
            self._later(self._run)
        self._deliver(group, result)


class Host:
    """A server that may be down, of one node or more over one database.

    `life` counts its starts.
    """

    def __init__(
        self,
        folder: Path,
        source: random.Random,
        faults: Faults,
        planted: frozenset[Planted],
    ) -> None:
        self.folder = folder
        self.faults = faults
        self.life = 0
        self.nodes: list[Node] = []
        self.nodes_wanted = 1
        self.happened = Happened()
        self._source = source
        self._planted = planted
        self._database: SqliteDatabase | None = None
        self._feeding: list[asyncio.Task[None]] = []
        self._tokens = 0
        self._free_pages: int | None = None  # that may still be written; None: no limit
        self.restored = 0
        self.settings: dict[str, str | int] = {
            "data": str(folder),
            "commands_per_minute": 1_000_000,
            "requests_per_minute": 1_000_000,
            "address_per_minute": 1_000_000,
        }

    @property
    def node(self) -> Node | None:
        """The first node, None while the host is down."""
        return self.nodes[0] if self.nodes else None

    @property
    def up(self) -> Node:
        """The first node of a host that is up."""
        return self.nodes[0]

    def some_node(self) -> Node | None:
        """The one that a device comes to now."""
        if len(self.nodes) < 2:
            return self.node
        number = self._source.randrange(len(self.nodes))
        self.happened["another node is used"] += number > 0
        return self.nodes[number]

    def now(self) -> float:
        """Seconds since 1970."""
        return START_S + asyncio.get_running_loop().time()

    def storage_delay_s(self) -> float:
        """How long the next step of a group takes."""
        slow = self._source.random() < self.faults.slow_storage
        self.happened["storage is slow"] += slow
        return self._source.expovariate(1 / (self.faults.slow_storage_s if slow else GROUP_S))

    async def start(self) -> None:
        """Come up, with whatever is on the disk."""
        self.life += 1
        options = Options(
            reserve_bytes=0,
            durable=False,
            commits_late=Planted.PUSH_BEFORE_COMMIT in self._planted,
        )
        self._database = SqliteDatabase(self.folder, options)
        self._limit_room()
        nodes, life = [], self.life
        for _ in range(self.nodes_wanted):
            nodes.append(await self._start_node(self._database))
            if life != self.life:
                return
        self.nodes = nodes
        self._feeding = [asyncio.ensure_future(node.feeder.run(asyncio.sleep)) for node in nodes]

    async def _start_node(self, database: SqliteDatabase) -> Node:
        engine = GroupedEngine(database, lambda run, deliver: SimulatedLane(self, run, deliver))
        node = start_node(config.load(self.settings, {}), engine, self._planted)
        node.now = self.now
        node.new_token = self._new_token
        engine.on_change = self._wake
        await node.feeder.start()
        return node

    def _wake(self) -> None:
        for node in self.nodes:
            if self._source.random() < self.faults.lost_wakeup:
                self.happened["a node is not woken"] += 1
            else:
                node.feeder.wake()

    def _new_token(self) -> str:
        self._tokens += 1
        return f"token-{self._tokens}"

    def crash(self) -> None:
        """Lose power: what is not committed is gone."""
        self.life += 1
        for node in self.nodes:
            node.feeder.stop()
        for task in self._feeding:
            task.cancel()
        if self._database is not None:
            self._database.lose_power()
        self.nodes, self._feeding, self._database = [], [], None

    def at_once(self, work: Callable[[Transaction], R]) -> R:
        """Run a work on the database of a host that is up, and commit it: no time passes.

        There is room for it, even on a full disk.
        """
        assert self._database is not None
        free_pages = self._free_pages
        self.set_room(None)
        (outcome,) = self._database.run_group([work]).outcomes
        self._database.run_group([])  # with a planted bug this commits
        self.set_room(free_pages)
        if outcome.error is not None:
            raise outcome.error
        result: R = outcome.result
        return result

    def set_room(self, free_pages: int | None) -> None:
        """How much the database may grow from now on; below 0: nothing is written at all."""
        self._free_pages = free_pages
        self._limit_room()

    def _limit_room(self) -> None:
        database, free = self._database, self._free_pages
        if database is None:
            return
        (pages,) = database.writer.execute("PRAGMA page_count").fetchone()
        most = PAGES_MAX if free is None else pages + max(free, 0)
        database.writer.execute(f"PRAGMA max_page_count = {most}")
        nothing = free is not None and free < 0
        database.options = database.options._replace(reserve_bytes=PLENTY_BYTES if nothing else 0)

    def note_result(self, result: GroupResult) -> None:
        """Count what could not be written."""
        for outcome in result.outcomes:
            error = outcome.error
            if isinstance(error, Refused) and error.code == ErrorCode.DISK_FULL:
                nothing = self._free_pages is not None and self._free_pages < 0
                self.happened["nothing can be written" if nothing else "the disk is full"] += 1

    def turn_horizon(self) -> None:
        """As if so many days had passed that all removals told so far may be forgotten."""
        if self.node is not None:
            told = self.node.hub.cursor
            self.at_once(lambda tx: meta.forget_removals(tx, told))

    def back_up(self, target: Path) -> None:
        """Copy the database as it is."""
        if self._database is not None:
            target.unlink(missing_ok=True)
            self._database.backup(target)

    async def restore(self, source: Path) -> None:
        """Crash, and come back with an older copy."""
        self.crash()
        database = SqliteDatabase(self.folder, Options(reserve_bytes=0, durable=False))
        database.restore(source)
        database.close()
        self.restored += 1
        await self.start()

    def remove(self) -> None:
        """Leave nothing behind."""
        self.crash()
        shutil.rmtree(self.folder, ignore_errors=True)
