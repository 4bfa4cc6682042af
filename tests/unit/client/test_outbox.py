"""Whatever is lost, repeated, cloned or restored: each command takes effect once, in order."""

import copy
import json
import shutil
import tempfile
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kentong.client import references
from kentong.client.events import CommandDropped, CommandRefused, StateReset
from kentong.client.outbox import ANSWERED_KEPT_S
from kentong.client.references import Entry
from kentong.client.store import Store
from kentong.protocol import messages as wire
from kentong.protocol.codec import decode_from_client, encode
from kentong.protocol.errors import ErrorCode, Refused
from kentong.protocol.planted import Planted
from tests.unit.client.double import ME, NOW, Double, exchange, open_store

CHAT = 80_001
VECTORS = Path(__file__).parents[3] / "spec" / "vectors" / "messages.json"

moments = st.lists(
    st.one_of(
        st.just(("write", 0)),
        st.tuples(st.just("link"), st.integers(0, 9)),
        st.just(("crash", 0)),
    ),
    max_size=25,
)


def write(store: Store, command: wire.Command) -> int:
    with store.transaction():
        return store.outbox.add(command, NOW)


def texts(server: Double, chat: int = CHAT) -> list[str]:
    return [row.text for row in server.chats[chat].rows if row.author == ME]


def frames(store: Store) -> list[wire.Command]:
    """What waits, without where it comes from."""
    commands = [entry.command for entry in store.outbox.unanswered()]
    return [msgspec.structs.replace(command, origin=0) for command in commands]


def origins(store: Store) -> list[int]:
    return [getattr(entry.command, "origin", 0) for entry in store.outbox.unanswered()]


def clones(store: Store, folder: Path) -> list[Store]:
    store.close()
    shutil.copy(folder / "device.db", folder / "clone.db")
    return [open_store(folder / name) for name in ("device.db", "clone.db")]


@pytest.fixture
def server() -> Double:
    server = Double()
    server.make(CHAT)
    return server


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(tmp_path / "device.db")


def test_commands_are_numbered_from_one_and_their_bytes_stay(store: Store) -> None:
    keys = [write(store, wire.SendText(CHAT, text)) for text in "abc"]
    before = [store.outbox.entry(key) for key in keys]
    assert [entry.number for entry in before if entry] == [1, 2, 3]
    write(store, wire.EditText(CHAT, -keys[0], "d"))
    assert [store.outbox.entry(key) for key in keys] == before


def test_what_waits_is_referred_to_by_its_number(store: Store) -> None:
    group = write(store, wire.CreateGroup("lunch"))
    text = write(store, wire.SendText(-group, "hi"))
    write(store, wire.SendText(-group, "again", reply_to=-text))
    assert frames(store)[1:] == [wire.SendText(-1, "hi"), wire.SendText(-1, "again", reply_to=-2)]


def test_what_is_answered_is_referred_to_by_its_id(store: Store, server: Double) -> None:
    group = write(store, wire.CreateGroup("lunch"))
    exchange(store, server)
    write(store, wire.SendText(-group, "hi"))
    assert frames(store) == [wire.SendText(90_001, "hi")]


def test_what_was_refused_makes_nothing(store: Store, server: Double) -> None:
    server.refuse = lambda command: ErrorCode.TOO_MANY_CHATS
    group = write(store, wire.CreateGroup("lunch"))
    exchange(store, server)
    with pytest.raises(Refused):
        write(store, wire.SendText(-group, "hi"))


def test_a_refusal_does_not_stop_what_comes_after(store: Store, server: Double) -> None:
    def refuse(command: wire.Command) -> ErrorCode | None:
        return ErrorCode.TEXT_EMPTY if command == wire.SendText(CHAT, "") else None

    server.refuse = refuse
    key = write(store, wire.SendText(CHAT, ""))
    write(store, wire.SendText(CHAT, "b"))
    assert CommandRefused(key, ErrorCode.TEXT_EMPTY) in exchange(store, server)
    assert texts(server) == ["b"]
    assert [entry.key for entry in store.outbox.failed()] == [key]


@settings(max_examples=80, deadline=None)
@given(moments)
def test_each_text_arrives_once_and_in_order_whatever_is_cut(
    history: list[tuple[str, int]],
) -> None:
    server = Double()
    server.make(CHAT)
    written: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        store = open_store(Path(folder) / "device.db")
        for what, cut in history:
            if what == "write":
                written.append(f"text {len(written)}")
                write(store, wire.SendText(CHAT, written[-1]))
            elif what == "link":
                exchange(store, server, cut=cut)
            else:
                store.close()
                store = open_store(Path(folder) / "device.db")
        exchange(store, server)
        assert texts(server) == written
        assert [row.text for row in store.timeline.rows(CHAT, 1, 99)][-1:] == written[-1:]
        store.close()


@settings(max_examples=60, deadline=None)
@given(moments, st.integers(0, 25))
def test_a_restored_server_gets_back_what_it_lost(
    history: list[tuple[str, int]], backed_up_after: int
) -> None:
    server = Double()
    server.make(CHAT)
    backup = copy.deepcopy(server)
    written: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        store = open_store(Path(folder) / "device.db")
        for index, (what, cut) in enumerate(history):
            if what == "write":
                written.append(f"text {len(written)}")
                write(store, wire.SendText(CHAT, written[-1]))
            elif what == "link":
                exchange(store, server, cut=cut)
            if index == backed_up_after:
                backup = copy.deepcopy(server)
        backup.epoch += 1
        for cut in (1, 2, 3, -1):  # the way back is cut, too
            exchange(store, backup, cut=cut)
        assert texts(backup) == written
        store.close()


def test_a_restored_server_gets_back_the_chat_that_a_text_was_for(
    store: Store, server: Double
) -> None:
    exchange(store, server)
    backup = copy.deepcopy(server)
    group = write(store, wire.CreateGroup("lunch"))
    first = write(store, wire.SendText(-group, "hi"))
    exchange(store, server)
    write(store, wire.SendText(90_001, "again", reply_to=1))
    exchange(store, server)
    backup.epoch += 1
    backup.make(99_999)  # so that the group gets another id
    events = exchange(store, backup)
    assert StateReset() in events
    assert texts(backup, 90_002) == ["hi", "again"]
    entry = store.outbox.entry(first)
    assert entry is not None
    assert entry.answer == wire.Accepted(1, 0, backup.chats[90_002].rows[0].at)


def test_what_was_deleted_does_not_come_back(store: Store, server: Double) -> None:
    exchange(store, server)
    backup = copy.deepcopy(server)
    for text in ("deleted", "kept"):
        write(store, wire.SendText(CHAT, text))
    exchange(store, server)
    server.delete(CHAT, 1)
    exchange(store, server)
    backup.epoch += 1
    exchange(store, backup)
    assert texts(backup) == ["kept"]


def test_what_is_about_a_lost_chat_is_dropped_with_a_notice(store: Store, server: Double) -> None:
    exchange(store, server)
    backup = copy.deepcopy(server)
    server.make(80_002)
    exchange(store, server)
    key = write(store, wire.SendText(80_002, "where?"))
    other = write(store, wire.SendText(CHAT, "here"))
    backup.epoch += 1
    events = exchange(store, backup)
    assert CommandDropped(key) in events
    assert CommandDropped(other) not in events
    assert texts(backup) == ["here"]


def test_what_names_a_text_says_when_it_was_posted_unless_it_is_posted_anew(
    store: Store, server: Double
) -> None:
    write(store, wire.SendText(CHAT, "mine"))
    exchange(store, server)
    write(store, wire.EditText(CHAT, 1, "better", server.chats[CHAT].rows[0].at))
    write(store, wire.DeleteMessage(CHAT, 2, NOW))
    with store.transaction():
        store.outbox.requeue({}, NOW, lambda chat, seq: True)
    assert frames(store) == [
        wire.SendText(CHAT, "mine"),
        wire.EditText(CHAT, -1, "better"),
        wire.DeleteMessage(CHAT, 2, NOW),
    ]


def test_what_names_the_text_in_the_place_of_a_lost_one_means_that_text(
    store: Store, server: Double
) -> None:
    """It was written when the restored server was listed, but the lost text not yet queued."""
    write(store, wire.SendText(CHAT, "mine"))
    exchange(store, server)
    later = server.chats[CHAT].rows[0].at + 60
    write(store, wire.DeleteMessage(CHAT, 1, later))
    with store.transaction():
        store.outbox.requeue({}, NOW, lambda chat, seq: True)
    assert frames(store) == [wire.SendText(CHAT, "mine"), wire.DeleteMessage(CHAT, 1, later)]


def test_two_clones_send_each_text_once(tmp_path: Path, server: Double) -> None:
    store = open_store(tmp_path / "device.db")
    write(store, wire.SendText(CHAT, "common"))
    stores = clones(store, tmp_path)
    for index, each in enumerate(stores):
        group = write(each, wire.CreateGroup(f"group {index}"))
        write(each, wire.SendText(-group, f"of {index}"))
    for each in stores:
        exchange(each, server)
    assert texts(server) == ["common"]
    assert [texts(server, chat) for chat in (90_001, 90_002)] == [["of 0"], ["of 1"]]
    assert stores[0].outbox.id != stores[1].outbox.id


def test_two_clones_that_fork_send_what_both_have_once(tmp_path: Path, server: Double) -> None:
    store = open_store(tmp_path / "device.db")
    for text in ("a", "b"):
        write(store, wire.SendText(CHAT, text))
    server.last[store.outbox.id] = 1  # by a third clone
    server.answers[store.outbox.id, 1] = b"other", wire.Done()
    stores = clones(store, tmp_path)
    write(stores[1], wire.SendText(CHAT, "c"))
    for each in stores:
        exchange(each, server)
    assert texts(server) == ["a", "b", "c"]


def test_a_text_that_two_clones_queue_again_is_posted_once(tmp_path: Path, server: Double) -> None:
    """One of them was refused a command that the other holds unanswered: their numbers part."""
    backup = copy.deepcopy(server)
    store = open_store(tmp_path / "device.db")
    exchange(store, server)
    first = write(store, wire.SendText(CHAT, "refused here"))
    for text in ("a", "b"):
        write(store, wire.SendText(CHAT, text))
    stores = clones(store, tmp_path)
    with stores[0].transaction():
        stores[0].outbox.answer(first, wire.Refusal(ErrorCode.FORBIDDEN), NOW)
    backup.epoch += 1
    for each in (*stores, *stores):
        exchange(each, backup)
    assert texts(backup) == ["a", "b", "refused here"]
    assert all(not each.outbox.unanswered() for each in stores)


def test_a_command_keeps_its_origin_however_often_it_moves(store: Store) -> None:
    for text in ("a", "a"):
        write(store, wire.SendText(CHAT, text))
    assert origins(store) == [0, 0]
    with store.transaction():
        store.outbox.fork(NOW)
    before = origins(store)
    assert len({0, *before}) == 3
    with store.transaction():
        store.outbox.fork(NOW + 1)
    assert origins(store) == before


def test_commands_that_move_say_the_origin_of_the_golden_vectors() -> None:
    for move in json.loads(VECTORS.read_text())["moves"]:
        frame, place = bytes.fromhex(move["hex"]), (move["outbox"], move["number"])
        entry = Entry(1, *place, frame, move["written_at"], None)
        assert encode(references.moved(entry.command, entry)).hex() == move["moved"]


def test_a_fork_writes_references_anew(store: Store) -> None:
    group = write(store, wire.CreateGroup("lunch"))
    text = write(store, wire.SendText(-group, "hi"))
    refused = write(store, wire.CreateGroup("dinner"))
    late = write(store, wire.SendText(-refused, "late"))
    write(store, wire.EditText(-group, -text, "hello"))
    before = store.outbox.id
    with store.transaction():
        store.outbox.answer(group, wire.Done(90_001), NOW)
        store.outbox.answer(refused, wire.Refusal(ErrorCode.TOO_MANY_CHATS), NOW)
        assert store.outbox.fork(NOW) == [late]
    assert store.outbox.id != before
    assert frames(store) == [wire.SendText(90_001, "hi"), wire.EditText(90_001, -1, "hello")]
    assert [entry.number for entry in store.outbox.unanswered()] == [1, 2]


def test_answered_commands_are_kept_for_a_week(store: Store, server: Double) -> None:
    key = write(store, wire.SendText(CHAT, "a"))
    exchange(store, server)
    with store.transaction():
        store.outbox.forget_old(NOW + ANSWERED_KEPT_S - 60)
        assert store.outbox.entry(key) is not None
        store.outbox.forget_old(NOW + ANSWERED_KEPT_S + 60)
        assert store.outbox.entry(key) is None
    assert store.outbox.next_number == 2


def test_a_transaction_that_fails_leaves_nothing(store: Store) -> None:
    def fail() -> None:
        with store.transaction():
            store.outbox.add(wire.SendText(CHAT, "a"), NOW)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert (store.outbox.unanswered(), store.outbox.next_number) == ([], 1)


def test_planted_an_outbox_in_memory_is_lost(tmp_path: Path) -> None:
    planted = frozenset({Planted.OUTBOX_NOT_PERSISTED})
    store = Store(tmp_path / "device.db", planted, durable=False)
    write(store, wire.SendText(CHAT, "a"))
    store.close()
    assert Store(tmp_path / "device.db", planted, durable=False).outbox.unanswered() == []


def test_planted_a_cursor_before_the_last_page_skips_chats(tmp_path: Path) -> None:
    server = Double()
    for chat in range(80_001, 80_006):
        server.make(chat)
    planted = frozenset({Planted.CURSOR_BEFORE_LAST_PAGE})
    store = Store(tmp_path / "device.db", planted, durable=False)
    exchange(store, server, cut=2)
    exchange(store, server)
    assert len(store.chats()) < 5


def test_frames_are_commands(store: Store) -> None:
    key = write(store, wire.SendText(CHAT, "a"))
    entry = store.outbox.entry(key)
    assert entry is not None
    assert decode_from_client(entry.frame) == wire.SendText(CHAT, "a")
