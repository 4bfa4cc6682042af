"""A full disk refuses writing, goes on reading, and recovers by itself."""

import asyncio
import contextlib
from pathlib import Path

import pytest

from kentong.protocol.errors import ErrorCode, Refused
from kentong.server.model import Chat
from kentong.server.storage import chats, messages
from kentong.server.storage.engine import GroupedEngine, Transaction
from kentong.server.storage.sqlite import SqliteDatabase
from kentong.server.storage.sqlite_files import Options
from tests.storage import town

PAGES_LEFT = 12


@pytest.fixture
def chat(sqlite_database: SqliteDatabase) -> Chat:
    def make(tx: Transaction) -> Chat:
        return town.group(tx, "", [town.person(tx, "anna")])

    return town.write(sqlite_database, make)


def limit_pages(database: SqliteDatabase, spare: int) -> None:
    """Let the file grow by so many pages and no further."""
    writer = database.writer
    (count,) = writer.execute("PRAGMA page_count").fetchone()
    writer.execute(f"PRAGMA max_page_count = {count + spare}")


def fill(database: SqliteDatabase, chat: Chat) -> int:
    """Post until it is refused; returns the last seq that was acknowledged."""
    acknowledged = 0
    for _ in range(1_000):
        works = [lambda tx: town.post(tx, chat.id, 1, "x" * 1_000) for _ in range(3)]
        outcomes = database.run_group(works).outcomes
        if any(outcome.error for outcome in outcomes):
            for outcome in outcomes:
                assert isinstance(outcome.error, Refused)
                assert outcome.error.code is ErrorCode.DISK_FULL
                assert outcome.error.retry_after_ms > 0
            return acknowledged
        acknowledged = outcomes[-1].result
    raise AssertionError("never full")


def test_a_full_disk_refuses_the_group_and_recovers(
    sqlite_database: SqliteDatabase, chat: Chat
) -> None:
    limit_pages(sqlite_database, PAGES_LEFT)
    acknowledged = fill(sqlite_database, chat)
    assert acknowledged > 0
    assert fill(sqlite_database, chat) == 0
    rows = town.read(sqlite_database, lambda tx: messages.latest(tx, chat.id, 1, 10**6))
    assert len(rows) == acknowledged
    limit_pages(sqlite_database, 10 * PAGES_LEFT)
    assert town.write(sqlite_database, lambda tx: town.post(tx, chat.id, 1)) == acknowledged + 1


def test_clocks_of_refused_works_are_not_lost_ground(
    sqlite_database: SqliteDatabase, chat: Chat
) -> None:
    limit_pages(sqlite_database, PAGES_LEFT)
    fill(sqlite_database, chat)
    limit_pages(sqlite_database, 10 * PAGES_LEFT)
    cursor = town.read(sqlite_database, lambda tx: tx.cursor())
    town.write(sqlite_database, lambda tx: chats.touch(tx, chat.id))
    after = town.read(sqlite_database, lambda tx: chats.chat(tx, chat.id))
    assert after is not None
    assert after.clock == cursor


def test_a_reserve_on_the_volume_is_left_alone(tmp_path: Path) -> None:
    database = SqliteDatabase(tmp_path / "data", Options(reserve_bytes=2**62))
    with pytest.raises(Refused) as caught:
        town.write(database, lambda tx: town.person(tx, "anna"))
    assert caught.value.code is ErrorCode.DISK_FULL
    assert town.read(database, lambda tx: tx.cursor()) == 1
    database.close()


def test_a_removal_that_can_not_be_listed_is_refused(
    sqlite_database: SqliteDatabase, chat: Chat
) -> None:
    town.write(sqlite_database, lambda tx: town.post(tx, chat.id, 1))
    sqlite_database.folder.removals.mkdir()  # nothing can be appended to it
    with pytest.raises(Refused) as caught:
        town.write(sqlite_database, lambda tx: messages.tombstone(tx, chat, 1))
    assert caught.value.code is ErrorCode.DISK_FULL
    row = town.read(sqlite_database, lambda tx: messages.row(tx, chat.id, 1))
    assert row is not None
    assert row.text == "hello"


def test_a_full_disk_is_news_once_and_its_end_too(
    sqlite_database: SqliteDatabase, chat: Chat, caplog: pytest.LogCaptureFixture
) -> None:
    async def post(engine: GroupedEngine, *, reserve_bytes: int) -> None:
        sqlite_database.options = Options(reserve_bytes=reserve_bytes)
        for _ in range(3):
            with contextlib.suppress(Refused):
                await engine.write(lambda tx: town.post(tx, chat.id, 1))
            assert engine.is_full == (reserve_bytes > 0)

    async def work() -> None:
        engine = GroupedEngine(sqlite_database)
        for _ in range(2):
            await post(engine, reserve_bytes=0)
            await post(engine, reserve_bytes=2**62)
        await engine.close_lanes()

    asyncio.run(work())
    said = [record.getMessage().partition(" (")[0] for record in caplog.records]
    full = "no room to write: devices wait and try again"
    assert said == [full, "there is room to write again", full]
