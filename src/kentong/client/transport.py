"""How frames travel: a small interface, and the real thing over WebSockets and HTTP."""

import asyncio
import ssl
from collections.abc import Mapping
from typing import Final, Protocol
from urllib.parse import urlsplit

import aiohttp
import websockets
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from kentong.protocol.limits import EXCHANGE_BYTES_MAX, FRAME_BYTES_MAX, SUBPROTOCOL

CONTENT_TYPE: Final = "application/vnd.kentong"
CLOSE_S: Final = 2.0  # how long a WebSocket may take to say good-bye


class Unreachable(Exception):
    """The network or the server's host failed; nothing is known of what was sent."""


class Link(Protocol):
    """One open WebSocket. Each method raises Unreachable when it is over."""

    async def send(self, frame: bytes) -> None:
        """Send one frame; may wait for the network."""

    async def receive(self) -> bytes:
        """The next frame."""

    async def close(self) -> None:
        """Let go, at once. Safe to repeat."""


class Transport(Protocol):
    """The two ways to a server. Each call raises Unreachable, and may be cancelled."""

    async def open(self, token: str) -> Link:
        """Open a WebSocket with this hello."""

    async def post(self, body: bytes) -> bytes:
        """One exchange; the answer's body."""

    async def close(self) -> None:
        """Let go of everything. Safe to repeat."""


class WebSocketLink:
    """A Link over the `websockets` client."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection

    async def send(self, frame: bytes) -> None:
        """See Link."""
        try:
            await self._connection.send(frame)
        except (websockets.WebSocketException, OSError) as error:
            raise Unreachable(str(error)) from None

    async def receive(self) -> bytes:
        """See Link."""
        try:
            frame = await self._connection.recv(decode=False)
        except (websockets.WebSocketException, OSError) as error:
            raise Unreachable(str(error)) from None
        return bytes(frame)

    async def close(self) -> None:
        """See Link."""
        self._connection.transport.abort()


class NetworkTransport:
    """A Transport over TCP and TLS. Certificates are verified."""

    def __init__(self, address: str, secret: str) -> None:
        """To a server at `address` (https://…, or http://… where TLS can't be), as a device."""
        self._address = address.rstrip("/")
        self._headers: Mapping[str, str] = {"Authorization": f"Bearer {secret}"}
        self._http: aiohttp.ClientSession | None = None

    async def open(self, token: str) -> WebSocketLink:
        """See Transport."""
        scheme, _, rest = self._address.partition("://")
        secure = scheme == "https"
        try:
            connection = await connect(
                f"{'wss' if secure else 'ws'}://{rest}/ws",
                subprotocols=[Subprotocol(SUBPROTOCOL), Subprotocol(token)],
                additional_headers=self._headers,
                user_agent_header=None,
                compression=None,
                open_timeout=None,  # the connection decides when to lose patience
                ping_interval=None,
                close_timeout=CLOSE_S,
                max_size=FRAME_BYTES_MAX,
                ssl=ssl.create_default_context() if secure else None,
            )
        except (websockets.WebSocketException, OSError, EOFError) as error:
            raise Unreachable(str(error)) from None
        return WebSocketLink(connection)

    async def post(self, body: bytes) -> bytes:
        """See Transport."""
        if self._http is None:
            self._http = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=None))
        headers = {**self._headers, "Content-Type": CONTENT_TYPE}
        try:
            async with self._http.post(
                f"{self._address}/sync", data=body, headers=headers
            ) as response:
                if response.content_type != CONTENT_TYPE:
                    raise Unreachable(f"POST /sync was answered with status {response.status}")
                return await _read(response)
        except (aiohttp.ClientError, OSError, asyncio.IncompleteReadError) as error:
            raise Unreachable(str(error)) from None

    async def close(self) -> None:
        """See Transport."""
        http, self._http = self._http, None
        if http is not None:
            await http.close()


async def _read(response: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    async for piece in response.content.iter_any():
        body += piece
        if len(body) > EXCHANGE_BYTES_MAX:
            raise Unreachable("the answer is too long")
    return bytes(body)


def is_address(address: str) -> bool:
    """Whether this looks like the address of a server."""
    parts = urlsplit(address)
    return parts.scheme in ("http", "https") and bool(parts.netloc) and not parts.query
