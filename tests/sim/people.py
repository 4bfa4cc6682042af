"""People with devices: they write, read, leave, crash, and copy their phones."""

import asyncio
import dataclasses
import itertools
import random
import shutil
from pathlib import Path

from kentong.client.events import CommandDropped
from kentong.client.messenger import Messenger
from kentong.client.store import Account, Own, Store
from kentong.client.ticket import Ticket
from kentong.protocol.errors import Refused
from kentong.protocol.messages import ChatKind, Role, RowKind
from kentong.protocol.planted import Planted
from kentong.server.access import Caller
from kentong.server.features.sign_in import digest
from kentong.server.storage import accounts, devices
from kentong.server.storage.engine import Transaction
from tests.sim.host import Host
from tests.sim.network import SimulatedTransport, Weather


@dataclasses.dataclass
class Written:
    """A text that somebody wrote, and what they were told of it."""

    text: str
    chat: int
    device: str
    key: int  # in its outbox
    seq: int = 0  # as acknowledged
    acknowledged_in: int = -1  # how often the server had been restored by then
    dropped: bool = False  # the device was told that it can't be sent


class Phone:
    """One device: a store on disk and, while it runs, a messenger over it."""

    def __init__(self, world: "Village", name: str, account: Account, user: int) -> None:
        self.name = name
        self.user = user
        self.path = world.folder / f"{name}.db"
        self.secret = account.secret
        self.written: list[Written] = []
        self.ever_cloned = False
        self.transport = SimulatedTransport(world.host, world.weather, account.secret)
        self.messenger: Messenger | None = None
        self._world = world
        self._account = account
        self._watching: asyncio.Task[None] | None = None
        self._waiting: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Switch the phone on."""
        world = self._world
        store = Store(self.path, world.planted, durable=False, random_source=world.source)
        if store.account is None:
            with store.transaction():
                store.save_account(self._account)
                store.save_own(Own(self.user, ""))
        self.messenger = Messenger(store, self.transport, world.host.now, world.source)
        await self.messenger.__aenter__()
        self._watching = asyncio.ensure_future(self._watch(self.messenger))

    async def stop(self) -> None:
        """Pull the battery: nothing is said to anybody."""
        for task in (self._watching, *self._waiting):
            if task is not None:
                task.cancel()
        self._waiting.clear()
        if self.messenger is not None:
            await self.messenger.close()
            self.messenger = None

    async def clone(self, other: "Phone") -> None:
        """Become a copy of another phone, which goes on."""
        await self.stop()
        assert other.messenger is not None
        await other.stop()
        shutil.copyfile(other.path, self.path)
        self._account, self.secret = other._account, other.secret
        self.transport = SimulatedTransport(self._world.host, self._world.weather, self.secret)
        await other.start()
        await self.start()

    async def _watch(self, messenger: Messenger) -> None:
        async for event in messenger.events():
            if isinstance(event, CommandDropped):
                self._world.dropped(self, event.key)

    async def write(self, chat: int, text: str) -> None:
        """Write a text and remember what the server says of it."""
        assert self.messenger is not None
        try:
            ticket = await self.messenger.send_text(chat, text)
        except Refused:
            return
        written = Written(text, chat, self.name, ticket.key)
        self.written.append(written)
        self._world.by_key[self.path, ticket.key] = written
        waiting = asyncio.ensure_future(self._wait(written, ticket))
        self._waiting.add(waiting)
        waiting.add_done_callback(self._waiting.discard)

    async def _wait(self, written: Written, ticket: Ticket[int]) -> None:
        restored = self._world.host.restored
        try:
            written.seq = await ticket.accepted()
        except Refused:
            written.dropped = True
        written.acknowledged_in = restored


class Village:
    """The people of one simulation, their phones, and what they do."""

    def __init__(
        self,
        folder: Path,
        host: Host,
        weather: Weather,
        source: random.Random,
        planted: frozenset[Planted],
    ) -> None:
        self.folder = folder
        self.host = host
        self.weather = weather
        self.source = source
        self.planted = planted
        self.phones: list[Phone] = []
        self.by_key: dict[tuple[Path, int], Written] = {}
        self._texts = itertools.count(1)

    async def settle(self, people: int, phones: int) -> None:
        """Everybody opens an account and switches their phones on; one group holds them all."""
        node = self.host.node
        assert node is not None
        users = []
        for number in range(people):
            name = f"person{number}"

            def add(tx: Transaction, name: str = name) -> int:
                return accounts.add_account(tx, name, int(self.host.now())).id

            users.append(await node.engine.write(add))
        for number in range(people * phones):
            user = users[number % people]
            name = f"phone{number}"
            account = await self._sign_in(user, name)
            self.phones.append(Phone(self, name, account, user))
        await node.engine.write(lambda tx: self._first_group(tx, users))
        for phone in self.phones:
            await phone.start()

    async def _sign_in(self, user: int, name: str) -> Account:
        node = self.host.node
        assert node is not None

        def add(tx: Transaction) -> int:
            now = int(self.host.now())
            return devices.add_device(tx, user, digest(name), name, now).id

        device = await node.engine.write(add)
        return Account("https://sim", node.engine.instance, device, name)

    async def newcomer(self, of: Phone, name: str) -> Phone:
        """Another device of the same account, which starts from nothing."""
        phone = Phone(self, name, await self._sign_in(of.user, name), of.user)
        await phone.start()
        return phone

    def _first_group(self, tx: Transaction, users: list[int]) -> None:
        from kentong.server.features import directs
        from kentong.server.model import NewChat, Reach
        from kentong.server.storage import chats

        node = self.host.node
        assert node is not None
        now = int(self.host.now())
        chat = chats.add_chat(tx, NewChat(ChatKind.GROUP, Reach.PRIVATE, "square", None, now))
        for index, user in enumerate(users):
            context = node.context(tx, Caller(user, 0))
            directs.admit(context, chat, user, Role.MEMBER if index else Role.OWNER)

    def dropped(self, phone: Phone, key: int) -> None:
        """A device was told that a command can't be sent."""
        written = self.by_key.get((phone.path, key))
        if written is not None:
            written.dropped = True

    # -- What they do -------------------------------------------------------------------

    async def live(self, seconds: float, pause_s: float) -> None:
        """Everybody does things at random moments."""
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        while loop.time() < until:
            await asyncio.sleep(self.source.expovariate(1 / pause_s))
            phone = self.source.choice(self.phones)
            if phone.messenger is not None:
                try:
                    await self._act(phone, phone.messenger)
                except Refused:
                    continue

    async def _act(self, phone: Phone, messenger: Messenger) -> None:
        chats = sorted(messenger.chats(), key=lambda chat: chat.id)
        if not chats:
            return
        chat = self.source.choice(chats)
        source = self.source
        match source.choices(range(9), (40, 10, 5, 15, 3, 4, 5, 3, 2))[0]:
            case 0:
                await phone.write(chat.id, f"text {next(self._texts)}")
            case 1 | 2 as deed:
                await self._rewrite(messenger, chat.id, deletes=deed == 2)
            case 3:
                messenger.mark_read(chat.id, source.randint(0, chat.last_seq + 1))
            case 4:
                other = source.choice(self.phones).user
                ticket = await messenger.open_direct(other)
                await phone.write(ticket.ref, f"text {next(self._texts)}")
            case 5:
                ticket = await messenger.create_group(
                    f"group {next(self._texts)}",
                    [source.choice(self.phones).user for _ in range(3)],
                )
                await phone.write(ticket.ref, f"text {next(self._texts)}")
            case 6 if chat.kind == ChatKind.GROUP:
                await self._change_members(messenger, chat.id)
            case 7 if chat.kind == ChatKind.GROUP:
                await messenger.rename_group(chat.id, f"title {next(self._texts)}")
            case 8:
                await messenger.set_name(f"name {next(self._texts)}")

    async def _rewrite(self, messenger: Messenger, chat: int, *, deletes: bool) -> None:
        """Not where backups are restored: a seq may then name another row than the one meant."""
        if self.weather.faults.restores_per_minute:
            return
        view = messenger.chat(chat)
        assert view is not None
        own = [
            row
            for row in messenger.rows(chat, 1, view.last_seq)
            if row.author == messenger.own.user and row.kind == RowKind.TEXT
        ]
        if not own:
            return
        row = self.source.choice(own)
        if deletes:
            await messenger.delete_message(chat, row.seq)
        else:
            await messenger.edit_text(
                chat, row.seq, f"{row.text.split('#')[0]}#{next(self._texts)}"
            )

    async def _change_members(self, messenger: Messenger, chat: int) -> None:
        other = self.source.choice(self.phones).user
        match self.source.randrange(4):
            case 0:
                await messenger.add_member(chat, other)
            case 1:
                await messenger.remove_member(chat, other)
            case 2:
                await messenger.remove_member(chat, other, ban=True)
            case 3 if chat != self._square(messenger):
                await messenger.leave_group(chat)

    def _square(self, messenger: Messenger) -> int:
        return min(chat.id for chat in messenger.chats() if chat.kind == ChatKind.GROUP)
