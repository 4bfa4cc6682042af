"""Backups are consistent; a restored one begins another history and honours removals."""

import resource
import sqlite3
import threading
from pathlib import Path

import pytest

from kentong.protocol.messages import RowKind
from kentong.server.model import Chat, StoredRow
from kentong.server.storage import accounts, chats, copies, messages, meta
from kentong.server.storage.engine import Transaction
from kentong.server.storage.folder import FolderInUse
from kentong.server.storage.sqlite import SqliteDatabase
from kentong.server.storage.sqlite_files import Options
from tests.storage import town
from tests.storage.town import EitherDatabase


def make(tx: Transaction) -> Chat:
    return town.group(tx, "", [town.person(tx, "anna")])


def rows(database: EitherDatabase, chat_id: int) -> list[StoredRow]:
    return town.read(database, lambda tx: messages.latest(tx, chat_id, 1, 10**6))


def post(database: EitherDatabase, chat: Chat, text: str) -> int:
    return town.write(database, lambda tx: town.post(tx, chat.id, 1, text))


def test_a_backup_during_writes_is_consistent(database: EitherDatabase, tmp_path: Path) -> None:
    chat = town.write(database, make)
    stop = threading.Event()

    def keep_writing() -> None:
        while not stop.is_set():
            database.run_group([lambda tx: town.post(tx, chat.id, 1)] * 5)

    thread = threading.Thread(target=keep_writing)
    thread.start()
    targets = [tmp_path / f"{number}.db" for number in range(3)]
    for target in targets:
        database.backup(target)
    stop.set()
    thread.join()
    for target in targets:
        check_copy(target, chat.id)
    assert not list(tmp_path.glob("*.unfinished*"))


def check_copy(path: Path, chat_id: int) -> None:
    connection = sqlite3.connect(path)
    (problem,) = connection.execute("PRAGMA integrity_check").fetchone()
    assert problem == "ok"
    last_seq, clock = connection.execute(
        "SELECT last_seq, clock FROM chats WHERE id = ?", (chat_id,)
    ).fetchone()
    count = connection.execute("SELECT count(*) FROM messages").fetchone()
    (newest,) = connection.execute("SELECT value FROM meta WHERE key = 'clock'").fetchone()
    connection.close()
    assert count == (last_seq,)
    assert newest >= clock


def test_a_backup_never_goes_into_the_data_folder(
    sqlite_database: SqliteDatabase, tmp_path: Path
) -> None:
    chat = town.write(sqlite_database, make)
    post(sqlite_database, chat, "precious")
    folder = sqlite_database.folder.path
    (folder / "deeper").mkdir()
    (tmp_path / "alias").symlink_to(folder)
    (tmp_path / "link.db").symlink_to(folder / "kentong.db")
    (tmp_path / "twin.db").hardlink_to(folder / "kentong.db")
    names = ("kentong.db", "kentong.db-wal", "kentong.db-shm", "removals.log", "lock", "new.db")
    targets = [folder / name for name in (*names, "deeper/new.db", "../data/kentong.db")]
    targets += [tmp_path / name for name in ("alias/kentong.db", "link.db", "twin.db")]
    before = sorted(folder.iterdir())
    for target in targets:
        with pytest.raises(copies.InDataFolder, match="choose a place elsewhere"):
            sqlite_database.backup(target)
    assert sorted(folder.iterdir()) == before
    post(sqlite_database, chat, "still written")
    assert [row.text for row in rows(sqlite_database, chat.id)] == ["precious", "still written"]


def test_nothing_is_left_of_a_backup_that_failed(database: EitherDatabase, tmp_path: Path) -> None:
    chat = town.write(database, make)
    for _ in range(100):
        post(database, chat, "x" * 4_000)
    places = tmp_path / "places"
    (places / "copy.db").mkdir(parents=True)  # nothing can take this name
    with pytest.raises(IsADirectoryError):
        database.backup(places / "copy.db")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))  # as if the disk were full
    try:
        with pytest.raises(sqlite3.OperationalError):
            database.backup(places / "other.db")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert [path.name for path in places.iterdir()] == ["copy.db"]


def test_a_restored_backup_begins_another_history(database: EitherDatabase, tmp_path: Path) -> None:
    chat = town.write(database, make)
    post(database, chat, "before")
    database.backup(tmp_path / "copy.db")
    post(database, chat, "after")
    later = town.write(database, lambda tx: town.person(tx, "later").id)
    epoch, instance = database.epoch, database.instance
    database.restore(tmp_path / "copy.db")
    assert database.epoch != epoch
    assert database.instance == instance
    assert [row.text for row in rows(database, chat.id)] == ["before"]
    new = town.write(database, lambda tx: town.person(tx, "new").id)
    assert new > later + meta.RESTORE_ID_JUMP
    assert town.read(database, lambda tx: accounts.account(tx, later)) is None
    assert post(database, chat, "goes on") == 2


def test_restoring_twice_never_gives_an_id_twice(database: EitherDatabase, tmp_path: Path) -> None:
    town.write(database, make)
    database.backup(tmp_path / "copy.db")
    given = set()
    for _ in range(3):
        database.restore(tmp_path / "copy.db")
        given.add(town.write(database, lambda tx: town.person(tx, "new").id))
    assert len(given) == 3


def test_what_was_removed_since_the_backup_is_removed_again(
    database: EitherDatabase, tmp_path: Path
) -> None:
    chat = town.write(database, make)
    for text in ("stays", "goes", "went before"):
        post(database, chat, text)
    town.write(database, lambda tx: messages.tombstone(tx, chat, 3))
    database.backup(tmp_path / "copy.db")
    town.write(database, lambda tx: messages.tombstone(tx, chat, 2))
    database.restore(tmp_path / "copy.db")
    found = rows(database, chat.id)
    assert [row.kind for row in found] == [RowKind.TEXT, RowKind.DELETED, RowKind.DELETED]
    assert [row.text for row in found] == ["stays", "", ""]
    after = town.read(database, lambda tx: chats.chat(tx, chat.id))
    assert after is not None
    assert found[1].version == after.version == 5
    assert town.read(database, lambda tx: tx.cursor()) > after.clock
    if isinstance(database, SqliteDatabase):
        assert b"goes" not in database.folder.database.read_bytes()


def test_a_removal_does_not_hit_what_stands_in_its_place_now(
    database: EitherDatabase, tmp_path: Path
) -> None:
    chat = town.write(database, make)
    database.backup(tmp_path / "empty.db")
    town.write(database, lambda tx: town.post(tx, chat.id, 1, "removed"))
    town.write(database, lambda tx: messages.tombstone(tx, chat, 1))
    database.restore(tmp_path / "empty.db")
    town.write(database, lambda tx: town.post(tx, chat.id, 2, "somebody else's"))
    database.backup(tmp_path / "newer.db")
    database.restore(tmp_path / "newer.db")
    assert [row.text for row in rows(database, chat.id)] == ["somebody else's"]


def test_half_a_line_in_the_list_of_removals_is_skipped(
    database: EitherDatabase,
) -> None:
    chat = town.write(database, make)
    for text in ("one", "two"):
        post(database, chat, text)
    town.write(database, lambda tx: messages.tombstone(tx, chat, 1))
    with database.folder.removals.open("a") as file:
        file.write("12 34")
    town.write(database, lambda tx: messages.tombstone(tx, chat, 2))
    assert [entry.seq for entry in database.removals.entries()] == [1, 2]


def test_a_file_that_is_no_backup_changes_nothing(database: EitherDatabase, tmp_path: Path) -> None:
    chat = town.write(database, make)
    epoch = database.epoch
    nonsense, empty = tmp_path / "nonsense.db", tmp_path / "empty.db"
    nonsense.write_bytes(b"nonsense" * 1_000)
    empty.touch()
    for source in (nonsense, empty, tmp_path / "missing.db"):
        with pytest.raises(copies.NotABackup):
            database.restore(source)
    assert database.epoch == epoch
    assert post(database, chat, "still here") == 1


def test_a_stopped_server_is_restored_too(tmp_path: Path) -> None:
    folder, copy = tmp_path / "data", tmp_path / "copy.db"
    database = SqliteDatabase(folder, Options(reserve_bytes=0))
    chat = town.write(database, make)
    post(database, chat, "kept")
    epoch = database.epoch
    copies.backup(folder, copy)
    with pytest.raises(FolderInUse):
        copies.restore(folder, copy)
    database.close()
    copies.backup(folder, copy)
    (folder / "kentong.db").write_bytes(b"damaged")
    copies.restore(folder, copy)
    copies.restore(tmp_path / "new folder", copy)
    for path in (folder, tmp_path / "new folder"):
        again = SqliteDatabase(path)
        assert again.epoch != epoch
        assert [row.text for row in rows(again, chat.id)] == ["kept"]
        again.close()
