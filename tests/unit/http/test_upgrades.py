"""A WebSocket on a connection that served HTTP before, as proxies ask for it."""

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from kentong.protocol import codec
from kentong.protocol.errors import ErrorCode
from kentong.protocol.limits import SUBPROTOCOL, VERSION
from kentong.protocol.messages import Goodbye, Hello, Ping, Pong, Welcome
from kentong.server.gateway import session
from kentong.server.gateway.websocket import encode_frame
from tests.unit.http.inn import OUTBOX, Inn, inn, run

HEALTH = b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n"


@asynccontextmanager
async def connection(it: Inn) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection("127.0.0.1", it.server.port)
    try:
        yield reader, writer
    finally:
        writer.close()
        await writer.wait_closed()


async def http_answer(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    lines = dict(line.split(b": ", 1) for line in head.split(b"\r\n")[1:-2])
    await reader.readexactly(int(lines.get(b"Content-Length", b"0")))
    return head


def upgrade(secret: str, path: str = "/ws", **more: str) -> bytes:
    token = codec.hello_to_token(Hello(VERSION, 0, 0, OUTBOX, 1))
    headers = {
        "Host": "x",
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": base64.b64encode(bytes(16)).decode(),
        "Sec-WebSocket-Protocol": f"{SUBPROTOCOL}, {token}",
        "Authorization": f"Bearer {secret}",
        **more,
    }
    lines = [f"GET {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode()


def masked(frame: bytes) -> bytes:
    """As a client sends it, with a key of zeros."""
    head = bytearray(encode_frame(frame)[:2])
    head[1] |= 0x80
    return bytes(head) + bytes(4) + frame


async def hear(reader: asyncio.StreamReader, kind: type) -> None:
    while True:
        first = await reader.readexactly(2)
        size = first[1]
        if size == 126:
            size = int.from_bytes(await reader.readexactly(2), "big")
        message = codec.decode_from_server(await reader.readexactly(size))
        if isinstance(message, kind):
            return


@pytest.mark.parametrize("rest", [b"", masked(codec.encode(Ping()))], ids=["alone", "with a frame"])
def test_used_connection_becomes_a_websocket(tmp_path: Path, rest: bytes) -> None:
    async def work() -> None:
        async with inn(tmp_path) as it:
            secret = (await it.owner())["secret"]
            async with connection(it) as (reader, writer):
                for _ in range(2):
                    writer.write(HEALTH)
                    assert (await http_answer(reader)).startswith(b"HTTP/1.1 200 ")
                writer.write(upgrade(secret) + rest)
                head = await reader.readuntil(b"\r\n\r\n")
                assert head.startswith(b"HTTP/1.1 101 ")
                assert b"Sec-WebSocket-Protocol: kentong.1\r\n" in head
                await hear(reader, Welcome)
                if not rest:
                    writer.write(masked(codec.encode(Ping())))
                await hear(reader, Pong)
                assert len(it.node.sessions) == 1

    run(work())


def test_bad_upgrade_on_a_used_connection_is_refused(tmp_path: Path) -> None:
    async def work() -> None:
        async with inn(tmp_path) as it, connection(it) as (reader, writer):
            writer.write(HEALTH)
            await http_answer(reader)
            writer.write(upgrade("x", **{"Sec-WebSocket-Version": "12"}))
            assert (await http_answer(reader)).startswith(b"HTTP/1.1 426 ")
            assert await reader.read() == b""

    run(work())


@pytest.mark.parametrize(
    "request_head",
    [
        upgrade("x", "/%77s"),
        upgrade("x", "/other"),
        upgrade("x", Upgrade="h2c"),
        b"GET /ws HTTP/1.1\r\nHost: x\r\n\r\n",
    ],
    ids=["written otherwise", "elsewhere", "to something else", "not asked for"],
)
def test_what_is_no_upgrade_stays_http(tmp_path: Path, request_head: bytes) -> None:
    async def work() -> None:
        async with inn(tmp_path) as it, connection(it) as (reader, writer):
            writer.write(HEALTH)
            await http_answer(reader)
            writer.write(request_head)
            assert (await http_answer(reader)).startswith(b"HTTP/1.1 404 ")

    run(work())


def test_body_that_looks_like_an_upgrade_is_a_body(tmp_path: Path) -> None:
    async def work() -> None:
        async with inn(tmp_path) as it, connection(it) as (reader, writer):
            body = upgrade("x")
            top = f"POST /api/policy HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n"
            writer.write(HEALTH)
            await http_answer(reader)
            writer.write(top.encode())
            await writer.drain()
            writer.write(body)
            assert (await http_answer(reader)).startswith(b"HTTP/1.1 400 ")

    run(work())


def test_the_version_before_is_taken_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story() -> None:
        async with inn(tmp_path) as it:
            secret = (await it.owner())["secret"]
            monkeypatch.setattr(session, "VERSION", VERSION + 3)
            monkeypatch.setattr(session, "VERSION_OLDEST", VERSION + 2)
            for version in range(VERSION, VERSION + 5):
                asking = await it.connect(secret, Hello(version, 0, 0, OUTBOX, 1))
                if VERSION + 2 <= version <= VERSION + 3:
                    await asking.hear(Welcome)
                else:
                    assert (await asking.hear(Goodbye)).code == ErrorCode.UNSUPPORTED_VERSION

    run(story())
