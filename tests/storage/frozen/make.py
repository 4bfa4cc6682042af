"""Makes the frozen databases of today's schema: `python -m tests.storage.frozen.make`.

Run once for each schema version, when it is new; never again.
"""

import subprocess
import tempfile
from pathlib import Path

from kentong.server.model import AuditEntry, NewReport
from kentong.server.storage import accounts, audit, devices, invites, messages, reports
from kentong.server.storage.engine import Transaction
from kentong.server.storage.migrations import steps
from kentong.server.storage.postgres import PostgresDatabase
from kentong.server.storage.sqlite import SqliteDatabase
from tests import postgres
from tests.storage import town
from tools import programs


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


def make_file(target: Path) -> None:
    """What the embedded engine writes."""
    with tempfile.TemporaryDirectory() as folder:
        database = SqliteDatabase(Path(folder))
        town.write(database, fill)
        database.backup(target)
        database.close()


def make_dump(target: Path) -> None:
    """What pg_dump makes of PostgreSQL's; without the lines that only psql understands."""
    with (
        tempfile.TemporaryDirectory() as folder,
        postgres.server() as server,
        postgres.database(server) as url,
    ):
        database = PostgresDatabase(url, Path(folder))
        town.write(database, fill)
        database.close()
        program = (programs.postgres_folder() or Path()) / "pg_dump"
        command = [str(program), "--inserts", "--no-owner", "--no-acl", url]
        dump = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    lines = (line for line in dump.splitlines() if line and not line.startswith(("\\", "--")))
    target.write_text("\n".join(lines) + "\n")


def main() -> None:
    version = len(steps(0))
    for suffix, make in ((".db", make_file), (".sql", make_dump)):
        target = Path(__file__).with_name(f"v{version}{suffix}")
        if target.exists():
            print(f"{target} is frozen: it stays as it is")
        else:
            make(target)


if __name__ == "__main__":
    main()
