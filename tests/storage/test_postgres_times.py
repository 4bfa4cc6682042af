"""Our own transactions on PostgreSQL end in time: a stuck one would hold back every device."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from kentong.protocol.errors import ErrorCode, Refused
from kentong.server.storage import chats
from kentong.server.storage.engine import Transaction
from kentong.server.storage.postgres import PostgresDatabase
from kentong.server.storage.postgres_connection import Times
from tests.storage import town

SHORT = Times(idle=200, statement=200, lock=200)


@pytest.fixture
def node(postgres_url: str, tmp_path: Path) -> Iterator[PostgresDatabase]:
    database = PostgresDatabase(postgres_url, tmp_path / "node", SHORT)
    yield database
    database.close()


@pytest.fixture
def other(postgres_url: str, tmp_path: Path) -> Iterator[PostgresDatabase]:
    database = PostgresDatabase(postgres_url, tmp_path / "other")
    yield database
    database.close()


def test_a_transaction_that_idles_is_ended_and_run_again(
    node: PostgresDatabase, other: PostgresDatabase
) -> None:
    made = town.write(node, lambda tx: town.group(tx, "lunch", []))
    begun, go_on = threading.Event(), threading.Event()
    clocks = []

    def linger(tx: Transaction) -> int:
        clocks.append(tx.clock)
        begun.set()
        assert go_on.wait(30)
        return chats.touch(tx, made.id)

    results = []
    thread = threading.Thread(target=lambda: results.append(node.run_group([linger])))
    thread.start()
    assert begun.wait(30)
    while town.read(other, lambda tx: tx.cursor()) <= clocks[0]:  # until PostgreSQL ends it
        pass
    go_on.set()
    thread.join()
    assert [outcome.result for outcome in results[0].outcomes] == [1]
    assert len(clocks) == 2
    found = town.read(other, lambda tx: chats.chat(tx, made.id))
    assert found is not None
    assert (found.changes, found.clock) == (1, clocks[1])


def test_a_statement_that_takes_too_long_is_refused_alone(node: PostgresDatabase) -> None:
    made = town.write(node, lambda tx: town.group(tx, "lunch", []))
    works = [
        lambda tx: chats.touch(tx, made.id),
        lambda tx: tx.one("SELECT pg_sleep(60)"),
        lambda tx: chats.touch(tx, made.id),
    ]
    first, stuck, last = node.run_group(works).outcomes
    assert (first.result, last.result) == (1, 2)
    assert isinstance(stuck.error, Refused)
    assert stuck.error.code is ErrorCode.OVERLOADED


def test_a_reader_that_takes_too_long_is_refused(node: PostgresDatabase) -> None:
    with pytest.raises(Refused) as caught:
        town.read(node, lambda tx: tx.one("SELECT pg_sleep(60)"))
    assert caught.value.code is ErrorCode.OVERLOADED
    assert town.read(node, lambda tx: tx.cursor()) > 0


def test_a_row_that_somebody_else_holds_is_refused_in_time(
    node: PostgresDatabase, other: PostgresDatabase
) -> None:
    made = town.write(node, lambda tx: town.group(tx, "lunch", []))
    holding, go_on = threading.Event(), threading.Event()

    def hold(tx: Transaction) -> None:
        chats.touch(tx, made.id)
        holding.set()
        assert go_on.wait(30)

    thread = threading.Thread(target=other.run_group, args=([hold],))
    thread.start()
    assert holding.wait(30)
    with pytest.raises(Refused) as caught:
        town.write(node, lambda tx: chats.touch(tx, made.id))
    assert caught.value.code is ErrorCode.OVERLOADED
    go_on.set()
    thread.join()
    assert town.write(node, lambda tx: chats.touch(tx, made.id)) == 2
