"""The two ends of the link as places where programs run."""

import asyncio
import contextlib
import ctypes
import json
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from bench.slowlink.profiles import Profile
from bench.slowlink.wire import NoLaboratory

ROOT = Path(__file__).resolve().parents[2]


class Lab:
    """A running link."""

    def __init__(self, wire: Process, ends: dict[str, int]) -> None:
        self._wire = wire
        self._ends = ends
        self._asking = asyncio.Lock()

    async def ask(self, line: str) -> Any:  # noqa: ANN401 - JSON
        """What the wire answers to a line; wire.py says to which."""
        assert self._wire.stdin is not None
        async with self._asking:
            self._wire.stdin.write(line.encode() + b"\n")
            return await _answer(self._wire)

    def enter(self, end: str) -> None:
        """Let this thread, and what it starts from now on, live at an end: "person" or "server"."""
        namespace = os.open(f"/proc/{self._wire.pid}/fd/{self._ends[end]}", os.O_RDONLY)
        try:
            if ctypes.CDLL(None, use_errno=True).setns(namespace, 0):
                raise NoLaboratory(f"setns: {os.strerror(ctypes.get_errno())}")
        finally:
            os.close(namespace)


@contextlib.asynccontextmanager
async def laboratory(profile: Profile, seed: int = 1) -> AsyncIterator[Lab]:
    """A link between two places that lead nowhere else. Raises NoLaboratory."""
    wire = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bench.slowlink.wire", profile.name, str(seed)),
        cwd=ROOT,
        stdin=PIPE,
        stdout=PIPE,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
    )
    try:
        ends = await _answer(wire)
        if "error" in ends:
            raise NoLaboratory(ends["error"])
        yield Lab(wire, ends)
    finally:
        assert wire.stdin is not None
        wire.stdin.close()
        await wire.wait()


async def _answer(wire: Process) -> Any:  # noqa: ANN401 - JSON
    assert wire.stdout is not None
    return json.loads(await wire.stdout.readline())
