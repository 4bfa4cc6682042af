"""How much there is of everything, for the server's owner."""

from kentong.server.storage.engine import Transaction

_COUNTS = {
    "accounts": "SELECT count(*) FROM users",
    "suspended_accounts": "SELECT count(*) FROM users WHERE suspended_at > 0",
    "devices": "SELECT count(*) FROM devices WHERE revoked_at = 0",
    "direct_chats": "SELECT count(*) FROM chats WHERE kind = 0",
    "groups": "SELECT count(*) FROM chats WHERE kind = 2",
    "rows_written": "SELECT coalesce(sum(last_seq), 0) FROM chats",  # messages and system rows
    "reports": "SELECT count(*) FROM reports",
}


def totals(tx: Transaction) -> dict[str, int]:
    """A number for each kind of thing, and how much room all of it takes."""
    found = {}
    for name, sql in _COUNTS.items():
        row = tx.one(sql)
        assert row is not None
        found[name] = int(row[0])
    found["database_bytes"] = tx.size_bytes()
    return found


def people_since(tx: Transaction, at_s: int) -> int:
    """How many accounts had a device here since then."""
    row = tx.one("SELECT count(DISTINCT user_id) FROM devices WHERE seen_at >= ?", at_s)
    assert row is not None
    return int(row[0])
