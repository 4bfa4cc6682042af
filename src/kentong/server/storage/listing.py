"""What catching up reads: heads of a user, and everything that changed since a cursor."""
# ruff: noqa: S608 - SQL is put together from constants

from typing import NamedTuple

from kentong.protocol.limits import INTEGER_MAX
from kentong.server.model import Account, Chat, Head, Membership
from kentong.server.storage import accounts, chats, members
from kentong.server.storage.engine import SqlRow, Transaction

_CHAT_WIDTH = len(Chat._fields)
_CHAT = ", ".join(f"c.{name}" for name in Chat._fields)
_MEMBER = ", ".join(f"m.{name}" for name in Membership._fields)

# A head's clock. Nothing that happened after somebody had left moves their head.
_CLOCK = "CASE WHEN m.state <> 0 OR m.clock > c.clock THEN m.clock ELSE c.clock END"
_PAIR = "SELECT " + _CHAT + ", " + _MEMBER + ", " + _CLOCK + " AS head_clock "
_OF_USER = _PAIR + "FROM members m JOIN chats c ON c.id = m.chat_id WHERE m.user_id = ? "
_HEADS = (
    "SELECT * FROM (" + _OF_USER + ") AS heads "
    "WHERE head_clock >= ? AND (state = 0 OR ? > 0) "
    "AND (head_clock < ? OR (head_clock = ? AND alias < ?)) "
    "ORDER BY head_clock DESC, alias DESC LIMIT ?"
)
_ONE = _OF_USER + "AND m.chat_id = ?"
_MEMBERS = "SELECT " + members.COLUMNS + " FROM members "
_MEMBERS_SINCE = _MEMBERS + "WHERE chat_id = ? AND clock >= ? ORDER BY clock, user_id"
_CHATS_SINCE = "SELECT " + chats.COLUMNS + " FROM chats WHERE clock >= ? ORDER BY clock, id"


class Bounds(NamedTuple):
    """Which heads of a user are wanted: clock from `cursor` on, (clock, alias) below."""

    cursor: int  # 0: everything; chats that are gone are left out
    below_clock: int = INTEGER_MAX
    below_alias: int = 0


def heads_page(tx: Transaction, user_id: int, bounds: Bounds, limit: int) -> list[Head]:
    """The newest heads of a user within bounds, in descending order of (clock, alias).

    Memberships that ended since the cursor are among them, with the clock at which they
    ended. The next page goes on below the last head's (clock, member.alias).
    """
    below = bounds.below_clock
    rows = tx.all(
        _HEADS,
        *(user_id, bounds.cursor, bounds.cursor, below, below, bounds.below_alias, limit),
    )
    return [_head(row) for row in rows]


def head(tx: Transaction, user_id: int, chat_id: int) -> Head | None:
    """One head of a user; also of a chat that the user left."""
    row = tx.one(_ONE, user_id, chat_id)
    return _head(row) if row else None


def memberships(tx: Transaction, user_id: int) -> list[Membership]:
    """Where a user is a member now, in order of chat ids."""
    rows = tx.all(_MEMBERS + "WHERE user_id = ? AND state = 0 ORDER BY chat_id", user_id)
    return [Membership(*row) for row in rows]


def changed_chats(tx: Transaction, cursor: int) -> list[Chat]:
    """Every chat whose head moved since `cursor`, oldest change first."""
    return [Chat(*row) for row in tx.all(_CHATS_SINCE, cursor)]


def changed_users(tx: Transaction, cursor: int) -> list[Account]:
    """Every user whose own head moved since `cursor`, oldest change first."""
    return accounts.changed_since(tx, cursor)


def changed_members(tx: Transaction, chat_id: int, cursor: int) -> list[Membership]:
    """The members of a chat whose own place changed since `cursor`, oldest change first."""
    return [Membership(*row) for row in tx.all(_MEMBERS_SINCE, chat_id, cursor)]


def changed_places(tx: Transaction, user_id: int, cursor: int) -> list[Head]:
    """The user's own places that changed since `cursor`, ended ones too."""
    return [_head(row) for row in tx.all(_OF_USER + "AND m.clock >= ?", user_id, cursor)]


def places(tx: Transaction, user_id: int) -> list[Head]:
    """All chats a user is in."""
    return [_head(row) for row in tx.all(_OF_USER + "AND m.state = 0", user_id)]


def _head(row: SqlRow) -> Head:
    return Head(row[-1], Chat._make(row[:_CHAT_WIDTH]), Membership._make(row[_CHAT_WIDTH:-1]))
