"""What a stranger may say before it is known whether they are one."""

import asyncio
import threading
from pathlib import Path

from kentong.protocol import codec
from kentong.protocol.errors import ErrorCode
from kentong.protocol.limits import (
    EARLY_BYTES_MAX,
    EARLY_FRAMES_MAX,
    EXCHANGE_BYTES_MAX,
    EXCHANGE_FRAMES_MAX,
    SUBPROTOCOL,
    TEXT_CHARS_MAX,
    VERSION,
)
from kentong.protocol.messages import (
    Accepted,
    Goodbye,
    Hello,
    HelloFlag,
    OpenDirect,
    Ping,
    SendText,
)
from kentong.server.gateway.early import Early
from tests.unit.http.inn import OUTBOX, WAIT_S, inn, run

PROBE = Hello(VERSION, 0, 0, OUTBOX, 1, flags=HelloFlag.PROBE)


def kept(frame: bytes) -> Early:
    """What is kept when somebody says the same until they are sent away."""
    early = Early()
    while early.add(frame):
        pass
    return early


def test_few_frames_are_kept_however_short_they_are() -> None:
    assert len(kept(b"").frames) == EARLY_FRAMES_MAX + 1


def test_few_bytes_are_kept_however_long_frames_are() -> None:
    assert sum(map(len, kept(bytes(10_000)).frames)) < EARLY_BYTES_MAX + 10_000


def test_a_body_of_countless_messages_is_not_taken_apart(tmp_path: Path) -> None:
    async def work() -> None:
        async with inn(tmp_path) as it:
            said = await it.sync("", PROBE, *[b"x"] * 50_000)
            assert said == [Goodbye(ErrorCode.MALFORMED)]
            # With just as many as allowed it is looked at who they are, and nothing else.
            said = await it.sync("", PROBE, *[b"x"] * (EXCHANGE_FRAMES_MAX - 1))
            assert said == [Goodbye(ErrorCode.UNAUTHORISED)]
            assert it.node.counts["frames_received"] == 0

    run(work())


def test_a_device_may_use_the_whole_body_of_an_exchange(tmp_path: Path) -> None:
    async def work() -> None:
        async with inn(tmp_path) as it:
            owner = await it.owner()
            texts = [SendText(-1, "x" * TEXT_CHARS_MAX)] * (EXCHANGE_BYTES_MAX // 4_100)
            commands = [PROBE, OpenDirect(0), *texts]
            said = await it.sync(owner["secret"], *commands)
            assert sum(isinstance(message, Accepted) for message in said) == len(texts)

    run(work())


def test_countless_frames_before_the_sign_in_end_a_websocket(tmp_path: Path) -> None:
    async def work() -> None:
        async with inn(tmp_path) as it:
            owner = await it.owner()
            over = threading.Event()
            reading = it.node.engine.read(lambda tx: over.wait(WAIT_S))
            holding = asyncio.ensure_future(reading)  # nobody is signed in meanwhile
            socket = await it.http.ws_connect(
                f"{it.address}/ws",
                protocols=(SUBPROTOCOL, codec.hello_to_token(PROBE)),
                headers={"Authorization": f"Bearer {owner['secret']}"},
            )
            for _ in range(EARLY_FRAMES_MAX + 1):
                await socket.send_bytes(codec.encode(Ping()))
            frame = await socket.receive_bytes()
            assert codec.decode_from_server(frame) == Goodbye(ErrorCode.TOO_MANY_REQUESTS)
            assert it.node.counts["frames_received"] == 0
            over.set()
            await holding
            await socket.close()

    run(work())
