"""Who a device is: its secret, the page it was asked from, and what it needs to begin."""

import hashlib
import re
from collections.abc import Callable
from typing import NamedTuple
from urllib.parse import urlsplit

from kentong.protocol.errors import ErrorCode, Refused
from kentong.protocol.messages import Hello, WelcomeFlag
from kentong.server.config import Config
from kentong.server.model import Device
from kentong.server.storage import accounts, devices, meta, outboxes
from kentong.server.storage.engine import Transaction

BEARER = "Bearer "
COOKIE_S = 400 * 24 * 3600  # the longest that browsers keep one
RENEW_DAYS = 30  # after which a browser that comes gets its cookie anew
DAY_S = 24 * 3600
_VALUE = re.compile(r"([0-9A-Za-z_-]{1,64})(?:\.([0-9]{1,9}))?")  # the secret, the day it was set


class Credentials(NamedTuple):
    """What came with a request, not believed yet."""

    authorization: str | None
    cookie: str | None
    origin: str | None
    host: str


class Arrival(NamedTuple):
    """A device that is signed in, and where the server stands for it."""

    user_id: int
    device_id: int
    name: str  # of the user
    last_number: int  # of the outbox named in the hello
    seen_at: int
    flags: WelcomeFlag  # RESET and HORIZON


def cookie_names(instance: str) -> tuple[str, str]:
    """The name of the cookie over HTTPS, and over plain HTTP."""
    return f"__Host-kentong-{instance}", f"kentong-{instance}"


def cookie_header(name: str, secret: str, now_s: int) -> str:
    """The Set-Cookie by which a browser keeps a secret; it remembers on which day."""
    secure = "; Secure" if name.startswith("__Host-") else ""
    return (
        f"{name}={secret}.{now_s // DAY_S}; Max-Age={COOKIE_S}; Path=/; HttpOnly; "
        f"SameSite=Strict{secure}"
    )


def renewal(cookie: Callable[[str], str | None], instance: str, now_s: int) -> str:
    """The Set-Cookie by which a browser keeps its cookie on; "" while that is new enough.

    Nobody gains by it: what comes back is what was sent.
    """
    for name in cookie_names(instance):
        found = _VALUE.fullmatch(cookie(name) or "")
        if found is not None:
            old = now_s // DAY_S - int(found[2] or 0) >= RENEW_DAYS
            return cookie_header(name, found[1], now_s) if old else ""
    return ""


def secret_of(credentials: Credentials, config: Config) -> str:
    """The device's secret.

    Raises:
        Refused(ORIGIN_FORBIDDEN): another site's page asks, or a cookie came without origin.
        Refused(UNAUTHORISED): there is no secret, or none of ours.
    """
    authorization = credentials.authorization or ""
    by_header = authorization.startswith(BEARER)
    if credentials.origin is not None or not by_header:
        check_origin(credentials, config)
    by_cookie = (credentials.cookie or "").partition(".")[0]
    secret = authorization.removeprefix(BEARER).strip() if by_header else by_cookie
    if not secret or not secret.isascii():
        raise Refused(ErrorCode.UNAUTHORISED)
    return secret


def check_origin(credentials: Credentials, config: Config) -> None:
    """Check that the page belongs to this server. Raises Refused(ORIGIN_FORBIDDEN)."""
    origin = credentials.origin
    if origin is None:
        if credentials.cookie is None:
            return
        raise Refused(ErrorCode.ORIGIN_FORBIDDEN)
    if config.public_address:
        own = urlsplit(config.public_address)
        if origin == f"{own.scheme}://{own.netloc}":
            return
    elif _host_of(origin) == credentials.host.lower():
        return
    raise Refused(ErrorCode.ORIGIN_FORBIDDEN)


def _host_of(origin: str) -> str | None:
    """The host and the port that an origin names; None: it is no origin."""
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return None


def digest(secret: str) -> bytes:
    """What is kept of a secret: it is random and long, one hash is enough."""
    return hashlib.sha256(secret.encode()).digest()


def check(tx: Transaction, secret_hash: bytes) -> Device:
    """The device that has this secret. Raises Refused(UNAUTHORISED), Refused(SUSPENDED)."""
    device = devices.device_by_secret(tx, secret_hash)
    if device is None or device.revoked_at:
        raise Refused(ErrorCode.UNAUTHORISED)
    account = accounts.account(tx, device.user_id)
    if account is None or account.suspended_at:
        raise Refused(ErrorCode.SUSPENDED)
    return device


def arrive(tx: Transaction, secret_hash: bytes, hello: Hello, epoch: int) -> Arrival:
    """Look a device up. Raises Refused(UNAUTHORISED), Refused(SUSPENDED)."""
    device = check(tx, secret_hash)
    account = accounts.account(tx, device.user_id)
    assert account is not None
    flags = WelcomeFlag(0)
    if hello.epoch not in (0, epoch) or hello.cursor > tx.cursor():
        flags |= WelcomeFlag.RESET
    elif 0 < hello.cursor < meta.horizon(tx):
        flags |= WelcomeFlag.HORIZON
    last = outboxes.last_number(tx, device.id, hello.outbox)
    return Arrival(device.user_id, device.id, account.name, last, device.seen_at, flags)


def sign_out(tx: Transaction, device: Device, now_s: int) -> None:
    """Sign a device out for good; its connections look and end."""
    devices.revoke(tx, device.id, now_s)
    accounts.touch(tx, device.user_id)
