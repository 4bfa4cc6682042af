"""One port for everything, over real sockets, on both event loops, with and without TLS."""

import asyncio
import os
import resource
import socket
import ssl
from dataclasses import replace
from ipaddress import ip_network

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from kentong.protocol.codec import encode
from kentong.protocol.errors import ErrorCode
from kentong.protocol.messages import Goodbye
from kentong.server.gateway import door
from kentong.server.gateway.connection import Patience
from kentong.server.gateway.listener import CROWDED_MS, ListenerSettings, open_socket
from kentong.server.gateway.websocket import encode_frame
from kentong.server.rules.addresses import ROOM_MIN
from tests.unit.gateway.frames import client_frame, close_payload
from tests.unit.gateway.house import SETTINGS, House, Run, end_of, house, until
from tests.unit.gateway.test_handshake import head


def open_client(it: House, context: ssl.SSLContext | None = None) -> connect:
    scheme = "ws" if context is None else "wss"
    return connect(
        f"{scheme}://127.0.0.1:{it.port}/ws",
        ssl=context,
        subprotocols=[Subprotocol("kentong.1"), Subprotocol("abc")],
        proxy=None,
    )


async def talk(it: House, context: ssl.SSLContext | None) -> None:
    async with open_client(it, context) as client:
        assert client.subprotocol == "kentong.1"
        assert await client.recv() == b"hello"
        for size in (0, 1, 125, 126, 65535, 65536, 200_000):
            message = bytes(index % 251 for index in range(size))
            await client.send(message)
            assert await client.recv() == message
        await client.send([b"in ", b"three ", b"parts"])
        assert await client.recv() == b"in three parts"
        await (await client.ping())
    assert client.close_code == 1000
    await until(lambda: not it.listener.websockets)
    session = it.sessions[-1]
    assert session.closed_times == 1
    assert session.link.address == "127.0.0.1"
    assert session.request.protocols == ("kentong.1", "abc")


def test_conversation(run: Run) -> None:
    async def work() -> None:
        async with house() as it:
            await talk(it, None)

    run(work())


def test_conversation_over_tls(run: Run, contexts: tuple[ssl.SSLContext, ssl.SSLContext]) -> None:
    async def work() -> None:
        async with house(context=contexts[0]) as it:
            await talk(it, contexts[1])

    run(work())


@pytest.mark.parametrize(
    ("message", "code"), [("text", 1003), (b"x" * 300_000, 1009)], ids=["text", "too big"]
)
def test_refused_message_ends_with_its_code(run: Run, message: str | bytes, code: int) -> None:
    async def work() -> None:
        async with house() as it, open_client(it) as client:
            await client.recv()
            await client.send(message)
            assert await closing_code(client) == code

    run(work())


async def closing_code(client: ClientConnection) -> int | None:
    try:
        while True:
            await client.recv()
    except ConnectionClosed:
        return client.close_code


def test_close_says_goodbye_to_everyone(run: Run) -> None:
    async def work() -> None:
        async with house() as it, open_client(it) as one, open_client(it) as two:
            codes = [asyncio.create_task(closing_code(client)) for client in (one, two)]
            await it.listener.close()
            assert await asyncio.gather(*codes) == [1001, 1001]
            assert [session.closed_times for session in it.sessions] == [1, 1]
            with pytest.raises(OSError, match=r"."):
                await it.connect()

    run(work())


def test_close_does_not_wait_forever(run: Run) -> None:
    async def work() -> None:
        settings = replace(SETTINGS, patience=Patience(close_wait_s=0.01))
        async with house(settings) as it:
            reader, writer = await it.connect()
            writer.write(head())
            await reader.readuntil(b"hello")
            await it.listener.close()
            await end_of(reader)
            assert it.sessions[0].closed_times == 1

    run(work())


# Openings.


@pytest.mark.parametrize(
    ("request_head", "status"),
    [
        (head({"Sec-WebSocket-Version": "8"}), b"426"),
        (head({"Sec-WebSocket-Key": "short"}), b"400"),
        (head({"X": "x" * 9000}), b"431"),
        (b"GET /" + b"x" * 9000, b"431"),
    ],
    ids=["version", "key", "head", "line"],
)
def test_bad_opening_is_answered_and_closed(run: Run, request_head: bytes, status: bytes) -> None:
    async def work() -> None:
        async with house() as it:
            reader, writer = await it.connect()
            writer.write(request_head)
            assert (await end_of(reader)).split()[1] == status
            await it.leave()
            await until(lambda: it.listener.crowd.total == 0)

    run(work())


def test_frame_right_behind_the_head_is_not_lost(run: Run) -> None:
    async def work() -> None:
        async with house() as it:
            reader, writer = await it.connect()
            writer.write(head() + client_frame(0x82, b"early"))
            await reader.readuntil(b"\x82\x05hello\x82\x05early")

    run(work())


@pytest.mark.parametrize("sent", [b"", b"GET /ws HTTP/1.1\r\nHost: "], ids=["nothing", "half"])
def test_slow_head_is_dropped(run: Run, sent: bytes) -> None:
    async def work() -> None:
        async with house() as it:
            reader, writer = await it.connect()
            writer.write(sent)
            await until(lambda: it.listener.crowd.total == 1)
            await it.pass_time(9.9)
            assert len(it.listener.openings) == 1
            await it.pass_time(0.1)
            assert await end_of(reader) == b""

    run(work())


def test_bytes_that_are_no_http_are_dropped(run: Run) -> None:
    async def work() -> None:
        async with house() as it:
            reader, writer = await it.connect()
            writer.write(bytes.fromhex("16 03 01 02 00 01"))
            assert await end_of(reader) == b""

    run(work())


def test_opening_is_dropped_on_close(run: Run) -> None:
    async def work() -> None:
        async with house() as it:
            reader, _ = await it.connect()
            await until(lambda: len(it.listener.openings) == 1)
            await it.listener.close()
            assert await end_of(reader) == b""

    run(work())


# Crowds and proxies.


FULL = replace(SETTINGS, connections_max=1)
CROWDED = replace(SETTINGS, connections_per_address_max=1)
BYE = {
    code: encode_frame(encode(Goodbye(code, CROWDED_MS)))
    for code in (ErrorCode.OVERLOADED, ErrorCode.TOO_MANY_REQUESTS)
}


@pytest.mark.parametrize(
    ("settings", "code", "status"),
    [(FULL, ErrorCode.OVERLOADED, b"503"), (CROWDED, ErrorCode.TOO_MANY_REQUESTS, b"429")],
    ids=["in all", "per address"],
)
def test_who_is_too_many_is_told_so_until_someone_leaves(
    run: Run, settings: ListenerSettings, code: ErrorCode, status: bytes
) -> None:
    async def work() -> None:
        async with house(settings) as it:
            first, writer = await it.connect()
            writer.write(head())
            await first.readuntil(b"hello")
            reader, writer = await it.connect()
            writer.write(head() + client_frame(0x82, b"early"))
            answer = await reader.readuntil(BYE[code])
            assert answer.startswith(b"HTTP/1.1 101 ")
            assert await reader.readexactly(4) == bytes.fromhex("88 02 03 e8")
            writer.write(client_frame(0x88, close_payload(1000)))
            assert await end_of(reader) == b""
            writer.close()
            await until(lambda: it.listener.crowd.total == 1)
            reader, writer = await it.connect()
            writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            assert (await end_of(reader)).split()[1] == status
            await it.leave()
            await until(lambda: it.listener.crowd.total == 0)
            reader, third = await it.connect()
            third.write(head())
            await reader.readuntil(b"hello")
            assert len(it.sessions) == 2

    run(work())


@pytest.mark.parametrize(
    ("settings", "room"), [(FULL, 1 + ROOM_MIN), (CROWDED, 2)], ids=["in all", "per address"]
)
def test_a_flood_is_dropped_without_a_word(run: Run, settings: ListenerSettings, room: int) -> None:
    async def work() -> None:
        async with house(settings) as it:
            for _ in range(room):
                await it.connect()
            await until(lambda: it.listener.crowd.total == room)
            reader, _ = await it.connect()
            assert await end_of(reader) == b""
            await until(lambda: it.listener.crowd.total == room)

    run(work())


def test_behind_a_proxy_the_device_counts(run: Run) -> None:
    async def work() -> None:
        settings = replace(CROWDED, trusted_proxies=(ip_network("127.0.0.0/8"),))
        async with house(settings) as it:
            await until_hello(it, "2001:db8::1")
            await until_hello(it, "2001:db8:0:1::1")
            reader, writer = await it.connect()
            writer.write(head({"X-Forwarded-For": "192.0.2.1, 2001:db8::ffff"}))
            await reader.readuntil(BYE[ErrorCode.TOO_MANY_REQUESTS])
            reader, writer = await it.connect()
            writer.write(head({"X-Forwarded-For": "2001:db8::ffff"}))
            assert (await end_of(reader)).split()[1] == b"429"
            addresses = [session.link.address for session in it.sessions]
            assert addresses == ["2001:db8::1", "2001:db8:0:1::1"]

    run(work())


async def until_hello(it: House, address: str) -> None:
    """Leave an open WebSocket behind; the listener's end closes it."""
    reader, writer = await it.connect()
    writer.write(head({"X-Forwarded-For": address}))
    await reader.readuntil(b"hello")


# Time.


def test_silent_device_is_pinged_then_dropped(run: Run) -> None:
    async def work() -> None:
        async with house() as it:
            reader, writer = await it.connect()
            writer.write(head())
            await reader.readuntil(b"hello")
            await it.pass_time(55)
            assert await reader.readexactly(2) == bytes.fromhex("89 00")
            await it.pass_time(30)
            assert await end_of(reader) == b""
            await until(lambda: it.sessions[0].closed_times == 1)

    run(work())


def test_device_that_does_not_read_is_dropped(run: Run) -> None:
    async def work() -> None:
        async with house() as it:
            _, writer = await it.connect()
            writer.transport.pause_reading()  # type: ignore[attr-defined]
            writer.write(head())
            await until(lambda: len(it.sessions) == 1)
            session = it.sessions[0]
            while not session.link.congested:
                session.link.send(bytes(10_000))
                await asyncio.sleep(0)
            await it.pass_time(20)
            await until(lambda: session.closed_times == 1)

    run(work())


def test_device_that_reads_again_is_told_to_the_session(run: Run) -> None:
    async def work() -> None:
        async with house() as it:
            reader, writer = await it.connect()
            writer.write(head())
            await reader.readuntil(b"hello")
            session = it.sessions[0]
            while not session.link.congested:
                session.link.send(bytes(10_000))
                await asyncio.sleep(0)
            while not session.writable_times:
                await reader.read(65536)

    run(work())


def test_sweep_runs_by_itself_and_survives_our_bugs(
    run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    async def work() -> None:
        async with house(replace(SETTINGS, sweep_every_s=0.001)) as it:
            reader, writer = await it.connect()
            writer.write(head())
            await reader.readuntil(b"hello")
            it.sessions[0].link.ping_after_s = "never"  # type: ignore[assignment]
            it.now += 1
            await until(lambda: "sweep failed" in caplog.text)
            it.sessions[0].link.ping_after_s = 1
            assert await reader.readexactly(2) == bytes.fromhex("89 00")

    run(work())


# The listening socket.


def test_one_listener_on_two_ports(run: Run) -> None:
    async def work() -> None:
        async with house() as it:
            first, it.port = it.port, await it.listener.listen("127.0.0.1", 0)
            await talk(it, None)
            assert it.port != first

    run(work())


def test_options_of_the_listening_socket() -> None:
    settings = ListenerSettings(send_buffer_bytes=64 * 1024)
    with open_socket("127.0.0.1", 0, settings, reuse=True) as listening:
        assert listening.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        assert listening.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF) in (65536, 131072)
        port = listening.getsockname()[1]
        with open_socket("127.0.0.1", port, settings, reuse=True):
            pass


def test_one_socket_for_both_families() -> None:
    with open_socket("::", 0, ListenerSettings(), reuse=False) as listening:
        assert listening.family == socket.AF_INET6
        assert not listening.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY)


@pytest.mark.parametrize("total_max", [3, 100])
def test_connections_count_before_their_tls_handshake(
    run: Run, contexts: tuple[ssl.SSLContext, ssl.SSLContext], total_max: int
) -> None:
    settings = replace(SETTINGS, connections_max=total_max, connections_per_address_max=3)

    async def work() -> None:
        async with house(settings, contexts[0]) as it:
            *others, odd, last = [await it.connect() for _ in range(6)]  # three would be told so
            for _ in range(5):
                reader, _ = await it.connect()
                assert await end_of(reader) == b""
            assert it.listener.crowd.total == 6
            for _, writer in others:
                writer.close()
            odd[1].write(b"this is no handshake\r\n\r\n")
            await end_of(odd[0])
            await until(lambda: it.listener.crowd.total == 1)
            await talk(it, contexts[1])
            last[1].close()
            await until(lambda: it.listener.crowd.total == 0)

    run(work())


def test_a_silent_tls_handshake_is_given_up(
    run: Run, contexts: tuple[ssl.SSLContext, ssl.SSLContext]
) -> None:
    async def work() -> None:
        async with house(replace(SETTINGS, head_timeout_s=0.1), contexts[0]) as it:
            reader, _ = await it.connect()
            assert await end_of(reader) == b""
            await until(lambda: it.listener.crowd.total == 0)

    run(work())


def test_unfinished_handshakes_do_not_hold_up_the_end(
    run: Run, contexts: tuple[ssl.SSLContext, ssl.SSLContext]
) -> None:
    async def work() -> None:
        async with house(context=contexts[0]) as it:
            reader, _ = await it.connect()
            await until(lambda: it.listener.crowd.total == 1)
            await it.listener.close()
            assert await end_of(reader) == b""
            await until(lambda: it.listener.crowd.total == 0)

    run(work())


def test_when_there_are_no_more_files_it_accepts_later(
    run: Run,
    contexts: tuple[ssl.SSLContext, ssl.SSLContext],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(door, "RETRY_S", 0.01)
    before = resource.getrlimit(resource.RLIMIT_NOFILE)

    async def work() -> None:
        async with house(context=contexts[0]) as it:
            await talk(it, contexts[1])
            with socket.socket() as client:
                client.setblocking(False)
                lowest = os.dup(client.fileno())
                os.close(lowest)
                resource.setrlimit(resource.RLIMIT_NOFILE, (lowest, before[1]))
                try:
                    await asyncio.get_running_loop().sock_connect(client, ("127.0.0.1", it.port))
                    await until(lambda: "connections can't be accepted" in caplog.text)
                finally:
                    resource.setrlimit(resource.RLIMIT_NOFILE, before)
                await until(lambda: it.listener.crowd.total == 1)

    run(work())
