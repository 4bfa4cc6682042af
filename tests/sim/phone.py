"""One device with its owner's hands: it writes, crashes, is copied, and starts from nothing."""

import asyncio
import dataclasses
import shutil
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, Protocol

from kentong.client.events import CommandDropped, StateReset
from kentong.client.messenger import Messenger, delete_files
from kentong.client.references import Entry
from kentong.client.store import Account, Own, Store
from kentong.client.ticket import Ticket
from kentong.protocol.errors import Refused
from kentong.protocol.messages import Accepted, Refusal
from kentong.protocol.planted import Planted
from tests.sim.host import Host
from tests.sim.network import SimulatedTransport, Weather


@dataclasses.dataclass
class Written:
    """A text that somebody wrote, and what they were told of it."""

    text: str
    device: str
    key: int  # in its outbox
    seq: int = 0  # as acknowledged
    refused: bool = False  # finally, or it can't be sent any more
    forgotten: bool = False  # the device lost its store: it may take effect or not


class World(Protocol):
    """What a phone needs of the simulation around it."""

    folder: Path
    host: Host
    weather: Weather
    planted: frozenset[Planted]
    unfounded_resets: list[str]


class Phone:
    """A store on disk and, while it is switched on, a messenger over it."""

    def __init__(self, world: World, name: str, account: Account, user: int) -> None:
        self.name = name
        self.user = user
        self.path = world.folder / f"{name}.db"
        self.written: list[Written] = []
        self.messenger: Messenger | None = None
        self._world = world
        self._account = account
        self.transport = SimulatedTransport(world.host, world.weather, account.secret)
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def secret(self) -> str:
        """Of the device."""
        return self._account.secret

    @property
    def running(self) -> Messenger:
        """The messenger of a phone that is switched on."""
        assert self.messenger is not None
        return self.messenger

    async def start(self) -> None:
        """Switch the phone on."""
        world = self._world
        store = Store(self.path, world.planted, durable=False, random_source=world.weather.source)
        if store.account is None:
            with store.transaction():
                store.save_account(self._account)
                store.save_own(Own(self.user, ""))
        self.messenger = Messenger(store, self.transport, world.host.now, world.weather.source)
        await self.messenger.__aenter__()
        self.spawn(self._watch(self.messenger))

    async def stop(self) -> None:
        """Pull the battery: nothing is said to anybody."""
        for task in list(self._tasks):
            task.cancel()
        messenger, self.messenger = self.messenger, None
        if messenger is not None:
            await messenger.close()

    async def remove(self) -> None:
        """Switch it off for good."""
        await self.stop()
        delete_files(self.path)

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Do something meanwhile, until the phone is switched off."""
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def clone(self, other: "Phone") -> None:
        """Become a copy of another phone, which goes on."""
        await self.stop()
        await other.stop()
        self._forget()
        delete_files(self.path)
        shutil.copyfile(other.path, self.path)
        self._account = other._account
        self.transport = SimulatedTransport(self._world.host, self._world.weather, self.secret)
        await other.start()
        await self.start()

    async def reinstall(self, account: Account) -> None:
        """Lose the store and sign in again, as another device."""
        await self.stop()
        self._forget()
        delete_files(self.path)
        self._account = account
        self.transport = SimulatedTransport(self._world.host, self._world.weather, self.secret)
        await self.start()

    def _forget(self) -> None:
        for written in self.written:
            written.forgotten = True

    async def _watch(self, messenger: Messenger) -> None:
        async for event in messenger.events():
            if isinstance(event, CommandDropped):
                for written in self.written:
                    written.refused = written.refused or written.key == event.key
            elif isinstance(event, StateReset):
                self._world.weather.happened["a device is told of another history"] += 1
                if not self._world.host.restored:
                    self._world.unfounded_resets.append(self.name)

    async def write(self, chat: int, text: str, reply_to: int = 0) -> None:
        """Write a text and remember what the server says of it."""
        ticket = await self.running.send_text(chat, text, reply_to)
        written = Written(text, self.name, ticket.key)
        self.written.append(written)
        self.spawn(self._wait(written, ticket))

    async def _wait(self, written: Written, ticket: Ticket[int]) -> None:
        try:
            written.seq = await ticket.accepted()
        except Refused:
            written.refused = True

    def acknowledged(self, written: Written) -> int:
        """The seq that this device was told, by the database that is there now; 0 if none."""
        entry = self._entry(written)
        restored = self._world.host.restored > 0
        if entry is None or not isinstance(entry.answer, Accepted):
            return 0 if restored else written.seq
        is_of_now = not restored or entry.outbox == self.running.store.outbox.id
        return entry.answer.seq if is_of_now else 0

    def was_refused(self, written: Written) -> bool:
        """Whether the server, or this device, said for good that it can't be sent."""
        entry = self._entry(written)
        return written.refused or (entry is not None and isinstance(entry.answer, Refusal))

    def _entry(self, written: Written) -> Entry | None:
        """The command in the outbox, unless the store was lost."""
        entry = self.running.store.outbox.entry(written.key)
        text = getattr(entry.command, "text", "") if entry else ""
        return entry if text == written.text else None
