"""Strangers: how many of them a new account of an open server may write to, and how much."""

from collections.abc import Iterable

from kentong.protocol.errors import ErrorCode, Refused
from kentong.server.access import Context
from kentong.server.config import Registration
from kentong.server.model import Chat
from kentong.server.storage import accounts, chats

YOUNG_S = 24 * 3600  # an account younger than this meets strangers one by one


def check_meeting(context: Context, people: Iterable[int]) -> None:
    """Check that the caller may come to these people: in a direct chat, or putting them in a group.

    A stranger is who never wrote to the caller in their direct chat. Raises
    Refused(STRANGER_LIMIT).
    """
    if not _is_limited(context):
        return
    caller = context.caller.user_id
    met = chats.people_met(context.tx, caller)
    strangers = met.union(people) - chats.people_heard(context.tx, caller) - {caller}
    if len(strangers) > context.config.stranger_chats and not met.issuperset(people):
        raise Refused(ErrorCode.STRANGER_LIMIT)


def check_text(context: Context, chat: Chat) -> None:
    """Check that the caller may write on in a direct chat without an answer.

    Raises Refused(STRANGER_LIMIT).
    """
    # Without an answer all rows are the caller's: few rows need no further look.
    if chat.last_seq < context.config.stranger_texts or not _is_limited(context):
        return
    if not chats.is_answered(context.tx, chat.id, context.caller.user_id):
        raise Refused(ErrorCode.STRANGER_LIMIT)


def _is_limited(context: Context) -> bool:
    if context.config.registration != Registration.OPEN:
        return False
    account = accounts.account(context.tx, context.caller.user_id)
    assert account is not None
    return context.now_s - account.created_at < YOUNG_S
