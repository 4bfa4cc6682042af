"""Clocks grow, and whoever reads from a cursor on misses nothing."""

import threading
from queue import SimpleQueue

from kentong.server.storage import chats, listing, meta
from kentong.server.storage.engine import Database, Transaction
from kentong.server.storage.sqlite import SqliteDatabase
from tests.conftest import OpenDatabase
from tests.storage import town

Seen = dict[int, int]  # version by chat


def follow(database: Database, cursor: int, seen: Seen) -> int:
    """What a feeder does: read what changed since the cursor; returns the next one."""

    def changed(tx: Transaction) -> int:
        for chat in listing.changed_chats(tx, cursor):
            seen[chat.id] = chat.version
        return tx.cursor()

    return town.read(database, changed)


def everything(database: Database) -> Seen:
    return {
        chat.id: chat.version
        for chat in town.read(database, lambda tx: listing.changed_chats(tx, 0))
    }


def test_clocks_grow_and_cursors_stand_above_them(database: Database) -> None:
    clocks = []
    for _ in range(5):
        clock = town.write(database, lambda tx: town.group(tx, "", []).clock)
        cursor = town.read(database, lambda tx: tx.cursor())
        assert cursor > clock
        clocks.append(clock)
    assert clocks == sorted(set(clocks))


def test_a_work_has_one_clock(database: Database) -> None:
    def twice(tx: Transaction) -> tuple[int, int, int]:
        return tx.clock, town.group(tx, "", []).clock, tx.clock

    assert len(set(town.write(database, twice))) == 1


def test_a_failed_work_leaves_the_clock_usable(database: Database) -> None:
    def fail(tx: Transaction) -> None:
        town.group(tx, "", [])
        raise ValueError

    before = town.write(database, lambda tx: town.group(tx, "", []).clock)
    database.run_group([fail])
    after = town.write(database, lambda tx: town.group(tx, "", []).clock)
    assert after > before


def test_clocks_go_on_after_opening_again(open_database: OpenDatabase) -> None:
    first = open_database()
    facts = first.epoch, first.instance
    clock = town.write(first, lambda tx: town.group(tx, "", []).clock)
    first.close()
    second = open_database()
    assert (second.epoch, second.instance) == facts
    assert len(second.instance) == 8
    assert town.write(second, lambda tx: town.group(tx, "", []).clock) > clock
    second.close()


def test_a_slow_transaction_holds_the_cursor_back(open_database: OpenDatabase) -> None:
    """On PostgreSQL works overlap: what commits late must not be skipped."""
    fast = open_database()
    slow = fast if isinstance(fast, SqliteDatabase) else open_database()
    begun, go_on = threading.Event(), threading.Event()
    made = [town.write(fast, lambda tx: town.group(tx, "", []).id) for _ in range(2)]
    seen: Seen = {}
    cursor = follow(fast, 0, seen)

    def linger(tx: Transaction) -> None:
        chats.touch(tx, made[0])
        begun.set()
        assert go_on.wait(30)

    thread = threading.Thread(target=slow.run_group, args=([linger],))
    thread.start()
    assert begun.wait(30)
    if slow is not fast:
        town.write(fast, lambda tx: chats.touch(tx, made[1]))
    cursor = follow(fast, cursor, seen)
    assert (town.read(fast, lambda tx: tx.lag()) > 0) == (slow is not fast)
    go_on.set()
    thread.join()
    follow(fast, cursor, seen)
    assert seen == everything(fast)
    for node in {id(fast): fast, id(slow): slow}.values():
        node.close()


def test_followers_miss_nothing_while_writers_overlap(open_database: OpenDatabase) -> None:
    nodes = [open_database()]
    if not isinstance(nodes[0], SqliteDatabase):
        nodes += [open_database(), open_database()]
    ids = [town.write(nodes[0], lambda tx: town.group(tx, "", []).id) for _ in range(10)]
    finished: SimpleQueue[int] = SimpleQueue()

    def run(number: int, node: Database) -> None:
        for turn in range(40):
            mine = sorted({ids[(turn * 3 + number) % 10], ids[(turn * 7 + number) % 10]})
            works = [lambda tx, c=chat_id: chats.touch(tx, c) for chat_id in mine]
            outcomes = node.run_group(works).outcomes
            assert all(outcome.error is None for outcome in outcomes)
        finished.put(number)

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(nodes)]
    for thread in threads:
        thread.start()
    seen: Seen = {}
    cursor, before = 0, 0
    while finished.qsize() < len(nodes):
        cursor = follow(nodes[0], cursor, seen)
        assert cursor >= before
        before = cursor
    for thread in threads:
        thread.join()
    follow(nodes[0], cursor, seen)
    assert seen == everything(nodes[0])
    for node in nodes:
        node.close()


def test_forgotten_removals_raise_the_horizon(database: Database) -> None:
    assert town.read(database, meta.horizon) == 0
    town.write(database, lambda tx: meta.forget_removals(tx, 50))
    town.write(database, lambda tx: meta.forget_removals(tx, 20))
    assert town.read(database, meta.horizon) == 50
