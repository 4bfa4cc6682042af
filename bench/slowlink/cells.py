"""What is measured on the link: each cell has a server, a browser and a link of its own."""

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final, NamedTuple

from playwright.async_api import Page

from bench import town
from bench.slowlink import person
from bench.slowlink.profiles import CABLE, G20, G32, G32_LOSS5, Profile
from bench.slowlink.stage import Stage, stage

Result = dict[str, list[float]]
Measure = Callable[[Stage, "Cell"], Awaitable[Result]]

CELL_S: Final = 3_000.0  # longer than any cell takes
QUIET_S: Final = 2.0  # without a packet: then nothing is on its way any more
WORDS_AT_ONCE: Final = 3  # texts that are written while there is no link


class Cell(NamedTuple):
    """One measurement: what, on which link, by which chances, how often."""

    measure: str
    profile: Profile
    seed: int = 1
    times: int = 1
    seconds: float = 0.0

    @property
    def name(self) -> str:
        """Names its file."""
        return f"{self.measure}-{self.profile.name}-{self.seconds:g}-{self.seed}"


async def run(cell: Cell) -> Result:
    """Set the stage for a cell and measure. Raises NoLaboratory, NoBrowser."""
    measure = MEASURES[cell.measure]
    begins_slow = cell.measure == "first_load"
    begins_with = cell.profile if begins_slow else CABLE
    async with asyncio.timeout(CELL_S), stage(begins_with, cell.seed) as set_:
        return await measure(set_, cell)


async def first_load(set_: Stage, cell: Cell) -> Result:
    """From opening an invite link to a composer, in an empty browser."""
    seconds, down = [], []
    for number in range(cell.times):
        await set_.lab.ask(f"seed {cell.seed + number}")
        async with set_.browser(f"profile{number}") as browser:
            seconds.append(await person.join(browser.pages[0], set_.town.invite))
            down.append(float((await set_.lab.ask("read"))["down"]["bytes"]))
    return {"s": seconds, "down_ip_bytes": down}


async def acks(set_: Stage, cell: Cell) -> Result:
    """One text of 30 characters after the other, each until the server's tick is seen."""
    async with set_.browser() as browser:
        page = await _joined(set_, browser.pages[0], cell)
        await person.send(page, town.text())
        seconds = [await person.send(page, town.text()) for _ in range(cell.times)]
    return {"s": seconds}


async def message_bytes(set_: Stage, cell: Cell) -> Result:
    """What one text costs on IP, both ways, all headers and acknowledgements of TCP included."""
    both: list[float] = []
    async with set_.browser() as browser:
        page = await _joined(set_, browser.pages[0], cell)
        await person.send(page, town.text())
        for _ in range(cell.times):
            before = await _quiet(set_)
            await person.send(page, town.text())
            both.append(await _quiet(set_) - before)
    return {"ip_bytes": both}


async def outage_silent(set_: Stage, cell: Cell) -> Result:
    """Nothing says that the link went, or came back."""
    return await _outage(set_, cell, says_online=False)


async def outage_event(set_: Stage, cell: Cell) -> Result:
    """The browser says `online` when the link is back."""
    return await _outage(set_, cell, says_online=True)


async def _outage(set_: Stage, cell: Cell, *, says_online: bool) -> Result:
    """Texts written without a link, until all have their ticks, from when it is back."""
    seconds = []
    async with set_.browser() as browser:
        page = await _joined(set_, browser.pages[0], cell)
        for _ in range(cell.times):
            await person.send(page, town.text())
            await _quiet(set_)
            await set_.lab.ask(f"out {cell.seconds}")
            back = time.monotonic() + cell.seconds
            await asyncio.sleep(cell.seconds / 3)
            sending = [
                asyncio.create_task(person.send(page, town.text())) for _ in range(WORDS_AT_ONCE)
            ]
            await asyncio.sleep(back - time.monotonic())
            if says_online:
                await page.evaluate("dispatchEvent(new Event('online'))")
            await asyncio.gather(*sending)
            seconds.append(time.monotonic() - back)
    return {"s": seconds}


async def _joined(set_: Stage, page: Page, cell: Cell) -> Page:
    """Join while the link is fast; then it becomes what the cell says."""
    await person.join(page, set_.town.invite)
    await _quiet(set_)  # what a page fetches for later is there
    await set_.lab.ask(f"{cell.profile.name} {cell.seed}")
    return page


async def _quiet(set_: Stage) -> float:
    """Wait until nothing moves; the bytes that went over the link so far, both ways."""
    before = -1.0
    while True:
        read = await set_.lab.ask("read")
        now = float(read["up"]["bytes"] + read["down"]["bytes"])
        if now == before:
            return now
        before = now
        await asyncio.sleep(QUIET_S)


MEASURES: Final[dict[str, Measure]] = {
    measure.__name__: measure
    for measure in (first_load, acks, message_bytes, outage_silent, outage_event)
}
QUICK: Final = (
    Cell("first_load", G20),
    Cell("acks", G20, times=10),
    Cell("acks", G32_LOSS5, times=30),
    Cell("message_bytes", G20, times=3),
    Cell("outage_event", G20, times=1, seconds=30),
    Cell("outage_silent", G20, times=1, seconds=30),
)
FULL: Final = (
    *(Cell("first_load", G20, seed, times=3) for seed in (1, 2, 3)),
    *(Cell("acks", link, seed, times=150) for link in (G20, G32, G32_LOSS5) for seed in (1, 2, 3)),
    Cell("message_bytes", G20, times=20),
    *(
        Cell(measure, G20, times=10, seconds=seconds)
        for measure in ("outage_event", "outage_silent")
        for seconds in (30, 60, 90)
    ),
)


def figures(results: dict[Cell, Result]) -> dict[str, Any]:
    """The figures under their keys, of what was measured."""
    found: dict[str, Any] = {}
    for cell, result in results.items():
        for what, values in result.items():
            key = f"{cell.measure}_{what}_{cell.profile.name}"
            if cell.seconds:
                key += f"_{cell.seconds:g}"
            found.setdefault(key, []).extend(values)
    return {key: _summary(values) for key, values in found.items()}


def _summary(values: list[float]) -> dict[str, float]:
    ordered = sorted(values)

    def at(share: float) -> float:
        return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))], 3)

    return {
        "count": len(values),
        "p50": round(statistics.median(values), 3),
        "p95": at(0.95),
        "p99": at(0.99),
        "max": round(ordered[-1], 3),
    }
