"""People who have talked for days, so that screens have something to show."""

import asyncio
import sqlite3
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, closing

from kentong.client import Messenger
from tests.e2e.house import Server

GROUP = "Neighbours of Lane 4"
DAY_S = 86_400
Lines = Sequence[tuple[str, str]]
People = dict[str, Messenger]

MARKET: Lines = (
    ("Budi", "The road to the market is under water again"),
    ("Budi", "I go by boat tomorrow"),
    ("Anna", "Are you going alone?"),
    ("Budi", "With Citra. Shall we bring you something?"),
    ("Anna", "Rice, eggs and chilli, please. The small red ones, if Ibu Sari has them."),
    ("Anna", "👍"),
)
MARKET_OLD = 3  # of these lines are of the day before
SCHOOL: Lines = (
    ("Dewi", "Is the school open?"),
    ("Dewi", "They say there is a generator"),
)
LANE: Lines = (
    ("Citra", "One bar of signal on the roof, and it went out!"),
    ("Dewi", "Same here"),
    ("Dewi", "Who has the keys of the pump house? https://example.org/pump?id=4"),
    ("Budi", "I have them."),
    ("Anna", "Good. This works where nothing else does."),
)
WATER: Lines = (  # which Anna has not read
    ("Citra", "Water is at the second step"),
    ("Dewi", "Third step here"),
    ("Budi", "Please write your house number when you need sandbags"),
    ("Dewi", "Number 9"),
    ("Citra", "Number 12, two old people here"),
    ("Budi", "On my way to 12"),
    ("Citra", "The school is open for everybody, there is a generator"),
    ("Dewi", "How many places?"),
    ("Citra", "About forty"),
    ("Citra", "Bring blankets"),
    ("Budi", "The pump runs"),
    ("Dewi", "It is falling. The third step is dry"),
    ("Budi", "Who looks after the boat tonight?"),
    ("Dewi", "I do, until midnight"),
    ("Budi", "Thank you all. Sleep well"),
)


def settle(server: Server) -> str:
    """Anna, Budi, Citra and Dewi with their chats of two days; Anna's recovery code."""
    with ThreadPoolExecutor(1) as thread:  # Playwright's loop runs in this one
        code = thread.submit(asyncio.run, _settle(server)).result()
    server.stop()
    old = [text for _, text in (*MARKET[:MARKET_OLD], *LANE)]
    with closing(sqlite3.connect(server.folder / "data" / "kentong.db")) as database, database:
        marks = ", ".join("?" * len(old))
        database.execute(
            f"UPDATE messages SET sent_at = sent_at - {DAY_S} WHERE text IN ({marks}) OR kind <> 0",
            old,
        )
    server.open()
    return code


async def _settle(server: Server) -> str:
    async with AsyncExitStack() as everybody:

        async def join(token: str, name: str) -> Messenger:
            path = server.folder / f"{name}.db"
            messenger = await Messenger.join(server.address, token, name, path)
            return await everybody.enter_async_context(messenger)

        anna = await join(server.owner_token(), "Anna")
        people = {"Anna": anna}
        for name in ("Budi", "Citra", "Dewi"):
            token = await (await anna.make_invite()).accepted()
            people[name] = await join(token, name)
        notes = await (await anna.open_direct(0)).accepted()
        await (await anna.send_text(notes, "The recovery code is in the blue book")).accepted()
        others = [people[name].own.user for name in ("Budi", "Citra", "Dewi")]
        group = await (await anna.create_group(GROUP, others)).accepted()
        await _talk(people, group, (*LANE, *WATER))
        await _talk(people, await _direct(people, "Dewi"), SCHOOL)
        await _talk(people, await _direct(people, "Budi"), MARKET)
        return anna.recovery_code


async def _direct(people: People, name: str) -> int:
    return await (await people["Anna"].open_direct(people[name].own.user)).accepted()


async def _talk(people: People, chat: int, lines: Lines) -> None:
    for name, text in lines:
        await (await people[name].send_text(chat, text)).accepted()
