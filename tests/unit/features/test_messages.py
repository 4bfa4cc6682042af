"""Messages: send, edit, delete, reply."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kentong.protocol.errors import ErrorCode
from kentong.protocol.messages import (
    Accepted,
    BlockUser,
    DeleteMessage,
    Done,
    EditText,
    LeaveGroup,
    OpenDirect,
    Refusal,
    Report,
    RowKind,
    SendText,
)
from kentong.server.storage import accounts
from tests.unit.features.village import Village

TEXT_INVALID = ErrorCode.TEXT_INVALID


def test_sending_moves_the_own_read_mark(village: Village) -> None:
    chat = village.direct("anna", "budi")
    village.says("budi", chat, "one")
    seq = village.says("anna", chat, "two")
    from kentong.server.storage import members

    mine = village.run(lambda tx: members.membership(tx, chat, village.id("anna")))
    assert mine.read_seq == mine.delivered_seq == seq


def test_times_of_a_chat_never_go_back(village: Village) -> None:
    """On the wire they are differences, and a device names a text by its time, too."""
    chat = village.direct("anna", "budi")
    village.now_s += 10**8
    ahead = village.row(chat, village.says("anna", chat, "from the future"))
    village.now_s -= 10**8
    after = village.row(chat, village.says("budi", chat, "hm?"))
    assert after.sent_at == ahead.sent_at
    village.done("budi", EditText(chat, after.seq, "what?", at=after.sent_at))


@pytest.mark.parametrize("blocker", ["anna", "budi"])
def test_blocking_stops_messages_both_ways(village: Village, blocker: str) -> None:
    chat = village.direct("anna", "budi")
    other = "budi" if blocker == "anna" else "anna"
    village.done(blocker, BlockUser(village.id(other)))
    assert village.refused("anna", SendText(chat, "hi")) == ErrorCode.NOT_REACHABLE
    assert village.refused("budi", SendText(chat, "hi")) == ErrorCode.NOT_REACHABLE
    village.done(blocker, BlockUser(village.id(other), 0))
    assert village.says("anna", chat, "hi") == 1


@pytest.mark.parametrize("blocker", ["anna", "budi"])
def test_blocking_stops_edits_both_ways_but_not_deleting(village: Village, blocker: str) -> None:
    chat = village.direct("anna", "budi")
    said = {name: village.says(name, chat, "hello") for name in ("anna", "budi")}
    other = "budi" if blocker == "anna" else "anna"
    village.done(blocker, BlockUser(village.id(other)))
    for name, seq in said.items():
        refused = village.refused(name, EditText(chat, seq, "words by another way"))
        assert refused == ErrorCode.NOT_REACHABLE
        assert (village.row(chat, seq).text, village.row(chat, seq).edited) == ("hello", 0)
        village.done(name, DeleteMessage(chat, seq))


def test_the_blocked_still_edit_in_groups(village: Village) -> None:
    chat = village.group("anna", "budi")
    seq = village.says("budi", chat, "helo")
    village.done("anna", BlockUser(village.id("budi")))
    village.done("budi", EditText(chat, seq, "hello"))


def test_blocked_people_still_meet_in_groups(village: Village) -> None:
    chat = village.group("anna", "budi")
    village.done("anna", BlockUser(village.id("budi")))
    assert village.says("budi", chat, "hello all") == 2


def test_the_suspended_look_like_those_who_blocked(village: Village) -> None:
    chat = village.direct("anna", "budi")
    village.run(lambda tx: accounts.set_suspended(tx, village.id("budi"), village.now_s))
    assert village.refused("anna", SendText(chat, "hi")) == ErrorCode.NOT_REACHABLE


def test_an_edit_keeps_the_place_and_says_so(village: Village) -> None:
    chat = village.direct("anna", "budi")
    seq = village.says("anna", chat, "helo")
    village.done("anna", EditText(chat, seq, "hello"))
    row = village.row(chat, seq)
    assert (row.text, row.edited) == ("hello", 1)


def test_an_edit_to_the_same_changes_nothing(village: Village) -> None:
    chat = village.direct("anna", "budi")
    seq = village.says("anna", chat, "hello")
    before = village.row(chat, seq)
    village.done("anna", EditText(chat, seq, "hello"))
    assert village.row(chat, seq) == before


def test_a_tombstone_keeps_its_place_and_is_wiped(village: Village) -> None:
    chat = village.direct("anna", "budi")
    first = village.says("anna", chat, "secret")
    village.says("budi", chat, "what?")
    village.done("anna", DeleteMessage(chat, first))
    row = village.row(chat, first)
    assert (row.kind, row.text) == (RowKind.DELETED, "")
    assert village.refused("anna", EditText(chat, first, "x")) == ErrorCode.NOT_FOUND
    assert village.refused("anna", DeleteMessage(chat, first)) == ErrorCode.NOT_FOUND


def test_a_text_that_took_the_place_of_the_one_meant_is_left_alone(village: Village) -> None:
    chat = village.direct("anna", "budi")
    seq = village.says("anna", chat, "hello")
    at = village.row(chat, seq).sent_at
    assert village.refused("anna", EditText(chat, seq, "x", at - 1)) == ErrorCode.NOT_FOUND
    assert village.refused("anna", DeleteMessage(chat, seq, at - 1)) == ErrorCode.NOT_FOUND
    village.done("anna", EditText(chat, seq, "hello!", at))
    village.done("anna", DeleteMessage(chat, seq, at))


def test_system_rows_are_not_edited_or_deleted(village: Village) -> None:
    chat = village.group("anna", "budi")
    assert village.refused("anna", EditText(chat, 1, "x")) == ErrorCode.NOT_FOUND
    assert village.refused("anna", DeleteMessage(chat, 1)) == ErrorCode.NOT_FOUND


def test_a_reply_to_what_one_may_not_see_is_no_reply(village: Village) -> None:
    chat = village.group("anna", "budi")
    village.says("anna", chat, "before")
    village.acquaint("anna", "citra")
    from kentong.protocol.messages import AddMember

    village.done("anna", AddMember(chat, village.id("citra")))
    village.does("citra", SendText(chat, "to what was before", 2))
    village.does("citra", SendText(chat, "to nothing", 99))
    assert village.row(chat, 4).reply_to == 0
    assert village.row(chat, 5).reply_to == 0


def test_time_never_runs_backwards_in_a_chat(village: Village) -> None:
    chat = village.direct("anna", "budi")
    village.says("anna", chat, "one")
    village.now_s -= 1000
    village.says("anna", chat, "two")
    assert village.row(chat, 2).sent_at >= village.row(chat, 1).sent_at


def test_who_left_posts_no_more(village: Village) -> None:
    chat = village.group("anna", "budi")
    village.done("budi", LeaveGroup(chat))
    assert village.refused("budi", SendText(chat, "still here?")) == ErrorCode.NOT_FOUND


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(
        st.text(
            st.characters(codec="utf-8") | st.sampled_from(" \t\r\n\0\u00a0\ufeff\u0301"),
            max_size=40,
        ),
        min_size=2,
        max_size=2,
    )
)
def test_what_is_accepted_is_stored_as_it_came(village: Village, texts: list[str]) -> None:
    """Which is on the author's device from the beginning."""
    chat = village.done("anna", OpenDirect(0)).chat
    seq = village.says("anna", chat, "first")
    stored = "first"
    for text in texts:
        answer = village.does("anna", SendText(chat, text))
        edited = village.does("anna", EditText(chat, seq, text))
        if isinstance(answer, Accepted):
            assert village.row(chat, answer.seq).text == text
            assert isinstance(edited, Done)
            stored = text
        else:
            assert isinstance(answer, Refusal)
            assert answer == edited
            assert answer.code == (TEXT_INVALID if "\0" in text else ErrorCode.TEXT_EMPTY)
        assert village.row(chat, seq).text == stored


def test_a_report_with_a_nul_is_refused(village: Village) -> None:
    chat = village.group("anna", "budi")
    command = Report(chat, 0, 0, "a\0b")
    assert village.refused("budi", command) == TEXT_INVALID
