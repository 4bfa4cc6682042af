"""One port for everything: tells WebSockets from HTTP, caps the crowd, sweeps the silent."""

import asyncio
import logging
import socket
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, cast

from kentong.protocol.errors import ErrorCode
from kentong.server.gateway.connection import Patience, Shared, WebSocketConnection
from kentong.server.gateway.door import Door
from kentong.server.gateway.handshake import (
    HEAD_BYTES_MAX,
    BadUpgradeError,
    UpgradeRequest,
    accept_response,
    parse_upgrade,
    refusal_response,
    wants_websocket,
)
from kentong.server.gateway.link import OpenReceiver
from kentong.server.gateway.refusing import refuse
from kentong.server.gateway.websocket import GOING_AWAY, Limits
from kentong.server.rules.addresses import (
    Address,
    Admission,
    Crowd,
    Network,
    Place,
    client_address,
    is_trusted,
    parse_address,
    place_of,
)

log = logging.getLogger(__name__)

RECEIVE_BYTES: Final = 64 * 1024
BACKLOG: Final = 1024
_HEAD_END: Final = b"\r\n\r\n"
_ABORT_WAIT_S: Final = 1.0  # the loop reports the end of what was dropped at once
CROWDED_MS: Final = 30_000  # after which somebody may have left
_SWEEP_BATCH: Final = 1000  # connections between two breaths of the loop

OpenHttp = Callable[[], asyncio.Protocol]
"""Makes the protocol for one HTTP connection; aiohttp's `AppRunner.server` is one."""


@dataclass(frozen=True, slots=True)
class ListenerSettings:
    """Limits and times of a listener; every one has a default that suits one small machine."""

    connections_max: int = 18_000
    connections_per_address_max: int = 500
    """By IPv4 address or IPv6 /64. Generous: whole villages share one address."""
    head_timeout_s: float = 10.0
    """From the connection to the end of its first request's head."""
    sweep_every_s: float = 1.0
    send_buffer_bytes: int = 128 * 1024
    """The kernel's buffer for each connection (Linux doubles it): what may be on its way."""
    unsent_bytes_max: int = 16 * 1024
    """So much of it may wait to be sent at all: a slow link should look slow at once."""
    trusted_proxies: Sequence[Network] = ()
    patience: Patience = field(default_factory=Patience)
    limits: Limits = field(default_factory=Limits)


def _no_cookie(request: UpgradeRequest) -> str:
    del request
    return ""


class Listener:
    """Listens, and keeps every connection that came in until it is gone.

    Call `listen` for each address, and `close` once. HTTP connections belong
    to whoever gave `open_http` as soon as their first head is there; they are
    counted here but not closed by `close`.
    """

    def __init__(
        self,
        open_receiver: OpenReceiver,
        open_http: OpenHttp,
        settings: ListenerSettings,
        time: Callable[[], float] | None = None,
    ) -> None:
        self.settings = settings
        self.open_receiver = open_receiver
        self.open_http = open_http
        self.set_cookie: Callable[[UpgradeRequest], str] = _no_cookie
        self.crowd = Crowd(settings.connections_max, settings.connections_per_address_max)
        self.websockets: set[WebSocketConnection] = set()
        self.openings: set[Opening] = set()
        self.closing = False
        self.shared = Shared(
            memoryview(bytearray(RECEIVE_BYTES)),
            time or asyncio.get_running_loop().time,
            self._forget,
            settings.patience,
            settings.limits,
        )
        self._servers: list[asyncio.Server | Door] = []
        self._sweeping: asyncio.Task[None] | None = None
        self._empty = asyncio.Event()

    async def listen(
        self, host: str, port: int, context: ssl.SSLContext | None = None, *, reuse: bool = False
    ) -> int:
        """Listen on one address, `::` for everything; return the port, which matters for port 0.

        With `reuse` several processes may listen on the same port.

        Raises:
            OSError: the address can't be had.
        """
        listening = open_socket(host, port, self.settings, reuse=reuse)
        if context is None:
            loop = asyncio.get_running_loop()
            self._servers.append(
                await loop.create_server(lambda: Opening(self), sock=listening, backlog=BACKLOG)
            )
        else:
            timeout_s = self.settings.head_timeout_s
            self._servers.append(Door(listening, context, timeout_s, self._admit))
        if self._sweeping is None:
            self._sweeping = asyncio.create_task(self._sweep_forever())
        return int(listening.getsockname()[1])

    async def close(self) -> None:
        """Take nobody in, say goodbye to every WebSocket (1001), wait a little, drop the rest."""
        self.closing = True
        for server in self._servers:
            server.close()
        for opening in tuple(self.openings):
            opening.abort()
        for connection in tuple(self.websockets):
            connection.close(GOING_AWAY)
        await self._wait_until_empty(self.settings.patience.close_wait_s)
        for connection in tuple(self.websockets):
            connection.abort()
        await self._wait_until_empty(_ABORT_WAIT_S)
        if self._sweeping is not None:
            self._sweeping.cancel()
            await asyncio.gather(self._sweeping, return_exceptions=True)

    def _admit(self, host: str) -> "Opening | None":
        opening = Opening(self)
        if opening.enter(host):
            return opening
        opening.connection_lost(None)
        return None

    async def _wait_until_empty(self, timeout_s: float) -> None:
        if not self.websockets:
            return
        self._empty.clear()
        try:
            await asyncio.wait_for(self._empty.wait(), timeout_s)
        except TimeoutError:
            pass

    def sweep(self, now: float) -> None:
        """Look after every connection once."""
        self._check_openings(now)
        for connection in tuple(self.websockets):
            connection.check(now)

    def _forget(self, connection: WebSocketConnection) -> None:
        self.websockets.discard(connection)
        self.crowd.leave(connection.place)
        if not self.websockets:
            self._empty.set()

    def _check_openings(self, now: float) -> None:
        for opening in tuple(self.openings):
            opening.check(now)

    async def _sweep_forever(self) -> None:
        while True:
            await asyncio.sleep(self.settings.sweep_every_s)
            try:
                await self._sweep_gently()
            except Exception:  # our bug; without the sweep nobody would be dropped
                log.exception("sweep failed")

    async def _sweep_gently(self) -> None:
        self._check_openings(self.shared.time())
        for count, connection in enumerate(tuple(self.websockets), start=1):
            connection.check(self.shared.time())
            if count % _SWEEP_BATCH == 0:
                await asyncio.sleep(0)


def open_socket(host: str, port: int, settings: ListenerSettings, *, reuse: bool) -> socket.socket:
    """Return a listening socket; the connections inherit its options."""
    everything = host in ("", "::")
    listening = socket.create_server(
        ("::" if everything and socket.has_dualstack_ipv6() else host, port),
        family=socket.AF_INET6 if everything or ":" in host else socket.AF_INET,
        backlog=BACKLOG,
        reuse_port=reuse,
        dualstack_ipv6=everything,
    )
    listening.settimeout(0)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, settings.send_buffer_bytes)
    if hasattr(socket, "TCP_NOTSENT_LOWAT"):  # Linux and macOS
        unsent = settings.unsent_bytes_max
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, unsent)
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening


class Opening(asyncio.BufferedProtocol):
    """A connection that hasn't sent its first request head yet."""

    __slots__ = (
        "_head", "_is_counted", "_is_crowded", "_is_full", "_listener", "_opened_at", "_peer",
        "_place", "_refused", "_transport",
    )  # fmt: skip

    _transport: asyncio.Transport
    _peer: Address

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self._head = b""
        self._place: Place | None = None
        self._is_counted = False  # by us; whoever takes the connection over leaves for us
        self._opened_at = listener.shared.time()
        self._refused = False
        self._is_full = False  # the server
        self._is_crowded = False  # the address

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Count the connection, unless that is done, or drop it."""
        # uvloop's transports are asyncio's by what they do, not by inheritance.
        self._transport = cast("asyncio.Transport", transport)
        peername = transport.get_extra_info("peername")
        self._listener.openings.add(self)
        may_stay = self._is_counted or self.enter(peername[0] if peername else "")
        if self._listener.closing or not may_stay:
            self.abort()

    def enter(self, host: str) -> bool:
        """Count a connection from there; False: it must be dropped."""
        peer = parse_address(host)
        admission = self._listener.crowd.enter() if peer else Admission.TURNED_AWAY
        if peer is None or admission is Admission.TURNED_AWAY:
            return False
        self._is_counted = True
        self._is_full = admission is Admission.TOLD
        self._peer = peer
        return self._settle(peer)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._listener.openings.discard(self)
        if self._is_counted:
            self._is_counted = False
            self._listener.crowd.leave(self._place)

    def get_buffer(self, sizehint: int) -> memoryview:
        """Lend the shared buffer for one read."""
        return self._listener.shared.buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Collect the request head, then hand the connection on."""
        if self._refused:
            return
        self._head += self._listener.shared.buffer[:nbytes]
        if not self._head[:1].isalpha():  # no HTTP at all, TLS perhaps
            self.abort()
            return
        head, end, rest = self._head.partition(_HEAD_END)
        if len(head) + len(end) > HEAD_BYTES_MAX:
            self._refuse(431, "request head is too long")
        elif end:
            self._hand_on(head + end, rest)

    def take_over(
        self,
        transport: asyncio.Transport,
        origin: tuple[Address, Place | None],
        head: bytes,
        rest: bytes,
    ) -> None:
        """Open the WebSocket that somebody asks for on a connection that is counted already."""
        self._transport = transport
        self._peer, self._place = origin
        self._is_counted = True
        self._listener.openings.add(self)
        transport.set_protocol(self)
        self._upgrade(head, rest)

    def check(self, now: float) -> None:
        """Drop the connection if its head takes too long; called by the listener's sweep."""
        if now - self._opened_at >= self._listener.settings.head_timeout_s:
            self.abort()

    def abort(self) -> None:
        """Drop the connection without a word."""
        self._refused = True
        self._transport.abort()

    def _settle(self, address: Address) -> bool:
        """Count the address, unless it is a proxy of ours or has been counted.

        False: there are too many from there even to tell.
        """
        if self._place is not None or is_trusted(address, self._listener.settings.trusted_proxies):
            return True
        place = place_of(address)
        admission = self._listener.crowd.settle(place)
        if admission is Admission.TURNED_AWAY:
            return False
        self._is_crowded = admission is Admission.TOLD
        self._place = place
        return True

    def _refuse(self, status: int, detail: str) -> None:
        self._refused = True
        self._transport.write(refusal_response(status, detail))
        self._transport.close()

    def _hand_on(self, head: bytes, rest: bytes) -> None:
        self._head = b""
        if wants_websocket(head):
            self._upgrade(head, rest)
        elif self._is_full:
            self._refuse(503, "too many connections")
        elif self._is_crowded:
            self._refuse(429, "too many connections from this address")
        else:
            self._become_http(head + rest)

    def _upgrade(self, head: bytes, rest: bytes) -> None:
        try:
            request = parse_upgrade(head)
        except BadUpgradeError as error:
            self._refuse(error.status, error.detail)
            return
        proxies = self._listener.settings.trusted_proxies
        address = client_address(self._peer, request.forwarded_for, proxies)
        if self._settle(address):
            self._become_websocket(request, str(address), rest)
        else:
            self._refuse(429, "too many connections from this address")

    def _receiver(self) -> OpenReceiver:
        """What opens the session, or says why there is none."""
        if self._is_full:
            return lambda link, request: refuse(link, ErrorCode.OVERLOADED, CROWDED_MS)
        if self._is_crowded:
            return lambda link, request: refuse(link, ErrorCode.TOO_MANY_REQUESTS, CROWDED_MS)
        return self._listener.open_receiver

    def _become_websocket(self, request: UpgradeRequest, address: str, rest: bytes) -> None:
        listener = self._listener
        connection = WebSocketConnection(listener.shared, self._transport, address, self._place)
        self._hand_over()
        listener.websockets.add(connection)
        self._transport.set_protocol(connection)
        self._transport.write(accept_response(request, listener.set_cookie(request)))
        connection.open(self._receiver(), request)
        if rest:
            connection.take(memoryview(rest))

    def _become_http(self, data: bytes) -> None:
        listener = self._listener
        handler = listener.open_http()
        self._hand_over()
        self._transport.set_protocol(HttpConnection(listener, handler, self._peer, self._place))
        handler.connection_made(self._transport)
        handler.data_received(data)

    def _hand_over(self) -> None:
        self._listener.openings.discard(self)
        self._is_counted = False


class HttpConnection(asyncio.BufferedProtocol):
    """Hands everything on to an HTTP protocol; stays in between to count the connection."""

    __slots__ = ("_handler", "_listener", "_peer", "_place")

    def __init__(
        self, listener: Listener, handler: asyncio.Protocol, peer: Address, place: Place | None
    ) -> None:
        self._listener = listener
        self._handler = handler
        self._peer = peer
        self._place = place

    def get_buffer(self, sizehint: int) -> memoryview:
        """Lend the shared buffer for one read."""
        return self._listener.shared.buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Hand on what was read."""
        self._handler.data_received(bytes(self._listener.shared.buffer[:nbytes]))

    def eof_received(self) -> bool | None:
        """Hand on the peer's end; the handler says whether to stay open."""
        return self._handler.eof_received()

    def pause_writing(self) -> None:
        """Hand on that the peer takes less than we send."""
        self._handler.pause_writing()

    def resume_writing(self) -> None:
        """Hand on that the congestion is over."""
        self._handler.resume_writing()

    def upgrade(self, transport: asyncio.Transport, head: bytes, rest: bytes) -> None:
        """Leave HTTP for good: open a WebSocket, or refuse and close."""
        asyncio.get_running_loop().call_soon(self._handler.connection_lost, None)
        Opening(self._listener).take_over(transport, (self._peer, self._place), head, rest)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection, and hand it on."""
        self._listener.crowd.leave(self._place)
        self._handler.connection_lost(exc)


def upgrade(transport: asyncio.Transport, head: bytes, rest: bytes) -> None:
    """Make a WebSocket of a connection that served HTTP so far, as proxies ask for it.

    Args:
        head: of the request, whole.
        rest: what came behind it.
    """
    connection = transport.get_protocol()
    assert isinstance(connection, HttpConnection)
    connection.upgrade(transport, head, rest)
