"""Members: who is in a chat, what they may see, how far they have read."""
# ruff: noqa: S608 - SQL is put together from constants

from kentong.server.model import Chat, Membership, MemberState, NewMember, Withdrawal
from kentong.server.storage import chats
from kentong.server.storage.engine import SqlRow, Transaction

SENT_AWAY = (MemberState.REMOVED, MemberState.BANNED)
COLUMNS = (
    "chat_id, user_id, alias, role, state, access_clock, visible_from_seq, joined_seq, "
    "read_seq, delivered_seq, clock, joined_at"
)
_SELECT = "SELECT " + COLUMNS + " FROM members "
_ONE = _SELECT + "WHERE user_id = ? AND chat_id = ?"
_PAGE = _SELECT + "WHERE chat_id = ? AND state = ? AND user_id > ? ORDER BY user_id LIMIT ?"
_ACTIVE = _SELECT + "WHERE chat_id = ? AND state = 0"
_OLDEST = _SELECT + "WHERE chat_id = ? AND state = 0 ORDER BY joined_seq, user_id LIMIT 1"


def membership(tx: Transaction, chat_id: int, user_id: int) -> Membership | None:
    """The user's place in a chat, also when it is over."""
    return _membership(tx.one(_ONE, user_id, chat_id))


def add_member(tx: Transaction, new: NewMember) -> Membership:
    """Let somebody in, for the first time or again; counts them in the chat.

    Who was there before keeps alias and marks, but for `joined_seq`; `access_clock` tells
    their devices that what they hold is invalid.
    """
    before = membership(tx, new.chat_id, new.user_id)
    assert before is None or before.state != MemberState.ACTIVE, "is a member already"
    clock = tx.clock
    alias = before.alias if before else new.alias
    row = tx.one(
        "INSERT INTO members (" + COLUMNS + ") VALUES (?, ?, ?, ?, 0, ?, ?, ?, 0, 0, ?, ?) "
        "ON CONFLICT (user_id, chat_id) DO UPDATE SET role = excluded.role, state = 0, "
        "access_clock = excluded.access_clock, visible_from_seq = excluded.visible_from_seq, "
        "joined_seq = excluded.joined_seq, clock = excluded.clock, "
        "joined_at = excluded.joined_at RETURNING " + COLUMNS,
        *(new.chat_id, new.user_id, alias, new.role, clock, new.visible_from_seq),
        *(new.joined_seq, clock, new.joined_at),
    )
    chats.count_members(tx, new.chat_id, 1)
    if before is not None and before.state in SENT_AWAY:
        _note(tx, new.chat_id, new.user_id, MemberState.ACTIVE)
    assert row is not None
    return Membership(*row)


def set_state(tx: Transaction, chat_id: int, user_id: int, state: MemberState) -> bool:
    """End a membership, or change why it is over; False: there is none, or it is so.

    Lifting a ban is LEFT; coming back is `add_member`.
    """
    before = membership(tx, chat_id, user_id)
    if before is None or before.state == state:
        return False
    assert state != MemberState.ACTIVE
    tx.run(
        "UPDATE members SET state = ?, role = 0, access_clock = ?, clock = ? "
        "WHERE user_id = ? AND chat_id = ?",
        *(state, tx.clock, tx.clock, user_id, chat_id),
    )
    chats.count_members(tx, chat_id, -1 if before.state == MemberState.ACTIVE else 0)
    if state in SENT_AWAY or before.state in SENT_AWAY:
        _note(tx, chat_id, user_id, state)
    return True


def send_away_again(tx: Transaction, chat_id: int, user_id: int, state: MemberState) -> bool:
    """Do to an older copy of the database what was done to a member since."""
    if state in SENT_AWAY:
        return set_state(tx, chat_id, user_id, state)
    found = membership(tx, chat_id, user_id)
    if found is None or found.state not in SENT_AWAY:
        return False
    return set_state(tx, chat_id, user_id, MemberState.LEFT)  # who came back since may do so again


def _note(tx: Transaction, chat_id: int, user_id: int, state: MemberState) -> None:
    tx.removed.append(Withdrawal("member", (str(chat_id), str(user_id)), int(state)))


def set_role(tx: Transaction, chat_id: int, user_id: int, role: int) -> None:
    """Give an active member another role."""
    tx.run(
        "UPDATE members SET role = ?, clock = ? WHERE user_id = ? AND chat_id = ? AND state = 0",
        *(role, tx.clock, user_id, chat_id),
    )
    chats.count_members(tx, chat_id, 0)


def mark_posted(tx: Transaction, chat_id: int, user_id: int, seq: int) -> None:
    """The author of row `seq` has read all up to there; the chat's head tells it."""
    tx.run(
        "UPDATE members SET read_seq = ?, delivered_seq = ? WHERE user_id = ? AND chat_id = ?",
        *(seq, seq, user_id, chat_id),
    )


def set_read(tx: Transaction, chat: Chat, user_id: int, seq: int) -> bool:
    """Move a member's read mark; False: it is there already.

    Marks never go back, and never beyond the chat's last row. What is read is delivered.
    """
    seq = min(seq, chat.last_seq)
    changed = tx.run(
        "UPDATE members SET read_seq = ?, clock = ?, "
        "delivered_seq = CASE WHEN delivered_seq < ? THEN ? ELSE delivered_seq END "
        "WHERE user_id = ? AND chat_id = ? AND state = 0 AND read_seq < ?",
        *(seq, tx.clock, seq, seq, user_id, chat.id, seq),
    )
    return changed > 0


def set_delivered(tx: Transaction, chat: Chat, user_id: int, seq: int) -> bool:
    """Move a member's delivered mark; False: it is there already. As `set_read`."""
    seq = min(seq, chat.last_seq)
    changed = tx.run(
        "UPDATE members SET delivered_seq = ?, clock = ? "
        "WHERE user_id = ? AND chat_id = ? AND state = 0 AND delivered_seq < ?",
        *(seq, tx.clock, user_id, chat.id, seq),
    )
    return changed > 0


def peers_marks(tx: Transaction, chat_id: int, user_id: int) -> tuple[int, int]:
    """The furthest (read, delivered) marks of the other active members; 0 if nobody."""
    row = tx.one(
        "SELECT coalesce(max(read_seq), 0), coalesce(max(delivered_seq), 0) FROM members "
        "WHERE chat_id = ? AND state = 0 AND user_id <> ?",
        *(chat_id, user_id),
    )
    assert row is not None
    return row[0], row[1]


def page(
    tx: Transaction, chat_id: int, after_user: int, limit: int, state: MemberState
) -> list[Membership]:
    """Members in that state with a user id above `after_user`, in order of these ids."""
    return [Membership(*row) for row in tx.all(_PAGE, chat_id, state, after_user, limit)]


def oldest_member(tx: Transaction, chat_id: int) -> Membership | None:
    """The active member who has been there longest."""
    return _membership(tx.one(_OLDEST, chat_id))


def active_count(tx: Transaction, chat_id: int) -> int:
    """How many members a chat has, counted; `Chat.member_count` is the same, kept."""
    row = tx.one("SELECT count(*) FROM members WHERE chat_id = ? AND state = 0", chat_id)
    assert row is not None
    return int(row[0])


def chat_count(tx: Transaction, user_id: int) -> int:
    """How many chats a user is in."""
    row = tx.one("SELECT count(*) FROM members WHERE user_id = ? AND state = 0", user_id)
    assert row is not None
    return int(row[0])


def shares_chat(tx: Transaction, user_id: int, other_id: int) -> bool:
    """Whether two users are in the same chat now."""
    row = tx.one(
        "SELECT 1 FROM members mine JOIN members other ON other.chat_id = mine.chat_id "
        "WHERE mine.user_id = ? AND mine.state = 0 AND other.user_id = ? AND other.state = 0 "
        "LIMIT 1",
        *(user_id, other_id),
    )
    return row is not None


def ever_shared_chat(tx: Transaction, user_id: int, other_id: int) -> bool:
    """Whether the other is, or was, in a chat that the user is in now; oneself always."""
    row = tx.one(
        "SELECT 1 FROM members mine JOIN members other ON other.chat_id = mine.chat_id "
        "WHERE mine.user_id = ? AND mine.state = 0 AND other.user_id = ? LIMIT 1",
        *(user_id, other_id),
    )
    return row is not None or user_id == other_id


def all_active(tx: Transaction, chat_id: int) -> list[Membership]:
    """Every active member of a small chat."""
    return [Membership(*row) for row in tx.all(_ACTIVE, chat_id)]


def _membership(row: SqlRow | None) -> Membership | None:
    return None if row is None else Membership(*row)
