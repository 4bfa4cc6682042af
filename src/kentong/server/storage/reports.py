"""Reports to the server's owner."""

from kentong.server.model import NewReport, Report
from kentong.server.storage.engine import Transaction

_PAGE = (
    "SELECT id, reporter_id, chat_id, seq, reason, text, excerpt, author_id, created_at "
    "FROM reports WHERE id > ? ORDER BY id LIMIT ?"
)


def add_report(tx: Transaction, new: NewReport) -> int:
    """Keep a report; returns its id."""
    row = tx.one(
        "INSERT INTO reports (reporter_id, chat_id, seq, reason, text, excerpt, author_id, "
        "created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
        *new,
    )
    assert row is not None
    return int(row[0])


def list_reports(tx: Transaction, after: int, limit: int) -> list[Report]:
    """Reports with an id above `after`, oldest first."""
    return [Report(row[0], NewReport(*row[1:])) for row in tx.all(_PAGE, after, limit)]
