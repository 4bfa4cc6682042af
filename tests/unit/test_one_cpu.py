"""The server keeps to one CPU, and leaves it to others who want it."""

import asyncio
import contextlib
import os
import threading
from pathlib import Path

import pytest

from kentong.server import one_cpu


def allowed_by_thread() -> list[set[int]]:
    return [os.sched_getaffinity(int(task.name)) for task in Path("/proc/self/task").iterdir()]


@pytest.mark.parametrize(
    ("others_s", "there"),
    [
        ({0: 0.0, 1: 0.0}, 1),
        ({0: 0.0, 1: 0.9}, 1),  # too little to be won
        ({0: 0.0, 1: 1.5}, 0),
        ({0: 4.0, 1: 4.5, 2: 3.0, 3: 3.0}, 2),
        ({1: 5.0}, 1),
    ],
)
def test_it_moves_where_clearly_less_is_done(others_s: dict[int, float], there: int) -> None:
    assert one_cpu.choose(1, others_s) == there


def test_all_threads_stay_together_until_it_ends() -> None:
    before = os.sched_getaffinity(0)
    ending = threading.Event()
    thread = threading.Thread(target=ending.wait)
    thread.start()

    async def work() -> None:
        keeping = asyncio.create_task(one_cpu.keep(asyncio.sleep))
        await asyncio.sleep(0)
        (together,) = {frozenset(cpus) for cpus in allowed_by_thread()}
        assert len(together) == 1
        keeping.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await keeping

    try:
        asyncio.run(work())
        assert all(cpus == before for cpus in allowed_by_thread())
    finally:
        ending.set()
        thread.join()


def test_every_cpu_has_worked_since_the_start() -> None:
    assert one_cpu.busy_s().keys() >= os.sched_getaffinity(0)
    assert all(seconds > 0 for seconds in one_cpu.busy_s().values())
