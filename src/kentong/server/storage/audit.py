"""The audit: every use of a right that only administrators have."""

from kentong.server.model import AuditEntry
from kentong.server.storage.engine import Transaction

_PAGE = "SELECT at, actor, action, target, detail, id FROM audit WHERE id > ? ORDER BY id LIMIT ?"


def add_entry(tx: Transaction, entry: AuditEntry) -> int:
    """Keep who did what to whom; returns the entry's id."""
    row = tx.one(
        "INSERT INTO audit (at, actor, action, target, detail) VALUES (?, ?, ?, ?, ?) RETURNING id",
        *entry[:5],
    )
    assert row is not None
    return int(row[0])


def list_entries(tx: Transaction, after: int, limit: int) -> list[AuditEntry]:
    """Entries with an id above `after`, oldest first."""
    return [AuditEntry(*row) for row in tx.all(_PAGE, after, limit)]
