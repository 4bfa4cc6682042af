"""Chats: their state, and the locks that keep versions gapless."""
# ruff: noqa: S608 - SQL is put together from constants

from kentong.protocol.messages import ChatKind, RowKind
from kentong.server.model import Chat, NewChat
from kentong.server.storage.engine import SqlRow, Transaction

COLUMNS = (
    "id, kind, reach, title, direct_key, created_at, clock, last_seq, changes, last_at, "
    "first_seq, member_count, marks_clock, revised_clock, members_clock"
)
_SELECT = "SELECT " + COLUMNS + " FROM chats "
_BY_ID = _SELECT + "WHERE id = ?"
_BY_KEY = _SELECT + "WHERE direct_key = ?"


def direct_key(user_id: int, other_id: int) -> str:
    """The key that makes the direct chat of two users one of a kind; notes: twice oneself."""
    return f"{min(user_id, other_id)}:{max(user_id, other_id)}"


def add_chat(tx: Transaction, new: NewChat) -> Chat:
    """A new chat without members or rows."""
    row = tx.one(
        "INSERT INTO chats (kind, reach, title, direct_key, created_at, clock) "
        "VALUES (?, ?, ?, ?, ?, ?) RETURNING " + COLUMNS,
        *(new.kind, new.reach, new.title, new.direct_key, new.created_at, tx.clock),
    )
    assert row is not None
    return Chat(*row)


def chat(tx: Transaction, chat_id: int) -> Chat | None:
    """The chat with this id."""
    return _chat(tx.one(_BY_ID, chat_id))


def lock(tx: Transaction, chat_id: int) -> None:
    """See that nobody else changes a chat until this work is done.

    To be called before anything of a chat is read on which a change of it depends.
    Who locks several chats does it in ascending order of their ids.
    """
    if tx.for_update:
        tx.one("SELECT id FROM chats WHERE id = ?" + tx.for_update, chat_id)


def direct(tx: Transaction, key: str) -> Chat | None:
    """The direct chat with this `direct_key`."""
    return _chat(tx.one(_BY_KEY, key))


def rename(tx: Transaction, chat_id: int, title: str) -> int:
    """Give a chat another title; returns its new `changes`."""
    row = tx.one(
        "UPDATE chats SET title = ?, changes = changes + 1, clock = ? WHERE id = ? "
        "RETURNING changes",
        *(title, tx.clock, chat_id),
    )
    assert row is not None
    return int(row[0])


def touch(tx: Transaction, chat_id: int, *, marks: bool = False, members: bool = False) -> int:
    """Move the chat's head by one change; returns its new `changes`.

    Args:
        marks: read or delivered marks of others changed.
        members: members or their roles changed.
    """
    clock = tx.clock
    row = tx.one(
        "UPDATE chats SET changes = changes + 1, clock = ?, "
        "marks_clock = CASE WHEN ? > 0 THEN ? ELSE marks_clock END, "
        "members_clock = CASE WHEN ? > 0 THEN ? ELSE members_clock END "
        "WHERE id = ? RETURNING changes",
        *(clock, int(marks), clock, int(members), clock, chat_id),
    )
    assert row is not None
    return int(row[0])


def set_reach(tx: Transaction, chat_id: int, reach: int) -> None:
    """Note who can come to see a chat."""
    tx.run("UPDATE chats SET reach = ? WHERE id = ?", reach, chat_id)


def touch_directs(tx: Transaction, user_id: int) -> None:
    """Move the heads of all direct chats of a user: their profile changed."""
    tx.run(
        "UPDATE chats SET changes = changes + 1, clock = ?, members_clock = ? "
        "WHERE kind = 0 AND id IN (SELECT chat_id FROM members WHERE user_id = ? AND state = 0)",
        *(tx.clock, tx.clock, user_id),
    )


def people_met(tx: Transaction, user_id: int) -> set[int]:
    """Whom a user came to: in direct chats, in groups that they made or put people in."""
    rows = tx.all(
        "SELECT o.user_id FROM members m JOIN chats c ON c.id = m.chat_id AND c.kind = ? "
        "JOIN members o ON o.chat_id = c.id WHERE m.user_id = ? "
        "UNION SELECT o.user_id FROM members m "  # first members were there before the first row
        "JOIN messages x ON x.chat_id = m.chat_id AND x.seq = 1 AND x.author_id = m.user_id "
        "AND x.kind = ? JOIN members o ON o.chat_id = m.chat_id AND o.joined_seq = 0 "
        "WHERE m.user_id = ? "
        "UNION SELECT x.subject_id FROM members m JOIN messages x ON x.chat_id = m.chat_id "
        "AND x.seq > m.joined_seq AND x.author_id = m.user_id AND x.kind = ? WHERE m.user_id = ?",
        *(int(ChatKind.DIRECT), user_id, int(RowKind.CREATED), user_id),
        *(int(RowKind.ADDED), user_id),
    )
    return {row[0] for row in rows} - {user_id}


def people_heard(tx: Transaction, user_id: int) -> set[int]:
    """Who wrote to a user in their direct chat."""
    rows = tx.all(
        "SELECT o.user_id FROM members m JOIN chats c ON c.id = m.chat_id AND c.kind = ? "
        "JOIN members o ON o.chat_id = c.id AND o.user_id <> m.user_id WHERE m.user_id = ? "
        "AND EXISTS (SELECT 1 FROM messages x WHERE x.chat_id = c.id AND x.author_id = o.user_id)",
        *(int(ChatKind.DIRECT), user_id),
    )
    return {row[0] for row in rows}


def is_answered(tx: Transaction, chat_id: int, user_id: int) -> bool:
    """Whether anybody but this user wrote in a chat."""
    return (
        tx.one(
            "SELECT 1 FROM messages WHERE chat_id = ? AND author_id <> ? LIMIT 1",
            *(chat_id, user_id),
        )
        is not None
    )


def count_members(tx: Transaction, chat_id: int, difference: int) -> None:
    """Note that members came, went or changed; `changes` stays, a system row says it."""
    tx.run(
        "UPDATE chats SET member_count = member_count + ?, members_clock = ?, clock = ? "
        "WHERE id = ?",
        *(difference, tx.clock, tx.clock, chat_id),
    )


def count(tx: Transaction) -> int:
    """How many chats there are."""
    row = tx.one("SELECT count(*) FROM chats")
    assert row is not None
    return int(row[0])


def _chat(row: SqlRow | None) -> Chat | None:
    return None if row is None else Chat(*row)
