"""What changed since a cursor, read in one snapshot for the devices connected here."""

from collections.abc import Callable, Collection
from typing import NamedTuple

from kentong.protocol.messages import ChatKind
from kentong.server.delivery.deltas import Mark
from kentong.server.model import Chat, Head, StoredRow
from kentong.server.rules import rights
from kentong.server.storage import listing, members, messages
from kentong.server.storage.engine import Transaction

ROWS_MAX = 200  # new rows of a chat in one pass; beyond it devices ask for what they want

Told = Callable[[int], tuple[int, int] | None]
"""(last_seq, changes) that the devices here were told of a chat; None: nobody listens."""


class ChatFeed(NamedTuple):
    """A chat that changed, from the state told before to the one read."""

    chat: Chat
    rows: list[StoredRow]  # new and revised ones, ascending
    marks: list[Mark] | None  # of all active members; None: no mark moved
    overflow: bool  # too much to tell step by step, or not in rows and marks: a new name


class UserFeed(NamedTuple):
    """A user connected here whose own head or memberships changed."""

    user_id: int
    clock: int  # of the own head
    places: list[Head]


class Feed(NamedTuple):
    """Everything that changed; everything below `cursor` is in it or was told before."""

    cursor: int
    chats: list[ChatFeed]
    users: list[UserFeed]


def read(tx: Transaction, cursor: int, told: Told, users: Collection[int]) -> Feed:
    """Everything with a clock from `cursor` on that concerns the devices here."""
    revised: dict[int, set[int]] = {}
    for chat_id, seq in messages.revised_since(tx, cursor):
        revised.setdefault(chat_id, set()).add(seq)
    chats = []
    for chat in listing.changed_chats(tx, cursor):
        state = told(chat.id)
        if state is not None and sum(state) < chat.version:
            chats.append(_chat(tx, chat, state, cursor, revised.get(chat.id, set())))
    changed = [
        UserFeed(user.id, user.clock, listing.changed_places(tx, user.id, cursor))
        for user in listing.changed_users(tx, cursor)
        if user.id in users
    ]
    return Feed(tx.cursor(), chats, changed)


def _chat(
    tx: Transaction, chat: Chat, state: tuple[int, int], cursor: int, revised: set[int]
) -> ChatFeed:
    last_seq = state[0]
    renamed = chat.kind == ChatKind.DIRECT and chat.members_clock >= cursor
    if renamed or chat.last_seq - last_seq + len(revised) > ROWS_MAX:
        return ChatFeed(chat, [], None, overflow=True)
    rows = []
    for seq in sorted(seq for seq in revised if seq <= last_seq):
        row = messages.row(tx, chat.id, seq)
        if row is not None:
            rows.append(row)
    if chat.last_seq > last_seq:
        rows += messages.range_rows(tx, chat.id, (last_seq + 1, chat.last_seq), 0, ROWS_MAX)
    marks = None
    if chat.marks_clock >= cursor and rights.shares_marks(chat.kind, chat.member_count):
        marks = [
            Mark(member.user_id, member.read_seq, member.delivered_seq)
            for member in members.all_active(tx, chat.id)
        ]
    return ChatFeed(chat, rows, marks, overflow=False)
