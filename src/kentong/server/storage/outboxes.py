"""Outboxes: the answers by which a repeated command is known again."""

from kentong.protocol.limits import OUTBOX_ANSWERS_MAX
from kentong.server.model import StoredAnswer
from kentong.server.storage.engine import Transaction

PRUNED_EVERY = 128  # numbers
MOVED = 0  # under this number, which no command has, stand answers by origin instead of outbox

_LAST = "SELECT number FROM answers WHERE device_id = ? AND outbox = ? ORDER BY number DESC LIMIT 1"
_ONE = "SELECT hash, answer FROM answers WHERE device_id = ? AND outbox = ? AND number = ?"
_STORE = "INSERT INTO answers (device_id, outbox, number, hash, answer) VALUES (?, ?, ?, ?, ?)"
_PRUNE = "DELETE FROM answers WHERE device_id = ? AND outbox = ? AND number <= ?"


def last_number(tx: Transaction, device_id: int, outbox: int) -> int:
    """The last number of this outbox that took effect, 0 if none is known."""
    row = tx.one(_LAST, device_id, outbox)
    return row[0] if row else 0


def answer(tx: Transaction, device_id: int, outbox: int, number: int) -> StoredAnswer | None:
    """What was answered to a command; None: unknown, or forgotten."""
    row = tx.one(_ONE, device_id, outbox, number)
    return StoredAnswer(*row) if row else None


def store_answer(
    tx: Transaction, device_id: int, outbox: int, number: int, answer: StoredAnswer
) -> None:
    """Keep the answer to a command; of an outbox at least the newest OUTBOX_ANSWERS_MAX."""
    tx.run(_STORE, device_id, outbox, number, answer.hash, answer.answer)
    if number % PRUNED_EVERY == 0:
        tx.run(_PRUNE, device_id, outbox, number - OUTBOX_ANSWERS_MAX)


def answer_to_moved(tx: Transaction, device_id: int, origin: int) -> StoredAnswer | None:
    """What was answered to a command that moved, whichever outbox it came from."""
    return answer(tx, device_id, origin, MOVED)


def store_answer_to_moved(
    tx: Transaction, device_id: int, origin: int, answer: StoredAnswer
) -> None:
    """Keep the answer to a command that moved for as long as its device is signed in."""
    tx.run(_STORE, device_id, origin, MOVED, answer.hash, answer.answer)


def forget_revoked(tx: Transaction, before_s: int) -> int:
    """Drop all answers of devices that were signed out before then; how many it were.

    Not at once: what such a device sent last may still be on its way, and be a repetition.
    """
    return tx.run(
        "DELETE FROM answers WHERE device_id IN "
        "(SELECT id FROM devices WHERE revoked_at > 0 AND revoked_at < ?)",
        before_s,
    )
