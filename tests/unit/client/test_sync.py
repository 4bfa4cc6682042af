"""A client that catches up, in whatever pieces, ends where a new one begins."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kentong.client.agenda import Agenda, Question
from kentong.client.events import ChatGone, MessageDeleted, MessageEdited, MessagePosted
from kentong.client.session import Session
from kentong.client.store import Store
from kentong.client.sync import Sync
from kentong.client.windows import Window, to_ask
from kentong.protocol import messages as wire
from kentong.protocol.codec import encode
from tests.unit.client.double import (
    ME,
    NOW,
    OTHER,
    Connection,
    Double,
    exchange,
    open_store,
    state,
)

CHATS = (80_001, 80_002, 80_003, 80_004, 80_005)

steps = st.lists(
    st.one_of(
        st.tuples(st.just("post"), st.sampled_from(CHATS), st.integers(1, 6)),
        st.tuples(st.just("edit"), st.sampled_from(CHATS), st.integers(1, 6)),
        st.tuples(st.just("delete"), st.sampled_from(CHATS), st.integers(1, 6)),
        st.tuples(st.just("leave"), st.sampled_from(CHATS), st.integers(1, 6)),
        st.tuples(st.just("link"), st.integers(0, 7), st.integers(0, 1)),
    ),
    max_size=30,
)


def happen(server: Double, what: str, chat: int, seq: int) -> None:
    if server.chats[chat].gone:
        return
    if what == "post":
        server.post(chat, OTHER, f"text {server.clock}")
    elif what == "leave":
        server.leave(chat)
    elif seq <= len(server.chats[chat].rows):
        (server.delete(chat, seq) if what == "delete" else server.edit(chat, seq, "other"))


def keep_all(store: Store, server: Double) -> None:
    """Ask for every row of every chat."""
    agenda = Agenda()
    for chat in store.chats():
        span = (1, chat.last_seq)
        runs = to_ask(store.timeline.windows(chat.id), span, chat.version) if span[1] else []
        for run in runs:
            number = agenda.next_request()
            request = wire.GetRange(number, chat.id, run.first, run.last, run.as_of)
            agenda.questions[number] = Question(request, lambda answer: None)
    exchange(store, server, agenda)


@settings(max_examples=60, deadline=None)
@given(steps)
def test_catching_up_in_pieces_ends_as_a_fresh_start(
    history: list[tuple[str, int, int]],
) -> None:
    server = Double()
    for chat in CHATS:
        server.make(chat)
    with tempfile.TemporaryDirectory() as folder:
        store = open_store(Path(folder) / "old.db")
        for what, first, second in history:
            if what != "link":
                happen(server, what, first, second)
                continue
            exchange(store, server, cut=first)  # the link is cut after so many frames
            if second:
                store.close()
                store = open_store(Path(folder) / "old.db")
        exchange(store, server)
        keep_all(store, server)
        fresh = open_store(Path(folder) / "new.db")
        exchange(fresh, server)
        keep_all(fresh, server)
        assert state(store) == state(fresh)
        store.close()
        fresh.close()


@pytest.fixture
def server() -> Double:
    server = Double()
    server.make(CHATS[0])
    server.post(CHATS[0], OTHER, "first")
    return server


@pytest.fixture
def store(tmp_path: Path, server: Double) -> Store:
    store = open_store(tmp_path / "device.db")
    exchange(store, server)
    return store


def live(store: Store, server: Double, agenda: Agenda | None = None) -> tuple[Session, Agenda]:
    """A connection that is up to date."""
    agenda = agenda or Agenda()
    session = Session(store, agenda, 0)
    for frame in Connection(server, session.hello()).take():
        session.receive(frame, 0, NOW)
    assert session.listed
    return session, agenda


def posted(seq: int, changes: int = 0, text: str = "next") -> bytes:
    return encode(wire.Posted(CHATS[0], seq, changes, 1, OTHER, text))


def sent(session: Session, now: float) -> list[bytes]:
    return [frame for frame in session.outgoing(now) if frame[1] not in (0x31, 0x34)]


def test_a_text_on_top_of_what_is_known_extends_the_window(store: Store, server: Double) -> None:
    session, _ = live(store, server)
    events = session.receive(posted(2), 1, NOW)
    assert [event.row.text for event in events if isinstance(event, MessagePosted)] == ["next"]
    assert store.timeline.windows(CHATS[0]) == [Window(1, 2, 2)]


def test_a_text_that_was_there_already_changes_nothing(store: Store, server: Double) -> None:
    session, _ = live(store, server)
    session.receive(posted(2), 1, NOW)
    before = state(store)
    assert session.receive(posted(2), 1, NOW) == []
    assert state(store) == before


def test_a_text_that_does_not_fit_makes_the_client_ask(store: Store, server: Double) -> None:
    session, _ = live(store, server)
    assert session.receive(posted(5), 1, NOW) == []
    assert sent(session, 2) == [encode(wire.GetHeads(1, [CHATS[0]]))]


def test_the_cursor_waits_for_heads_that_are_asked_for(store: Store, server: Double) -> None:
    session, _ = live(store, server)
    cursor = store.cursor
    session.receive(posted(5), 1, NOW)
    session.receive(encode(wire.Mark(cursor + 9)), 1, NOW)
    assert store.cursor == cursor
    sent(session, 2)
    for _ in range(4):
        server.post(CHATS[0], OTHER, "more")
    (answer,) = server.answer(wire.GetHeads(1, [CHATS[0]]))
    session.receive(encode(answer), 3, NOW)
    assert store.cursor == cursor + 9


def test_an_unknown_alias_ends_the_connection(store: Store, server: Double) -> None:
    from kentong.client.sync import UnknownAlias

    session, _ = live(store, server)
    with pytest.raises(UnknownAlias):
        session.receive(encode(wire.Posted(77, 1, 0, 1, OTHER, "?")), 1, NOW)


def test_edits_and_deletions_are_told_once(store: Store, server: Double) -> None:
    session, _ = live(store, server)
    row = wire.Row(1, NOW, OTHER, "better", edited=1)
    changed = encode(wire.Changed(CHATS[0], 1, 1, 1, [row]))
    (edited,) = [e for e in session.receive(changed, 1, NOW) if isinstance(e, MessageEdited)]
    assert edited.row.text == "better"
    gone = encode(wire.Changed(CHATS[0], 2, 1, 2, [wire.Row(1, NOW, OTHER, kind=1)]))
    deleted = [e for e in session.receive(gone, 1, NOW) if isinstance(e, MessageDeleted)]
    assert deleted == [MessageDeleted(CHATS[0], 1)]
    assert session.receive(gone, 1, NOW) == []
    assert store.timeline.windows(CHATS[0]) == [Window(1, 1, 3)]


def test_marks_over_more_than_one_change_fit(store: Store, server: Double) -> None:
    session, _ = live(store, server)
    session.receive(encode(wire.Marked(CHATS[0], 1, 3, 0, 0, covers=3)), 1, NOW)
    chat = store.chat(CHATS[0])
    assert chat is not None
    assert (chat.state, chat.peer_read_seq) == ((1, 3), 1)


def test_removals_come_before_anything_else(store: Store, server: Double) -> None:
    server.delete(CHATS[0], 1)
    events = exchange(store, server, cut=2)
    assert MessageDeleted(CHATS[0], 1) in events
    row = store.timeline.row(CHATS[0], 1)
    assert row is not None
    assert (row.text, row.is_deleted) == ("", True)


def test_a_chat_that_is_gone_leaves_nothing(store: Store, server: Double) -> None:
    server.leave(CHATS[0])
    assert ChatGone(CHATS[0]) in exchange(store, server)
    assert state(store) == {}


def test_an_own_text_waits_for_others_on_their_way(store: Store, server: Double) -> None:
    session, _ = live(store, server)
    with store.transaction():
        store.outbox.add(wire.SendText(CHATS[0], "mine"), NOW)
    sent(session, 1)
    session.receive(encode(wire.Accepted(3, 0, 5)), 1, NOW)
    chat = store.chat(CHATS[0])
    assert chat is not None
    assert chat.last_seq == 1
    session.receive(posted(2), 1, NOW)
    rows = store.timeline.rows(CHATS[0], 1, 9)
    assert [(row.seq, row.author, row.text) for row in rows] == [
        (1, OTHER, "first"),
        (2, OTHER, "next"),
        (3, ME, "mine"),
    ]


def read(store: Store, seq: int) -> int:
    """The user reads up to here; how much is shown as unread then."""
    with store.transaction():
        Sync(store).read(CHATS[0], seq)
    chat = store.chat(CHATS[0])
    assert chat is not None
    return chat.unread


def test_reading_counts_the_rows_that_are_left(store: Store, server: Double) -> None:
    session, _ = live(store, server)
    for seq in (2, 3, 4):
        session.receive(posted(seq), 1, NOW)
    assert read(store, 2) == 2
    assert sent(session, 2) == [encode(wire.Read(CHATS[0], 2))]
    assert sent(session, 9) == []


def test_where_rows_are_missing_the_server_counts_what_is_left(
    store: Store, server: Double
) -> None:
    session, _ = live(store, server)
    head = wire.Head(CHATS[0], CHATS[0], 0, wire.ChatKind.GROUP, 0, 9, 0, 5, 9, title="chat")
    session.receive(encode(wire.Heads(server.clock + 1, [head])), 1, NOW)
    assert read(store, 6) == 3  # at most
    assert sent(session, 2) == [encode(wire.Read(CHATS[0], 6))]
    assert sent(session, 5) == [encode(wire.GetHeads(1, [CHATS[0]]))]


def test_a_head_that_does_not_know_of_a_mark_is_told_again(store: Store, server: Double) -> None:
    session, _ = live(store, server)
    for seq in (2, 3):
        session.receive(posted(seq), 1, NOW)
    read(store, 2)
    assert sent(session, 2) == [encode(wire.Read(CHATS[0], 2))]
    head = wire.Head(CHATS[0], CHATS[0], 0, wire.ChatKind.GROUP, 0, 3, 0, 2, 3, title="chat")
    session.receive(encode(wire.Heads(server.clock + 1, [head])), 3, NOW)
    assert sent(session, 4) == [encode(wire.Read(CHATS[0], 2))]


def test_messages_of_a_later_version_are_ignored(store: Store, server: Double) -> None:
    session, _ = live(store, server)
    assert session.receive(bytes.fromhex("92 78 01"), 1, NOW) == []


def test_a_horizon_drops_chats_that_the_listing_does_not_name(store: Store, server: Double) -> None:
    session = Session(store, Agenda(), 0)
    session.hello()
    flags = wire.WelcomeFlag.HORIZON | wire.WelcomeFlag.BEHIND
    session.receive(encode(wire.Welcome(NOW, 1, flags)), 0, NOW)
    assert store.timeline.windows(CHATS[0]) == []
    events = session.receive(encode(wire.Heads(50, [], 51)), 0, NOW)
    assert events == [ChatGone(CHATS[0])]


def test_a_listing_of_everything_that_is_cut_goes_on_where_it_was(
    store: Store, server: Double
) -> None:
    session = Session(store, Agenda(), 0)
    session.hello()
    flags = wire.WelcomeFlag.HORIZON | wire.WelcomeFlag.BEHIND
    session.receive(encode(wire.Welcome(NOW, 1, flags)), 0, NOW)
    session.receive(encode(wire.Heads(50, [], 51, 1, 40, 3)), 0, NOW)
    hello = Session(store, Agenda(), 1).hello()
    token = (hello.backfill_to, hello.backfill_at, hello.backfill_alias)
    assert (hello.cursor, token) == (0, (51, 40, 3))


def test_a_listing_of_everything_names_a_chat_also_by_an_older_head(
    store: Store, server: Double
) -> None:
    session = Session(store, Agenda(), 0)
    session.hello()
    flags = wire.WelcomeFlag.HORIZON | wire.WelcomeFlag.BEHIND
    session.receive(encode(wire.Welcome(NOW, 1, flags)), 0, NOW)
    older = encode(wire.Heads(server.clock, [server.head(server.chats[CHATS[0]])], 51))
    server.post(CHATS[0], OTHER, "second")
    newer = encode(wire.Heads(server.clock, [server.head(server.chats[CHATS[0]])]))
    session.receive(newer, 1, NOW)
    with store.transaction():
        store.unlist_all()  # the older one was read before, and comes late
    session.receive(older, 1, NOW)
    chat = store.chat(CHATS[0])
    assert chat is not None
    assert chat.last_seq == 2


def test_rows_asked_for_above_a_version_fill_no_hole(store: Store, server: Double) -> None:
    session, agenda = live(store, server)
    server.post(CHATS[0], OTHER, "second")
    request = wire.GetRange(agenda.next_request(), CHATS[0], 1, 2, as_of=1)
    agenda.questions[request.request] = Question(request, lambda answer: None)
    sent(session, 1)
    with store.transaction():
        store.timeline.drop(CHATS[0])  # rights changed, before the answer came
    (answer,) = server.answer(request)
    session.receive(encode(answer), 2, NOW)
    assert store.timeline.windows(CHATS[0]) == []


def test_what_no_row_came_of_stays_a_hole(store: Store, server: Double) -> None:
    """A question from before a restore may ask for rows that the server doesn't have any more."""
    session, agenda = live(store, server)
    request = wire.GetRange(agenda.next_request(), CHATS[0], 1, 5)
    agenda.questions[request.request] = Question(request, lambda answer: None)
    (answer,) = server.answer(request)
    session.receive(encode(answer), 2, NOW)
    assert [window.span for window in store.timeline.windows(CHATS[0])] == [(1, 1)]


def test_each_page_of_rows_counts_and_only_the_rest_is_asked_again(
    store: Store, server: Double
) -> None:
    for number in range(10):
        server.post(CHATS[0], OTHER, f"text {number}")
    session, agenda = live(store, server)
    request = wire.GetRange(agenda.next_request(), CHATS[0], 1, 11)
    answers: list[wire.Message] = []
    agenda.questions[request.request] = Question(request, answers.append)
    pages = server.answer(request)
    session.receive(encode(pages[0]), 2, NOW)
    assert [window.span for window in store.timeline.windows(CHATS[0])] == [(1, 4), (11, 11)]
    assert not answers
    again, agenda_again = live(store, server, agenda)  # the link broke
    (left,) = [question.request for question in agenda_again.questions.values()]
    assert left == wire.GetRange(request.request, CHATS[0], 5, 11)
    for page in server.answer(left):
        again.receive(encode(page), 3, NOW)
    assert [window.span for window in store.timeline.windows(CHATS[0])] == [(1, 11)]
    assert len(answers) == 1
