"""The one reader that turns what changed into what connected devices are told."""

import logging
from collections.abc import Awaitable, Callable

from kentong.protocol.planted import Planted
from kentong.server.delivery import feed
from kentong.server.delivery.hub import Hub
from kentong.server.storage.engine import Engine, Outcome, Transaction

PASS_EVERY_S = 1.0  # at the latest, when no wake-up came

log = logging.getLogger(__name__)


class Feeder:
    """Reads everything above the hub's cursor when woken, and every second.

    Correctness does not depend on wake-ups: a lost one costs a second.
    """

    def __init__(self, engine: Engine, hub: Hub, planted: frozenset[Planted] = frozenset()) -> None:
        self._engine = engine
        self._hub = hub
        self._planted = planted
        self._reading = False
        self._woken = False
        self._stopped = False
        self._paused = False
        self._generation = 0  # of the history that is read
        self.passes = 0

    async def start(self) -> None:
        """Begin where the database is now; nobody is connected yet."""
        self.begin(await self._engine.read(lambda tx: tx.cursor()))

    def begin(self, cursor: int) -> None:
        """Read from here on, perhaps of another history; nobody is connected."""
        self._generation += 1
        self._paused = False
        self._hub.begin(cursor)

    def pause(self) -> None:
        """Tell nothing until `begin`, nor what is being read now."""
        self._generation += 1
        self._paused = True

    def stop(self) -> None:
        """Read no more."""
        self._stopped = True

    def wake(self) -> None:
        """Something was committed, here or on another node."""
        if self._reading or self._stopped or self._paused:
            self._woken = True
            return
        if Planted.FEEDER_STOPS in self._planted and self.passes >= 20:
            return
        self._reading = True
        self._woken = False
        hub, cursor, generation = self._hub, self._hub.cursor, self._generation

        def work(tx: Transaction) -> feed.Feed:
            return feed.read(tx, cursor, hub.told, hub.users)

        self._engine.post_read(work, lambda outcome: self._read(generation, outcome))

    def _read(self, generation: int, outcome: Outcome) -> None:
        self._reading = False
        self.passes += 1
        if outcome.error is not None:
            log.error("reading changes failed", exc_info=outcome.error)
            return
        if generation == self._generation:
            self._hub.tell(outcome.result)
        if self._woken:
            self.wake()

    async def run(self, sleep: Callable[[float], Awaitable[None]]) -> None:
        """Look every second, for other nodes' changes and lost wake-ups."""
        while not self._stopped:
            await sleep(PASS_EVERY_S)
            self.wake()
