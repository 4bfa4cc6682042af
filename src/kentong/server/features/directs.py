"""Direct chats, and notes to self."""

from kentong.protocol.errors import ErrorCode, Refused
from kentong.protocol.messages import ChatKind, Done, OpenDirect, Role
from kentong.server import access
from kentong.server.access import Context
from kentong.server.features import strangers
from kentong.server.model import Chat, NewChat, NewMember, Reach
from kentong.server.storage import accounts, chats, members


def open_direct(context: Context, command: OpenDirect) -> Done:
    """Find or make the direct chat with somebody the caller shares a chat with.

    User 0, or the caller, means notes to self.

    Raises:
        Refused(NOT_FOUND): no such person, or a stranger.
        Refused(NOT_REACHABLE), Refused(TOO_MANY_CHATS), Refused(STRANGER_LIMIT)
    """
    user_id = command.user or context.caller.user_id
    if user_id != context.caller.user_id:
        access.knows(context, user_id)
    return Done(chat=meet(context, user_id).id)


def meet(context: Context, user_id: int) -> Chat:
    """The direct chat of the caller with somebody; made if there is none. Raises as above."""
    caller = context.caller.user_id
    key = chats.direct_key(caller, user_id)
    found = chats.direct(context.tx, key)
    if found is not None:
        return found
    both = sorted({caller, user_id})
    if len(both) == 2:
        access.reaches(context, user_id)
        strangers.check_meeting(context, [user_id])
    for person in both:
        room_for_chat(context, person)
    kind = ChatKind.DIRECT if len(both) == 2 else ChatKind.NOTES
    chat = chats.add_chat(context.tx, NewChat(kind, Reach.PRIVATE, "", key, context.now_s))
    for person in both:
        admit(context, chat, person)
    return chat


def admit(context: Context, chat: Chat, user_id: int, role: Role = Role.MEMBER) -> None:
    """Let somebody into a chat, to see what comes from now on."""
    before = members.membership(context.tx, chat.id, user_id)
    alias = before.alias if before else accounts.take_alias(context.tx, user_id)
    seq = chat.last_seq
    members.add_member(
        context.tx, NewMember(chat.id, user_id, alias, role, seq + 1, seq, context.now_s)
    )
    accounts.touch(context.tx, user_id)


def room_for_chat(context: Context, user_id: int) -> None:
    """Check that somebody may be in one more chat. Raises Refused(TOO_MANY_CHATS)."""
    if members.chat_count(context.tx, user_id) >= context.config.chats_max:
        raise Refused(ErrorCode.TOO_MANY_CHATS)
