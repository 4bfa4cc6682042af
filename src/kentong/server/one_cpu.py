"""Keeps the server on one CPU, and moves it when others want that one.

The threads of the loop and of the storage take turns by the interpreter's lock, often several
times for a message. To wake a thread on another CPU costs more than what it is woken for;
on one CPU the one that runs mostly keeps the lock (docs/decisions/0015).
"""

import contextlib
import os
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Final

LOOK_EVERY_S: Final = 5.0
MOVE_FOR: Final = 0.2  # of a CPU's time that would be won


def can_settle() -> bool:
    """Whether this system lets a process choose, and there is something to choose from."""
    return hasattr(os, "sched_setaffinity") and len(os.sched_getaffinity(0)) > 1


async def keep(sleep: Callable[[float], Awaitable[None]]) -> None:
    """Stay on one CPU until cancelled; then all are allowed again that were before."""
    allowed = os.sched_getaffinity(0)
    here = _current() if _current() in allowed else min(allowed)
    settle({here})
    try:
        while True:
            before, own_before = busy_s(), time.process_time()
            await sleep(LOOK_EVERY_S)
            after, own_s = busy_s(), time.process_time() - own_before
            others_s = {
                cpu: after[cpu] - before[cpu] for cpu in allowed & before.keys() & after.keys()
            }
            others_s[here] = others_s.get(here, LOOK_EVERY_S) - own_s
            there = choose(here, others_s)
            if there != here:
                here = there
                settle({here})
    finally:
        settle(allowed)


def choose(here: int, others_s: Mapping[int, float]) -> int:
    """The CPU to be on: another one only where clearly less is done for others."""
    there = min(others_s, key=lambda cpu: (others_s[cpu], cpu))
    return there if others_s[here] - others_s[there] > MOVE_FOR * LOOK_EVERY_S else here


def settle(cpus: set[int]) -> None:
    """Let all threads of this process run on these CPUs, and those that they start."""
    for task in Path("/proc/self/task").iterdir():
        with contextlib.suppress(ProcessLookupError):  # it ended just now
            os.sched_setaffinity(int(task.name), cpus)


def busy_s() -> dict[int, float]:
    """For how long each CPU has worked since the system started."""
    per_s = os.sysconf("SC_CLK_TCK")
    found = {}
    for line in Path("/proc/stat").read_text().splitlines():
        name, *ticks = line.split()
        if name.startswith("cpu") and name != "cpu":
            user, nice, system, _, _, *interrupts = map(int, ticks[:7])
            found[int(name[3:])] = (user + nice + system + sum(interrupts)) / per_s
    return found


def _current() -> int:
    """The CPU that this thread ran on last."""
    return int(Path("/proc/thread-self/stat").read_text().rpartition(")")[2].split()[36])
