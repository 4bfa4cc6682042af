"""Databases of every older schema are brought up to date; newer ones are left alone."""

import shutil
import sqlite3
from pathlib import Path

import psycopg
import pytest

from kentong.protocol.errors import ErrorCode, Refused
from kentong.protocol.messages import RowKind
from kentong.server.model import MemberState
from kentong.server.storage import (
    accounts,
    audit,
    chats,
    devices,
    invites,
    listing,
    members,
    messages,
    meta,
    outboxes,
    postgres_schema,
    reports,
    sqlite_files,
)
from kentong.server.storage.engine import Database, Transaction
from kentong.server.storage.migrations import (
    Migration,
    SchemaInUse,
    SchemaTooNew,
    statements,
    steps,
)
from kentong.server.storage.postgres import PostgresDatabase
from kentong.server.storage.sqlite import SqliteDatabase
from tests.conftest import OpenDatabase
from tests.storage import town
from tests.storage.test_postgres import end_connections

DUMPS = sorted((Path(__file__).parent / "frozen").glob("v*.sql"))
FROZEN = sorted((Path(__file__).parent / "frozen").glob("v*.db"))


def test_every_schema_version_is_frozen() -> None:
    versions = [f"v{step.version}" for step in steps(0)]
    assert sorted(path.stem for path in FROZEN) == sorted(path.stem for path in DUMPS) == versions


@pytest.mark.parametrize("frozen", FROZEN, ids=lambda path: path.stem)
def test_a_frozen_database_is_brought_up_to_date(frozen: Path, tmp_path: Path) -> None:
    shutil.copy(frozen, tmp_path / "kentong.db")
    database = SqliteDatabase(tmp_path)
    known = town.read(database, lambda tx: meta.fact(tx, meta.SCHEMA_VERSION))
    assert known == len(steps(0))
    town.read(database, check_content)
    assert town.write(database, lambda tx: town.person(tx, "new").id) == 65_539
    database.close()


@pytest.mark.parametrize("dump", DUMPS, ids=lambda path: path.stem)
def test_a_frozen_dump_is_brought_up_to_date(dump: Path, postgres_url: str, tmp_path: Path) -> None:
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(dump.read_bytes())
    database = PostgresDatabase(postgres_url, tmp_path)
    known = town.read(database, lambda tx: meta.fact(tx, meta.SCHEMA_VERSION))
    assert known == len(steps(0))
    town.read(database, check_content)
    assert town.write(database, lambda tx: town.person(tx, "new").id) > 65_539
    database.close()


@pytest.mark.parametrize("dump", DUMPS, ids=lambda path: path.stem)
def test_a_frozen_dump_is_copied_before_it_changes(
    dump: Path, postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And the copy is what the dump was, for either engine."""
    version = int(dump.stem[1:])
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(dump.read_bytes())
    monkeypatch.setattr(postgres_schema, "steps", lambda found: [moody(version)][found - version :])
    database = PostgresDatabase(postgres_url, tmp_path / "node")
    assert moods(database) == [("anna", "fine"), ("bob", "fine")]
    database.close()
    monkeypatch.undo()
    kept = tmp_path / "node" / f"kentong-schema-{version}.db"
    assert kept.stat().st_mode & 0o077 == 0
    embedded = SqliteDatabase(tmp_path / "embedded")
    embedded.restore(kept)
    town.read(embedded, check_content)
    embedded.close()


def moody(version: int) -> Migration:
    """The step after a schema."""
    return Migration(version + 1, "ALTER TABLE users ADD COLUMN mood TEXT NOT NULL DEFAULT 'fine';")


def test_a_schema_on_postgres_changes_only_when_no_older_node_uses_it(
    postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    older = PostgresDatabase(postgres_url, tmp_path / "older")
    town.write(older, lambda tx: town.person(tx, "anna"))
    with monkeypatch.context() as newer:
        newer.setattr(postgres_schema, "steps", lambda found: [moody(1)][found - 1 :])
        with pytest.raises(SchemaInUse, match="Stop all of them"):
            PostgresDatabase(postgres_url, tmp_path / "newer")
        town.write(older, lambda tx: town.person(tx, "bob"))
        older.close()
        database = PostgresDatabase(postgres_url, tmp_path / "newer")
        another = PostgresDatabase(postgres_url, tmp_path / "another")
        for node in (database, another):
            assert moods(node) == [("anna", "fine"), ("bob", "fine")]
            node.close()
    assert not (tmp_path / "another" / "kentong-schema-1.db").exists()


def test_an_older_node_that_was_cut_off_meanwhile_leaves_a_newer_schema_alone(
    postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    older = PostgresDatabase(postgres_url, tmp_path / "older")
    town.read(older, lambda tx: tx.cursor())
    end_connections(postgres_url)
    with monkeypatch.context() as newer:
        newer.setattr(postgres_schema, "steps", lambda found: [moody(1)][found - 1 :])
        PostgresDatabase(postgres_url, tmp_path / "newer").close()
    for use in (town.write, town.read):
        with pytest.raises(Refused, match="schema 2") as caught:
            use(older, meta.horizon)
        assert caught.value.code is ErrorCode.OVERLOADED
    older.close()


def check_content(tx: Transaction) -> None:
    """What `frozen/make.py` wrote."""
    anna, bob = accounts.list_accounts(tx, 0, 10)
    assert (anna.id, anna.name, bob.name) == (65_537, "anna", "bob")
    assert accounts.account_by_recovery(tx, b"recovery") == anna
    assert accounts.blocked_by(tx, bob.id) == [anna.id]
    phone = devices.device_by_secret(tx, b"secret")
    assert phone is not None
    assert phone.user_id == anna.id
    assert outboxes.last_number(tx, phone.id, town.OUTBOX) == 3
    (head,) = listing.heads_page(tx, anna.id, listing.Bounds(0), 10)
    assert (head.chat.title, head.chat.last_seq, head.chat.changes) == ("lunch", 3, 2)
    assert head.member.read_seq == 3
    rows = messages.latest(tx, head.chat.id, 1, 10)
    assert [(row.text, row.kind) for row in rows] == [
        ("edited", RowKind.TEXT),
        ("", RowKind.DELETED),
        ("text 3", RowKind.TEXT),
    ]
    assert [run.first for run in messages.removals_since(tx, anna.id, 0, 10)] == [2]
    assert invites.invite(tx, b"token") is not None
    assert reports.list_reports(tx, 0, 10)[0].content.excerpt == "text 3"
    assert audit.list_entries(tx, 0, 10)[0].action == "invite"
    assert len(members.page(tx, head.chat.id, 0, 10, MemberState.ACTIVE)) == 2
    assert chats.count(tx) == 1


def test_a_newer_schema_is_left_alone(open_database: OpenDatabase) -> None:
    database = open_database()
    town.write(database, lambda tx: meta.set_fact(tx, meta.SCHEMA_VERSION, 99))
    database.close()
    with pytest.raises(SchemaTooNew, match="schema 99"):
        open_database()


def test_an_older_schema_is_copied_before_it_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = SqliteDatabase(tmp_path)
    town.write(database, lambda tx: town.person(tx, "anna"))
    database.close()
    monkeypatch.setattr(sqlite_files, "steps", lambda found: [moody(1)][found - 1 :])
    database = SqliteDatabase(tmp_path)
    assert moods(database) == [("anna", "fine")]
    database.close()
    kept = sqlite3.connect(tmp_path / "kentong-schema-1.db")
    assert kept.execute("SELECT name FROM users").fetchall() == [("anna",)]
    assert kept.execute("SELECT value FROM meta WHERE key = 'schema_version'").fetchone() == (1,)
    kept.close()


def moods(database: Database) -> list[tuple[str, str]]:
    return town.read(database, lambda tx: tx.all("SELECT name, mood FROM users"))


def test_a_step_that_fails_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    SqliteDatabase(tmp_path).close()
    broken = Migration(2, "CREATE TABLE moods (name TEXT) STRICT; INSERT INTO nowhere VALUES (1);")
    monkeypatch.setattr(sqlite_files, "steps", lambda found: [broken])
    with pytest.raises(sqlite3.OperationalError):
        SqliteDatabase(tmp_path)
    monkeypatch.undo()
    database = SqliteDatabase(tmp_path)
    assert (
        town.read(database, lambda tx: tx.all("SELECT name FROM sqlite_schema WHERE name='moods'"))
        == []
    )
    database.close()


def test_statements_are_taken_apart() -> None:
    assert statements("-- a\nCREATE a (\n b\n);\n\n-- c; d\nCREATE e;\n") == [
        "CREATE a (\n b\n)",
        "CREATE e",
    ]
