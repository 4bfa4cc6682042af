"""Makes the frozen database of today's schema: `python -m tests.storage.frozen.make`.

Run once for each schema version, when it is new; never again.
"""

import sys
import tempfile
from pathlib import Path

from kentong.server.model import AuditEntry, NewReport
from kentong.server.storage import accounts, audit, devices, invites, messages, reports
from kentong.server.storage.engine import Transaction
from kentong.server.storage.migrations import steps
from kentong.server.storage.sqlite import SqliteDatabase
from tests.storage import town


def fill(tx: Transaction) -> None:
    """Something in every table."""
    anna, bob = town.person(tx, "anna"), town.person(tx, "bob")
    accounts.set_recovery(tx, anna.id, b"recovery")
    accounts.block(tx, bob.id, anna.id)
    phone = devices.add_device(tx, anna.id, b"secret", "phone", town.NOW_S)
    lunch = town.group(tx, "lunch", [anna, bob])
    for number in range(1, 4):
        town.command(tx, lunch.id, anna.id, phone.id, number)
    messages.edit(tx, lunch, 1, "edited")
    messages.tombstone(tx, lunch, 2)
    invites.add_invite(tx, b"token", anna.id, lunch.id, town.NOW_S)
    reports.add_report(tx, NewReport(bob.id, lunch.id, 3, 1, "why", "text 3", anna.id, town.NOW_S))
    audit.add_entry(tx, AuditEntry(town.NOW_S, "owner", "invite"))


def main() -> None:
    version = len(steps(0))
    target = Path(__file__).with_name(f"v{version}.db")
    if target.exists():
        sys.exit(f"{target} is frozen: it must stay as it is")
    with tempfile.TemporaryDirectory() as folder:
        database = SqliteDatabase(Path(folder))
        town.write(database, fill)
        database.backup(target)
        database.close()


if __name__ == "__main__":
    main()
