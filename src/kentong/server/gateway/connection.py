"""One open WebSocket on a transport: feeds the core, serves the session, keeps its times."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from kentong.protocol.codec import encode
from kentong.protocol.errors import ErrorCode
from kentong.protocol.limits import EARLY_FRAGMENTS_MAX, EARLY_FRAME_BYTES_MAX
from kentong.protocol.messages import Goodbye
from kentong.server.gateway.handshake import UpgradeRequest
from kentong.server.gateway.link import OpenReceiver, Receiver
from kentong.server.gateway.websocket import (
    ASKED,
    CLOSING,
    ENDED,
    INTERNAL_ERROR,
    OPEN,
    POLICY_VIOLATION,
    Limits,
    WebSocketCore,
    encode_frame,
    encode_frames,
    encode_ping,
)
from kentong.server.rules.addresses import Place

log = logging.getLogger(__name__)

TOO_LARGE: Final = encode(Goodbye(ErrorCode.TOO_LARGE))
"""What a device hears before the close whose message was too big."""
STRANGER_LIMITS: Final = Limits(EARLY_FRAME_BYTES_MAX, EARLY_FRAGMENTS_MAX, TOO_LARGE)
"""Until sign-in: enough for every command of signing in, and too little to fill our memory."""

GATHERED_MAX: Final = 16
"""So many frames are written at once, without waiting for more."""
GATHERED_BYTES_MAX: Final = 4096
"""A frame of more bytes is written at once: what was gathered stays small."""

_PING: Final = encode_ping()
_ASK: Final = encode_ping(ASKED)


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a WebSocket may be quiet, silent or slow; how much may wait."""

    ping_after_s: float = 55.0
    """Nothing flowed: ping. The session may set another time on its link."""
    dead_after_s: float = 30.0
    """A ping got no answer, nor came anything else: drop."""
    stranger_after_s: float = 30.0
    """Not signed in, and nothing came: close."""
    stall_s: float = 20.0
    """The peer takes nothing of what waits for it: drop."""
    close_wait_s: float = 5.0
    """The peer doesn't finish a closing connection: drop."""
    write_high_bytes: int = 16 * 1024
    """More than this waits in the process: `Link.congested`, until a quarter of it is left."""
    write_bytes_max: int = 1024 * 1024
    """A session went on sending into a congested link: drop."""


class Shared:
    """What all connections of a listener have in common, the receive buffer above all.

    One buffer is enough: the loop asks for it, reads into it and reports in
    one go, and nobody keeps a view of it.

    Frames sent while the loop does one thing are gathered and written when it is done:
    one write for each connection, however many frames.
    """

    __slots__ = ("_gathering", "buffer", "leave", "limits", "patience", "time")

    def __init__(
        self,
        buffer: memoryview,
        time: Callable[[], float],
        leave: Callable[["WebSocketConnection"], None],
        patience: Patience,
        limits: Limits,
    ) -> None:
        self.buffer = buffer
        self.time = time
        self.leave = leave
        self.patience = patience
        self.limits = limits
        self._gathering: list[WebSocketConnection] = []

    def call_soon(self, call: Callable[[], None]) -> None:
        """Call when the loop is done with what goes on now."""
        asyncio.get_running_loop().call_soon(call)

    def flush_soon(self, connection: "WebSocketConnection") -> None:
        """Let a connection write what it gathered, when what goes on now is done."""
        if not self._gathering:
            self.call_soon(self._flush)
        self._gathering.append(connection)

    def _flush(self) -> None:
        connections, self._gathering = self._gathering, []
        for connection in connections:
            try:
                connection.flush()
            except Exception:
                log.exception("gathered frames were not written")
                connection.abort()


class WebSocketConnection(asyncio.BufferedProtocol):
    """An open WebSocket; to the session, its `Link`."""

    has_credit = True

    __slots__ = (
        "_core",
        "_deaf",
        "_ending_at",
        "_gathered",
        "_heard_at",
        "_pinged_at",
        "_receiver",
        "_sent_at",
        "_shared",
        "_stalled_at",
        "_transport",
        "address",
        "ping_after_s",
        "place",
    )

    def __init__(
        self, shared: Shared, transport: asyncio.Transport, address: str, place: Place | None
    ) -> None:
        now = shared.time()
        self.address = address
        self.place = place
        self.ping_after_s = shared.patience.ping_after_s
        self._shared = shared
        self._transport = transport
        self._core = WebSocketCore(STRANGER_LIMITS)
        self._gathered: list[bytes] | None = None  # frames to be written soon
        self._receiver: Receiver | None = None
        self._deaf = False  # the session has closed, it wants no more frames
        self._heard_at = now
        self._sent_at = now
        self._pinged_at = now
        self._stalled_at: float | None = None
        self._ending_at: float | None = None
        high = shared.patience.write_high_bytes
        transport.set_write_buffer_limits(high=high, low=high // 4)

    def open(self, open_receiver: OpenReceiver, request: UpgradeRequest) -> None:
        """Start the session. Called once, when the transport's protocol is this object."""
        try:
            self._receiver = open_receiver(self, request)
        except Exception:
            log.exception("session did not open")
            self.close(INTERNAL_ERROR)

    # As the session sees it.

    @property
    def congested(self) -> bool:
        """True while the peer takes less than we send."""
        return self._stalled_at is not None

    @property
    def authenticated(self) -> bool:
        """True after sign-in; the session sets it. Strangers may send and wait less."""
        return self._core.limits is not STRANGER_LIMITS

    @authenticated.setter
    def authenticated(self, signed_in: bool) -> None:
        self._core.limits = self._shared.limits if signed_in else STRANGER_LIMITS

    def send(self, frame: bytes) -> None:
        """Send one binary message, together with others that are sent now."""
        if self._core.state != OPEN:
            return
        if self._gathered is None:
            self._gathered = []
            self._shared.flush_soon(self)
        self._gathered.append(frame)
        if len(frame) > GATHERED_BYTES_MAX or len(self._gathered) >= GATHERED_MAX:
            self.flush()

    def send_many(self, frames: list[bytes]) -> None:
        """Send many binary messages in one write."""
        if self._core.state == OPEN and frames:
            self.flush()
            self._write(encode_frames(frames))

    def ask(self) -> None:
        """Ask whether what was sent so far has arrived."""
        if self._core.state == OPEN:
            self.flush()
            self._write(_ASK)

    def flush(self) -> None:
        """Write what was gathered."""
        frames, self._gathered = self._gathered, None
        if frames:
            self._write(encode_frame(frames[0]) if len(frames) == 1 else encode_frames(frames))

    def close(self, code: int = 1000, reason: str = "") -> None:
        """Begin to close; frames that still come are dropped. Later calls do nothing."""
        self._deaf = True
        self.flush()
        self._core.close(code, reason)
        if self._core.wants_attention:
            self._answer()

    # As the transport sees it.

    def get_buffer(self, sizehint: int) -> memoryview:
        """Lend the shared buffer for one read."""
        return self._shared.buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Take what was read."""
        self.take(self._shared.buffer[:nbytes])

    def pause_writing(self) -> None:
        """Note that the peer takes less than we send."""
        self._stalled_at = self._shared.time()

    def resume_writing(self) -> None:
        """Note that the congestion is over, and tell the session."""
        self._stalled_at = None
        if self._core.wants_attention:
            self._answer()
        if self._receiver is None or self._core.state != OPEN:
            return
        try:
            self._receiver.writable()
        except Exception:  # noqa: BLE001 - our bug ends this connection, not the server
            self._fail()

    def connection_lost(self, exc: Exception | None) -> None:
        """Note that the transport is gone, and tell the session."""
        self._core.lose()
        self._gathered = None
        self._shared.leave(self)
        receiver, self._receiver = self._receiver, None
        if receiver is None:
            return
        try:
            receiver.closed()
        except Exception:
            log.exception("session did not close")

    # As the listener sees it.

    def take(self, data: memoryview) -> None:
        """Hand on the messages in `data`, answer what the protocol wants answered."""
        self._heard_at = self._shared.time()
        core = self._core
        messages = core.receive(data)
        receiver = self._receiver
        if receiver is not None:
            for message in messages:
                if self._deaf:
                    break
                try:
                    receiver.received(message)
                except Exception:  # noqa: BLE001 - our bug ends this connection only
                    self._fail()
            if core.answered:
                core.answered = False
                receiver.answered()
        if core.wants_attention:
            self._answer()

    def check(self, now: float) -> None:
        """Ping, close or drop if it is time to; called by the listener's sweep."""
        patience = self._shared.patience
        if self._ending_at is not None:
            if now - self._ending_at >= patience.close_wait_s:
                self.abort()
        elif self._stalled_at is not None:
            if now - self._stalled_at >= patience.stall_s:
                self.abort()
        else:
            self._check_silence(now, patience)

    def abort(self) -> None:
        """Drop the connection without a word."""
        self._gathered = None
        self._transport.abort()

    def _check_silence(self, now: float, patience: Patience) -> None:
        silent_s = now - self._heard_at
        if not self.authenticated and silent_s >= patience.stranger_after_s:
            self.close(POLICY_VIOLATION, "nobody signed in")
        elif self._pinged_at > self._heard_at:
            if now - self._pinged_at >= patience.dead_after_s:
                self.abort()
        elif silent_s >= self.ping_after_s and (
            # A device that only listens is quiet while much is sent to it: that alone
            # keeps the path open, but now and then it must show that it lives.
            now - self._sent_at >= self.ping_after_s or silent_s >= 2 * self.ping_after_s
        ):
            self._pinged_at = now
            self._write(_PING)

    def _write(self, data: bytes) -> None:
        self._sent_at = self._shared.time()
        self._transport.write(data)
        if self._stalled_at is not None:
            waiting_bytes = self._transport.get_write_buffer_size()
            if waiting_bytes > self._shared.patience.write_bytes_max:
                self.abort()

    def _answer(self) -> None:
        """Send what the core wants sent, and close the transport after the end."""
        core = self._core
        if core.state == OPEN and self._stalled_at is not None:
            return  # a pong can wait: there is only ever one
        self.flush()
        output = core.take_output()
        if output:
            self._write(output)
        if core.state == CLOSING and self._ending_at is None:
            self._ending_at = self._shared.time()
        if core.state == ENDED:
            self._ending_at = self._shared.time()
            self._finish()

    def _finish(self) -> None:
        """Close our direction and wait for the peer's end (§7.1.1), so that it reads our goodbye.

        What still comes is dropped; the sweep ends the waiting. TLS can't close
        one direction only.
        """
        if self._transport.can_write_eof():
            self._transport.write_eof()
        else:
            self._transport.close()

    def _fail(self) -> None:
        log.exception("session failed")
        self.close(INTERNAL_ERROR)
