"""The opening handshake of a WebSocket (RFC 6455 §4.2): a request read, an answer written. No I/O.

Only what a device may send is accepted: HTTP/1.1, GET, the origin form of the
target, one header per line. Whatever could be read in two ways is refused.
"""

import base64
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

PATH: Final = "/ws"
SUBPROTOCOL: Final = "kentong.1"
VERSION: Final = "13"
HEAD_BYTES_MAX: Final = 8 * 1024
HEADERS_MAX: Final = 100
KEY_BYTES: Final = 16

_ACCEPT_SUFFIX: Final = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # §1.3
_TARGET: Final = re.compile(rb"GET (/[!-~]*) HTTP/1\.1")
_HEADER: Final = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*([\t -~\x80-\xff]*)")
_TOKEN: Final = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_WANTS_WEBSOCKET: Final = re.compile(
    rb"[A-Z]+ %b(?:\?[^ \r\n]*)? [^\n]*\n(?:[^\n]*\n)*?(?i:upgrade[ \t]*:[^\r\n]*websocket)"
    % re.escape(PATH.encode())
)

# Headers whose lines may be joined to one list (RFC 9110 §5.3); of all others
# that are read here, a second line is refused.
_LISTS: Final = frozenset(("connection", "upgrade", "sec-websocket-protocol", "x-forwarded-for"))
_SINGLE: Final = frozenset(
    ("host", "origin", "cookie", "authorization", "sec-websocket-key", "sec-websocket-version")
)
_BODY: Final = frozenset(("content-length", "transfer-encoding"))


class BadUpgradeError(Exception):
    """The request can't become a WebSocket; answer `status`, then close the connection."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail


@dataclass(frozen=True, slots=True)
class UpgradeRequest:
    """What a device asked for. Nothing in it has been believed yet."""

    path: str  # without the query, which means nothing here
    host: str
    origin: str | None
    protocols: tuple[str, ...]  # as offered, in order
    authorization: str | None
    cookies: str | None  # the whole header
    forwarded_for: tuple[str, ...]  # hops as the proxies wrote them, nearest last
    accept: str  # the answer to Sec-WebSocket-Key

    def cookie(self, name: str) -> str | None:
        """Return the value of the first cookie of this name, as sent."""
        for pair in (self.cookies or "").split(";"):
            found, equals, value = pair.strip(" \t").partition("=")
            if equals and found == name:
                return value
        return None


def wants_websocket(head: bytes) -> bool:
    """Say whether this request head belongs to the device gateway, well-formed or not."""
    return _WANTS_WEBSOCKET.match(head) is not None


def parse_upgrade(head: bytes) -> UpgradeRequest:
    """Read a request head, the empty line at its end included.

    Raises:
        BadUpgradeError(426): another version of WebSocket than 13.
        BadUpgradeError(431): more than 8 KiB or 100 headers.
        BadUpgradeError(400): anything else that isn't a plain upgrade.
    """
    if len(head) > HEAD_BYTES_MAX:
        raise BadUpgradeError(431, "request head is too long")
    if not head.endswith(b"\r\n\r\n"):
        raise BadUpgradeError(400, "request head is not complete")
    first, *lines = head[:-4].split(b"\r\n")
    target = _TARGET.fullmatch(first)
    if target is None:
        raise BadUpgradeError(400, "not a GET of HTTP/1.1")
    headers = _collect(lines)
    return UpgradeRequest(
        path=target[1].decode().partition("?")[0],
        host=_required(headers, "host"),
        origin=headers.get("origin"),
        accept=_check_upgrade(headers),
        protocols=_protocols(headers.get("sec-websocket-protocol", "")),
        authorization=headers.get("authorization"),
        cookies=headers.get("cookie"),
        forwarded_for=tuple(_items(headers.get("x-forwarded-for", ""))),
    )


def accept_response(request: UpgradeRequest, set_cookie: str = "") -> bytes:
    """Return the answer that opens the WebSocket; our protocol is named only if it was offered."""
    assert set_cookie.isprintable()
    protocol = ""
    if SUBPROTOCOL in request.protocols:
        protocol = f"Sec-WebSocket-Protocol: {SUBPROTOCOL}\r\n"
    cookie = f"Set-Cookie: {set_cookie}\r\n" if set_cookie else ""
    return (
        "HTTP/1.1 101 Switching Protocols\r\n"
        "Upgrade: websocket\r\n"
        "Connection: Upgrade\r\n"
        f"Sec-WebSocket-Accept: {request.accept}\r\n"
        f"{protocol}{cookie}\r\n"
    ).encode()


_PHRASES: Final = {
    400: "Bad Request",
    426: "Upgrade Required",
    429: "Too Many Requests",
    431: "Request Header Fields Too Large",
    503: "Service Unavailable",
}


def refusal_response(status: int, detail: str) -> bytes:
    """Return a plain HTTP answer, after which the connection is closed."""
    body = detail.encode("ascii", "replace") + b"\n"
    upgrade = f"Upgrade: websocket\r\nSec-WebSocket-Version: {VERSION}\r\n"
    return (
        f"HTTP/1.1 {status} {_PHRASES[status]}\r\n"
        "Content-Type: text/plain\r\n"
        f"Content-Length: {len(body)}\r\n"
        f"{upgrade if status == 426 else ''}"
        f"Connection: {'upgrade, ' if status == 426 else ''}close\r\n\r\n"
    ).encode() + body


def accept_key(key: str) -> str:
    """Return the proof that we read a key (§4.2.2).

    Raises:
        BadUpgradeError(400): the key isn't 16 bytes in base64.
    """
    try:
        nonce = base64.b64decode(key, validate=True)
    except ValueError:
        nonce = b""
    if len(nonce) != KEY_BYTES:
        raise BadUpgradeError(400, "Sec-WebSocket-Key is not 16 bytes in base64")
    # SHA-1 is what the RFC asks for; it proves only that a server read the key.
    digest = hashlib.sha1(key.encode() + _ACCEPT_SUFFIX, usedforsecurity=False).digest()
    return base64.b64encode(digest).decode()


def _collect(lines: list[bytes]) -> dict[str, str]:
    if len(lines) > HEADERS_MAX:
        raise BadUpgradeError(431, "too many headers")
    headers: dict[str, str] = {}
    for line in lines:
        match = _HEADER.fullmatch(line)
        if match is None:
            raise BadUpgradeError(400, "a header is malformed")
        name = match[1].decode().lower()
        value = match[2].decode("latin-1").rstrip(" \t")
        if name in _BODY:
            raise BadUpgradeError(400, "an upgrade has no body")
        if name in _LISTS and name in headers:
            headers[name] += f", {value}"
        elif name in _SINGLE and name in headers:
            raise BadUpgradeError(400, f"{name} is there twice")
        elif name in _LISTS or name in _SINGLE:
            headers[name] = value
    return headers


def _check_upgrade(headers: dict[str, str]) -> str:
    """Check what makes the request an upgrade; return the answer to its key."""
    if "websocket" not in _items(_required(headers, "upgrade").lower()):
        raise BadUpgradeError(400, "Upgrade does not name websocket")
    if "upgrade" not in _items(_required(headers, "connection").lower()):
        raise BadUpgradeError(400, "Connection does not name upgrade")
    if _required(headers, "sec-websocket-version") != VERSION:
        raise BadUpgradeError(426, "only version 13 of WebSocket")
    return accept_key(_required(headers, "sec-websocket-key"))


def _required(headers: dict[str, str], name: str) -> str:
    value = headers.get(name)
    if not value:
        raise BadUpgradeError(400, f"{name} is missing")
    return value


def _protocols(value: str) -> tuple[str, ...]:
    names = tuple(_items(value))
    if not all(_TOKEN.fullmatch(name) for name in names):
        raise BadUpgradeError(400, "a protocol is not a token")
    if len(set(names)) != len(names):
        raise BadUpgradeError(400, "a protocol is there twice")
    return names


def _items(value: str) -> Iterator[str]:
    """Yield the elements of a comma-separated list; empty ones don't count (RFC 9110 §5.6.1)."""
    for item in value.split(","):
        stripped = item.strip(" \t")
        if stripped:
            yield stripped
