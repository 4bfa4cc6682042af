"""A device on a plain link: the real node and session, nothing of the network."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

from kentong.protocol.codec import decode_from_server, encode
from kentong.protocol.limits import VERSION
from kentong.protocol.messages import Hello, Message, Welcome
from kentong.server import config
from kentong.server.features import sign_in
from kentong.server.gateway.session import Session
from kentong.server.node import Node, start_node
from kentong.server.storage import accounts, devices
from kentong.server.storage.engine import GroupedEngine, Transaction
from kentong.server.storage.sqlite import SqliteDatabase
from kentong.server.storage.sqlite_files import Options
from tests.unit.gateway.house import until

M = TypeVar("M", bound=Message)
OUTBOX = 77
PATIENT = {"commands_per_minute": 1_000_000, "requests_per_minute": 1_000_000}


class Line:
    """A link that takes everything, as long as it isn't told to be full."""

    has_credit = True

    def __init__(self) -> None:
        self.address = "192.0.2.1"
        self.ping_after_s = 0.0
        self.authenticated = False
        self.congested = False
        self.asked = 0
        self.is_closed = False
        self.said: list[Message] = []

    def send(self, frame: bytes) -> None:
        assert not self.is_closed
        self.said.append(decode_from_server(frame))

    def send_many(self, frames: list[bytes]) -> None:
        for frame in frames:
            self.send(frame)

    def ask(self) -> None:
        self.asked += 1

    def close(self, code: int = 1000, reason: str = "") -> None:
        self.is_closed = True

    def heard(self, kind: type[M]) -> list[M]:
        """What was said of this kind."""
        return [message for message in self.said if isinstance(message, kind)]


class Device:
    """A signed-in device on a line."""

    def __init__(self, node: Node, secret: str, hello: Hello) -> None:
        self.line = Line()
        self.session = Session(node, self.line, hello, secret)
        self.session.open()

    def say(self, *messages: Message) -> None:
        for message in messages:
            self.session.received(encode(message))

    async def hear(self, kind: type[M], count: int = 1) -> list[M]:
        """The first so many messages of a kind."""
        await until(lambda: len(self.line.heard(kind)) >= count)
        return self.line.heard(kind)


class Place:
    """A node and the people who have a device there."""

    def __init__(self, node: Node) -> None:
        self.node = node
        self.people: dict[str, int] = {}

    async def settle(self, *names: str) -> None:
        """Let people move in; each one's device has the name as its secret."""
        for name in names:

            def work(tx: Transaction, name: str = name) -> int:
                account = accounts.add_account(tx, name, 1)
                devices.add_device(tx, account.id, sign_in.digest(name), "phone", 1)
                return account.id

            self.people[name] = await self.node.engine.write(work)

    async def add_device(self, name: str, secret: str) -> None:
        """Give somebody another device."""
        user_id = self.people[name]
        secret_hash = sign_in.digest(secret)
        await self.node.engine.write(
            lambda tx: devices.add_device(tx, user_id, secret_hash, "another", 1)
        )

    async def fed(self) -> None:
        """Wait until everything so far was told."""
        cursor = await self.node.engine.read(lambda tx: tx.cursor())
        self.node.feeder.wake()
        await until(lambda: self.node.hub.cursor >= cursor)

    async def connect(self, secret: str, outbox: int = OUTBOX, number: int = 1) -> Device:
        device = Device(self.node, secret, Hello(VERSION, 0, 0, outbox, number))
        await device.hear(Welcome)
        await until(lambda: device.session.settled)
        return device


@asynccontextmanager
async def place(folder: Path, *names: str, **settings: int) -> AsyncIterator[Place]:
    """A node on a real database, with these people."""
    values: dict[str, str | int] = {"data": str(folder), **PATIENT, **settings}
    database = SqliteDatabase(folder, Options(reserve_bytes=0, durable=False))
    engine = GroupedEngine(database)
    node = start_node(config.load(values, {}), engine)
    engine.on_change = node.feeder.wake
    await node.feeder.start()
    try:
        made = Place(node)
        await made.settle(*names)
        yield made
    finally:
        node.feeder.stop()
        for session in list(node.sessions):
            assert isinstance(session, Session)
            session.closed()
        await engine.close()


async def quiet(node: Node) -> None:
    """Let everything report that was asked of the database so far."""
    await node.engine.write(lambda tx: None)
    await node.engine.read(lambda tx: None)
    await asyncio.sleep(0)
