"""Where WebSockets are blocked the SDK falls back to long polls, and nothing is missing."""

import asyncio
import random
from pathlib import Path

from kentong.client import Messenger
from kentong.client.events import MessagePosted
from kentong.client.stream import EventStream
from tests.support.proxy import without_websockets
from tests.unit.http.inn import inn

WAIT_S = 60
ONLINE_S = 20  # below the 25 s that a long poll may wait for news


async def next_text(events: EventStream) -> str:
    """The next text that is told."""
    async for event in events:
        if isinstance(event, MessagePosted):
            return event.row.text
    raise AssertionError("the messenger was closed")


async def converse(anna: Messenger, bob: Messenger) -> None:
    annas, bobs = anna.events(), bob.events()
    async with asyncio.timeout(ONLINE_S):
        await bob.wait_online()
    (chat,) = bob.chats()
    for text in ("are you there?", "hello?", "hello!"):
        await bob.send_text(chat.id, text)
        assert await next_text(annas) == text
        assert await next_text(bobs) == text
    await anna.send_text(chat.id, "I hear you")
    assert await next_text(bobs) == "I hear you"


def test_two_people_talk_by_long_polls(tmp_path: Path) -> None:
    async def talk(address: str, token: str) -> None:
        async with await Messenger.join(address, token, "Anna", tmp_path / "anna.db") as anna:
            async with asyncio.timeout(ONLINE_S):
                await anna.wait_online()
            token = await (await anna.make_invite()).accepted()
            async with await Messenger.join(address, token, "Bob", tmp_path / "bob.db") as bob:
                await converse(anna, bob)

    async def work() -> None:
        async with inn(tmp_path / "server") as it, without_websockets(it.server.port) as port:
            await talk(f"http://127.0.0.1:{port}", await it.owner_token())

    asyncio.run(asyncio.wait_for(work(), WAIT_S))


def test_long_texts_are_read_by_long_polls(tmp_path: Path) -> None:
    """Far more than one answer holds, and hardly to be compressed."""
    source = random.Random(1)
    ideographs = [chr(code) for code in range(0x4E00, 0x9FFF)]
    texts = ["".join(source.choices(ideographs, k=4_000)) for _ in range(60)]

    async def talk(address: str, token: str) -> None:
        async with await Messenger.join(address, token, "Anna", tmp_path / "anna.db") as anna:
            notes = await (await anna.open_direct(0)).accepted()
            for text in texts:
                await anna.send_text(notes, text)
            await anna.flush()
            code = anna.recovery_code
        async with await Messenger.recover(address, code, tmp_path / "new.db") as again:
            await again.wait_online()
            rows = await again.history(notes, 1, len(texts))
            assert [row.text for row in rows] == texts

    async def work() -> None:
        async with inn(tmp_path / "server") as it, without_websockets(it.server.port) as port:
            await talk(f"http://127.0.0.1:{port}", await it.owner_token())

    asyncio.run(asyncio.wait_for(work(), WAIT_S))
