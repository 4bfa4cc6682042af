"""A backup of either engine is restored into either, whole or not at all."""

import os
import signal
import sqlite3
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psycopg
import pytest

from kentong.protocol.errors import ErrorCode, Refused
from kentong.server.model import Chat
from kentong.server.storage import accounts, chats, copies, meta
from kentong.server.storage.engine import Database, Keep, Transaction
from kentong.server.storage.migrations import SchemaTooNew
from kentong.server.storage.postgres import PostgresDatabase
from kentong.server.storage.postgres_connection import LOCK, Times
from kentong.server.storage.postgres_copies import ROWS_AT_ONCE
from kentong.server.storage.sqlite import SqliteDatabase
from kentong.server.storage.sqlite_files import Options
from tests import postgres
from tests.conftest import ENGINES
from tests.storage import town
from tests.storage.frozen.make import fill
from tests.storage.test_migrations import check_content
from tests.support.server import KENTONG, environment, kentong

Open = Callable[[str], Database]
CONTENT = (
    *("users", "devices", "chats", "members", "messages", "revisions"),
    *("answers", "blocks", "invites", "reports", "audit"),
)
TEXTS = ROWS_AT_ONCE * 2 + 7  # more than are held in memory at once


@pytest.fixture
def open_new(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Open]:
    """Opens an empty database of an engine, closed at the end."""
    with ExitStack() as stack:
        numbers = iter(range(100))

        def open_one(engine: str) -> Database:
            folder = tmp_path / f"{engine}-{next(numbers)}"
            made: Database
            if engine == "sqlite":
                made = SqliteDatabase(folder, Options(reserve_bytes=0))
            else:
                server: str = request.getfixturevalue("postgres_server")
                made = PostgresDatabase(stack.enter_context(postgres.database(server)), folder)
            stack.callback(made.close)
            return made

        yield open_one


def content(database: Database) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table but `meta`."""
    return town.read(
        database,
        lambda tx: {name: sorted(tx.all(f"SELECT * FROM {name}"), key=repr) for name in CONTENT},
    )


def talk(tx: Transaction) -> Chat:
    """A chat that is longer than what is copied at once, with texts of every kind."""
    anna = town.person(tx, "anna")
    chat = town.group(tx, "tab\tand \\N", [anna])
    for number in range(TEXTS):
        town.post(tx, chat.id, anna.id, f"{number}\t\\\n'\"\r\u00e9\u4e2d\U0001f600")
    return chat


@pytest.mark.parametrize("there", ENGINES)
@pytest.mark.parametrize("here", ENGINES)
def test_what_is_restored_is_what_was_backed_up(
    open_new: Open, tmp_path: Path, here: str, there: str
) -> None:
    source, target = open_new(here), open_new(there)
    town.write(source, fill)
    town.write(source, talk)
    source.backup(tmp_path / "copy.db")
    epochs = {source.epoch, target.epoch}
    target.restore(tmp_path / "copy.db")
    assert content(target) == content(source)
    assert target.epoch not in epochs
    assert target.instance == source.instance
    check_that_it_goes_on(source, target)


def check_that_it_goes_on(source: Database, target: Database) -> None:
    """Nothing that is made from now on has an id or a clock that was there before."""
    old = town.read(source, lambda tx: (tx.cursor(), counters(tx)))
    made = town.write(target, lambda tx: (town.group(tx, "new", []), town.person(tx, "new").id))
    assert made[0].clock >= old[0]
    assert made[0].id == old[1]["chats"] + meta.RESTORE_ID_JUMP
    assert made[1] == old[1]["users"] + meta.RESTORE_ID_JUMP
    assert town.read(target, lambda tx: tx.cursor()) > made[0].clock
    later = town.read(target, counters)
    assert all(later[table] >= old[1][table] for table in old[1])


def counters(tx: Transaction) -> dict[str, int]:
    return {table: tx.next_id(table) for table in (*meta.TABLES_WITH_IDS, "reports", "audit")}


@pytest.mark.parametrize("there", ENGINES)
@pytest.mark.parametrize("here", ENGINES)
def test_there_and_back(open_new: Open, tmp_path: Path, here: str, there: str) -> None:
    first, second = open_new(here), open_new(there)
    town.write(first, fill)
    first.backup(tmp_path / "there.db")
    second.restore(tmp_path / "there.db")
    post_more = town.write(second, lambda tx: town.group(tx, "there", []))
    second.backup(tmp_path / "back.db")
    first.restore(tmp_path / "back.db")
    town.read(second, lambda tx: chats.chat(tx, post_more.id))
    assert content(first) == content(second)
    assert first.instance == second.instance


@pytest.mark.parametrize("there", ENGINES)
@pytest.mark.parametrize("here", ENGINES)
def test_a_backup_while_commands_run_is_one_moment(
    open_new: Open, tmp_path: Path, here: str, there: str
) -> None:
    source, target = open_new(here), open_new(there)
    chat = town.write(source, talk)
    stop = threading.Event()

    def keep_writing() -> None:
        while not stop.is_set():
            source.run_group([lambda tx: town.post(tx, chat.id, 65_537)] * 5)

    thread = threading.Thread(target=keep_writing)
    thread.start()
    for number in range(3):
        source.backup(tmp_path / f"{number}.db")
        target.restore(tmp_path / f"{number}.db")
        check_that_nothing_is_missing(target, chat.id)
    stop.set()
    thread.join()


def check_that_nothing_is_missing(database: Database, chat_id: int) -> None:
    chat = town.read(database, lambda tx: chats.chat(tx, chat_id))
    found = town.read(
        database, lambda tx: tx.one("SELECT count(*), max(seq), min(seq) FROM messages")
    )
    assert chat is not None
    assert found == (chat.last_seq, chat.last_seq, 1)
    assert chat.last_seq >= TEXTS
    assert town.write(database, lambda tx: town.post(tx, chat_id, 65_537)) == chat.last_seq + 1


# -- Into a PostgreSQL database that is used ---------------------------------------------------


@pytest.fixture
def node(open_new: Open) -> PostgresDatabase:
    """With the content that frozen databases have."""
    made = open_new("postgres")
    assert isinstance(made, PostgresDatabase)
    town.write(made, fill)
    return made


def changed(source: Path, statement: str) -> Path:
    """A backup, changed by hand."""
    connection = sqlite3.connect(source)
    connection.execute(statement)
    connection.commit()
    connection.close()
    return source


@pytest.mark.parametrize(
    ("statement", "error"),
    [
        ("UPDATE meta SET value = value + 1 WHERE key = 'instance'", copies.OtherServer),
        ("UPDATE meta SET value = 99 WHERE key = 'schema_version'", SchemaTooNew),
        ("UPDATE messages SET text = 'a' || char(0)", copies.NotABackup),
    ],
    ids=["another server's", "newer", "unfit for PostgreSQL"],
)
def test_what_is_refused_changes_nothing(
    node: PostgresDatabase, tmp_path: Path, statement: str, error: type[Exception]
) -> None:
    node.backup(tmp_path / "copy.db")
    (node.folder.path / copies.REPLACED).write_text("from the restore before")
    before, epoch, ids = content(node), node.epoch, town.read(node, counters)
    source = changed(tmp_path / "copy.db", statement)
    with pytest.raises(error, match=r"copy\.db|schema 99"):
        node.restore(source)
    assert (content(node), node.epoch, town.read(node, counters)) == (before, epoch, ids)
    assert [path.name for path in node.folder.path.glob("kentong*")] == [copies.REPLACED]
    assert (node.folder.path / copies.REPLACED).read_text() == "from the restore before"
    assert town.write(node, lambda tx: town.person(tx, "new").id) == ids["users"]


def test_what_a_restore_replaced_is_kept_for_some_days(
    node: PostgresDatabase, tmp_path: Path
) -> None:
    node.backup(tmp_path / "copy.db")
    town.write(node, lambda tx: town.person(tx, "later"))
    before = content(node)
    node.restore(tmp_path / "copy.db")
    kept = node.folder.path / copies.REPLACED
    assert kept.stat().st_mode & 0o077 == 0
    node.restore(kept)
    assert content(node) == before
    now_s = int(kept.stat().st_mtime)
    node.tidy(now_s, Keep(365, 30))
    assert kept.exists()
    node.tidy(now_s + 31 * 86_400, Keep(365, 30))
    assert not kept.exists()


def test_a_backup_of_postgres_never_goes_into_the_data_folder(node: PostgresDatabase) -> None:
    with pytest.raises(copies.InDataFolder):
        node.backup(node.folder.path / "copy.db")


def test_other_nodes_notice_a_restore(open_new: Open, postgres_url: str, tmp_path: Path) -> None:
    """Even when the database was empty before, so that another server is in it now."""
    moved = open_new("sqlite")
    town.write(moved, fill)
    moved.backup(tmp_path / "copy.db")
    nodes = [PostgresDatabase(postgres_url, tmp_path / name) for name in ("a", "b")]
    nodes[0].restore(tmp_path / "copy.db")
    with pytest.raises(Refused, match="another history"):
        town.write(nodes[1], lambda tx: town.person(tx, "lost"))
    assert nodes[1].epoch == nodes[0].epoch
    assert nodes[1].instance == nodes[0].instance == moved.instance
    for each in nodes:
        town.read(each, check_content)
        town.write(each, lambda tx: accounts.set_suspended(tx, 65_537, 0))
        each.close()


def test_who_may_not_write_meanwhile_is_told_so_together(postgres_url: str, tmp_path: Path) -> None:
    """And what is only read is answered."""
    node = PostgresDatabase(postgres_url, tmp_path, Times(lock=200))
    town.write(node, fill)
    with psycopg.connect(postgres_url) as restoring:
        restoring.execute("SELECT pg_advisory_xact_lock(%s)", (LOCK,))
        outcomes = node.run_group([lambda tx: town.person(tx, "late")] * 3).outcomes
        assert town.read(node, chats.count) == 1
    for outcome in outcomes:
        assert isinstance(outcome.error, Refused)
        assert outcome.error.code is ErrorCode.OVERLOADED
    assert town.write(node, lambda tx: town.person(tx, "new").name) == "new"
    node.close()


def test_a_database_that_is_away_is_neither_backed_up_nor_replaced(
    postgres_server: str, tmp_path: Path
) -> None:
    with postgres.database(postgres_server) as url:
        node = PostgresDatabase(url, tmp_path / "node")
        node.backup(tmp_path / "copy.db")
    for do in (node.backup, node.restore):
        with pytest.raises(Refused) as caught:
            do(tmp_path / "copy.db")
        assert caught.value.code is ErrorCode.OVERLOADED
    node.close()


# -- The command, cut ---------------------------------------------------------------------------


def test_a_restore_that_is_killed_before_the_files_change_leaves_what_was_there(
    tmp_path: Path,
) -> None:
    folder, file = tmp_path / "data", tmp_path / "copy.db"
    node = SqliteDatabase(folder, Options(reserve_bytes=0))
    town.write(node, fill)
    node.backup(file)
    town.write(node, lambda tx: town.person(tx, "later"))
    before, epoch = content(node), node.epoch
    node.close()
    removals = (folder / "removals.log").rename(tmp_path / "removals.log")
    os.mkfifo(folder / "removals.log")  # read last, and nobody will ever write into it
    command = ["restore", file, "--data", folder]
    with subprocess.Popen([*KENTONG, *map(str, command)], env=environment({})) as process:
        while not (folder / copies.UNFINISHED).exists():
            assert process.poll() is None
        process.send_signal(signal.SIGKILL)
    removals.replace(folder / "removals.log")
    again = SqliteDatabase(folder, Options(reserve_bytes=0))
    assert (content(again), again.epoch) == (before, epoch)
    again.close()
    assert kentong(*command).returncode == 0


def test_a_restore_that_is_killed_half_way_leaves_what_was_there(
    postgres_url: str, tmp_path: Path
) -> None:
    folder, file = tmp_path / "data", tmp_path / "copy.db"
    node = PostgresDatabase(postgres_url, folder)
    town.write(node, fill)
    node.backup(file)
    town.write(node, lambda tx: town.person(tx, "later"))
    before, epoch = content(node), node.epoch
    node.close()
    command = ["restore", file, "--data", folder, "--database", postgres_url]
    with psycopg.connect(postgres_url) as holding:
        holding.execute("LOCK TABLE audit IN SHARE MODE")  # the last one that is filled
        with subprocess.Popen([*KENTONG, *map(str, command)], env=environment({})) as process:
            until_blocked(postgres_url)
            process.send_signal(signal.SIGKILL)
    again = PostgresDatabase(postgres_url, folder)
    assert (content(again), again.epoch) == (before, epoch)
    again.close()
    assert kentong(*command).returncode == 0
    again = PostgresDatabase(postgres_url, folder)
    assert content(again)["users"] == before["users"][:2]
    again.close()


def until_blocked(url: str) -> None:
    """Until somebody waits for a table."""
    question = "SELECT 1 FROM pg_locks WHERE relation = 'audit'::regclass AND NOT granted"
    with psycopg.connect(url, autocommit=True) as connection:
        while connection.execute(question).fetchone() is None:
            pass
