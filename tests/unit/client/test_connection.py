"""One connection through short outages; probes, new links and long polls where it must."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from pathlib import Path

from kentong.client.events import Ended, Event, Fenced, LinkChanged, MessagePosted
from kentong.client.messenger import Messenger
from kentong.protocol.errors import ErrorCode
from kentong.protocol.messages import Goodbye, Later
from tests.unit.client.double import ME, NOW, OTHER, Double, open_store
from tests.unit.client.weather import Weather, later, push, run

CHAT = 80_001


class World:
    """A messenger under a weather."""

    def __init__(self, folder: Path) -> None:
        self.server = Double()
        self.server.make(CHAT)
        self.weather = Weather(self.server)
        self.messenger = Messenger(
            open_store(folder / "device.db"), self.weather, lambda: NOW, random.Random(1)
        )

    def texts(self) -> list[str]:
        return [row.text for row in self.server.chats[CHAT].rows if row.author == ME]


def now() -> float:
    return asyncio.get_running_loop().time()


def tell(world: World, work: Callable[[World], Awaitable[None]]) -> None:
    """Run a story in a world until it is told."""

    async def story() -> None:
        async with world.messenger:
            await work(world)

    run(story)


def test_a_text_written_offline_leaves_when_the_network_is_back(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        world.weather.is_up = False
        ticket = await world.messenger.send_text(CHAT, "hello")
        await later(1_000)
        assert world.texts() == []
        world.weather.is_up = True
        assert await ticket.accepted() == 1
        assert now() < 1_000 + 40  # probes come at least every 30 s

    world = World(tmp_path)
    tell(world, story)
    assert world.texts() == ["hello"]


def test_a_short_outage_is_over_soon_after_it_ends(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await world.messenger.wait_online()
        await later(20)
        world.weather.is_up = False
        ticket = await world.messenger.send_text(CHAT, "hello")
        await later(15)
        world.weather.is_up = True
        begun = now()
        await ticket.accepted()
        assert now() - begun < 3
        await world.messenger.wait_online()
        assert len(world.weather.links) == 2

    world = World(tmp_path)
    tell(world, story)
    assert world.texts() == ["hello"]


def test_silence_is_not_suspicious_while_nothing_is_owed(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await world.messenger.wait_online()
        await later(50)
        assert world.weather.posts == 0
        assert len(world.weather.links) == 1

    tell(World(tmp_path), story)


def test_a_link_that_speaks_again_is_kept(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await world.messenger.wait_online()
        link = world.weather.links[0]
        await later(54)
        world.weather.is_up = False
        await later(10)  # the ping was lost
        assert world.weather.posts > 0
        link.is_broken = False
        link._frames.put_nowait(bytes([0x91, 0x57]))  # an old connection wakes up
        await later(0.5)
        world.weather.is_up = True
        posts = world.weather.posts
        await later(20)
        assert (len(world.weather.links), world.weather.posts) == (1, posts)

    tell(World(tmp_path), story)


def test_where_websockets_are_blocked_it_polls(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        world.weather.websockets_blocked = True
        await world.messenger.wait_online()
        ticket = await world.messenger.send_text(CHAT, "hello")
        assert await ticket.accepted() == 1
        events = world.messenger.events()
        world.server.post(CHAT, OTHER, "hi")
        world.weather.stir()
        async for event in events:
            if isinstance(event, MessagePosted) and event.row.author == OTHER:
                return

    world = World(tmp_path)
    tell(world, story)
    assert world.texts() == ["hello"]


def test_websockets_are_tried_again_after_polling(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        world.weather.websockets_blocked = True
        await world.messenger.wait_online()
        world.weather.websockets_blocked = False
        await later(700)
        assert len(world.weather.links) == 1

    tell(World(tmp_path), story)


def test_a_device_that_was_signed_out_stays_away(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        events: list[Event] = []
        stream = world.messenger.events()
        world.weather.goodbye = Goodbye(ErrorCode.UNAUTHORISED)
        async for event in stream:
            events.append(event)
            if isinstance(event, Ended):
                break
        await later(5_000)
        assert (len(world.weather.links), world.weather.posts) == (1, 0)

    tell(World(tmp_path), story)


def test_a_fenced_device_stands_back_for_a_while(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        stream = world.messenger.events()
        await world.messenger.wait_online()
        push(world.weather.links[0], Goodbye(ErrorCode.FENCED))
        async for event in stream:
            if isinstance(event, Fenced):
                break
        begun = now()
        await world.messenger.wait_online()
        assert 30 <= now() - begun <= 62

    tell(World(tmp_path), story)


def test_a_server_that_restarts_is_given_time(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await world.messenger.wait_online()
        push(world.weather.links[0], Goodbye(ErrorCode.SHUTTING_DOWN, 10_000))
        await later(9)
        assert not world.messenger.is_online
        await later(8)
        assert world.messenger.is_online

    tell(World(tmp_path), story)


def test_a_closed_link_is_replaced(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await world.messenger.wait_online()
        stream = world.messenger.events()
        world.weather.links[0].end()
        assert await anext(stream) == LinkChanged(False)
        assert await anext(stream) == LinkChanged(True)
        assert now() < 3

    tell(World(tmp_path), story)


def test_what_can_not_be_taken_now_is_sent_again_later(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await world.messenger.wait_online()
        connection = world.weather.links[0].connection
        connection._ignoring = True  # as after Later
        ticket = await world.messenger.send_text(CHAT, "hello")
        await later(0.5)
        push(world.weather.links[0], Later(ErrorCode.RATE_LIMITED, 4_000))
        begun = now()
        await ticket.accepted()
        assert 3.5 < now() - begun < 6

    world = World(tmp_path)
    tell(world, story)
    assert world.texts() == ["hello"]


def test_pings_come_only_when_nothing_else_flows(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await world.messenger.wait_online()
        connection = world.weather.links[0].connection
        await later(50)
        assert connection.pings == 0
        await later(10)
        assert connection.pings == 1

    tell(World(tmp_path), story)


def test_a_link_is_asked_whether_it_outlived_a_change_of_network(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await world.messenger.wait_online()
        connection = world.weather.links[0].connection
        await later(20)
        world.messenger.network_changed()
        await later(20)
        assert (connection.pings, len(world.weather.links), world.weather.posts) == (1, 1, 0)
        world.weather.links[0].is_broken = True
        world.messenger.network_changed()
        await later(10)
        assert len(world.weather.links) == 2

    tell(World(tmp_path), story)


def test_a_messenger_that_never_gets_a_network_can_be_closed(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.weather.is_up = False

    async def story(_: World) -> None:
        await later(30)

    tell(world, story)
