"""A device of the load: as little work as a client can do, so that the server is measured."""

import asyncio
import base64
import os
from typing import Final, NamedTuple, cast

from bench.processes import HOST, Place
from bench.town import Citizen
from kentong.protocol.codec import decode_from_server, encode, hello_to_token
from kentong.protocol.limits import SUBPROTOCOL, VERSION
from kentong.protocol.messages import Got, Heads, Hello, Message, Welcome, WelcomeFlag

ENTER_TIMEOUT_S = 60.0
_BUFFER: Final = memoryview(bytearray(256 * 1024))  # of all devices: read and done in one go
_HEAD_END: Final = b"\r\n\r\n"
_BINARY, _PING, _CLOSE = 0x82, 0x89, 0x88
_HEADS_TAG: Final = 0x48
# A mask of zeros is a mask: the server undoes it like any other, and we need not apply it.
_MASK: Final = bytes(4)


class Standing(NamedTuple):
    """Where a device stands: what it says in its hello."""

    epoch: int = 0
    cursor: int = 0
    outbox: int = 0
    number: int = 1
    tail: int = 1


class Flights(NamedTuple):
    """What travelled until the news were there: WebSocket payload, and the request before."""

    round_trips: int
    request_bytes: int
    token_bytes: int
    up_bytes: int
    down_bytes: int


def framed(payload: bytes) -> bytes:
    """A client's frame around a payload."""
    length = len(payload)
    if length < 126:
        return bytes((_BINARY, 0x80 | length)) + _MASK + payload
    return bytes((_BINARY, 0x80 | 126)) + length.to_bytes(2, "big") + _MASK + payload


class Device(asyncio.BufferedProtocol):
    """One connection. `live` is called for each message once the first news are there."""

    def __init__(self, who: Citizen, standing: Standing | None = None) -> None:
        standing = standing or Standing()
        outbox = standing.outbox or 1 + int.from_bytes(os.urandom(6), "big")
        self.who = who
        self.standing = standing._replace(outbox=outbox)
        self.entered: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.news: list[Message] = []  # what came until the first news were complete
        self.transport: asyncio.Transport
        self._rest = b""
        self._is_open = False
        self._is_lost = False
        self._writes = self._up = self._down = 0
        self._request = self._token = b""
        self.flights: Flights | None = None

    # -- Opening ------------------------------------------------------------------------

    async def enter(self, place: Place) -> None:
        """Connect, and wait until all news are there."""
        loop = asyncio.get_running_loop()
        self._prepare(place)
        await loop.create_connection(lambda: self, HOST, place.port, ssl=place.tls)
        async with asyncio.timeout(ENTER_TIMEOUT_S):
            await self.entered

    def leave(self) -> None:
        """Drop the connection."""
        self._is_lost = True
        self.transport.abort()

    def _prepare(self, place: Place) -> None:
        at = self.standing
        hello = Hello(VERSION, at.epoch, at.cursor, at.outbox, at.number, tail=at.tail)
        self._token = hello_to_token(hello).encode()
        key = base64.b64encode(os.urandom(16)).decode()
        self._request = (
            f"GET /ws HTTP/1.1\r\nHost: {HOST}:{place.port}\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n"
            f"Sec-WebSocket-Protocol: {SUBPROTOCOL}, {self._token.decode()}\r\n"
            f"Authorization: Bearer {self.who.secret}\r\n\r\n"
        ).encode()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self._write(self._request)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._is_lost:
            self._fail(ConnectionError(f"the server dropped a device: {exc} {self.news[-1:]}"))

    # -- Saying -------------------------------------------------------------------------

    def say(self, message: Message) -> int:
        """Send a message; returns how many bytes of payload it is."""
        payload = encode(message)
        self._up += len(payload)
        self._write(framed(payload))
        return len(payload)

    def _write(self, data: bytes) -> None:
        self._writes += 1
        self.transport.write(data)

    # -- Hearing ------------------------------------------------------------------------

    def get_buffer(self, sizehint: int) -> memoryview:
        return _BUFFER

    def buffer_updated(self, nbytes: int) -> None:
        data = self._rest + _BUFFER[:nbytes]
        if not self._is_open:
            head, end, data = data.partition(_HEAD_END)
            if not end:
                self._rest = head
                return
            if b" 101 " not in head[:16]:
                self._fail(ConnectionError(head.decode("latin-1")))
            self._is_open = True
        self._rest = self._hear_all(data)
        self.heard()

    def _hear_all(self, data: bytes) -> bytes:
        """Take whole frames; returns the beginning of one that is not whole."""
        at, size = 0, len(data)
        while size - at >= 2:
            length, start = data[at + 1], at + 2
            if length >= 126:
                wide = 2 if length == 126 else 8
                start += wide
                length = int.from_bytes(data[at + 2 : start], "big")
            if start + length > size:
                break
            self._hear(data[at], data[start : start + length])
            at = start + length
        return data[at:]

    def _hear(self, first: int, payload: bytes) -> None:
        if first == _BINARY:
            if self.flights is not None:
                self.live(payload)
            else:
                self._down += len(payload)
                self._open_news(payload)
        elif first == _PING:
            pong = bytes((0x8A, 0x80 | len(payload))) + _MASK + payload
            self.transport.write(pong)
        elif first == _CLOSE:
            self._fail(ConnectionError(f"the server closed: {payload!r} {self.news[-1:]}"))

    def _open_news(self, payload: bytes) -> None:
        """Keep what comes until the listing is over, acknowledge its pages."""
        message = decode_from_server(payload)
        self.news.append(message)
        if isinstance(message, Welcome):
            epoch = message.epoch or self.standing.epoch
            self.standing = self.standing._replace(epoch=epoch, number=message.number)
            is_last = not message.flags & WelcomeFlag.BEHIND
        else:
            is_last = isinstance(message, Heads) and not message.more
        flights = self._writes, len(self._request), len(self._token)
        if payload[1] == _HEADS_TAG:
            self.say(Got(len(payload)))
        if is_last:
            if isinstance(message, Heads):
                self.standing = self.standing._replace(cursor=message.cursor)
            self.flights = Flights(*flights, self._up, self._down)
            self.entered.set_result(None)

    def live(self, payload: bytes) -> None:
        """Take one message after the first news."""
        if payload[1] == _HEADS_TAG:
            self.say(Got(len(payload)))

    def heard(self) -> None:
        """Note that everything of one read was taken."""

    def _fail(self, error: Exception) -> None:
        self._is_lost = True
        if not self.entered.done():
            self.entered.set_exception(error)
        else:
            self.failed(error)

    def failed(self, error: Exception) -> None:
        """Note that the connection ended against our will."""
        raise error


async def enter_all(devices: list[Device], place: Place, at_once: int = 32) -> None:
    """Connect many devices, so many at a time."""
    gate = asyncio.Semaphore(at_once)

    async def enter(device: Device) -> None:
        async with gate:
            await device.enter(place)

    await asyncio.gather(*map(enter, devices))
