"""A trace of the server's system calls: on disk first, answered then."""

import asyncio
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.slow import machine
from tests.support.server import Server

READS = {"read", "readv", "recvfrom", "recvmsg"}
TRACED = "read,readv,recvfrom,recvmsg,pwrite64,fsync,fdatasync,write,writev,sendto,sendmsg"
TEXT = "what was said before the sync"
CALL = re.compile(r"^(\d+) +(\w+)\((.*)$")
RESUMED = re.compile(r"^(\d+) +<\.\.\. (\w+) resumed>(.*)$")
SETTLES_S = 1.0


def attach(process: int, file: Path) -> "subprocess.Popen[str]":
    """Trace all threads of a process into a file; skips where that isn't possible."""
    if shutil.which("strace") is None:
        pytest.skip("no strace: install it with `apt install strace`")
    tracer = subprocess.Popen(
        ["strace", "-f", "-yy", "-s", "100000", "-e", f"trace={TRACED}"]
        + ["-o", str(file), "-p", str(process)],
        stderr=subprocess.PIPE,
        text=True,
    )
    assert tracer.stderr is not None
    said = tracer.stderr.readline()
    if "attached" not in said:
        tracer.communicate()
        pytest.skip(f"no process can be traced here: {said.strip()}")
    return tracer


def begun_and_ended(trace: str) -> list[tuple[str, str, str]]:
    """(name, "begins" or "ends", arguments) of each call, in order."""
    steps: list[tuple[str, str, str]] = []
    open_calls: dict[tuple[str, str], str] = {}
    for line in trace.splitlines():
        if found := CALL.match(line):
            thread, name, rest = found.groups()
            steps.append((name, "begins", rest))
            if rest.endswith("<unfinished ...>"):
                open_calls[thread, name] = rest
            else:
                steps.append((name, "ends", rest))
        elif found := RESUMED.match(line):
            thread, name, rest = found.groups()
            steps.append((name, "ends", open_calls.pop((thread, name), "") + rest))
    return steps


async def send_one(server: Server, folder: Path) -> str:
    """The trace of one message to a group."""
    (anna,) = await machine.join(server, folder, ["anna"])
    file = folder / "trace"
    try:
        chat = await (await anna.create_group("lunch")).accepted()
        assert server.process is not None
        tracer = await asyncio.to_thread(attach, server.process.pid, file)
        await asyncio.sleep(SETTLES_S)
        await (await anna.send_text(chat, TEXT)).accepted()
        await asyncio.sleep(SETTLES_S)
        tracer.terminate()
        await asyncio.to_thread(tracer.communicate)
    finally:
        await anna.close()
    return file.read_text(errors="replace")


def is_to_socket(step: tuple[str, str, str]) -> bool:
    name, phase, rest = step
    return name not in READS and phase == "begins" and "TCP:[" in rest.partition(",")[0]


def is_synced(step: tuple[str, str, str]) -> bool:
    name, phase, rest = step
    ended = phase == "ends" and rest.endswith("= 0")
    return name in {"fsync", "fdatasync"} and ended and "-wal>" in rest


def test_a_message_is_synced_to_disk_before_it_is_answered(tmp_path: Path) -> None:
    with machine.serve(tmp_path) as server:
        steps = begun_and_ended(asyncio.run(send_one(server, tmp_path)))
    logged = [
        place
        for place, (name, phase, rest) in enumerate(steps)
        if (name, phase) == ("pwrite64", "begins") and "-wal>" in rest and TEXT in rest
    ]
    assert logged, "the text was not written to the log of the database"
    came = max(
        place
        for place, (name, _, rest) in enumerate(steps[: logged[0]])
        if name in READS and "TCP:[" in rest.partition(",")[0] and not rest.endswith("= -1")
    )
    synced = next(n for n, step in enumerate(steps) if n > logged[-1] and is_synced(step))
    answered = next(n for n, step in enumerate(steps) if n > came and is_to_socket(step))
    assert came < logged[0] < synced < answered
