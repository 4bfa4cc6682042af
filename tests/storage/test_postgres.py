"""What only PostgreSQL can do to us: lost connections, deadlocks, another cluster."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import psycopg
import pytest
from psycopg import conninfo, sql

from kentong.protocol.errors import ErrorCode, Refused
from kentong.protocol.messages import RowKind
from kentong.server.storage import chats, messages, meta
from kentong.server.storage.engine import Transaction
from kentong.server.storage.postgres import PostgresDatabase
from tests.storage import town


@pytest.fixture
def node(postgres_url: str, tmp_path: Path) -> Iterator[PostgresDatabase]:
    database = PostgresDatabase(postgres_url, tmp_path / "node-a")
    yield database
    database.close()


@pytest.fixture
def other(postgres_url: str, tmp_path: Path) -> Iterator[PostgresDatabase]:
    database = PostgresDatabase(postgres_url, tmp_path / "node-b")
    yield database
    database.close()


def end_connections(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


def test_nodes_share_one_database(node: PostgresDatabase, other: PostgresDatabase) -> None:
    assert (node.epoch, node.instance) == (other.epoch, other.instance)
    made = town.write(node, lambda tx: town.group(tx, "lunch", []))
    assert town.read(other, lambda tx: chats.chat(tx, made.id)) == made


def test_a_lost_connection_is_opened_again(node: PostgresDatabase, postgres_url: str) -> None:
    made = town.write(node, lambda tx: town.group(tx, "lunch", []))
    town.read(node, lambda tx: chats.chat(tx, made.id))
    end_connections(postgres_url)
    assert town.write(node, lambda tx: chats.touch(tx, made.id)) == 1
    end_connections(postgres_url)
    changed = town.read(node, lambda tx: chats.chat(tx, made.id))
    assert changed is not None
    assert changed.changes == 1


def test_a_connection_lost_within_a_group_runs_it_again(
    node: PostgresDatabase, postgres_url: str
) -> None:
    made = town.write(node, lambda tx: town.group(tx, "lunch", []))
    runs = []

    def lose_it_once(tx: Transaction) -> int:
        runs.append(1)
        if len(runs) == 1:
            end_connections(postgres_url)
        return chats.touch(tx, made.id)

    result = node.run_group([lambda tx: chats.touch(tx, made.id), lose_it_once])
    assert [outcome.result for outcome in result.outcomes] == [1, 2]
    assert len(runs) == 2


def test_a_connection_lost_while_committing_is_said(
    node: PostgresDatabase, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody knows whether it took effect, so the work is not run again."""
    made = town.write(node, lambda tx: town.group(tx, "lunch", []))
    runs = []

    def end_before_commit(tx: Transaction) -> None:
        runs.append(1)
        chats.touch(tx, made.id)
        town.post(tx, made.id, 1)
        messages.tombstone(tx, made, 1)

    monkeypatch.setattr(node.removals, "add", lambda removed: end_connections(postgres_url))
    with pytest.raises(Refused) as caught:
        town.write(node, end_before_commit)
    assert caught.value.code is ErrorCode.OVERLOADED
    assert len(runs) == 1
    assert town.write(node, lambda tx: chats.touch(tx, made.id)) == 1


def test_a_deadlock_is_resolved(node: PostgresDatabase, other: PostgresDatabase) -> None:
    """Works lock chats in order, but works that share a commit may not."""
    made = [town.write(node, lambda tx: town.group(tx, "", []).id) for _ in range(2)]
    both_began = threading.Barrier(2)

    def first(chat_id: int) -> bool:
        def work(tx: Transaction) -> None:
            chats.touch(tx, chat_id)
            if not both_began.broken:
                wait_once(both_began)

        return work  # type: ignore[return-value]

    def run(database: PostgresDatabase, order: list[int]) -> None:
        works = [first(order[0]), lambda tx: chats.touch(tx, order[1])]
        outcomes = database.run_group(works).outcomes  # type: ignore[arg-type]
        assert [outcome.error for outcome in outcomes] == [None, None]

    thread = threading.Thread(target=run, args=(other, made[::-1]))
    thread.start()
    run(node, made)
    thread.join()
    for chat_id in made:
        found = town.read(node, partial(chats.chat, chat_id=chat_id))
        assert found is not None
        assert found.changes == 2


def wait_once(barrier: threading.Barrier) -> None:
    """Wait for the other side the first time only."""
    try:
        barrier.wait(10)
    except threading.BrokenBarrierError:
        return
    barrier.abort()


def test_a_dump_in_a_new_cluster_begins_another_history(postgres_url: str, tmp_path: Path) -> None:
    """Its transaction ids start anew, below the clocks that the rows carry."""
    far_ahead = 10**12
    first = PostgresDatabase(postgres_url, tmp_path / "node")
    epoch = first.epoch
    made = town.write(first, lambda tx: town.group(tx, "", []))
    town.write(first, lambda tx: town.post(tx, made.id, 1, "was removed"))
    town.write(first, lambda tx: messages.tombstone(tx, made, 1))

    def as_if_loaded(tx: Transaction) -> None:
        tx.run("UPDATE messages SET text = 'was removed', kind = 0")
        tx.run("UPDATE chats SET clock = ?", far_ahead)

    town.write(first, as_if_loaded)
    first.close()
    second = PostgresDatabase(postgres_url, tmp_path / "node")
    assert second.epoch != epoch
    row = town.read(second, lambda tx: messages.row(tx, made.id, 1))
    assert row is not None
    assert (row.kind, row.text) == (RowKind.DELETED, "")
    new = town.write(second, lambda tx: town.group(tx, "", []))
    assert new.clock > far_ahead
    assert new.id > made.id + meta.RESTORE_ID_JUMP
    assert town.read(second, lambda tx: tx.cursor()) > new.clock
    second.close()


def test_a_new_epoch_can_be_asked_for(node: PostgresDatabase) -> None:
    epoch = node.epoch
    before = town.write(node, lambda tx: town.person(tx, "anna").id)
    node.new_epoch()
    assert node.epoch != epoch
    assert town.write(node, lambda tx: town.person(tx, "bob").id) > before + 2**20


FAR_AHEAD = 10**12


def run_ahead(tx: Transaction) -> None:
    """Leave clocks as another cluster's transaction ids make them."""
    tx.run("UPDATE chats SET clock = ?", FAR_AHEAD)


def test_a_node_writes_above_the_clocks_that_another_raised(
    node: PostgresDatabase, postgres_url: str, tmp_path: Path
) -> None:
    epoch = node.epoch
    town.write(node, lambda tx: town.group(tx, "", []))
    town.write(node, run_ahead)
    raising = PostgresDatabase(postgres_url, tmp_path / "raising")
    assert raising.epoch != epoch
    with pytest.raises(Refused, match="another history"):  # it was meant for the one before
        town.write(node, lambda tx: town.group(tx, "", []))
    assert node.epoch == raising.epoch
    for database in (node, raising, node):
        made = town.write(database, lambda tx: town.group(tx, "", []))
        assert made.clock > FAR_AHEAD
        assert town.read(node, lambda tx: tx.cursor()) > made.clock
    raising.close()


def test_a_node_that_only_reads_learns_of_another_history(
    node: PostgresDatabase, other: PostgresDatabase
) -> None:
    town.read(other, lambda tx: tx.cursor())
    node.new_epoch()
    assert other.epoch != node.epoch
    town.read(other, lambda tx: tx.cursor())
    assert other.epoch == node.epoch


def test_clocks_are_raised_when_nobody_is_writing(
    node: PostgresDatabase, postgres_url: str, tmp_path: Path
) -> None:
    town.write(node, lambda tx: town.group(tx, "", []))
    town.write(node, run_ahead)
    begun, go_on, opened = threading.Event(), threading.Event(), threading.Event()
    clocks = []

    def linger(tx: Transaction) -> None:
        clocks.append(tx.clock)
        begun.set()
        assert go_on.wait(30)
        clocks.append(town.group(tx, "", []).clock)

    def open_another() -> None:
        PostgresDatabase(postgres_url, tmp_path / "raising").close()
        opened.set()

    threads = [threading.Thread(target=node.run_group, args=([linger],))]
    threads[0].start()
    assert begun.wait(30)
    threads.append(threading.Thread(target=open_another))
    threads[1].start()
    until(
        postgres_url,
        "SELECT count(*) = 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted",
    )
    assert not opened.is_set()
    go_on.set()
    for thread in threads:
        thread.join()
    assert clocks[0] == clocks[1] < FAR_AHEAD
    assert opened.is_set()


def until(url: str, question: str) -> None:
    """Ask until it is so."""
    with psycopg.connect(url, autocommit=True) as connection:
        while connection.execute(question.encode()).fetchone() != (True,):
            pass


@contextmanager
def replaced(url: str) -> Iterator[None]:
    """Put a copy in the database's place, as after a dump was loaded."""
    name = conninfo.conninfo_to_dict(url)["dbname"]
    assert isinstance(name, str)
    now, before = sql.Identifier(name), sql.Identifier(name + "_before")
    end_connections(url)
    with psycopg.connect(conninfo.make_conninfo(url, dbname="postgres"), autocommit=True) as admin:
        admin.execute(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(now, before))
        admin.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(now, before))
        try:
            yield
        finally:
            admin.execute(sql.SQL("DROP DATABASE {}").format(before))


def test_a_dump_in_the_same_cluster_begins_another_history(
    postgres_url: str, tmp_path: Path
) -> None:
    def epoch_after(work: Callable[[Transaction], object]) -> int:
        opened = PostgresDatabase(postgres_url, tmp_path)
        town.write(opened, work)
        opened.close()
        return opened.epoch

    def add_person(tx: Transaction) -> None:
        ids.append(town.person(tx, "anna").id)

    ids: list[int] = []
    epoch = epoch_after(add_person)
    assert epoch_after(add_person) == epoch
    with replaced(postgres_url):
        later = epoch_after(add_person)
        assert later != epoch
        assert ids[2] > ids[1] + meta.RESTORE_ID_JUMP
        assert epoch_after(add_person) == later


def test_a_server_that_took_over_is_noticed_when_the_connection_is_opened_again(
    node: PostgresDatabase, other: PostgresDatabase, postgres_url: str
) -> None:
    epoch = node.epoch
    town.write(node, lambda tx: town.person(tx, "anna"))
    with replaced(postgres_url):
        with pytest.raises(Refused, match="another history"):
            town.write(node, lambda tx: town.person(tx, "lost"))
        assert node.epoch != epoch
        town.write(node, lambda tx: town.person(tx, "bob"))
        town.read(other, lambda tx: tx.cursor())
        assert other.epoch == node.epoch
