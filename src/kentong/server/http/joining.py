"""/api: joining, recovering, signing out. JSON in, JSON out."""

import contextlib
import enum
import json
import logging
import secrets
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

from aiohttp import web

from kentong.protocol.errors import ErrorCode, Refused
from kentong.protocol.planted import NOTHING
from kentong.server.access import Caller, Context
from kentong.server.config import Registration
from kentong.server.features import invites, joining, sign_in
from kentong.server.features.joining import Joined, Wanted
from kentong.server.features.sign_in import Credentials
from kentong.server.http.requests import address_of, is_secure, read_body
from kentong.server.node import Node
from kentong.server.rules import proof
from kentong.server.rules.addresses import key_of
from kentong.server.rules.rates import Rates
from kentong.server.storage import devices
from kentong.server.storage.engine import Transaction

log = logging.getLogger(__name__)

BODY_BYTES_MAX = 8_192
_STATUS = {
    ErrorCode.RATE_LIMITED: 429,
    ErrorCode.ORIGIN_FORBIDDEN: 403,
    ErrorCode.UNAUTHORISED: 401,
    ErrorCode.TOO_LARGE: 413,
    ErrorCode.DISK_FULL: 507,
    ErrorCode.OVERLOADED: 503,
    ErrorCode.INTERNAL: 500,
}
_USED_MAX = 100_000

Fields = dict[str, Any]  # JSON from outside, checked field by field
Answer = Callable[[web.Request, Fields], Awaitable[web.Response]]


class Tries(enum.Enum):
    """Which calls count as tries to get in; all count as requests of their address."""

    NONE = enum.auto()
    WRONG_TOKENS = enum.auto()  # who shows a token that works has guessed nothing
    ALL = enum.auto()


class Joining:
    """The handlers of /api."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._key = secrets.token_bytes(32)  # of challenges; a restart makes them invalid
        self._used: dict[str, int] = {}  # challenges that somebody joined with, and when

    def routes(self) -> list[web.RouteDef]:
        """What is served."""
        return [
            web.post("/api/policy", self._guarded(self._policy, Tries.NONE)),
            web.post("/api/invite", self._guarded(self._invite, Tries.WRONG_TOKENS)),
            web.post("/api/challenge", self._guarded(self._challenge, Tries.NONE)),
            web.post("/api/join", self._guarded(self._join, Tries.WRONG_TOKENS)),
            web.post("/api/recover", self._guarded(self._recover, Tries.ALL)),
            web.post("/api/signout", self._guarded(self._sign_out, Tries.ALL)),
        ]

    def _guarded(
        self, answer: Answer, tries: Tries
    ) -> Callable[[web.Request], Awaitable[web.Response]]:
        """Origin, body and rate are checked before, refusals become JSON after."""
        sign_ins = self._node.limits.sign_ins

        async def handle(request: web.Request) -> web.Response:
            try:
                sign_in.check_origin(credentials_of(self._node, request), self._node.config)
                fields = await _fields(request, self._node.config.stall_timeout_s)
                if tries is not Tries.NONE:
                    self._within(sign_ins, request)
                answered = await answer(request, fields)
                if tries is Tries.WRONG_TOKENS and fields.get("token"):
                    sign_ins.give_back(self._key_of(request))
                return answered
            except Refused as refused:
                body = {"error": int(refused.code), "retry_after_ms": refused.retry_after_ms}
                return web.json_response(body, status=_STATUS.get(refused.code, 400))

        return handle

    def _within(self, rates: Rates, request: web.Request) -> None:
        wait_ms = rates.take(self._key_of(request), self._node.now())
        if wait_ms:
            raise Refused(ErrorCode.RATE_LIMITED, retry_after_ms=wait_ms)

    def _key_of(self, request: web.Request) -> str | int:
        return key_of(address_of(request, self._node.config.proxies))

    async def _policy(self, request: web.Request, fields: Fields) -> web.Response:
        """Who may join here, before anybody has an invite; and what this server is called."""
        del request, fields
        return web.json_response(
            {
                "registration": self._node.config.registration,
                "instance": self._node.engine.instance,
            }
        )

    async def _invite(self, request: web.Request, fields: Fields) -> web.Response:
        del request
        token = _text(fields, "token", 100)

        def work(tx: Transaction) -> Fields:
            if joining.is_owner_invite(self._context(tx), token):
                return {"kind": "owner", "title": ""}
            shown = invites.preview(tx, token)
            kind = "group" if shown.member_count else "person"
            return {"kind": kind, "title": shown.title, "member_count": shown.member_count}

        found = await self._node.engine.read(work)
        return web.json_response({**found, "registration": self._node.config.registration})

    async def _challenge(self, request: web.Request, fields: Fields) -> web.Response:
        del request, fields
        made = proof.challenge(self._key, secrets.token_urlsafe(9), int(self._node.now()))
        return web.json_response({"challenge": made, "bits": self._node.config.proof_bits})

    async def _join(self, request: web.Request, fields: Fields) -> web.Response:
        wanted = Wanted(
            _text(fields, "token", 100), _text(fields, "name", 200),
            _text(fields, "device", 200), self._proven(fields),
        )  # fmt: skip
        inviter = await self._node.engine.read(
            lambda tx: joining.admission(self._context(tx), wanted)
        )
        with self._counted(request, inviter):
            joined = await self._node.engine.write(
                lambda tx: joining.join(self._context(tx), wanted)
            )
        self._node.counts["accounts_opened"] += 1
        log.info("account %d opened", joined.user_id)
        return self._signed_in(request, joined, cookie=fields.get("cookie", True) is not False)

    @contextlib.contextmanager
    def _counted(self, request: web.Request, inviter: int | None) -> Iterator[None]:
        """Count a new account; tries that are refused don't count.

        Who comes by an invite counts with the inviter alone: a whole class may stand behind
        one address. Who comes by none counts with the address and with all such. The owner's
        link works once, that is limit enough.
        """
        limits = self._node.limits
        counts: list[tuple[Rates, str | int]] = []
        if inviter is None:
            counts = [(limits.address_sign_ups, self._key_of(request)), (limits.sign_ups, "all")]
        elif inviter != joining.OWNER_INVITE:
            counts = [(limits.invite_joins, inviter)]
        taken: list[tuple[Rates, str | int]] = []
        try:
            for rates, key in counts:
                wait_ms = rates.take(key, self._node.now())
                if wait_ms:
                    raise Refused(ErrorCode.RATE_LIMITED, retry_after_ms=wait_ms)
                taken.append((rates, key))
            yield
        except Refused:
            for rates, key in taken:
                rates.give_back(key)
            raise

    async def _recover(self, request: web.Request, fields: Fields) -> web.Response:
        code, device = _text(fields, "code", 100), _text(fields, "device", 200)
        joined = await self._node.engine.write(
            lambda tx: joining.recover(self._context(tx), code, device)
        )
        return self._signed_in(request, joined, cookie=fields.get("cookie", True) is not False)

    async def _sign_out(self, request: web.Request, fields: Fields) -> web.Response:
        del fields
        secret = sign_in.secret_of(credentials_of(self._node, request), self._node.config)

        def work(tx: Transaction) -> None:
            device = devices.device_by_secret(tx, sign_in.digest(secret))
            if device is not None and not device.revoked_at:
                sign_in.sign_out(tx, device, int(self._node.now()))

        await self._node.engine.write(work)
        response = web.json_response({})
        for name in sign_in.cookie_names(self._node.engine.instance):
            response.del_cookie(name, path="/", secure=name.startswith("__"))
        return response

    def _proven(self, fields: Fields) -> bool:
        if self._node.config.registration != Registration.OPEN:
            return False
        given = fields.get("proof")
        given = given if isinstance(given, dict) else {}
        made, nonce = _text(given, "challenge", 200), _text(given, "nonce", 64)
        now = int(self._node.now())
        if made in self._used:
            return False
        proven = proof.is_proven(self._key, made, nonce, self._node.config.proof_bits, now)
        if proven:
            self._used = {
                old: at for old, at in self._used.items() if now - at <= proof.CHALLENGE_S
            }
            self._used[made] = now
        return proven and len(self._used) < _USED_MAX

    def _signed_in(self, request: web.Request, joined: Joined, *, cookie: bool) -> web.Response:
        body: Fields = {
            "user": joined.user_id,
            "device": joined.device_id,
            "instance": self._node.engine.instance,
            "recovery_code": joined.recovery_code,
        }
        if not cookie:
            return web.json_response({**body, "secret": joined.secret})
        response = web.json_response(body)
        secure, plain = sign_in.cookie_names(self._node.engine.instance)
        name = secure if is_secure(request, self._node.config.proxies) else plain
        cookie_header = sign_in.cookie_header(name, joined.secret, int(self._node.now()))
        response.headers["Set-Cookie"] = cookie_header
        return response

    def _context(self, tx: Transaction) -> Context:
        return Context(
            tx, Caller(0, 0), int(self._node.now()), self._node.config, self._node.new_token,
            NOTHING,
        )  # fmt: skip


def credentials_of(node: Node, request: web.Request) -> Credentials:
    """The credentials that came with an HTTP request."""
    secure, plain = sign_in.cookie_names(node.engine.instance)
    return Credentials(
        request.headers.get("Authorization"),
        request.cookies.get(secure) or request.cookies.get(plain),
        request.headers.get("Origin"),
        request.headers.get("Host", ""),
    )


async def _fields(request: web.Request, stall_s: float) -> Fields:
    if request.content_type != "application/json":
        raise Refused(ErrorCode.MALFORMED)
    body = await read_body(request, BODY_BYTES_MAX, stall_s)
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        raise Refused(ErrorCode.MALFORMED) from None
    if not isinstance(found, dict):
        raise Refused(ErrorCode.MALFORMED)
    return found


def _text(fields: Fields, name: str, chars_max: int) -> str:
    value = fields.get(name, "")
    if not isinstance(value, str) or len(value) > chars_max or "\0" in value:
        raise Refused(ErrorCode.MALFORMED)
    try:
        value.encode()
    except UnicodeEncodeError:
        raise Refused(ErrorCode.MALFORMED) from None
    return value
