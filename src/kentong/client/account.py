"""Becoming somebody: join by a link, sign in again by a recovery code, sign out."""

import asyncio
import hashlib
import itertools
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

import aiohttp

from kentong.client.store import Account
from kentong.client.transport import Unreachable
from kentong.protocol.errors import ErrorCode, Refused

ANSWER_BYTES_MAX: Final = 65_536
REQUEST_S: Final = 60.0
PROOF_STEPS_AT_ONCE: Final = 20_000


@dataclass(frozen=True, slots=True)
class Joined:
    """A new device. The recovery code is shown to the user once and not kept here."""

    account: Account
    user: int
    recovery_code: str


@dataclass(frozen=True, slots=True)
class InviteView:
    """What an invite link leads to."""

    kind: str  # "group" or "person"
    title: str
    member_count: int = 0


def split_link(link: str) -> tuple[str, str, str]:
    """(address of the server, "join" or "recover", token or code) of a link.

    Links end in `#join=<token>` or `#recover=<code>`. Raises ValueError.
    """
    parts = urlsplit(link)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise ValueError("a link begins with https:// or http://")
    purpose, _, secret = parts.fragment.partition("=")
    if purpose not in ("join", "recover") or not secret:
        raise ValueError("the link has no invite in it")
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}", purpose, secret


async def invite(address: str, token: str) -> InviteView:
    """What an invite leads to. Raises Refused, Unreachable."""
    answer = await call(address, "invite", {"token": token})
    return InviteView(answer["kind"], answer["title"], answer.get("member_count", 0))


async def join(address: str, token: str, name: str, device: str) -> Joined:
    """Make an account and its first device; `token` is "" where a server is open to all.

    Raises:
        Refused: the server doesn't take this.
        Unreachable: whether the server made the account is not known.
    """
    body: dict[str, Any] = {"token": token, "name": name, "device": device, "cookie": False}
    policy = await call(address, "policy", {})
    if policy.get("registration") == "open":
        body["proof"] = await prove(address)
    return _joined(address, await call(address, "join", body))


async def recover(address: str, code: str, device: str) -> Joined:
    """Sign a new device in to an account; the code stays valid.

    Raises Refused, Unreachable.
    """
    answer = await call(address, "recover", {"code": code, "device": device, "cookie": False})
    return _joined(address, answer)


async def sign_out(account: Account) -> None:
    """Tell the server to forget this device. Raises Refused, Unreachable."""
    await call(account.address, "signout", {}, account.secret)


async def prove(address: str) -> dict[str, Any]:
    """Do the work that an open server asks of newcomers."""
    asked = await call(address, "challenge", {})
    challenge, bits = str(asked["challenge"]), int(asked["bits"])
    for start in itertools.count(0, PROOF_STEPS_AT_ONCE):
        nonce = find_nonce(challenge, bits, range(start, start + PROOF_STEPS_AT_ONCE))
        if nonce is not None:
            return {"challenge": challenge, "nonce": nonce}
        await asyncio.sleep(0)
    raise AssertionError("counting ends never")


def find_nonce(challenge: str, bits: int, tries: range) -> str | None:
    """The first number whose hash behind the challenge begins with that many zero bits."""
    limit = 1 << (256 - bits)
    for number in tries:
        digest = hashlib.sha256(f"{challenge}{number}".encode()).digest()
        if int.from_bytes(digest, "big") < limit:
            return str(number)
    return None


async def call(address: str, name: str, body: dict[str, Any], secret: str = "") -> dict[str, Any]:
    """One call of the server's JSON interface. Raises Refused, Unreachable."""
    headers = {"Authorization": f"Bearer {secret}"} if secret else {}
    timeout = aiohttp.ClientTimeout(total=REQUEST_S)
    url = f"{address.rstrip('/')}/api/{name}"
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout) as http,
            http.post(url, json=body, headers=headers) as response,
        ):
            answer = await response.json(content_type=None)
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
        raise Unreachable(f"{address}: {error}") from None
    if not isinstance(answer, dict):
        raise Unreachable(f"{address} is no Kentong server")
    if response.status != 200:
        raise _refused(answer)
    return answer


def _refused(answer: dict[str, Any]) -> Refused:
    code, retry_after_ms = answer.get("error"), answer.get("retry_after_ms", 0)
    try:
        known = ErrorCode(int(code or 0))
    except ValueError:
        known = ErrorCode.INTERNAL
    return Refused(known, retry_after_ms=int(retry_after_ms))


def _joined(address: str, answer: dict[str, Any]) -> Joined:
    try:
        account = Account(
            address.rstrip("/"), str(answer["instance"]), int(answer["device"]), answer["secret"]
        )
        return Joined(account, int(answer["user"]), str(answer["recovery_code"]))
    except (KeyError, TypeError, ValueError):
        raise Unreachable(f"{address} is no Kentong server") from None
