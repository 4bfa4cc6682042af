"""An older backup is put in place: what any device still has comes back, once."""

import asyncio
from pathlib import Path

from kentong.client import Messenger
from kentong.client.events import StateReset
from kentong.client.stream import EventStream
from tests.slow import machine
from tests.support.server import WAIT_S, Server

TEXTS = 50  # by each, before the backup and again after it


async def say(people: list[Messenger], chat: int, part: str) -> dict[int, list[str]]:
    """Everybody writes; returns what each user wrote, once all of it is acknowledged."""
    written: dict[int, list[str]] = {person.own.user: [] for person in people}
    for number in range(TEXTS):
        for person in people:
            text = f"{person.own.name} {part} {number}"
            await person.send_text(chat, text)
            written[person.own.user].append(text)
    for person in people:
        await person.flush()
    return written


async def reset(stream: EventStream) -> None:
    """Wait until a device has noticed that the database is another one."""
    async for event in stream:
        if isinstance(event, StateReset):
            return


async def settle(person: Messenger) -> None:
    """Wait until it has sent again what the server lost."""
    await person.wait_online()
    await person.flush()


def chat_named(messenger: Messenger, title: str) -> int:
    (found,) = [chat.id for chat in messenger.chats() if chat.title == title]
    return found


async def lose_a_day(server: Server, people: list[Messenger]) -> dict[str, dict[int, list[str]]]:
    """Texts, a backup, more texts, the backup put in place; what was written in each group."""
    anna, ben, citra = people
    members = [ben.own.user, citra.own.user]
    lunch = await (await anna.create_group("lunch", members)).accepted()
    await machine.until(lambda: all(person.chat(lunch) for person in people), "all are in it")
    before = await say(people, lunch, "before")
    backup = server.data.parent / "backup.db"
    writing = asyncio.ensure_future(say(people, lunch, "meanwhile"))
    await asyncio.to_thread(server.run, "backup", backup)
    meanwhile = await writing
    after = await say(people, lunch, "after")
    dinner = await (await anna.create_group("dinner", members)).accepted()
    alone = await say([anna], dinner, "later")
    await citra.close()  # away while it happens
    streams = [person.events() for person in (anna, ben)]
    await asyncio.to_thread(server.run, "restore", backup)
    for stream in streams:
        await reset(stream)
    every = {user: before[user] + meanwhile[user] + after[user] for user in before}
    return {"lunch": every, "dinner": alone}


async def story(folder: Path) -> None:
    with machine.serve(folder) as server:
        people = await machine.join(server, folder, ["anna", "ben", "citra"])
        code = people[0].recovery_code
        async with asyncio.timeout(WAIT_S * 2):
            written = await lose_a_day(server, people)
            anna, ben, _ = people
            async with Messenger.open(folder / "citra.db") as citra:
                await asyncio.gather(*map(settle, (anna, ben, citra)))
                chats = {title: chat_named(anna, title) for title in written}
                file = folder / "new.db"
                seen = await machine.as_new_device(server, code, file, list(chats.values()))
        for person in (anna, ben):
            await person.close()
    for title, by_user in written.items():
        rows = seen[chats[title]]
        assert len({row.seq for row in rows}) == len(rows)
        for user, said in by_user.items():
            assert [row.text for row in rows if row.author == user] == said
        assert len(rows) == sum(map(len, by_user.values()))
    print(f"\n{sum(map(len, seen.values()))} texts are there again")


def test_restored_backup_ends_with_every_message_that_devices_have(tmp_path: Path) -> None:
    asyncio.run(story(tmp_path))
