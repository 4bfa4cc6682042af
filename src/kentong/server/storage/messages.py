"""Messages: the rows of chats, gapless in seq, each with the version of its last change."""

from kentong.protocol.limits import UNREAD_MAX
from kentong.protocol.messages import RowKind
from kentong.server.model import Chat, NewRow, Removed, RemovedRun, StoredRow
from kentong.server.storage.engine import Transaction

_SELECT = (
    "SELECT seq, version, author_id, sent_at, kind, text, reply_to, edited, subject_id, "
    "outbox, number FROM messages "
)
_ONE = _SELECT + "WHERE chat_id = ? AND seq = ?"
_RANGE = _SELECT + "WHERE chat_id = ? AND seq BETWEEN ? AND ? AND version > ? ORDER BY seq LIMIT ?"
_LATEST = _SELECT + "WHERE chat_id = ? AND seq >= ? ORDER BY seq DESC LIMIT ?"
_UNCOUNTED = (
    "SELECT count(*) FROM messages WHERE chat_id = ? AND seq > ? AND seq <= ? AND kind <> 0"
)
_ADVANCE = (
    "UPDATE chats SET last_seq = last_seq + 1, last_at = ?, clock = ? WHERE id = ? "
    "RETURNING last_seq, changes"
)
_INSERT = (
    "INSERT INTO messages (chat_id, seq, version, author_id, sent_at, kind, text, reply_to, "
    "edited, subject_id, outbox, number) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0, ?, ?, ?)"
)
_REVISE = (
    "UPDATE chats SET changes = changes + 1, clock = ?, revised_clock = ? WHERE id = ? "
    "RETURNING changes, last_seq"
)
_REVISION = (
    "INSERT INTO revisions (chat_id, seq, clock, removed) VALUES (?, ?, ?, ?) "
    "ON CONFLICT (chat_id, seq) DO UPDATE SET clock = excluded.clock, removed = excluded.removed"
)


def append(tx: Transaction, chat: Chat, row: NewRow) -> tuple[int, int]:
    """Post a row; returns the chat's state (last_seq, changes) afterwards."""
    advanced = tx.one(_ADVANCE, row.sent_at, tx.clock, chat.id)
    assert advanced is not None
    seq, changes = advanced
    tx.run(
        _INSERT,
        *(chat.id, seq, seq + changes, row.author_id, row.sent_at, row.kind, row.text),
        *(row.reply_to, row.subject_id, row.outbox, row.number),
    )
    return seq, changes


def row(tx: Transaction, chat_id: int, seq: int) -> StoredRow | None:
    """One row."""
    found = tx.one(_ONE, chat_id, seq)
    return StoredRow(*found) if found else None


def edit(tx: Transaction, chat: Chat, seq: int, text: str) -> int:
    """Replace a row's text; returns the chat's new `changes`."""
    changes, version = _revise(tx, chat.id, seq, removed=False)
    changed = tx.run(
        "UPDATE messages SET text = ?, edited = 1, version = ? "
        "WHERE chat_id = ? AND seq = ? AND kind = 0",
        *(text, version, chat.id, seq),
    )
    assert changed == 1, "only texts are edited"
    return changes


def tombstone(tx: Transaction, chat: Chat, seq: int) -> int:
    """Wipe a row, for good and everywhere; returns the chat's new `changes`."""
    before = row(tx, chat.id, seq)
    assert before is not None
    changes, version = _revise(tx, chat.id, seq, removed=True)
    tx.run(
        "UPDATE messages SET text = '', reply_to = 0, edited = 0, kind = ?, version = ? "
        "WHERE chat_id = ? AND seq = ?",
        *(int(RowKind.DELETED), version, chat.id, seq),
    )
    tx.removed.append(
        Removed(chat.id, seq, before.author_id, before.sent_at, before.outbox, before.number)
    )
    return changes


def range_rows(
    tx: Transaction, chat_id: int, run: tuple[int, int], as_of_version: int, limit: int
) -> list[StoredRow]:
    """The rows first..last of a chat that changed above a version, in order."""
    first, last = run
    return [StoredRow(*row) for row in tx.all(_RANGE, chat_id, first, last, as_of_version, limit)]


def latest(tx: Transaction, chat_id: int, visible_from: int, limit: int) -> list[StoredRow]:
    """The newest rows of a chat in ascending order, none below `visible_from`."""
    rows = tx.all(_LATEST, chat_id, visible_from, limit)
    return [StoredRow(*row) for row in reversed(rows)]


def unread(tx: Transaction, chat_id: int, last_seq: int, after_seq: int) -> int:
    """How many rows after `after_seq` are neither tombstones nor system rows, capped."""
    texts, above, span = 0, last_seq, 2 * UNREAD_MAX
    while above > after_seq and texts < UNREAD_MAX:  # the newest rows mostly tell
        below = max(after_seq, above - span)
        found = tx.one(_UNCOUNTED, chat_id, below, above)
        assert found is not None
        texts += above - below - int(found[0])
        above, span = below, 2 * span
    return min(UNREAD_MAX, texts)


def revised_since(tx: Transaction, cursor: int) -> list[tuple[int, int]]:
    """(chat, seq) of rows that changed after they were posted, with a clock from `cursor` on."""
    found = tx.all(
        "SELECT chat_id, seq FROM revisions WHERE clock >= ? ORDER BY chat_id, seq", cursor
    )
    return [(chat_id, seq) for chat_id, seq in found]


def removals_since(tx: Transaction, user_id: int, cursor: int, limit: int) -> list[RemovedRun]:
    """What became a tombstone since `cursor` in the chats of a user, as runs of rows.

    At most `limit` rows are looked at: if they make up the answer, there may be more, and
    the user's windows are better called invalid.
    """
    found = tx.all(
        "SELECT r.chat_id, r.seq FROM members m "
        "JOIN chats c ON c.id = m.chat_id AND c.revised_clock >= ? "
        "JOIN revisions r ON r.chat_id = m.chat_id AND r.clock >= ? AND r.removed = 1 "
        "WHERE m.user_id = ? AND m.state = 0 AND r.seq >= m.visible_from_seq "
        "ORDER BY r.chat_id, r.seq LIMIT ?",
        *(cursor, cursor, user_id, limit),
    )
    return runs([(chat_id, seq) for chat_id, seq in found])


def runs(places: list[tuple[int, int]]) -> list[RemovedRun]:
    """Sorted (chat, seq) as runs of neighbours."""
    found: list[RemovedRun] = []
    for chat_id, seq in places:
        if found and found[-1].chat_id == chat_id and found[-1].last == seq - 1:
            found[-1] = found[-1]._replace(last=seq)
        else:
            found.append(RemovedRun(chat_id, seq, seq))
    return found


def wipe_again(tx: Transaction, removed: Removed) -> bool:
    """Make the tombstone that an older copy of the database doesn't know.

    False: the row is not there, or another one stands in its place.
    """
    found = row(tx, removed.chat_id, removed.seq)
    if found is None or found.kind == RowKind.DELETED:
        return False
    here = (found.author_id, found.sent_at, found.outbox, found.number)
    if here != removed[2:]:
        return False
    changes, version = _revise(tx, removed.chat_id, removed.seq, removed=True)
    tx.run(
        "UPDATE messages SET text = '', reply_to = 0, edited = 0, kind = ?, version = ? "
        "WHERE chat_id = ? AND seq = ?",
        *(int(RowKind.DELETED), version, removed.chat_id, removed.seq),
    )
    return changes > 0


def _revise(tx: Transaction, chat_id: int, seq: int, *, removed: bool) -> tuple[int, int]:
    """Note that a row changes: the chat's new `changes`, and its new version."""
    clock = tx.clock
    revised = tx.one(_REVISE, clock, clock, chat_id)
    assert revised is not None
    tx.run(_REVISION, chat_id, seq, clock, int(removed))
    changes, last_seq = revised
    return changes, changes + last_seq
