"""What a connection costs that says nothing: memory of the server, nothing else."""

import asyncio
import gc
import resource
from pathlib import Path
from typing import Final

from bench import processes, town
from bench.device import Device, enter_all
from bench.figures import Figure
from bench.processes import Certificate, Place
from bench.town import Citizen
from kentong.server.storage.engine import Engine

FEW: Final = 100
MANY: Final = 10_000
MANY_TLS: Final = 2_000  # a handshake takes 4 ms of CPU on both sides
STEPS: Final = (1, 2, 4)  # of a device's five chats the direct ones: with whom, so far away
GROUPS: Final = 2  # and the others
GROUP_MEMBERS: Final = 50
REST_S: Final = 5.0  # until what was asked for is forgotten
SPARE_FILES: Final = 100


async def run(folder: Path, quick: bool) -> list[Figure]:
    """Memory for each idle connection without TLS, and the CPU they take in ten seconds."""
    found = await _measure(folder, 200 if quick else MANY, None)
    return [
        Figure("idle_bytes_per_connection", [found[0]]),
        Figure("idle_connections", [found[1]]),
        Figure("idle_cpu_us_per_connection_and_s", [found[2]]),
    ]


async def run_tls(folder: Path, quick: bool) -> list[Figure]:
    """Memory for each idle connection with TLS in the server."""
    certificate = processes.make_certificate(folder)
    found = await _measure(folder, 200 if quick else MANY_TLS, certificate)
    return [
        Figure("idle_tls_bytes_per_connection", [found[0]]),
        Figure("idle_tls_connections", [found[1]]),
    ]


async def _measure(
    folder: Path, wanted: int, certificate: Certificate | None
) -> tuple[float, int, float]:
    """(bytes for each connection, how many there were, CPU for each in a second in us)."""
    possible = _files_max() - SPARE_FILES
    count = min(wanted, possible - possible % 200)  # so that everybody has five chats
    async with town.founding(folder) as engine:
        people = await town.settle(engine, count)
        await _make_chats(engine, people)
    async with processes.server(folder, certificate) as place:
        devices = [Device(person) for person in people]
        await enter_all(devices[:FEW], place)
        few_bytes = await _resting_bytes(place)
        await enter_all(devices[FEW:], place)
        many_bytes = await _resting_bytes(place)
        cpu_s = place.cpu_s()
        await asyncio.sleep(REST_S)
        cpu_s = place.cpu_s() - cpu_s
        for device in devices:
            device.leave()
    return (many_bytes - few_bytes) / (count - FEW), count, cpu_s / REST_S / count * 1e6


async def _make_chats(engine: Engine, people: list[Citizen]) -> None:
    """Five chats for each: direct ones with three others, and two groups."""
    count = len(people)
    for step in STEPS:
        pairs = [(people[at], people[at + step]) for at in range(count) if at // step % 2 == 0]
        await town.befriend(engine, pairs)
    for start in range(0, count, GROUP_MEMBERS):
        for number in range(GROUPS):
            members = people[start : start + GROUP_MEMBERS]
            await town.gather(engine, f"Group {start} {number}", members)


async def _resting_bytes(place: Place) -> int:
    gc.collect()
    await asyncio.sleep(REST_S)
    return place.pss_bytes()


def _files_max() -> int:
    """Connections that one process may hold; the soft limit is raised to the hard one."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard
