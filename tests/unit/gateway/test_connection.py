"""One open WebSocket on a transport: order of calls, times, congestion, the end."""

import asyncio
import logging
from collections.abc import Callable

import pytest

from kentong.server.gateway.connection import (
    GATHERED_BYTES_MAX,
    GATHERED_MAX,
    Patience,
    Shared,
    WebSocketConnection,
)
from kentong.server.gateway.handshake import UpgradeRequest
from kentong.server.gateway.link import Link, Receiver
from kentong.server.gateway.websocket import Limits, encode_frame
from tests.unit.gateway.frames import client_frame, close_payload

REQUEST = UpgradeRequest("/ws", "chat.example", None, (), None, None, (), "")
PATIENCE = Patience(
    ping_after_s=55,
    dead_after_s=30,
    stranger_after_s=40,
    stall_s=20,
    close_wait_s=5,
    write_bytes_max=1000,
)
PING = bytes.fromhex("89 00")
GOODBYE = client_frame(0x88, close_payload(1000))


class Wire(asyncio.Transport):
    """A transport that keeps what is written."""

    def __init__(self) -> None:
        super().__init__()
        self.written: list[bytes] = []
        self.waiting_bytes = 0
        self.ending = ""
        self.half_open = True

    def write(self, data: bytes | bytearray | memoryview) -> None:
        assert not self.ending
        self.written.append(bytes(data))

    def take(self) -> bytes:
        data = b"".join(self.written)
        self.written.clear()
        return data

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        self.limits = (high, low)

    def get_write_buffer_size(self) -> int:
        return self.waiting_bytes

    def can_write_eof(self) -> bool:
        return self.half_open

    def write_eof(self) -> None:
        self.ending += "eof "

    def close(self) -> None:
        self.ending += "close "

    def abort(self) -> None:
        self.ending += "abort "


class Session:
    """Keeps what it was told; fails where it is asked to."""

    def __init__(self, link: Link) -> None:
        self.link = link
        self.log: list[str] = []
        self.failing = ""
        self.closing_on = b""

    def _note(self, what: str) -> None:
        self.log.append(what)
        if what == self.failing:
            raise RuntimeError(what)

    def received(self, frame: bytes) -> None:
        if frame == self.closing_on:
            self.link.close(4000)
        self._note(frame.decode())

    def writable(self) -> None:
        self._note("writable")

    def answered(self) -> None:
        self._note("answered")

    def closed(self) -> None:
        self._note("closed")


class Pot(Shared):
    """Keeps the calls that the loop would make soon."""

    soon: Callable[[], None] | None = None

    def call_soon(self, call: Callable[[], None]) -> None:
        assert self.soon is None
        self.soon = call


class Scene:
    """A connection between a wire and a session, with a clock to turn."""

    def __init__(self, *, signed_in: bool = True) -> None:
        self.now = 1000.0
        self.left: list[WebSocketConnection] = []
        self.shared = Pot(
            memoryview(bytearray(4096)),
            lambda: self.now,
            self.left.append,
            PATIENCE,
            Limits(50_000, 4),
        )
        self.wire = Wire()
        self.connection = WebSocketConnection(self.shared, self.wire, "192.0.2.1", None)
        self.connection.authenticated = signed_in
        self.connection.open(self._open, REQUEST)

    def _open(self, link: Link, request: UpgradeRequest) -> Receiver:
        assert request is REQUEST
        self.session = Session(link)
        return self.session

    def read(self, data: bytes) -> None:
        self.connection.get_buffer(-1)[: len(data)] = data
        self.connection.buffer_updated(len(data))

    def turn(self) -> None:
        """Let the loop make the calls that wait."""
        call, self.shared.soon = self.shared.soon, None
        if call is not None:
            call()

    def after(self, seconds: float) -> bytes:
        """Turn the clock, sweep, and return what was written."""
        self.now += seconds
        self.connection.check(self.now)
        return self.wire.take()


# Messages.


def test_messages_reach_the_session_in_order() -> None:
    scene = Scene()
    scene.read(client_frame(0x82, b"one") + client_frame(0x82, b"two"))
    scene.read(client_frame(0x82, b"three"))
    assert scene.session.log == ["one", "two", "three"]
    assert scene.wire.take() == b""


def test_many_frames_are_one_write() -> None:
    scene = Scene()
    scene.connection.send_many([b"one", b"two"])
    scene.connection.send_many([])
    scene.connection.send(b"three")
    scene.turn()
    assert scene.wire.written == [
        encode_frame(b"one") + encode_frame(b"two"),
        encode_frame(b"three"),
    ]


def test_frames_of_one_turn_are_one_write() -> None:
    scene = Scene()
    other = WebSocketConnection(scene.shared, other_wire := Wire(), "192.0.2.2", None)
    scene.connection.send(b"one")
    other.send(b"two")
    scene.connection.send(b"three")
    assert scene.wire.written == []
    scene.turn()
    assert scene.wire.written == [encode_frame(b"one") + encode_frame(b"three")]
    assert other_wire.written == [encode_frame(b"two")]
    scene.turn()
    scene.connection.send(b"four")
    scene.turn()
    assert scene.wire.written[1:] == [encode_frame(b"four")]


def test_gathered_frames_keep_their_place() -> None:
    scene = Scene()
    scene.connection.send(b"one")
    scene.connection.send_many([b"two"])
    scene.connection.send(b"three")
    scene.read(client_frame(0x89, b"?"))
    scene.connection.send(b"four")
    scene.turn()
    sent = [encode_frame(text) for text in (b"one", b"two", b"three", b"four")]
    assert scene.wire.take() == b"".join([*sent[:3], bytes.fromhex("8a 01 3f"), sent[3]])


@pytest.mark.parametrize(
    "frames", [[b"x" * (GATHERED_BYTES_MAX + 1)], [b"x"] * GATHERED_MAX], ids=["large", "many"]
)
def test_much_is_not_gathered(frames: list[bytes]) -> None:
    scene = Scene()
    for frame in frames:
        assert scene.wire.written == []
        scene.connection.send(frame)
    assert scene.wire.take() == b"".join(map(encode_frame, frames))
    scene.turn()
    assert scene.wire.take() == b""


def test_failing_write_ends_its_connection_only(caplog: pytest.LogCaptureFixture) -> None:
    scene = Scene()
    other = WebSocketConnection(scene.shared, other_wire := Wire(), "192.0.2.2", None)
    scene.connection.send(b"one")
    other.send(b"two")
    scene.wire.ending = "broken "
    scene.turn()
    assert scene.wire.ending == "broken abort "
    assert "gathered frames were not written" in caplog.text
    assert other_wire.take() == encode_frame(b"two")


def test_pings_are_answered() -> None:
    scene = Scene()
    scene.read(client_frame(0x89, b"?"))
    assert scene.wire.take() == bytes.fromhex("8a 01 3f")


# The end.


def test_goodbye_of_the_peer_is_answered_then_our_direction_closes() -> None:
    scene = Scene()
    scene.read(client_frame(0x82, b"last") + GOODBYE)
    assert scene.wire.take() == bytes.fromhex("88 02 03e8")
    assert scene.wire.ending == "eof "
    assert scene.session.log == ["last"]
    scene.connection.send(b"late")
    scene.connection.send_many([b"late"])
    scene.connection.close()
    scene.connection.connection_lost(None)
    assert scene.session.log == ["last", "closed"]
    assert scene.left == [scene.connection]


def test_tls_cannot_close_one_direction() -> None:
    scene = Scene()
    scene.wire.half_open = False
    scene.read(GOODBYE)
    assert scene.wire.ending == "close "


def test_peer_that_keeps_the_closed_connection_open_is_dropped() -> None:
    scene = Scene()
    scene.read(GOODBYE)
    scene.after(4.9)
    assert scene.wire.ending == "eof "
    scene.after(0.1)
    assert scene.wire.ending == "eof abort "


def test_session_closes_and_hears_nothing_more() -> None:
    scene = Scene()
    scene.session.closing_on = b"stop"
    scene.read(client_frame(0x82, b"stop") + client_frame(0x82, b"more"))
    assert scene.wire.take() == bytes.fromhex("88 02 0fa0")
    scene.read(client_frame(0x82, b"late"))
    scene.connection.send(b"late")
    assert scene.session.log == ["stop"]
    assert scene.wire.ending == ""
    scene.read(client_frame(0x88, close_payload(4000)))
    assert scene.wire.take() == b""
    assert scene.wire.ending == "eof "


def test_peer_that_never_answers_our_goodbye_is_dropped() -> None:
    scene = Scene()
    scene.connection.close()
    scene.read(client_frame(0x89, b""))
    scene.after(5)
    assert scene.wire.ending == "abort "


def test_broken_rule_ends_the_connection() -> None:
    scene = Scene()
    scene.read(bytes.fromhex("82 00"))
    assert scene.wire.take()[2:4] == (1002).to_bytes(2, "big")
    assert scene.wire.ending == "eof "


def test_gathered_frames_leave_before_the_goodbye() -> None:
    scene = Scene()
    scene.connection.send(b"one")
    scene.connection.close(4000)
    assert scene.wire.take() == encode_frame(b"one") + bytes.fromhex("88 02 0fa0")
    answering = Scene()
    answering.connection.send(b"two")
    answering.read(GOODBYE)
    assert answering.wire.take() == encode_frame(b"two") + bytes.fromhex("88 02 03e8")
    scene.turn()
    answering.turn()
    assert scene.wire.take() + answering.wire.take() == b""


def test_dropped_connection_writes_nothing_more() -> None:
    scene = Scene()
    scene.connection.send(b"late")
    scene.connection.abort()
    scene.turn()
    assert scene.wire.take() == b""


def test_connection_that_breaks_off() -> None:
    scene = Scene()
    scene.connection.send(b"too late")
    scene.connection.connection_lost(ConnectionResetError())
    scene.connection.send(b"late")
    scene.connection.close()
    scene.turn()
    assert scene.wire.take() == b""
    assert scene.session.log == ["closed"]


# Silence. The scene starts with something heard and sent.


def test_quiet_connection_is_pinged_once_and_then_dropped() -> None:
    scene = Scene()
    assert scene.after(54.9) == b""
    assert scene.after(0.1) == PING
    assert scene.after(29.9) == b""
    assert scene.wire.ending == ""
    scene.after(0.1)
    assert scene.wire.ending == "abort "


def test_answered_ping_starts_anew() -> None:
    scene = Scene()
    assert scene.after(55) == PING
    scene.now += 1
    scene.read(client_frame(0x8A, b""))
    assert scene.after(54.9) == b""
    assert scene.after(0.1) == PING


def test_session_chooses_the_interval() -> None:
    scene = Scene()
    scene.connection.ping_after_s = 240
    assert scene.after(239.9) == b""
    assert scene.after(0.1) == PING


def test_what_we_send_puts_a_ping_off_but_not_forever() -> None:
    scene = Scene()
    for _ in range(2):
        scene.now += 50
        scene.connection.send(b"news")
        scene.turn()
        scene.wire.take()
    assert scene.after(9.9) == b""
    assert scene.after(0.1) == PING


def test_silent_stranger_is_sent_away() -> None:
    scene = Scene(signed_in=False)
    assert scene.after(39.9) == b""
    assert scene.after(0.1)[2:4] == (1008).to_bytes(2, "big")


def test_stranger_who_talks_may_stay() -> None:
    scene = Scene(signed_in=False)
    scene.now += 39
    scene.read(client_frame(0x82, b"name?"))
    assert scene.after(39) == b""


@pytest.mark.parametrize("signed_in", [False, True])
def test_stranger_may_send_less(signed_in: bool) -> None:
    scene = Scene(signed_in=signed_in)
    assert scene.connection.authenticated is signed_in
    scene.read(bytes.fromhex("82 fe 4001"))  # 16 KiB and one byte are announced
    assert bool(scene.wire.ending) is not signed_in


# Congestion.


def test_congestion_begins_and_ends() -> None:
    scene = Scene()
    seen = [scene.connection.congested]
    scene.connection.pause_writing()
    seen.append(scene.connection.congested)
    scene.connection.resume_writing()
    seen.append(scene.connection.congested)
    assert seen == [False, True, False]
    assert scene.session.log == ["writable"]


def test_pong_waits_for_the_end_of_congestion() -> None:
    scene = Scene()
    scene.connection.pause_writing()
    scene.read(client_frame(0x89, b"1"))
    scene.read(client_frame(0x89, b"2"))
    assert scene.wire.take() == b""
    scene.connection.resume_writing()
    assert scene.wire.take() == bytes.fromhex("8a 01 32")


def test_peer_that_does_not_read_is_dropped() -> None:
    scene = Scene()
    scene.connection.pause_writing()
    scene.after(19.9)
    assert scene.wire.ending == ""
    scene.after(0.1)
    assert scene.wire.ending == "abort "


def test_session_that_goes_on_sending_into_congestion_is_stopped() -> None:
    scene = Scene()
    scene.connection.pause_writing()
    scene.wire.waiting_bytes = 1000
    scene.connection.send(b"x")
    scene.turn()
    assert scene.wire.ending == ""
    scene.wire.waiting_bytes = 1001
    scene.connection.send(b"x")
    scene.turn()
    assert scene.wire.ending == "abort "


def test_closed_session_is_not_told_about_congestion() -> None:
    scene = Scene()
    scene.connection.pause_writing()
    scene.connection.close()
    scene.connection.resume_writing()
    assert scene.session.log == []


# Our own bugs.


@pytest.mark.parametrize("failing", ["hello", "writable"])
def test_failing_session_ends_only_its_connection(
    failing: str, caplog: pytest.LogCaptureFixture
) -> None:
    scene = Scene()
    scene.session.failing = failing
    scene.read(client_frame(0x82, b"hello") + client_frame(0x82, b"world"))
    scene.connection.pause_writing()
    scene.connection.resume_writing()
    assert scene.wire.take()[2:4] == (1011).to_bytes(2, "big")
    assert failing in caplog.text
    assert ("world" in scene.session.log) == (failing == "writable")


def test_session_that_fails_to_open(caplog: pytest.LogCaptureFixture) -> None:
    def fail(link: Link, request: UpgradeRequest) -> Receiver:
        raise RuntimeError("no session")

    scene = Scene()
    connection = WebSocketConnection(scene.connection._shared, scene.wire, "", None)
    connection.open(fail, REQUEST)
    assert scene.wire.take()[2:4] == (1011).to_bytes(2, "big")
    connection.take(memoryview(client_frame(0x82, b"x")))
    connection.resume_writing()
    connection.connection_lost(None)
    assert "no session" in caplog.text


def test_session_that_fails_to_close(caplog: pytest.LogCaptureFixture) -> None:
    scene = Scene()
    scene.session.failing = "closed"
    with caplog.at_level(logging.ERROR):
        scene.connection.connection_lost(None)
    assert "session did not close" in caplog.text
