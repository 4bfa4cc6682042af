"""Rows and versions of a chat are gapless, whoever writes at the same time."""

import threading
from functools import partial

import pytest

from kentong.protocol.limits import OUTBOX_ANSWERS_MAX
from kentong.protocol.messages import RowKind
from kentong.server.model import StoredAnswer
from kentong.server.storage import accounts, chats, devices, listing, messages, outboxes
from kentong.server.storage.engine import Database, Transaction
from kentong.server.storage.sqlite import SqliteDatabase
from tests.conftest import OpenDatabase
from tests.storage import town

WRITERS = 3
ROUNDS = 12


def change(tx: Transaction, chat_ids: list[int], author: int, turn: int) -> None:
    """One posting and one other change of one of the chats."""
    chat_id = chat_ids[turn % len(chat_ids)]
    chats.lock(tx, chat_id)
    chat = chats.chat(tx, chat_id)
    assert chat is not None
    seq = town.post(tx, chat_id, author)
    if turn % 2:
        messages.edit(tx, chat, seq, "edited")
    else:
        chats.touch(tx, chat_id, marks=True)


def test_versions_are_gapless_under_concurrent_writers(open_database: OpenDatabase) -> None:
    first = open_database()
    nodes = [first] * WRITERS
    if not isinstance(first, SqliteDatabase):
        nodes = [first] + [open_database() for _ in range(WRITERS - 1)]
    author = town.write(first, lambda tx: town.person(tx, "anna"))
    ids = [town.write(first, lambda tx: town.group(tx, "", [author]).id) for _ in range(2)]
    failures: list[Exception | None] = []

    def run(node: Database) -> None:
        for turn in range(ROUNDS):
            works = [lambda tx, turn=turn + n: change(tx, ids, author.id, turn) for n in range(4)]
            result = node.run_group(works)
            failures.extend(o.error for o in result.outcomes if o.error is not None)

    threads = [threading.Thread(target=run, args=(node,)) for node in nodes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    for chat_id in ids:
        check_versions(first, chat_id)
    for node in dict.fromkeys(nodes):
        node.close()


def check_versions(database: Database, chat_id: int) -> None:
    chat = town.read(database, lambda tx: chats.chat(tx, chat_id))
    rows = town.read(database, lambda tx: messages.range_rows(tx, chat_id, (1, 10**6), 0, 10**6))
    assert chat is not None
    assert [row.seq for row in rows] == list(range(1, chat.last_seq + 1))
    assert chat.changes == chat.last_seq == WRITERS * ROUNDS * 2
    versions = [row.version for row in rows]
    assert len(set(versions)) == len(versions)
    assert max(versions) <= chat.version


def test_a_repeated_command_takes_effect_once(database: Database) -> None:
    def make(tx: Transaction) -> tuple[int, int, int]:
        anna = town.person(tx, "anna")
        device = devices.add_device(tx, anna.id, b"secret", "phone", town.NOW_S)
        return town.group(tx, "", [anna]).id, anna.id, device.id

    chat_id, user_id, device_id = town.write(database, make)

    def send(number: int) -> int:
        return town.write(
            database, lambda tx: town.command(tx, chat_id, user_id, device_id, number)
        )

    assert [send(1), send(2), send(1), send(2), send(3)] == [1, 2, 1, 2, 3]
    with pytest.raises(LookupError):
        send(5)
    chat = town.read(database, lambda tx: chats.chat(tx, chat_id))
    assert chat is not None
    assert chat.last_seq == 3
    member = town.read(database, lambda tx: listing.memberships(tx, user_id))[0]
    assert (member.read_seq, member.delivered_seq) == (3, 3)


def test_the_newest_answers_of_an_outbox_are_kept(database: Database) -> None:
    last = 3 * OUTBOX_ANSWERS_MAX

    def fill(tx: Transaction) -> None:
        for number in range(1, last + 1):
            outboxes.store_answer(tx, 1, town.OUTBOX, number, StoredAnswer(b"h", b"a"))

    town.write(database, fill)

    def known(tx: Transaction) -> list[int]:
        numbers = range(1, last + 1)
        return [n for n in numbers if outboxes.answer(tx, 1, town.OUTBOX, n) is not None]

    assert town.read(database, known) == list(range(last - OUTBOX_ANSWERS_MAX + 1, last + 1))
    assert town.read(database, lambda tx: outboxes.last_number(tx, 1, town.OUTBOX)) == last
    assert town.read(database, lambda tx: outboxes.last_number(tx, 1, 99)) == 0


def test_a_tombstone_keeps_its_row_wiped(database: Database) -> None:
    anna = town.write(database, lambda tx: town.person(tx, "anna"))
    chat = town.write(database, lambda tx: town.group(tx, "", [anna]))
    for text in ("one", "two", "three"):
        town.write(database, partial(town.post, chat_id=chat.id, author_id=anna.id, text=text))
    assert town.write(database, lambda tx: messages.edit(tx, chat, 1, "uno")) == 1
    assert town.write(database, lambda tx: messages.tombstone(tx, chat, 2)) == 2
    rows = town.read(database, lambda tx: messages.latest(tx, chat.id, 1, 10))
    assert [(row.text, row.kind, row.edited, row.version) for row in rows] == [
        ("uno", RowKind.TEXT, 1, 4),
        ("", RowKind.DELETED, 0, 5),
        ("three", RowKind.TEXT, 0, 3),
    ]
    above = town.read(database, lambda tx: messages.range_rows(tx, chat.id, (1, 3), 4, 10))
    assert [row.seq for row in above] == [2]


def test_an_alias_is_never_handed_out_twice(database: Database) -> None:
    anna = town.write(database, lambda tx: town.person(tx, "anna"))
    taken = [town.write(database, lambda tx: accounts.take_alias(tx, anna.id)) for _ in range(3)]
    assert taken == [1, 2, 3]
