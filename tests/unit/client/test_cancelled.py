"""A call that is cancelled at any moment is done or not begun, and leaves nothing behind."""

import asyncio
import inspect
import random
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from kentong.client import Messenger
from kentong.client.account import sign_out
from kentong.client.store import Account
from tests.unit.client.double import NOW, OTHER, open_store
from tests.unit.client.test_connection import World, tell
from tests.unit.client.weather import Weather, later, run

CHAT = 80_001
LOOP_STEPS = 25
TIMES_S = (0.05, 0.15, 0.25, 0.35)

commands: dict[str, Callable[[Messenger], Awaitable[object]]] = {
    "send_text": lambda m: m.send_text(CHAT, "a"),
    "edit_text": lambda m: m.edit_text(CHAT, 1, "a"),
    "delete_message": lambda m: m.delete_message(CHAT, 1),
    "open_direct": lambda m: m.open_direct(OTHER),
    "create_group": lambda m: m.create_group("lunch", [OTHER]),
    "rename_group": lambda m: m.rename_group(CHAT, "dinner"),
    "add_member": lambda m: m.add_member(CHAT, OTHER),
    "remove_member": lambda m: m.remove_member(CHAT, OTHER),
    "leave_group": lambda m: m.leave_group(CHAT),
    "join_by_invite": lambda m: m.join_by_invite("abc"),
    "make_invite": lambda m: m.make_invite(CHAT),
    "block_user": lambda m: m.block_user(OTHER),
    "report": lambda m: m.report(CHAT, 1),
    "set_name": lambda m: m.set_name("Anna"),
    "revoke_device": lambda m: m.revoke_device(1),
}

questions: dict[str, Callable[[Messenger], Awaitable[object]]] = {
    "history": lambda m: m.history(CHAT, 1, 100),
    "people": lambda m: m.people([OTHER, 70_003]),
    "wait_online": lambda m: m.wait_online(),
    "flush": lambda m: m.flush(),
    "members": lambda m: m.members(CHAT),
    "devices": lambda m: m.devices(),
    "invite": lambda m: m.invite("abc"),
}

TRIED_APART = {"join", "recover", "sign_out", "close"}


def test_every_call_that_may_be_cancelled_is_tried() -> None:
    calls = {name for name, _ in inspect.getmembers(Messenger, inspect.iscoroutinefunction)}
    public = {name for name in calls if not name.startswith("_")}
    assert public == commands.keys() | questions.keys() | TRIED_APART


async def cancelled(call: Awaitable[object], steps: int, seconds: float) -> bool:
    """Begin a call and cancel it after so much; whether it was done already."""
    task = asyncio.ensure_future(call)
    for _ in range(steps):
        await asyncio.sleep(0)
    if seconds:
        await later(seconds)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    return not task.cancelled()


@pytest.mark.parametrize("name", commands)
def test_a_command_that_is_cancelled_is_written_or_not_begun(tmp_path: Path, name: str) -> None:
    async def story(world: World) -> None:
        await world.messenger.wait_online()
        for steps in range(LOOP_STEPS):
            before = world.messenger.store.outbox.next_number
            done = await cancelled(commands[name](world.messenger), steps, 0)
            written = world.messenger.store.outbox.next_number - before
            assert written == int(done)
        await world.messenger.flush()

    tell(World(tmp_path), story)


@pytest.mark.parametrize("name", questions)
def test_a_question_that_is_cancelled_leaves_nothing(tmp_path: Path, name: str) -> None:
    async def story(world: World) -> None:
        for _ in range(70):
            world.server.post(CHAT, OTHER, "text")
        for steps, seconds in [(n, 0.0) for n in range(LOOP_STEPS)] + [(0, s) for s in TIMES_S]:
            await cancelled(questions[name](world.messenger), steps, seconds)
        await world.messenger.wait_online()
        rows = await world.messenger.history(CHAT, 1, 100)
        assert [row.seq for row in rows] == list(range(1, 71))
        await later(5)
        assert world.messenger._agenda.questions == {}

    tell(World(tmp_path), story)


def test_waiting_for_an_answer_can_be_cancelled_and_repeated(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        ticket = await world.messenger.send_text(CHAT, "hello")
        for seconds in TIMES_S:
            await cancelled(ticket.accepted(), 0, seconds)
        assert await ticket.accepted() == 1
        assert await ticket.accepted() == 1

    world = World(tmp_path)
    tell(world, story)
    assert world.texts() == ["hello"]


@pytest.mark.parametrize("steps", range(LOOP_STEPS))
def test_closing_that_is_cancelled_lets_go_of_the_store(tmp_path: Path, steps: int) -> None:
    world = World(tmp_path)

    async def story() -> None:
        async with world.messenger:
            await world.messenger.send_text(CHAT, "hello")
            await cancelled(world.messenger.close(), steps, 0)
        store = open_store(tmp_path / "device.db")
        weather = Weather(world.server)
        async with Messenger(store, weather, lambda: NOW, random.Random(2)) as reopened:
            await reopened.flush()

    run(story)
    assert world.texts() == ["hello"]


async def silent_server() -> tuple[asyncio.Server, str]:
    """Takes connections and never answers."""

    async def receive(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(receive, "127.0.0.1", 0)
    return server, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


entries: dict[str, Callable[[str, Path], Awaitable[object]]] = {
    "join": lambda address, path: Messenger.join(address, "token", "Anna", path),
    "recover": lambda address, path: Messenger.recover(address, "code", path),
    "sign_out": lambda address, path: sign_out(Account(address, "1", 1, "secret")),
}


@pytest.mark.parametrize("name", entries)
def test_an_entry_that_is_cancelled_leaves_no_file(tmp_path: Path, name: str) -> None:
    async def story() -> None:
        server, address = await silent_server()
        async with server:
            for steps in range(LOOP_STEPS):
                await cancelled(entries[name](address, tmp_path / "device.db"), steps, 0)
                left = list(tmp_path.iterdir())  # noqa: ASYNC240 - nobody else waits
                assert left == []

    asyncio.run(story())
