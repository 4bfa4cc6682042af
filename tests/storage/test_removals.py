"""What was withdrawn does not come back with a backup, and is forgotten in time."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from kentong.server.model import Account, Chat, MemberState, Removed
from kentong.server.storage import accounts, devices, invites, members, messages
from kentong.server.storage.engine import Keep, Transaction
from kentong.server.storage.postgres import PostgresDatabase
from kentong.server.storage.removals import DAY_S, RemovalLog
from kentong.server.storage.sqlite import SqliteDatabase
from kentong.server.storage.sqlite_files import Options
from tests.storage import town
from tests.storage.town import EitherDatabase

KEEP = Keep(removals_days=10, copies_days=30)
SECRET = "a secret that nobody may read"


class Scene:
    """anna's group with bob, citra and dewi, two devices, two links, a block, a suspension."""

    def __init__(self, tx: Transaction) -> None:
        self.anna: Account = town.person(tx, "anna")
        self.bob, self.citra, self.dewi = (town.person(tx, n) for n in ("bob", "citra", "dewi"))
        self.lunch: Chat = town.group(tx, "lunch", [self.anna, self.bob, self.citra, self.dewi])
        for secret in (b"lost phone", b"tablet"):
            devices.add_device(tx, self.anna.id, secret, "phone", town.NOW_S)
        invites.add_invite(tx, b"to anna", self.anna.id, 0, town.NOW_S)
        invites.add_invite(tx, b"to lunch", self.anna.id, self.lunch.id, town.NOW_S)
        accounts.block(tx, self.anna.id, self.dewi.id)
        accounts.set_suspended(tx, self.dewi.id, town.NOW_S)
        members.set_state(tx, self.lunch.id, self.dewi.id, MemberState.BANNED)
        town.post(tx, self.lunch.id, self.bob.id, "insult")

    def withdraw(self, tx: Transaction) -> None:
        phone = devices.device_by_secret(tx, b"lost phone")
        assert phone is not None
        devices.revoke(tx, phone.id, 7)
        invites.revoke_personal(tx, self.anna.id, 7)
        invites.revoke_group(tx, self.lunch.id, 7)
        accounts.block(tx, self.anna.id, self.bob.id)
        accounts.unblock(tx, self.anna.id, self.dewi.id)
        accounts.set_suspended(tx, self.bob.id, 7)
        accounts.set_suspended(tx, self.dewi.id, 0)
        members.set_state(tx, self.lunch.id, self.bob.id, MemberState.BANNED)
        members.set_state(tx, self.lunch.id, self.citra.id, MemberState.REMOVED)
        members.set_state(tx, self.lunch.id, self.dewi.id, MemberState.LEFT)
        messages.tombstone(tx, self.lunch, 1)

    def facts(self, tx: Transaction) -> object:
        """All that a backup could undo."""
        people = [accounts.account(tx, user.id) for user in (self.bob, self.dewi)]
        places = [members.membership(tx, self.lunch.id, user.id)
                  for user in (self.anna, self.bob, self.citra, self.dewi)]  # fmt: skip
        row = messages.row(tx, self.lunch.id, 1)
        return (
            [device.name for device in devices.devices_of(tx, self.anna.id)],
            [invites.invite(tx, token) for token in (b"to anna", b"to lunch")],
            accounts.blocked_by(tx, self.anna.id),
            [person.suspended_at for person in people if person is not None],
            [place.state for place in places if place is not None],
            row and row.text,
        )


def test_a_restored_backup_undoes_nothing_of_it(database: EitherDatabase, tmp_path: Path) -> None:
    scene = town.write(database, Scene)
    database.backup(tmp_path / "copy.db")
    town.write(database, scene.withdraw)
    before = town.read(database, scene.facts)
    database.restore(tmp_path / "copy.db")
    assert town.read(database, scene.facts) == before
    restored = town.read(database, lambda tx: members.active_count(tx, scene.lunch.id))
    assert restored == 1


def test_nothing_is_done_again_that_was_taken_back(
    database: EitherDatabase, tmp_path: Path
) -> None:
    scene = town.write(database, Scene)
    before = town.read(database, scene.facts)
    database.backup(tmp_path / "copy.db")

    def there_and_back(tx: Transaction) -> None:
        accounts.block(tx, scene.anna.id, scene.bob.id)
        accounts.unblock(tx, scene.anna.id, scene.bob.id)
        accounts.set_suspended(tx, scene.bob.id, 7)
        accounts.set_suspended(tx, scene.bob.id, 0)
        members.set_state(tx, scene.lunch.id, scene.bob.id, MemberState.REMOVED)
        town.join(tx, scene.lunch.id, scene.bob.id)

    town.write(database, there_and_back)
    database.restore(tmp_path / "copy.db")
    assert town.read(database, scene.facts) == before


def test_lines_about_strangers_and_broken_lines_do_nothing(
    database: EitherDatabase, tmp_path: Path
) -> None:
    scene = town.write(database, Scene)
    before = town.read(database, scene.facts)
    database.backup(tmp_path / "copy.db")
    broken = "device zz 7\nsuspended 99 7\nmember 99 98 3\nblock 99 98 1\nblock 1\ninvite ab 7\n"
    with database.folder.removals.open("a") as file:
        file.write(broken + "member 1 2\nlater kinds 1 2\ndevice")
    database.restore(tmp_path / "copy.db")
    assert town.read(database, scene.facts) == before


def test_the_log_forgets_what_is_too_old(tmp_path: Path) -> None:
    path, today = tmp_path / "removals.log", 20_000
    path.write_text("1 2 3 4 5 6\n")  # from before days were noted
    for day in (today - 11, today - 10, today):
        log = RemovalLog(path, lambda day=day: day * DAY_S + 5)  # type: ignore[misc]
        log.add([Removed(day, 1, 1, 1, 1, 1)])
        log.add([Removed(day, 2, 1, 1, 1, 1)])
    log.shorten(today * DAY_S, 20)
    assert len(log.entries()) == 7
    log.shorten(today * DAY_S, KEEP.removals_days)
    assert [(entry.chat_id, entry.seq) for entry in log.entries()] == [
        (day, seq) for day in (today - 10, today) for seq in (1, 2)
    ]
    assert path.stat().st_mode & 0o777 == 0o600
    log.add([Removed(1, 1, 1, 1, 1, 1)])
    log.shorten((today + 400) * DAY_S, KEEP.removals_days)
    assert log.entries() == []
    log.add([Removed(1, 1, 1, 1, 1, 1)])
    assert len(log.entries()) == 1


def test_an_old_log_without_days_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "removals.log"
    path.write_text("1 2 3 4 5 6\n")
    log = RemovalLog(path)
    log.shorten(10**9, 1)
    assert len(log.entries()) == 1


@pytest.mark.parametrize("length", [30, 3_900])  # within a page, and on pages of its own
def test_a_deleted_text_leaves_every_file_of_the_database(
    sqlite_database: SqliteDatabase, length: int
) -> None:
    text = (SECRET * 200)[:length]
    made = town.write(sqlite_database, lambda tx: town.group(tx, "", [town.person(tx, "anna")]))
    town.write(sqlite_database, lambda tx: town.post(tx, made.id, 1, text))
    sqlite_database.tidy(0, KEEP)
    town.write(sqlite_database, lambda tx: messages.tombstone(tx, made, 1))
    assert said(sqlite_database, text[:20])
    sqlite_database.tidy(0, KEEP)
    assert not said(sqlite_database, text[:20])


def said(database: SqliteDatabase, text: str) -> list[str]:
    """The files in which a text stands."""
    files = [path for path in database.folder.path.iterdir() if path.is_file()]
    return [path.name for path in files if text.encode() in path.read_bytes()]


def test_copies_go_when_they_are_old(sqlite_database: SqliteDatabase, tmp_path: Path) -> None:
    made = town.write(sqlite_database, lambda tx: town.group(tx, "", []))
    sqlite_database.backup(tmp_path / "copy.db")
    long_ago = 10**9
    os.utime(sqlite_database.folder.database, (long_ago, long_ago))
    sqlite_database.restore(tmp_path / "copy.db")
    replaced = sqlite_database.folder.path / "kentong-replaced.db"
    older = sqlite_database.folder.path / "kentong-schema-1.db"
    older.touch()
    now_s = int(replaced.stat().st_mtime)
    for days, are_there in ((1, True), (29, True), (31, False)):
        sqlite_database.tidy(now_s + days * DAY_S, KEEP)
        assert replaced.exists() == older.exists() == are_there
    assert town.write(sqlite_database, lambda tx: town.post(tx, made.id, 1)) == 1


def test_a_dump_that_was_loaded_undoes_nothing_of_it(postgres_url: str, tmp_path: Path) -> None:
    database = PostgresDatabase(postgres_url, tmp_path)
    scene = town.write(database, Scene)
    town.write(database, scene.withdraw)
    before = town.read(database, scene.facts)

    def as_if_loaded(tx: Transaction) -> None:
        for change in (
            "UPDATE devices SET revoked_at = 0", "UPDATE invites SET revoked_at = 0",
            "UPDATE users SET suspended_at = 5", "DELETE FROM blocks",
            "UPDATE members SET state = CASE state WHEN 1 THEN 3 ELSE 0 END",
            "UPDATE messages SET text = 'insult', kind = 0",
        ):  # fmt: skip
            tx.run(change)

    town.write(database, as_if_loaded)
    assert town.read(database, scene.facts) != before
    database.new_epoch()
    database.tidy(10**9, KEEP)
    assert town.read(database, scene.facts) == before
    database.close()


def test_tidying_goes_with_closing(tmp_path: Path) -> None:
    """Nobody waits for the thread that tidies when a server stops."""
    for _ in range(20):
        database = SqliteDatabase(tmp_path, Options(reserve_bytes=0))
        town.write(database, lambda tx: town.person(tx, "anna"))
        with ThreadPoolExecutor(1) as pool:
            tidying = [pool.submit(database.tidy, 0, KEEP) for _ in range(5)]
            database.close()
            assert [tidied.result() for tidied in tidying] == [None] * 5
