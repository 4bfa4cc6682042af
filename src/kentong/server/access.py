"""The only way to a chat: load it and check what the caller may do there, in one call."""

from collections.abc import Callable
from typing import NamedTuple

from kentong.protocol.errors import ErrorCode, Refused
from kentong.protocol.messages import ChatKind, Role, RowKind
from kentong.protocol.planted import Planted
from kentong.server.config import Config
from kentong.server.model import Chat, Membership, MemberState, StoredRow
from kentong.server.rules import rights
from kentong.server.rules.rights import Action
from kentong.server.storage import accounts, chats, listing, members, messages
from kentong.server.storage.engine import Transaction


class Caller(NamedTuple):
    """Who asks, from which device; and for a numbered command, which one it is."""

    user_id: int
    device_id: int
    outbox: int = 0
    number: int = 0
    links_key: bytes = b""  # features/tokens.py

    def next(self) -> "Caller":
        """The same, with the next command of the outbox."""
        user_id, device_id, outbox, number, links_key = self
        return Caller(user_id, device_id, outbox, number + 1, links_key)


class Context(NamedTuple):
    """What a handler works with. It runs inside one transaction, perhaps more than once."""

    tx: Transaction
    caller: Caller
    now_s: int
    config: Config
    new_token: Callable[[], str]  # random, 96 bits and more
    planted: frozenset[Planted] = frozenset()


class Place(NamedTuple):
    """A chat and the caller's membership in it."""

    chat: Chat
    member: Membership


def look(context: Context, chat_id: int, action: Action = Action.READ) -> Place:
    """The chat, for reading.

    Raises:
        Refused(NOT_FOUND): no such chat, or the caller isn't in it; they look the same.
        Refused(FORBIDDEN): the caller's role does not allow the action.
    """
    head = listing.head(context.tx, context.caller.user_id, chat_id)
    if head is None:
        raise Refused(ErrorCode.NOT_FOUND)
    _, chat, member = head
    gone = member.state != MemberState.ACTIVE
    if gone and Planted.REMOVED_STILL_SERVED not in context.planted:
        raise Refused(ErrorCode.NOT_FOUND)
    if not rights.may(ChatKind(chat.kind), Role(member.role), action):
        raise Refused(ErrorCode.FORBIDDEN)
    return Place(chat, member)


def change(context: Context, chat_id: int, action: Action) -> Place:
    """The chat, locked until the end of this piece of work. Raises as `look`."""
    chats.lock(context.tx, chat_id)
    return look(context, chat_id, action)


def text_row(context: Context, place: Place, seq: int, at: int) -> StoredRow:
    """A text that the caller may see, posted at that time if `at` is not 0.

    Raises Refused(NOT_FOUND), also where a restore put another text in its place.
    """
    row = messages.row(context.tx, place.chat.id, seq) if visible(place, seq) else None
    if row is None or row.kind != RowKind.TEXT or at not in (0, row.sent_at):
        raise Refused(ErrorCode.NOT_FOUND)
    return row


def visible(place: Place, seq: int) -> bool:
    """Whether the caller may see this position."""
    return max(place.member.visible_from_seq, place.chat.first_seq) <= seq <= place.chat.last_seq


def knows(context: Context, user_id: int) -> None:
    """Check that the caller may know of this person: they share a chat.

    Raises Refused(NOT_FOUND): no such person, or a stranger; they look the same.
    """
    if not members.shares_chat(context.tx, context.caller.user_id, user_id):
        raise Refused(ErrorCode.NOT_FOUND)


def reaches(context: Context, user_id: int) -> None:
    """Check that messages between the caller and this person are taken.

    Raises Refused(NOT_REACHABLE): one has blocked the other, or is suspended.
    """
    if not accounts.reachable(context.tx, context.caller.user_id, user_id):
        raise Refused(ErrorCode.NOT_REACHABLE)


def role(place: Place) -> Role:
    """The caller's role in the chat."""
    return Role(place.member.role)
