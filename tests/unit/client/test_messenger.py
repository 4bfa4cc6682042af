"""What a program relies on: calls that are done or not begun, events once and in order."""

import asyncio
import copy
import random
from pathlib import Path

import pytest

from kentong.client import Messenger, NotJoined, Ticket, Unreachable
from kentong.client.account import find_nonce, split_link
from kentong.client.events import Event, EventsLost, MessagePosted, StateReset
from kentong.client.pace import WINDOW_BYTES_MIN, Pace
from kentong.client.store import Store
from kentong.client.stream import EVENTS_MAX, EventStream
from kentong.client.views import RowView
from kentong.protocol.errors import ErrorCode, Refused
from kentong.protocol.limits import BULK_WINDOW_BYTES_MAX
from tests.unit.client.double import ME, NOW, OTHER, open_store
from tests.unit.client.test_connection import World, tell
from tests.unit.client.weather import Weather, later, run

CHAT = 80_001


@pytest.mark.parametrize("moment", range(40))
def test_closing_at_any_moment_loses_nothing(tmp_path: Path, moment: int) -> None:
    world = World(tmp_path)
    written = [f"text {number}" for number in range(5)]

    async def first() -> None:
        async with world.messenger:
            for text in written:
                await world.messenger.send_text(CHAT, text)
            await later(moment * 0.02)

    async def again() -> None:
        store = open_store(tmp_path / "device.db")
        weather = Weather(world.server)
        async with Messenger(store, weather, lambda: NOW, random.Random(2)) as reopened:
            await reopened.flush()
            await reopened.wait_online()
            rows = await reopened.history(CHAT, 1, 100)
            assert [row.text for row in rows] == written

    run(first)
    run(again)
    assert world.texts() == written


def test_to_be_online_or_flushed_is_to_have_queued_again_what_a_restored_server_lost(
    tmp_path: Path,
) -> None:
    async def story(world: World) -> None:
        messenger, backup = world.messenger, copy.deepcopy(world.server)
        await (await messenger.send_text(CHAT, "hello")).accepted()
        backup.epoch += 1
        world.weather.server = backup
        for wait in (messenger.wait_online, messenger.flush):
            stream = messenger.events()
            world.weather.links[-1].end()
            async for event in stream:
                if isinstance(event, StateReset):
                    break
            await wait()
            assert not messenger.store.number("requeue")
            await messenger.flush()
            assert [row.text for row in backup.chats[CHAT].rows] == ["hello"]
            backup = copy.deepcopy(backup)
            backup.epoch += 1
            world.weather.server = backup

    tell(World(tmp_path), story)


def test_texts_are_told_once_and_in_order_over_a_gap(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await world.messenger.wait_online()
        stream = world.messenger.events()
        world.weather.links[0].end()
        for number in range(150):
            world.server.post(CHAT, OTHER, f"text {number}")
        seen: list[str] = []
        async for event in stream:
            if isinstance(event, MessagePosted):
                seen.append(event.row.text)
            if len(seen) == 150:
                break
        assert seen == [f"text {number}" for number in range(150)]

    tell(World(tmp_path), story)


def test_history_is_whole_however_many_holes_it_had(tmp_path: Path) -> None:
    def wipe_even_rows(store: Store) -> None:
        with store.transaction():
            kept = [(seq, seq) for seq in range(1, 301, 2)]
            version = store.timeline.windows(CHAT)[0].as_of
            rows = store.timeline.rows(CHAT, 1, 300)
            store.timeline.drop(CHAT)
            store.timeline.put(CHAT, [row for row in rows if row.seq % 2], version)
            store.timeline.cover(CHAT, kept, version)

    async def story(world: World) -> None:
        for _ in range(300):
            world.server.post(CHAT, OTHER, "text")
        await world.messenger.wait_online()
        await world.messenger.history(CHAT, 1, 300)
        await later(60)
        wipe_even_rows(world.messenger.store)
        rows = await world.messenger.history(CHAT, 1, 300)
        assert [row.seq for row in rows] == list(range(1, 301))

    tell(World(tmp_path), story)


def test_history_that_does_not_fit_into_one_answer_comes_in_several(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        for _ in range(300):
            world.server.post(CHAT, OTHER, "text")
        world.server.pages_max = 3
        await world.messenger.wait_online()
        rows = await world.messenger.history(CHAT, 1, 300)
        assert [row.seq for row in rows] == list(range(1, 301))
        world.server.pages_max = 0
        with world.messenger.store.transaction():
            world.messenger.store.timeline.drop(CHAT)
        with pytest.raises(Refused):
            await world.messenger.history(CHAT, 1, 300)

    tell(World(tmp_path), story)


def test_a_refused_command_is_shown_until_it_is_discarded(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        world.server.refuse = lambda command: ErrorCode.TEXT_TOO_LONG
        ticket = await world.messenger.send_text(CHAT, "long")
        with pytest.raises(Refused) as refused:
            await ticket.accepted()
        assert refused.value.code is ErrorCode.TEXT_TOO_LONG
        (failed,) = world.messenger.waiting()
        assert (failed.key, failed.error) == (ticket.key, ErrorCode.TEXT_TOO_LONG)
        world.messenger.discard(ticket.key)
        assert world.messenger.waiting() == []

    tell(World(tmp_path), story)


def test_a_store_that_nobody_joined_with_is_not_opened(tmp_path: Path) -> None:
    with pytest.raises(NotJoined):
        Messenger.open(tmp_path / "device.db")
    assert list(tmp_path.iterdir()) == []


def test_joining_that_fails_leaves_no_file(tmp_path: Path) -> None:
    async def join() -> None:
        await Messenger.join("http://127.0.0.1:1", "token", "Anna", tmp_path / "device.db")

    with pytest.raises(Unreachable):
        asyncio.run(join())
    assert list(tmp_path.iterdir()) == []


def test_a_listener_that_is_too_slow_is_told_so() -> None:
    async def listen() -> list[Event]:
        stream = EventStream()
        for seq in range(EVENTS_MAX + 2):
            stream.put(MessagePosted(RowView(CHAT, seq, NOW, ME)))
        stream.close()
        return [event async for event in stream]

    events = asyncio.run(listen())
    assert events[0] == EventsLost()
    assert len(events) < EVENTS_MAX


def test_a_link_is_a_server_a_purpose_and_a_secret() -> None:
    assert split_link("https://a.example/#join=abc") == ("https://a.example", "join", "abc")
    assert split_link("http://a.example:8765/#recover=A-B") == (
        "http://a.example:8765",
        "recover",
        "A-B",
    )
    for wrong in ("a.example/#join=abc", "https://a.example/", "ftp://a.example/#join=abc"):
        with pytest.raises(ValueError, match="link"):
            split_link(wrong)


def test_the_work_of_a_newcomer_is_a_hash_that_begins_with_zeros() -> None:
    nonce = find_nonce("abc", 8, range(10_000))
    assert nonce is not None
    assert find_nonce("abc", 60, range(10)) is None


def test_the_window_of_commands_grows_while_answers_come_fast_and_shrinks_when_they_queue() -> None:
    pace = Pace()
    assert pace.admits(10_000)  # alone
    for _ in range(20):
        pace.sent(1_000, 0)
    assert not pace.admits(1)
    for _ in range(20):
        pace.answered(0.5)
    assert pace.window > WINDOW_BYTES_MIN
    for _ in range(20):
        pace.sent(1_000, 1)
        pace.answered(6)
    assert pace.window == WINDOW_BYTES_MIN
    assert pace.window <= BULK_WINDOW_BYTES_MAX


def test_a_ticket_stands_for_what_its_command_makes(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        world.weather.is_up = False
        group: Ticket[int] = await world.messenger.create_group("lunch")
        text = await world.messenger.send_text(group.ref, "hi")
        await world.messenger.send_text(group.ref, "again", reply_to=text.ref)
        world.weather.is_up = True
        made = await group.accepted()
        await world.messenger.flush()
        assert [row.text for row in world.server.chats[made].rows] == ["hi", "again"]

    tell(World(tmp_path), story)
