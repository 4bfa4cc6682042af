"""Joining: a first device by invite or openly, a further one by recovery code."""

import secrets
from typing import NamedTuple

from kentong.protocol.errors import ErrorCode, Refused
from kentong.protocol.messages import JoinByInvite
from kentong.server.access import Caller, Context
from kentong.server.config import Registration
from kentong.server.features import invites, sign_in
from kentong.server.rules import texts
from kentong.server.storage import accounts, devices
from kentong.server.storage import invites as stored_invites

RECOVERY_GROUPS, RECOVERY_GROUP_CHARS = 5, 5  # 125 bits
_ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"  # without what looks alike
DEVICE_NAME_CHARS_MAX = 64
OWNER_INVITE = 0  # maker of the link by which the server's owner comes


class Wanted(NamedTuple):
    """What somebody who joins brings."""

    token: str  # of an invite, "" for none
    name: str
    device: str  # how they call the device
    proven: bool  # they did the work that an open server asks for


class Joined(NamedTuple):
    """A device that may sign in from now on; the secrets are not kept in clear."""

    user_id: int
    device_id: int
    secret: str
    recovery_code: str


def join(context: Context, wanted: Wanted) -> Joined:
    """Open an account, its first device, and follow the invite.

    Raises:
        Refused(REGISTRATION_CLOSED): closed, or by invite only and there is none.
        Refused(INVITE_INVALID), Refused(PROOF_INVALID), Refused(NAME_INVALID)
    """
    name = texts.shown_name(wanted.name, context.config.name_chars_max)
    inviter = admission(context, wanted)
    owns = inviter == OWNER_INVITE
    account = accounts.add_account(
        context.tx, name, context.now_s, invited_by=inviter or 0, is_admin=owns
    )
    code = new_recovery_code()
    accounts.set_recovery(context.tx, account.id, sign_in.digest(plain_code(code)))
    joined = _add_device(context, account.id, wanted.device, code)
    if owns:
        stored_invites.revoke_personal(context.tx, OWNER_INVITE, context.now_s)
    elif wanted.token:
        _follow(context, joined, wanted.token)
    return joined


def admission(context: Context, wanted: Wanted) -> int | None:
    """Who invited somebody who may join: OWNER_INVITE for the owner's link, None for nobody.

    Raises Refused(REGISTRATION_CLOSED), Refused(INVITE_INVALID), Refused(PROOF_INVALID).
    """
    if wanted.token and is_owner_invite(context, wanted.token):
        return OWNER_INVITE
    policy = context.config.registration
    if policy == Registration.CLOSED or (policy == Registration.INVITE and not wanted.token):
        raise Refused(ErrorCode.REGISTRATION_CLOSED)
    if policy == Registration.OPEN and not wanted.proven:
        raise Refused(ErrorCode.PROOF_INVALID)
    return invites.valid(context.tx, wanted.token).made_by if wanted.token else None


def is_owner_invite(context: Context, token: str) -> bool:
    """Whether this is the link by which the owner comes."""
    invite = stored_invites.invite(context.tx, invites.digest(token))
    return invite is not None and invite.made_by == OWNER_INVITE


def _follow(context: Context, joined: Joined, token: str) -> None:
    caller = Caller(joined.user_id, joined.device_id)
    inner = Context(
        context.tx, caller, context.now_s, context.config, context.new_token, context.planted
    )
    invites.join_by_invite(inner, JoinByInvite(token))


def recover(context: Context, code: str, device: str) -> Joined:
    """Sign in a further device by recovery code, which stays valid.

    Raises:
        Refused(CODE_INVALID): no such code, or its account is suspended.
        Refused(TOO_MANY_DEVICES)
    """
    account = accounts.account_by_recovery(context.tx, sign_in.digest(plain_code(code)))
    if account is None or account.suspended_at:
        raise Refused(ErrorCode.CODE_INVALID)
    if devices.count(context.tx, account.id) >= context.config.devices_max:
        raise Refused(ErrorCode.TOO_MANY_DEVICES)
    return _add_device(context, account.id, device, code)


def _add_device(context: Context, user_id: int, name: str, code: str) -> Joined:
    secret = secrets.token_urlsafe(24)
    shown = "".join(character for character in name if character.isprintable())
    device = devices.add_device(
        context.tx, user_id, sign_in.digest(secret),
        shown.strip()[:DEVICE_NAME_CHARS_MAX] or "?", context.now_s,
    )  # fmt: skip
    accounts.touch(context.tx, user_id)
    return Joined(user_id, device.id, secret, code)


def new_recovery_code() -> str:
    """A fresh code, in groups that can be copied by hand."""
    groups = (
        "".join(secrets.choice(_ALPHABET) for _ in range(RECOVERY_GROUP_CHARS))
        for _ in range(RECOVERY_GROUPS)
    )
    return "-".join(groups)


def plain_code(code: str) -> str:
    """The code without what people add when they copy it."""
    return "".join(character for character in code.upper() if character.isalnum())
