"""Groups: create, rename, add, remove, ban, leave."""

from kentong.protocol.errors import ErrorCode, Refused
from kentong.protocol.limits import FIRST_MEMBERS_MAX
from kentong.protocol.messages import (
    AddMember,
    ChatKind,
    CreateGroup,
    Done,
    LeaveGroup,
    RemoveMember,
    RenameGroup,
    Role,
    RowKind,
)
from kentong.server import access
from kentong.server.access import Context
from kentong.server.features import directs, strangers
from kentong.server.model import Chat, MemberState, NewChat, NewRow, Reach
from kentong.server.rules import texts
from kentong.server.rules.rights import Action
from kentong.server.storage import accounts, chats, invites, members, messages


def create_group(context: Context, command: CreateGroup) -> Done:
    """Make a group that the caller owns; people whom they may not add are left out.

    Raises:
        Refused(NAME_INVALID), Refused(TOO_MANY_MEMBERS), Refused(TOO_MANY_CHATS)
        Refused(TOO_LARGE): more than FIRST_MEMBERS_MAX people at once.
        Refused(STRANGER_LIMIT): the caller is new, and knows too many of them too little.
    """
    caller = context.caller.user_id
    title = texts.shown_name(command.title, context.config.title_chars_max)
    others = sorted(set(command.members) - {caller})
    if len(others) > FIRST_MEMBERS_MAX:
        raise Refused(ErrorCode.TOO_LARGE)
    if len(others) >= context.config.members_max:
        raise Refused(ErrorCode.TOO_MANY_MEMBERS)
    directs.room_for_chat(context, caller)
    welcome = [user_id for user_id in others if _may_add(context, user_id)]
    strangers.check_meeting(context, welcome)
    new = NewChat(ChatKind.GROUP, Reach.PRIVATE, title, None, context.now_s)
    chat = chats.add_chat(context.tx, new)
    directs.admit(context, chat, caller, Role.OWNER)
    for user_id in welcome:
        directs.admit(context, chat, user_id)
    note(context, chat, RowKind.CREATED, text=title)
    return Done(chat=chat.id)


def rename_group(context: Context, command: RenameGroup) -> Done:
    """Give a group another title. Raises Refused(NAME_INVALID, NOT_FOUND, FORBIDDEN)."""
    title = texts.shown_name(command.title, context.config.title_chars_max)
    chat = access.change(context, command.chat, Action.RENAME).chat
    if title != chat.title:
        chats.rename(context.tx, chat.id, title)
        note(context, chat, RowKind.RENAMED, text=title)
    return Done(chat=chat.id)


def add_member(context: Context, command: AddMember) -> Done:
    """Add somebody whom the caller knows; the owner thereby lifts a ban.

    Raises:
        Refused(NOT_FOUND): no such group or person for the caller.
        Refused(FORBIDDEN): banned, and the caller is not the owner.
        Refused(NOT_REACHABLE), Refused(TOO_MANY_MEMBERS), Refused(TOO_MANY_CHATS)
        Refused(STRANGER_LIMIT): the caller is new, and this is one stranger too many.
    """
    place = access.change(context, command.chat, Action.ADD)
    before = members.membership(context.tx, place.chat.id, command.user)
    if before is not None and before.state == MemberState.ACTIVE:
        return Done(chat=place.chat.id)
    banned = before is not None and before.state == MemberState.BANNED
    owner = access.role(place) == Role.OWNER
    if not (banned and owner):
        access.knows(context, command.user)
    if banned and not owner:
        raise Refused(ErrorCode.FORBIDDEN)
    access.reaches(context, command.user)
    strangers.check_meeting(context, [command.user])
    enter(context, place.chat, command.user)
    note(context, place.chat, RowKind.ADDED, subject=command.user)
    return Done(chat=place.chat.id)


def enter(context: Context, chat: Chat, user_id: int) -> None:
    """Let somebody into a group. Raises Refused(TOO_MANY_MEMBERS, TOO_MANY_CHATS)."""
    if chat.member_count >= context.config.members_max:
        raise Refused(ErrorCode.TOO_MANY_MEMBERS)
    directs.room_for_chat(context, user_id)
    directs.admit(context, chat, user_id)


def remove_member(context: Context, command: RemoveMember) -> Done:
    """Remove somebody, or ban them; without `ban` an existing ban is lifted.

    Raises:
        Refused(NOT_FOUND): no such group for the caller, or never a member.
        Refused(FORBIDDEN): the caller doesn't own the group, or means themselves.
    """
    chat = access.change(context, command.chat, Action.REMOVE).chat
    target = members.membership(context.tx, chat.id, command.user)
    if target is None:
        raise Refused(ErrorCode.NOT_FOUND)
    if command.user == context.caller.user_id:
        raise Refused(ErrorCode.FORBIDDEN)
    was_active = target.state == MemberState.ACTIVE
    state = MemberState.BANNED if command.ban else MemberState.REMOVED
    if members.set_state(context.tx, chat.id, command.user, state) and was_active:
        accounts.touch(context.tx, command.user)
        kind = RowKind.BANNED if command.ban else RowKind.REMOVED
        note(context, chat, kind, subject=command.user)
    return Done(chat=chat.id)


def leave_group(context: Context, command: LeaveGroup) -> Done:
    """Leave. When the owner leaves, the longest-standing member owns the group.

    The owner's link ends with that: it is for the new one to make another.
    """
    place = access.change(context, command.chat, Action.LEAVE)
    caller, chat = context.caller.user_id, place.chat
    note(context, chat, RowKind.LEFT)
    members.set_state(context.tx, chat.id, caller, MemberState.LEFT)
    accounts.touch(context.tx, caller)
    heir = members.oldest_member(context.tx, chat.id)
    if access.role(place) == Role.OWNER:
        invites.revoke_group(context.tx, chat.id, context.now_s)
    if access.role(place) == Role.OWNER and heir is not None:
        members.set_role(context.tx, chat.id, heir.user_id, Role.OWNER)
        accounts.touch(context.tx, heir.user_id)
    return Done(chat=chat.id)


def note(context: Context, chat: Chat, kind: RowKind, *, text: str = "", subject: int = 0) -> None:
    """Post a system row in the caller's name."""
    at = max(context.now_s, chat.last_at)
    row = NewRow(context.caller.user_id, at, text, kind=kind, subject_id=subject)
    messages.append(context.tx, chat, row)


def _may_add(context: Context, user_id: int) -> bool:
    caller = context.caller.user_id
    return (
        members.shares_chat(context.tx, caller, user_id)
        and accounts.reachable(context.tx, caller, user_id)
        and members.chat_count(context.tx, user_id) < context.config.chats_max
    )
