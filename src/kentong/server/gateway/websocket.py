"""The server's side of an open WebSocket (RFC 6455 §5 to §7): bytes in, messages out. No I/O.

Kentong speaks binary only and never negotiates an extension. A text message is
answered with close code 1003 as soon as its header is read: its bytes are never
taken as text, so they aren't checked for UTF-8 either (§8.1 asks for that only
where bytes are interpreted as UTF-8).
"""

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple, TypeAlias

from kentong.protocol.limits import FRAGMENTS_MAX, FRAME_BYTES_MAX

Buffer: TypeAlias = bytes | bytearray | memoryview

# Opcodes (§5.2).
CONTINUATION: Final = 0x0
TEXT: Final = 0x1
BINARY: Final = 0x2
CLOSE: Final = 0x8
PING: Final = 0x9
PONG: Final = 0xA

# Close codes (§7.4.1) that this server sends or reports.
NORMAL: Final = 1000
GOING_AWAY: Final = 1001
PROTOCOL_ERROR: Final = 1002
UNSUPPORTED_DATA: Final = 1003
NO_CODE: Final = 1005
ABNORMAL: Final = 1006
INVALID_DATA: Final = 1007
POLICY_VIOLATION: Final = 1008
TOO_BIG: Final = 1009
INTERNAL_ERROR: Final = 1011

# States of a core: both may send; we have sent a close frame; nothing more in either direction.
OPEN: Final = 0
CLOSING: Final = 1
ENDED: Final = 2

CONTROL_BYTES_MAX: Final = 125
REASON_BYTES_MAX: Final = CONTROL_BYTES_MAX - 2

_FIN: Final = 0x80
_RESERVED: Final = 0x70
_OPCODE: Final = 0x0F
_MASKED: Final = 0x80
_LENGTH: Final = 0x7F
_CONTROL: Final = 0x08
_MASK_BYTES: Final = 4
_WHOLE_BINARY: Final = _FIN | BINARY
# A short masked frame: two bytes of header, four of mask; its second byte is the
# length with the mask bit, so the whole frame is (second byte - 122) bytes long.
_SHORT_HEADER_BYTES: Final = 2 + _MASK_BYTES
_SHORT_EXTRA: Final = _MASKED - _SHORT_HEADER_BYTES
_SHORT_SECOND_MAX: Final = _MASKED | CONTROL_BYTES_MAX

# Registered with IANA for the wire; 3000 to 4999 are for libraries and applications.
_WIRE_CODES: Final = frozenset((1000, 1001, 1002, 1003, *range(1007, 1015), *range(3000, 5000)))


def unmask_slowly(data: Buffer, mask: Buffer) -> bytes:
    """XOR `data` with the four bytes of `mask`, again and again (§5.3)."""
    length = len(data)
    repeated = (bytes(mask) * (length // _MASK_BYTES + 1))[:length]
    xor = int.from_bytes(data, "little") ^ int.from_bytes(repeated, "little")
    return xor.to_bytes(length, "little")


unmask: Callable[[Buffer, bytes], bytes]
try:
    from websockets.speedups import apply_mask as unmask
except ImportError:  # no compiled wheel for this machine
    unmask = unmask_slowly


def _header(opcode: int, length: int) -> bytes:
    """Return the header of a server's frame: whole, unmasked, the length as short as it can be."""
    if length <= CONTROL_BYTES_MAX:
        return bytes((_FIN | opcode, length))
    if length < 1 << 16:
        return bytes((_FIN | opcode, 126)) + length.to_bytes(2, "big")
    return bytes((_FIN | opcode, 127)) + length.to_bytes(8, "big")


_SHORT_HEADERS: Final = tuple(_header(BINARY, length) for length in range(CONTROL_BYTES_MAX + 1))


def encode_frame(payload: bytes) -> bytes:
    """Return one binary message as one frame, ready to write."""
    length = len(payload)
    if length <= CONTROL_BYTES_MAX:
        return _SHORT_HEADERS[length] + payload
    return _header(BINARY, length) + payload


def encode_frames(payloads: Sequence[bytes]) -> bytes:
    """Return many binary messages as one piece of bytes, ready for one write."""
    pieces: list[bytes] = []
    for payload in payloads:
        length = len(payload)
        short = length <= CONTROL_BYTES_MAX
        pieces.append(_SHORT_HEADERS[length] if short else _header(BINARY, length))
        pieces.append(payload)
    return b"".join(pieces)


def encode_ping(payload: bytes = b"") -> bytes:
    """Return a ping; the peer answers with the same payload (at most 125 bytes)."""
    assert len(payload) <= CONTROL_BYTES_MAX
    return _header(PING, len(payload)) + payload


ASKED: Final = b"?"
"""Payload of the ping by which we ask whether what was sent before has arrived."""


def encode_close(code: int, reason: str = "") -> bytes:
    """Return a close frame. A reason of more than 123 bytes is cut between two characters."""
    if code == NO_CODE:
        return _header(CLOSE, 0)
    assert code in _WIRE_CODES, code
    text = reason.encode()[:REASON_BYTES_MAX].decode(errors="ignore").encode()
    return _header(CLOSE, 2 + len(text)) + code.to_bytes(2, "big") + text


class Limits(NamedTuple):
    """What one message may cost; one object for all connections."""

    message_bytes_max: int = FRAME_BYTES_MAX
    fragments_max: int = FRAGMENTS_MAX
    farewell: bytes = b""
    """A last message to whoever sends a bigger one; the close frame (1009) follows."""


class _RuleBrokenError(Exception):
    """The peer broke a rule; the connection ends with `code`."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class WebSocketCore:
    """Keeps the rules of one open WebSocket.

    Feed it what arrived, take out whole binary messages. When
    `wants_attention` is true, send what `take_output` returns; if `state` is
    ENDED then, close the TCP connection: `close_code` and `close_reason` say
    why. It never waits, reads no clock and doesn't raise for anything that a
    peer sends. An idle core holds no buffer. `limits` may be changed any time.
    """

    __slots__ = (
        "_buffer",
        "_close_frame",
        "_fragments",
        "_message",
        "_pong",
        "answered",
        "close_code",
        "close_reason",
        "limits",
        "state",
        "wants_attention",
    )

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._buffer: bytearray | None = None  # the beginning of a frame
        self._message: bytearray | None = None  # the fragments so far, unmasked
        self._fragments = 0
        self._pong: bytes | None = None
        self._close_frame = b""
        self.state = OPEN
        self.wants_attention = False
        self.answered = False  # a pong to ASKED came; whoever looks at it forgets it
        self.close_code = ABNORMAL
        self.close_reason = ""

    def receive(self, data: memoryview) -> list[bytes]:
        """Take bytes as they come; return the binary messages that are now complete.

        `data` is not kept. After our own close frame messages are dropped
        (§1.4); after the end everything is (§5.5.1, §7.1.7).
        """
        if (
            self._buffer is None
            and self._message is None
            and self.state == OPEN
            and len(data) >= _SHORT_HEADER_BYTES
            and data[0] == _WHOLE_BINARY
            and data[1] - _SHORT_EXTRA == len(data)
            and data[1] <= _SHORT_SECOND_MAX
            and len(data) - _SHORT_HEADER_BYTES <= self.limits.message_bytes_max
        ):
            return [unmask(data[_SHORT_HEADER_BYTES:], bytes(data[2:_SHORT_HEADER_BYTES]))]
        return self._receive_any(data)

    def close(self, code: int = NORMAL, reason: str = "") -> None:
        """Begin the closing handshake (§7.1.2). Later calls do nothing."""
        if self.state != OPEN:
            return
        self.state = CLOSING
        self._message = None
        self._put_close_frame(encode_close(code, reason))

    def lose(self) -> None:
        """Note that the transport is gone: nothing is sent or read any more."""
        self._end()
        self._pong = None
        self._close_frame = b""
        self.wants_attention = False

    def take_output(self) -> bytes:
        """Return what is to be sent now (a pong, a close frame, both, nothing), and forget it."""
        pong, close_frame = self._pong, self._close_frame
        self._pong = None
        self._close_frame = b""
        self.wants_attention = False
        if pong is None:
            return close_frame
        return _header(PONG, len(pong)) + pong + close_frame

    def _receive_any(self, data: memoryview) -> list[bytes]:
        messages: list[bytes] = []
        buffer = self._buffer
        if buffer is not None:
            buffer += data
        with memoryview(data if buffer is None else buffer) as view:
            taken = self._read_frames(view, messages)
            if self.state == ENDED or taken == len(view):
                self._buffer = None
            elif taken or buffer is None:
                self._buffer = bytearray(view[taken:])
        return messages

    def _read_frames(self, view: memoryview, messages: list[bytes]) -> int:
        """Read whole frames from the beginning of `view`; return how many bytes they were."""
        taken = 0
        try:
            while self.state != ENDED:
                span = self._read_header(view, taken)
                if span is None or span[1] > len(view):
                    break
                start, end = span
                mask = bytes(view[start - _MASK_BYTES : start])
                payload = unmask(view[start:end], mask)
                self._accept(view[taken], payload, messages)
                taken = end
        except _RuleBrokenError as failure:
            self._fail(failure.code, failure.reason)
        return taken

    def _read_header(self, view: memoryview, at: int) -> tuple[int, int] | None:
        """Return where the payload of the frame at `at` starts and ends.

        None while the header isn't complete. Everything that a header can
        tell is checked here, so that nothing forbidden is ever buffered.
        """
        available = len(view) - at
        if available < 2:  # the two bytes that every header has
            return None
        first, second = view[at], view[at + 1]
        self._check_first_bytes(first, second)
        length = second & _LENGTH
        start = at + _SHORT_HEADER_BYTES
        if length > CONTROL_BYTES_MAX:
            wide = 2 if length == 126 else 8
            if available < 2 + wide:
                return None
            length = int.from_bytes(view[at + 2 : at + 2 + wide], "big")
            start += wide
            if length >> 63:
                raise _RuleBrokenError(PROTOCOL_ERROR, "length has its highest bit set")
            if length <= (CONTROL_BYTES_MAX if wide == 2 else 0xFFFF):
                raise _RuleBrokenError(PROTOCOL_ERROR, "length is not in its shortest form")
        if not first & _CONTROL:
            self._check_size(length)
        return start, start + length

    def _check_first_bytes(self, first: int, second: int) -> None:
        if first & _RESERVED:
            raise _RuleBrokenError(PROTOCOL_ERROR, "reserved bits are set")
        if not second & _MASKED:
            raise _RuleBrokenError(PROTOCOL_ERROR, "frame is not masked")
        opcode = first & _OPCODE
        if opcode in (CLOSE, PING, PONG):
            if not first & _FIN:
                raise _RuleBrokenError(PROTOCOL_ERROR, "control frame is fragmented")
            if second & _LENGTH > CONTROL_BYTES_MAX:
                raise _RuleBrokenError(PROTOCOL_ERROR, "control frame is too long")
        elif opcode not in (CONTINUATION, TEXT, BINARY):
            raise _RuleBrokenError(PROTOCOL_ERROR, "opcode is reserved")
        elif (opcode == CONTINUATION) != (self._fragments > 0):
            raise _RuleBrokenError(PROTOCOL_ERROR, "fragments are out of order")
        elif opcode == TEXT:
            raise _RuleBrokenError(UNSUPPORTED_DATA, "only binary messages")

    def _check_size(self, length: int) -> None:
        have = 0 if self._message is None else len(self._message)
        if have + length > self.limits.message_bytes_max:
            raise _RuleBrokenError(TOO_BIG, "message is too big")
        if self._fragments >= self.limits.fragments_max:
            raise _RuleBrokenError(POLICY_VIOLATION, "too many fragments")

    def _accept(self, first: int, payload: bytes, messages: list[bytes]) -> None:
        opcode = first & _OPCODE
        if opcode == PING:
            # Of several pings in one go only the last is answered (§5.5.3): what a
            # peer can make us send is bounded.
            self._pong = payload
            self.wants_attention = True
        elif opcode == CLOSE:
            self._accept_close(payload)
        elif opcode == PONG:
            self.answered = self.answered or payload == ASKED
        else:
            self._accept_data(first, payload, messages)

    def _accept_data(self, first: int, payload: bytes, messages: list[bytes]) -> None:
        if first & _FIN:
            if self._message is not None:
                payload = bytes(self._message + payload)
            self._message = None
            self._fragments = 0
            if self.state == OPEN:
                messages.append(payload)
            return
        self._fragments += 1
        if self.state == OPEN:
            if self._message is None:
                self._message = bytearray()
            self._message += payload

    def _accept_close(self, payload: bytes) -> None:
        code = NO_CODE
        if payload:
            if len(payload) == 1:
                raise _RuleBrokenError(PROTOCOL_ERROR, "close frame with half a code")
            code = int.from_bytes(payload[:2], "big")
            if code not in _WIRE_CODES:
                raise _RuleBrokenError(PROTOCOL_ERROR, "close code is not allowed")
        try:
            self.close_reason = payload[2:].decode()
        except UnicodeDecodeError:
            raise _RuleBrokenError(INVALID_DATA, "close reason is not UTF-8") from None
        self.close_code = code
        if self.state == OPEN:
            self._put_close_frame(encode_close(code))
        self._end()

    def _fail(self, code: int, reason: str) -> None:
        """Fail the connection (§7.1.7): say why, once, and read nothing more."""
        if self.state == OPEN:
            farewell = self.limits.farewell if code == TOO_BIG else b""
            last = encode_frame(farewell) if farewell else b""
            self._put_close_frame(last + encode_close(code, reason))
        self.close_code = code
        self.close_reason = reason
        self._end()

    def _put_close_frame(self, frame: bytes) -> None:
        self._close_frame = frame
        self.wants_attention = True

    def _end(self) -> None:
        self.state = ENDED
        self.wants_attention = True
        self._buffer = None
        self._message = None
        self._fragments = 0
