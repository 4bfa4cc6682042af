"""Who takes less than is said gets the newest state later, not a growing queue."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from kentong.protocol import codec
from kentong.protocol.limits import SUBPROTOCOL, VERSION
from kentong.protocol.messages import (
    Accepted,
    Command,
    CreateGroup,
    Done,
    Heads,
    Hello,
    MakeInvite,
    Posted,
    SendText,
    Welcome,
)
from kentong.server.gateway import session as sessions
from kentong.server.gateway.news import PUSHED_BYTES_MAX, News
from kentong.server.gateway.websocket import ASKED, encode_ping
from tests.unit.gateway.frames import client_frame
from tests.unit.gateway.house import until
from tests.unit.http.inn import Inn, Session, inn, run

GROUP = "Slow readers"
TEXT = "x" * 900
TEXTS = 300  # 270 kB, two minutes at 20 kbit/s
SOCKETS_BYTES = 70_000  # what two sockets on one machine hold, however they are set
ASK = encode_ping(ASKED)
PONG = client_frame(0x8A, ASKED)


class Proxy:
    """Takes all that the server says, and passes on nothing until it is asked to."""

    def __init__(self, port: int, receive_bytes: int = 0) -> None:
        self._port = port
        self._receive_bytes = receive_bytes
        self.taken = bytearray()

    @asynccontextmanager
    async def upgraded(self, secret: str) -> AsyncIterator[None]:
        """A device's connection."""
        plain = socket.socket()
        if self._receive_bytes:
            plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self._receive_bytes)
        plain.connect(("127.0.0.1", self._port))
        self.reader, self.writer = await asyncio.open_connection(sock=plain, limit=4_096)
        token = codec.hello_to_token(Hello(VERSION, 0, 0, 5, 1))
        head = (
            "GET /ws HTTP/1.1", "Host: x", "Upgrade: websocket", "Connection: Upgrade",
            "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
            f"Sec-WebSocket-Protocol: {SUBPROTOCOL}, {token}", f"Authorization: Bearer {secret}",
        )  # fmt: skip
        self.writer.write("\r\n".join((*head, "", "")).encode())
        await self.reader.readuntil(GROUP.encode())  # its head: from now on all is told live
        try:
            yield
        finally:
            self.writer.close()
            with contextlib.suppress(ConnectionError):
                await self.writer.wait_closed()

    async def take(self) -> None:
        """Read for as long as anything comes."""
        while data := await self.reader.read(4_096):
            self.taken += data


async def tell(speaker: Session, command: Command) -> Done:
    await speaker.say(command)
    return await speaker.hear(Done)


async def two(it: Inn) -> tuple[Session, str, int]:
    """Somebody who speaks in a group, and the secret of who listens there."""
    speaker = await it.connect((await it.owner())["secret"])
    await speaker.hear(Welcome)
    bob = await it.join("Bob", (await tell(speaker, MakeInvite(0))).text)
    return speaker, bob["secret"], (await tell(speaker, CreateGroup(GROUP, [bob["user"]]))).chat


async def speak(speaker: Session, chat: int) -> None:
    for _ in range(TEXTS):
        await speaker.say(SendText(chat, TEXT))
        await speaker.hear(Accepted)


def listener_of(it: Inn) -> News:
    (found,) = (
        session.news
        for session in it.node.sessions
        if isinstance(session, sessions.Session) and session.wrote(5, 0)
    )
    assert found is not None
    return found


def test_a_proxy_is_not_filled(tmp_path: Path) -> None:
    async def work() -> None:
        async with inn(tmp_path, commands_per_minute=1_000_000) as it:
            speaker, secret, chat = await two(it)
            proxy = Proxy(it.server.port)
            async with proxy.upgraded(secret):
                taking = asyncio.create_task(proxy.take())
                await speak(speaker, chat)
                assert listener_of(it).is_behind
                assert len(proxy.taken) < PUSHED_BYTES_MAX + 4_096
                assert proxy.taken.count(ASK) == 1
                proxy.writer.write(PONG)
                await until(lambda: proxy.taken.count(ASK) == 2)  # about what came behind
                proxy.writer.write(PONG)
                await until(lambda: not listener_of(it).is_behind)
                await until(lambda: proxy.taken.count(TEXT[:200].encode()) > 18)
                assert len(proxy.taken) < PUSHED_BYTES_MAX + 8_192, "one head, not the texts"
                taking.cancel()

    run(work())


def test_a_socket_is_not_filled(tmp_path: Path) -> None:
    async def work() -> None:
        async with inn(tmp_path, commands_per_minute=1_000_000) as it:
            speaker, secret, chat = await two(it)
            slow = Proxy(it.server.port, receive_bytes=4_096)
            async with slow.upgraded(secret):
                await speak(speaker, chat)
                taking = asyncio.create_task(slow.take())
                assert listener_of(it).is_behind
                await until(lambda: len(slow.taken) > PUSHED_BYTES_MAX)
                assert len(slow.taken) < SOCKETS_BYTES
                taking.cancel()

    run(work())


def test_who_listens_at_a_good_link_hears_all(tmp_path: Path) -> None:
    """Pings are answered by every WebSocket by itself."""

    async def work() -> None:
        async with inn(tmp_path, commands_per_minute=1_000_000) as it:
            speaker, secret, chat = await two(it)
            listener = await it.connect(secret, Hello(VERSION, 0, 0, 5, 1))
            await listener.hear(Heads)

            async def hear_all() -> None:
                for seq in range(2, TEXTS + 2):  # behind the row of the group's making
                    assert (await listener.hear(Posted)).seq == seq

            await asyncio.gather(speak(speaker, chat), hear_all())

    run(work())


@pytest.mark.parametrize("count", [4, 5])
def test_few_texts_ask_nothing(tmp_path: Path, count: int) -> None:
    async def work() -> None:
        async with inn(tmp_path) as it:
            speaker, secret, chat = await two(it)
            proxy = Proxy(it.server.port)
            async with proxy.upgraded(secret):
                taking = asyncio.create_task(proxy.take())
                for _ in range(count):
                    await speaker.say(SendText(chat, TEXT))
                    await speaker.hear(Accepted)
                asked = int(count > 4)
                await until(lambda: proxy.taken.count(TEXT.encode()) == count)
                await until(lambda: proxy.taken.count(ASK) == asked)
                taking.cancel()

    run(work())
