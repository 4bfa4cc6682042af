"""People of a story and their devices: the SDK over a network that can be pulled out."""

import asyncio
import dataclasses
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from kentong.client.events import Ended, Event, PersonTypes, PresenceChanged
from kentong.client.messenger import Messenger
from kentong.client.stream import EventStream
from kentong.client.ticket import Ticket
from kentong.client.transport import Link, Transport, Unreachable
from kentong.protocol.messages import ChatKind, RowKind
from tests.stories.script import Place

if TYPE_CHECKING:
    from tests.stories.worlds import World

T = TypeVar("T")


class CutLink:
    """A link that ends at once when the cable is pulled out."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._cut = asyncio.Event()

    async def send(self, frame: bytes) -> None:
        await self._link.send(frame)

    async def receive(self) -> bytes:
        receiving = asyncio.ensure_future(self._link.receive())
        cutting = asyncio.ensure_future(self._cut.wait())
        try:
            await asyncio.wait([receiving, cutting], return_when=asyncio.FIRST_COMPLETED)
        finally:
            receiving.cancel()
            cutting.cancel()
            await asyncio.gather(receiving, cutting, return_exceptions=True)
        if receiving.cancelled():
            raise Unreachable("the cable is out")
        return receiving.result()

    async def close(self) -> None:
        self._cut.set()
        await self._link.close()


class Cable:
    """A transport that can be pulled out, and the device notices."""

    def __init__(self, transport: Transport) -> None:
        self.plugged = True
        self._transport = transport
        self._links: list[CutLink] = []

    async def open(self, token: str) -> CutLink:
        self._check()
        link = CutLink(await self._transport.open(token))
        self._links.append(link)
        return link

    async def post(self, body: bytes) -> bytes:
        self._check()
        return await self._transport.post(body)

    async def close(self) -> None:
        await self._transport.close()

    async def pull_out(self) -> None:
        self.plugged = False
        for link in self._links:
            await link.close()
        self._links.clear()

    def _check(self) -> None:
        if not self.plugged:
            raise Unreachable("the cable is out")


@dataclasses.dataclass
class Person:
    """Somebody with an account; `code` is the recovery code."""

    name: str
    user: int
    code: str
    is_suspended: bool = False


class Device:
    """One device of a person: a file, and while the app is open a messenger over it."""

    def __init__(self, world: "World", person: Person, name: str, file: Path) -> None:
        self.person = person
        self.name = name  # "Anna", or "Anna's laptop"
        self.sent: dict[str, Ticket[int]] = {}  # by text
        self.made: dict[Place, int] = {}  # chats by what stands for them until they have an id
        self.heard: list[Event] = []
        self.is_present: dict[int, bool] = {}
        self._world = world
        self._file = file
        self._cable: Cable | None = None
        self._messenger: Messenger | None = None
        self._watching: asyncio.Task[None] | None = None
        self._plugged = True
        self._stirred = asyncio.Event()

    # -- The app and the network --------------------------------------------------------

    @property
    def is_open(self) -> bool:
        return self._messenger is not None

    @property
    def is_plugged(self) -> bool:
        return self.is_open and self._plugged

    @property
    def has_ended(self) -> bool:
        """The server sent it away for good."""
        return any(isinstance(event, Ended) for event in self.heard)

    @property
    def messenger(self) -> Messenger:
        assert self._messenger is not None, f"{self.name} has closed the app"
        return self._messenger

    async def open(self) -> None:
        """Open the app, as it was left."""
        self._messenger, self._cable = self._world.open_messenger(self._file)
        self._cable.plugged = self._plugged
        self._watching = asyncio.create_task(self._watch(self._messenger.events()))
        await self._messenger.__aenter__()
        if self._plugged:
            await self.wait(self._messenger.wait_online())

    async def close(self) -> None:
        """Close the app; what waits goes on waiting."""
        if self._messenger is not None:
            messenger, self._messenger = self._messenger, None
            await messenger.close()
        if self._watching is not None:
            await self._watching

    async def unplug(self) -> None:
        self._plugged = False
        if self._cable is not None:
            await self._cable.pull_out()
            await self.until(lambda: not self.messenger.is_online)

    async def plug(self) -> None:
        self._plugged = True
        if self._cable is not None:
            self._cable.plugged = True
            self.messenger.network_changed()
            await self.wait(self.messenger.wait_online())

    async def _watch(self, events: EventStream) -> None:
        async for event in events:
            if isinstance(event, PresenceChanged):
                self.is_present[event.user] = event.online
            elif isinstance(event, PersonTypes | Ended):
                self.heard.append(event)
            self._stirred.set()

    # -- Waiting ------------------------------------------------------------------------

    async def wait(self, work: Awaitable[T]) -> T:
        """Wait for it as long as this world needs. Raises TimeoutError."""
        async with asyncio.timeout(self._world.patience_s):
            return await work

    async def until(self, is_true: Callable[[], bool]) -> None:
        """Wait until something holds here. Raises TimeoutError."""

        async def sight() -> bool:
            return is_true()

        await self.until_seen(sight)

    async def until_seen(self, is_seen: Callable[[], Awaitable[bool]]) -> None:
        """As `until`, where looking takes a question to the server."""
        async with asyncio.timeout(self._world.patience_s):
            while True:
                self._stirred.clear()
                if await is_seen():
                    return
                await self._stirred.wait()

    async def do(self, work: Awaitable[Ticket[T]]) -> Ticket[T]:
        """Give a command; with a link its answer is waited for. Raises Refused."""
        ticket = await work
        if self.is_plugged:
            await self.wait(ticket.accepted())
        return ticket

    async def be_heard(self) -> None:
        """Until the server has heard everything said before.

        The first question may leave ahead of what was said with it, the second can not.
        """
        for _ in range(2):
            await self.wait(self.messenger.devices())

    async def exchange(self, body: bytes) -> bytes:
        """Ask the server past the app."""
        assert self._cable is not None
        return await self._cable.post(body)

    # -- What it knows ------------------------------------------------------------------

    def find_chat(self, place: Place, peer: int) -> int | None:
        """The id of a chat, or without a link what stands for one that is not made yet."""
        for chat in self.messenger.chats():
            titled = chat.kind == ChatKind.GROUP and chat.title == place.title
            with_peer = chat.kind == ChatKind.DIRECT and chat.peer == peer
            notes = chat.kind == ChatKind.NOTES
            if titled if place.title else with_peer if place.peer else notes:
                return chat.id
        return None if self.is_plugged else self.made.get(place)

    def find_text(self, chat: int, text: str) -> list[int]:
        """Where a text stands in a chat."""
        view = self.messenger.chat(chat)
        rows = self.messenger.rows(chat, 1, view.last_seq) if view else []
        return [row.seq for row in rows if row.kind == RowKind.TEXT and row.text == text]

    async def load(self, chat: int) -> None:
        """Have all of a chat here, if there is a link."""
        view = self.messenger.chat(chat)
        if view is not None and self.messenger.is_online:
            await self.messenger.history(chat, 1, view.last_seq)
