"""Invite links: to a group, or to a person."""

import hashlib

from kentong.protocol.errors import ErrorCode, Refused
from kentong.protocol.messages import (
    Done,
    GetInvite,
    Invite,
    JoinByInvite,
    MakeInvite,
    RowKind,
)
from kentong.server import access, model
from kentong.server.access import Context
from kentong.server.features import directs, groups, tokens
from kentong.server.model import Chat, MemberState, Reach
from kentong.server.rules.rights import Action
from kentong.server.storage import accounts, chats, invites, members
from kentong.server.storage.engine import Transaction


def make_invite(context: Context, command: MakeInvite) -> Done:
    """Make a link to a group (its owner) or to the caller (chat 0); the one before ends.

    That of a group ends whoever made it. Raises: Refused(NOT_FOUND, FORBIDDEN).
    """
    chat_id, caller = command.chat, context.caller.user_id
    if chat_id:
        chat_id = access.change(context, chat_id, Action.INVITE).chat.id
        chats.set_reach(context.tx, chat_id, Reach.SEMI_PUBLIC)
        invites.revoke_group(context.tx, chat_id, context.now_s)
    else:
        invites.revoke_personal(context.tx, caller, context.now_s)
    token = tokens.invite_token(context.caller, command.origin)
    invites.add_invite(context.tx, digest(token), caller, chat_id, context.now_s)
    return Done(chat=chat_id, text=token)


def join_by_invite(context: Context, command: JoinByInvite) -> Done:
    """Follow a link: into its group, or to the direct chat with its maker.

    Raises:
        Refused(INVITE_INVALID): unknown, revoked, or not for the caller (banned, blocked).
        Refused(TOO_MANY_MEMBERS), Refused(TOO_MANY_CHATS)
    """
    invite = valid(context.tx, command.token)
    if invite.chat_id == 0:
        return Done(chat=_meet_maker(context, invite.made_by).id)
    chats.lock(context.tx, invite.chat_id)
    chat = chats.chat(context.tx, invite.chat_id)
    assert chat is not None
    caller = context.caller.user_id
    before = members.membership(context.tx, chat.id, caller)
    if before is not None and before.state == MemberState.BANNED:
        raise Refused(ErrorCode.INVITE_INVALID)
    if before is None or before.state != MemberState.ACTIVE:
        groups.enter(context, chat, caller)
        groups.note(context, chat, RowKind.JOINED)
        invites.use(context.tx, invite.token_hash)
    return Done(chat=chat.id)


def get_invite(context: Context, request: GetInvite) -> Invite:
    """What a link leads to. Raises Refused(INVITE_INVALID)."""
    shown = preview(context.tx, request.token)
    chat_id = valid(context.tx, request.token).chat_id
    member = members.membership(context.tx, chat_id, context.caller.user_id) if chat_id else None
    inside = member is not None and member.state == MemberState.ACTIVE
    banned = member is not None and member.state == MemberState.BANNED
    if banned:
        raise Refused(ErrorCode.INVITE_INVALID)
    return Invite(request.request, shown.title, shown.member_count, chat_id if inside else 0)


def preview(tx: Transaction, token: str) -> Invite:
    """Title and size of the group, or the person's name. Raises Refused(INVITE_INVALID)."""
    invite = valid(tx, token)
    if invite.chat_id:
        chat = chats.chat(tx, invite.chat_id)
        assert chat is not None
        return Invite(0, chat.title, max(1, chat.member_count))
    return Invite(0, accounts.names(tx, [invite.made_by])[invite.made_by])


def valid(tx: Transaction, token: str) -> model.Invite:
    """The link, if it works and its maker's account does. Raises Refused(INVITE_INVALID)."""
    invite = invites.invite(tx, digest(token))
    maker = accounts.account(tx, invite.made_by) if invite else None
    if invite is None or maker is None or maker.suspended_at:
        raise Refused(ErrorCode.INVITE_INVALID)
    return invite


def digest(token: str) -> bytes:
    """What is kept of a token."""
    return hashlib.sha256(token.encode()).digest()


def _meet_maker(context: Context, maker: int) -> Chat:
    try:
        return directs.meet(context, maker)
    except Refused as refused:
        if refused.code == ErrorCode.NOT_REACHABLE:
            raise Refused(ErrorCode.INVITE_INVALID) from None
        raise
