"""Facts about the database itself: its schema, epoch, clock and horizon."""

import secrets

from kentong.server.storage.engine import Transaction

EPOCH_MAX = 2**32 - 1
INSTANCE_MAX = 2**32
FIRST_ID = 65_537  # smaller ones are never given out
TABLES_WITH_IDS = ("users", "devices", "chats")
RESTORE_ID_JUMP = 2**20  # more ids than are handed out between two backups
SCHEMA_VERSION = "schema_version"
EPOCH = "epoch"
INSTANCE = "instance"
CLOCK = "clock"  # SQLite: the last one committed
CLOCK_OFFSET = "base"  # PostgreSQL: what is added to transaction ids
PLACE = "place"  # PostgreSQL: where the database lived when it was looked at last
HORIZON = "horizon"

_READ = "SELECT value FROM meta WHERE key = ?"
_WRITE = "INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = ?"


def fact(tx: Transaction, key: str) -> int:
    """The value of a key, 0 if it was never set."""
    row = tx.one(_READ, key)
    return row[0] if row else 0


def set_fact(tx: Transaction, key: str, value: int) -> None:
    """Keep a value under a key."""
    tx.run(_WRITE, key, value, value)


def horizon(tx: Transaction) -> int:
    """The clock below which removals are no longer remembered."""
    return fact(tx, HORIZON)


def forget_removals(tx: Transaction, below: int) -> None:
    """Forget what changed after posting with a clock below; older cursors list everything."""
    if below > horizon(tx):
        tx.run("DELETE FROM revisions WHERE clock < ?", below)
        set_fact(tx, HORIZON, below)


def new_epoch(tx: Transaction) -> int:
    """Give the database another epoch: its history is not the one that devices know."""
    before = fact(tx, EPOCH)
    epoch = before
    while epoch == before:
        epoch = 1 + secrets.randbelow(EPOCH_MAX)
    set_fact(tx, EPOCH, epoch)
    return epoch


def found(tx: Transaction) -> None:
    """Make a new database this server's own."""
    new_epoch(tx)
    set_fact(tx, INSTANCE, secrets.randbelow(INSTANCE_MAX))
    for key in (CLOCK, CLOCK_OFFSET, HORIZON):
        set_fact(tx, key, 0)
    for table in TABLES_WITH_IDS:
        tx.set_next_id(table, FIRST_ID)


def next_ids(tx: Transaction) -> dict[str, int]:
    """The next id of each table whose ids are never used again."""
    return {table: tx.next_id(table) for table in TABLES_WITH_IDS}


def begin_another_history(tx: Transaction, known_next_ids: dict[str, int]) -> int:
    """After a restore: a new epoch, and no id that anybody may have seen already.

    Args:
        known_next_ids: of the database that is replaced, as far as it can be read.
    """
    for table, next_id in next_ids(tx).items():
        beyond = max(next_id, known_next_ids.get(table, 0)) + RESTORE_ID_JUMP
        tx.set_next_id(table, beyond)
    return new_epoch(tx)


def instance(tx: Transaction) -> str:
    """Eight hexadecimal digits."""
    return f"{fact(tx, INSTANCE):08x}"
