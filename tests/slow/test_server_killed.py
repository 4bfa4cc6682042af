"""A real server is killed at random moments under load: nothing lost, doubled or disordered."""

import asyncio
import contextlib
import os
import random
import time
from collections import defaultdict
from pathlib import Path

from kentong.client import Messenger
from kentong.client.events import CommandAnswered
from kentong.client.views import RowView
from kentong.protocol.messages import Accepted
from tests.slow import machine
from tests.support.server import WAIT_S, Server

KILLS = int(os.environ.get("KILLS", "100"))
NAMES = ["anna", "ben", "citra", "dian", "eka", "fajar"]
WRITTEN_EVERY_S = 0.05  # by each device, on average
LIVES_S = 1.5  # a server lives up to so long after its first answers
KILLED_YOUNG = 5  # one server in so many dies while it starts
STARTS_S = 1.0


class Writer:
    """Writes into its chats, link or no link, and notes what was acknowledged."""

    def __init__(self, name: str, messenger: Messenger) -> None:
        self.name = name
        self.messenger = messenger
        self.chats: list[int] = []
        self.written: dict[int, list[str]] = defaultdict(list)  # chat: texts
        self.acknowledged: dict[int, int] = {}  # key: seq
        self._texts: dict[int, tuple[int, str]] = {}  # key: chat and text
        self._events = messenger.events()

    async def write(self) -> None:
        count = 0
        while True:
            chat = random.choice(self.chats)
            count += 1
            text = f"{self.name} {count}"
            ticket = await self.messenger.send_text(chat, text)
            self.written[chat].append(text)
            self._texts[ticket.key] = (chat, text)
            await asyncio.sleep(random.expovariate(1 / WRITTEN_EVERY_S))

    async def listen(self) -> None:
        async for event in self._events:
            if isinstance(event, CommandAnswered) and isinstance(event.answer, Accepted):
                assert event.key not in self.acknowledged, "answered twice"
                self.acknowledged[event.key] = event.answer.seq

    def places(self, chat: int) -> dict[str, int]:
        """Acknowledged texts of a chat, with the seq that was said."""
        return {
            text: self.acknowledged[key]
            for key, (where, text) in self._texts.items()
            if where == chat and key in self.acknowledged
        }


async def meet(writers: list[Writer]) -> None:
    """A group of all, and a direct chat of each two neighbours."""
    first = writers[0].messenger
    others = [writer.messenger.own.user for writer in writers[1:]]
    group = await (await first.create_group("lunch", others)).accepted()
    for writer in writers:
        writer.chats.append(group)
    for one, other in zip(writers[::2], writers[1::2], strict=True):
        opened = await one.messenger.open_direct(other.messenger.own.user)
        chat = await opened.accepted()
        one.chats.append(chat)
        other.chats.append(chat)
    await machine.until(
        lambda: all(one.messenger.chat(chat) for one in writers for chat in one.chats),
        "everybody has the chats",
    )


def acknowledged(writers: list[Writer]) -> int:
    return sum(len(writer.acknowledged) for writer in writers)


async def live_and_die(server: Server, writers: list[Writer]) -> None:
    """One more life of the server."""
    server.start()
    if random.randrange(KILLED_YOUNG) == 0:
        await asyncio.sleep(random.uniform(0, STARTS_S))
        server.kill()
        return
    await asyncio.to_thread(server.wait_up)
    before = acknowledged(writers)
    for writer in writers:
        writer.messenger.network_changed()
    await machine.until(lambda: acknowledged(writers) > before, "something is acknowledged")
    await asyncio.sleep(random.uniform(0, LIVES_S))
    server.kill()


async def storm(server: Server, writers: list[Writer]) -> None:
    listening = [asyncio.ensure_future(writer.listen()) for writer in writers]
    writing = [asyncio.ensure_future(writer.write()) for writer in writers]
    await asyncio.sleep(1)
    server.kill()
    for _ in range(KILLS - 1):
        await live_and_die(server, writers)
        assert not any(task.done() for task in (*listening, *writing))
    for task in writing:
        task.cancel()
    await asyncio.gather(*writing, return_exceptions=True)
    server.start()
    await asyncio.to_thread(server.wait_up)
    async with asyncio.timeout(WAIT_S):
        for writer in writers:
            writer.messenger.network_changed()
            await writer.messenger.flush()
    await asyncio.sleep(0.1)  # the last answers are listened to
    for task in listening:
        task.cancel()
    await asyncio.gather(*listening, return_exceptions=True)


def check(chat: int, rows: list[RowView], writers: list[Writer]) -> None:
    """Each text once, where its author was told, in the order of writing."""
    assert [row.seq for row in rows] == sorted({row.seq for row in rows})
    for writer in writers:
        own = [row for row in rows if row.author == writer.messenger.own.user]
        assert [row.text for row in own] == writer.written[chat]
        assert {row.text: row.seq for row in own} == writer.places(chat)


def assert_same(seen: list[RowView], kept: list[RowView], what: str) -> None:
    """A device has the texts that a new one has; says only what differs."""
    wanted = {(row.seq, row.text) for row in seen}
    had = {(row.seq, row.text) for row in kept}
    assert (sorted(wanted - had), sorted(had - wanted)) == ([], []), what


async def check_all(server: Server, writers: list[Writer], folder: Path) -> int:
    """What new devices and the old ones see; returns the number of texts."""
    seen: dict[int, list[RowView]] = {}
    for writer in writers[::2]:  # together they are in every chat
        code, file = writer.messenger.recovery_code, folder / f"{writer.name}-new.db"
        seen |= await machine.as_new_device(server, code, file, writer.chats)
    for chat, rows in seen.items():
        check(chat, rows, [one for one in writers if chat in one.chats])
    for writer in writers:
        for chat in writer.chats:
            kept = await machine.texts(writer.messenger, chat)
            assert_same(seen[chat], kept, f"{writer.name} in chat {chat}")
    return sum(map(len, seen.values()))


async def story(folder: Path) -> None:
    began = time.monotonic()
    with machine.serve(folder) as server:
        async with contextlib.AsyncExitStack() as stack:
            people = await machine.join(server, folder, NAMES)
            for person in people:
                stack.push_async_callback(person.close)
            writers = [Writer(name, person) for name, person in zip(NAMES, people, strict=True)]
            await meet(writers)
            await storm(server, writers)
            count = await check_all(server, writers, folder)
            written = sum(len(some) for one in writers for some in one.written.values())
    took = time.monotonic() - began
    print(f"\n{KILLS} kills, {written} texts written, {count} read again, {took:.0f} s")


def test_nothing_is_lost_or_doubled_when_the_server_is_killed(tmp_path: Path) -> None:
    asyncio.run(story(tmp_path))
