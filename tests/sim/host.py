"""The server's machine: runs the real server core on a real database, crashes and comes back."""

import asyncio
import functools
import random
import shutil
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from kentong.protocol.planted import Planted
from kentong.server import config
from kentong.server.node import Node, start_node
from kentong.server.storage import meta
from kentong.server.storage.engine import (
    Deliver,
    GroupedEngine,
    GroupResult,
    Pending,
    RunGroup,
    Transaction,
)
from kentong.server.storage.sqlite import SqliteDatabase
from kentong.server.storage.sqlite_files import Options
from tests.sim.faults import Faults

R = TypeVar("R")
START_S = 1_795_000_000  # when the simulation begins, seconds since 1970
GROUP_S = 0.004  # a group takes about this long


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
        group = list(self._waiting)
        self._waiting.clear()
        result = self._run_group([pending.work for pending in group])
        self._later(functools.partial(self._answer, group, result))

    def _answer(self, group: list[Pending], result: GroupResult) -> None:
        if self._host.life != self._life:
            return
        self._busy = bool(self._waiting)
        if self._busy:
            self._later(self._run)
        self._deliver(group, result)


class Host:
    """A server that may be down. `life` counts its starts."""

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
        self.node: Node | None = None
        self._source = source
        self._planted = planted
        self._database: SqliteDatabase | None = None
        self._feeding: asyncio.Task[None] | None = None
        self._tokens = 0
        self.restored = 0
        self.settings: dict[str, str | int] = {
            "data": str(folder),
            "commands_per_minute": 1_000_000,
            "requests_per_minute": 1_000_000,
            "address_per_minute": 1_000_000,
        }

    @property
    def up(self) -> Node:
        """The node of a host that is up."""
        assert self.node is not None
        return self.node

    def now(self) -> float:
        """Seconds since 1970."""
        return START_S + asyncio.get_running_loop().time()

    def storage_delay_s(self) -> float:
        """How long the next step of a group takes."""
        slow = self._source.random() < self.faults.slow_storage
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
        engine = GroupedEngine(
            self._database, lambda run, deliver: SimulatedLane(self, run, deliver)
        )
        node = start_node(config.load(self.settings, {}), engine, self._planted)
        node.now = self.now
        node.new_token = self._new_token
        engine.on_change = self._wake
        life = self.life
        await node.feeder.start()
        if life == self.life:
            self.node = node
            self._feeding = asyncio.ensure_future(node.feeder.run(asyncio.sleep))

    def _wake(self) -> None:
        if self.node is not None and self._source.random() >= self.faults.lost_wakeup:
            self.node.feeder.wake()

    def _new_token(self) -> str:
        self._tokens += 1
        return f"token-{self._tokens}"

    def crash(self) -> None:
        """Lose power: what is not committed is gone."""
        self.life += 1
        if self.node is not None:
            self.node.feeder.stop()
        if self._feeding is not None:
            self._feeding.cancel()
        if self._database is not None:
            self._database.lose_power()
        self.node = self._database = self._feeding = None

    def at_once(self, work: Callable[[Transaction], R]) -> R:
        """Run a work on the database of a host that is up, and commit it: no time passes."""
        assert self._database is not None
        (outcome,) = self._database.run_group([work]).outcomes
        self._database.run_group([])  # with a planted bug this commits
        if outcome.error is not None:
            raise outcome.error
        result: R = outcome.result
        return result

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
