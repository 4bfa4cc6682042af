"""The people of one simulation, their accounts, devices and chats."""

import random
from functools import partial
from pathlib import Path

from kentong.client.store import Account
from kentong.protocol.messages import ChatKind, Role
from kentong.protocol.planted import Planted
from kentong.server.access import Caller
from kentong.server.features import directs
from kentong.server.features.sign_in import digest
from kentong.server.model import NewChat, Reach
from kentong.server.storage import accounts, chats, devices
from kentong.server.storage.engine import Transaction
from tests.sim.host import Host
from tests.sim.network import Weather
from tests.sim.phone import Phone
from tests.sim.scene import Scene

LONG_TITLE = "the quiet group that somebody made long ago for something, number "


class Village:
    """Everybody, and what the checks remember of what they did."""

    def __init__(
        self, folder: Path, host: Host, weather: Weather, planted: frozenset[Planted]
    ) -> None:
        self.folder = folder
        self.host = host
        self.weather = weather
        self.planted = planted
        self.phones: list[Phone] = []
        self.deleted: set[str] = set()  # texts that somebody wanted to be deleted
        self.unfounded_resets: list[str] = []  # devices that were told of another database
        self._signed_in = 0

    @property
    def source(self) -> random.Random:
        """Of everything random."""
        return self.weather.source

    def settle(self, scene: Scene) -> None:
        """Everybody has an account, phones that are still off, and the first groups."""
        users = [self._add_person(f"person{number}") for number in range(scene.people)]
        for number in range(scene.people * scene.phones_each):
            user = users[number % scene.people]
            self.phones.append(Phone(self, f"phone{number}", self.sign_in(user), user))
        titles = ["square"] + [f"{LONG_TITLE}{number}" for number in range(scene.quiet_groups)]
        for title in titles:
            self._add_group(title, users)

    def sign_in(self, user: int) -> Account:
        """Another device of this user."""
        self._signed_in += 1
        secret = f"secret {self._signed_in}"

        def add(tx: Transaction) -> int:
            now = int(self.host.now())
            return devices.add_device(tx, user, digest(secret), secret, now).id

        device = self.host.at_once(add)
        return Account("https://sim", self.host.up.engine.instance, device, secret)

    async def sign_in_again(self) -> None:
        """After a restore: whose device is younger than the backup begins anew."""
        for phone in self.phones:
            if self.host.node is None:
                return
            find = partial(devices.device_by_secret, secret_hash=digest(phone.secret))
            if self.host.at_once(find) is None:
                await phone.reinstall(self.sign_in(phone.user))

    async def newcomer(self, of: Phone, name: str) -> Phone:
        """Another device of the same account, which starts from nothing."""
        phone = Phone(self, name, self.sign_in(of.user), of.user)
        await phone.start()
        return phone

    def twins(self, phone: Phone) -> list[Phone]:
        """The phones whose store is a copy of this one's, or the other way round."""
        return [
            other for other in self.phones if other is not phone and other.secret == phone.secret
        ]

    def _add_person(self, name: str) -> int:
        now = int(self.host.now())
        return self.host.at_once(lambda tx: accounts.add_account(tx, name, now).id)

    def _add_group(self, title: str, users: list[int]) -> None:
        now = int(self.host.now())

        def add(tx: Transaction) -> None:
            chat = chats.add_chat(tx, NewChat(ChatKind.GROUP, Reach.PRIVATE, title, None, now))
            for index, user in enumerate(users):
                context = self.host.up.context(tx, Caller(user, 0))
                directs.admit(context, chat, user, Role.MEMBER if index else Role.OWNER)

        self.host.at_once(add)
