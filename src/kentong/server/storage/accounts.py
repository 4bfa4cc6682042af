"""Accounts: names, aliases, recovery, blocking."""

from collections.abc import Sequence

from kentong.server.model import Account, Withdrawal
from kentong.server.storage.engine import SqlRow, Transaction

_SELECT = (
    "SELECT id, name, clock, created_at, suspended_at, is_admin, invited_by, alias_count "
    "FROM users "
)
_BY_ID = _SELECT + "WHERE id = ?"
_BY_RECOVERY = _SELECT + "WHERE recovery_hash = ?"
_SINCE = _SELECT + "WHERE clock >= ? ORDER BY clock, id"
_PAGE = _SELECT + "WHERE id > ? ORDER BY id LIMIT ?"


def add_account(
    tx: Transaction, name: str, now_s: int, *, invited_by: int = 0, is_admin: bool = False
) -> Account:
    """A new account."""
    row = tx.one(
        "INSERT INTO users (name, clock, created_at, is_admin, invited_by) "
        "VALUES (?, ?, ?, ?, ?) RETURNING id",
        *(name, tx.clock, now_s, int(is_admin), invited_by),
    )
    assert row is not None
    return Account(row[0], name, tx.clock, now_s, 0, is_admin, invited_by, 0)


def account(tx: Transaction, user_id: int) -> Account | None:
    """The account with this id."""
    return _account(tx.one(_BY_ID, user_id))


def account_by_recovery(tx: Transaction, recovery_hash: bytes) -> Account | None:
    """The account that this recovery code belongs to."""
    return _account(tx.one(_BY_RECOVERY, recovery_hash))


def accounts_named(tx: Transaction, name: str, limit: int) -> list[Account]:
    """Accounts with exactly this name, in order of their ids."""
    rows = tx.all(_SELECT + "WHERE name = ? ORDER BY id LIMIT ?", name, limit)
    return [_as_account(row) for row in rows]


def first_admin(tx: Transaction) -> Account | None:
    """The administrator with the oldest account: the server's owner."""
    return _account(tx.one(_SELECT + "WHERE is_admin = 1 ORDER BY id LIMIT 1"))


def list_accounts(tx: Transaction, after: int, limit: int) -> list[Account]:
    """Accounts with an id above `after`, in order of their ids."""
    return [_as_account(row) for row in tx.all(_PAGE, after, limit)]


def changed_since(tx: Transaction, cursor: int) -> list[Account]:
    """Accounts whose own head moved since `cursor`, oldest change first."""
    return [_as_account(row) for row in tx.all(_SINCE, cursor)]


def count(tx: Transaction) -> int:
    """How many accounts there are."""
    row = tx.one("SELECT count(*) FROM users")
    assert row is not None
    return int(row[0])


def names(tx: Transaction, user_ids: Sequence[int]) -> dict[int, str]:
    """The names of these users; unknown ones are left out. At most a few hundred ids."""
    if not user_ids:
        return {}
    marks = ", ".join("?" * len(user_ids))
    sql = "SELECT id, name FROM users WHERE id IN (" + marks + ")"  # noqa: S608 - only marks
    rows = tx.all(sql, *user_ids)
    return {row[0]: row[1] for row in rows}


def set_name(tx: Transaction, user_id: int, name: str) -> None:
    """Another name; it moves the user's own head."""
    tx.run("UPDATE users SET name = ?, clock = ? WHERE id = ?", name, tx.clock, user_id)


def set_suspended(tx: Transaction, user_id: int, at_s: int) -> None:
    """Suspend from `at_s` on, 0: no longer."""
    changed = tx.run(
        "UPDATE users SET suspended_at = ?, clock = ? WHERE id = ?", at_s, tx.clock, user_id
    )
    if changed:
        tx.removed.append(Withdrawal("suspended", (str(user_id),), at_s))


def set_admin(tx: Transaction, user_id: int, *, is_admin: bool) -> None:
    """Make somebody an administrator, or no longer."""
    tx.run("UPDATE users SET is_admin = ? WHERE id = ?", int(is_admin), user_id)


def set_recovery(tx: Transaction, user_id: int, recovery_hash: bytes | None) -> None:
    """Replace the recovery code; None: there is none any more."""
    tx.run("UPDATE users SET recovery_hash = ? WHERE id = ?", recovery_hash, user_id)


def take_alias(tx: Transaction, user_id: int) -> int:
    """The user's next small number for a chat: 1, 2, 3 …"""
    row = tx.one(
        "UPDATE users SET alias_count = alias_count + 1 WHERE id = ? RETURNING alias_count", user_id
    )
    assert row is not None
    return int(row[0])


def touch(tx: Transaction, user_id: int) -> None:
    """Move the user's own head."""
    tx.run("UPDATE users SET clock = ? WHERE id = ?", tx.clock, user_id)


def block(tx: Transaction, user_id: int, blocked_id: int) -> bool:
    """Take no more messages from somebody; False: it was so before."""
    changed = tx.run(
        "INSERT INTO blocks (user_id, blocked_id) VALUES (?, ?) ON CONFLICT DO NOTHING",
        *(user_id, blocked_id),
    )
    if changed:
        touch(tx, user_id)
        tx.removed.append(Withdrawal("block", (str(user_id), str(blocked_id)), 1))
    return changed > 0


def unblock(tx: Transaction, user_id: int, blocked_id: int) -> bool:
    """Take messages again; False: it was so before."""
    changed = tx.run("DELETE FROM blocks WHERE user_id = ? AND blocked_id = ?", user_id, blocked_id)
    if changed:
        touch(tx, user_id)
        tx.removed.append(Withdrawal("block", (str(user_id), str(blocked_id)), 0))
    return changed > 0


def is_blocked(tx: Transaction, by: int, user_id: int) -> bool:
    """Whether `by` takes no messages from `user_id`."""
    row = tx.one("SELECT 1 FROM blocks WHERE user_id = ? AND blocked_id = ?", by, user_id)
    return row is not None


def reachable(tx: Transaction, user_id: int, other_id: int) -> bool:
    """Whether neither has blocked the other, and the other exists and isn't suspended."""
    row = tx.one(
        "SELECT 1 FROM users WHERE id = ? AND suspended_at = 0 AND NOT EXISTS (SELECT 1 FROM "
        "blocks WHERE (user_id = ? AND blocked_id = ?) OR (user_id = ? AND blocked_id = ?))",
        *(other_id, user_id, other_id, other_id, user_id),
    )
    return row is not None


def blocked_by(tx: Transaction, user_id: int) -> list[int]:
    """Whom this user has blocked, in order of their ids."""
    rows = tx.all("SELECT blocked_id FROM blocks WHERE user_id = ? ORDER BY blocked_id", user_id)
    return [row[0] for row in rows]


def _account(row: SqlRow | None) -> Account | None:
    return None if row is None else _as_account(row)


def _as_account(row: SqlRow) -> Account:
    return Account(*row)._replace(is_admin=bool(row[5]))
