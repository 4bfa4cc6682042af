"""A closed loop under measurement: warm up, measure, let it end, check that nothing is missing."""

import asyncio
import time
from typing import NamedTuple, Protocol

from bench.processes import Place, own_cpu_s

WARM_UP_S = 1.0
DRAIN_TIMEOUT_S = 20.0


class Load(Protocol):
    """Something that keeps the server busy."""

    @property
    def finished(self) -> int:
        """What counts, so far."""

    @property
    def is_drained(self) -> bool:
        """Whether nothing is on its way."""

    def start(self) -> None:
        """Begin."""

    def stop(self) -> None:
        """Begin nothing new."""


class Span(NamedTuple):
    """What happened in a stretch of time."""

    seconds: float
    finished: int
    server_cpu_s: float
    generator_cpu_s: float

    @property
    def per_s(self) -> float:
        """How many a second."""
        return self.finished / self.seconds

    @property
    def server_us(self) -> float:
        """The server's CPU for one."""
        return self.server_cpu_s / self.finished * 1e6

    @property
    def generator_us(self) -> float:
        """The load generator's CPU for one."""
        return self.generator_cpu_s / self.finished * 1e6


async def measure(load: Load, place: Place, seconds: float) -> Span:
    """Run a load. Raises TimeoutError: something never arrived."""
    load.start()
    await asyncio.sleep(WARM_UP_S)
    before = time.perf_counter(), load.finished, place.cpu_s(), own_cpu_s()
    await asyncio.sleep(seconds)
    after = time.perf_counter(), load.finished, place.cpu_s(), own_cpu_s()
    load.stop()
    async with asyncio.timeout(DRAIN_TIMEOUT_S):
        while not load.is_drained:  # noqa: ASYNC110 - an event would cost each read a check
            await asyncio.sleep(0.02)
    return Span(
        after[0] - before[0], after[1] - before[1], after[2] - before[2], after[3] - before[3]
    )
