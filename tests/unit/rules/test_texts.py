"""What a text, a name or a title may look like."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kentong.protocol.errors import ErrorCode, Refused
from kentong.server.rules.texts import message_text, shown_name


def test_white_space_around_a_text_goes() -> None:
    assert message_text(" \n hello\nthere \t", 100) == "hello\nthere"


def test_nul_goes_since_not_every_engine_takes_it() -> None:
    assert message_text("a\0b", 100) == "ab"


@pytest.mark.parametrize("text", ["", "  \n\t ", "\0"])
def test_an_empty_text_is_refused(text: str) -> None:
    with pytest.raises(Refused) as caught:
        message_text(text, 100)
    assert caught.value.code is ErrorCode.TEXT_EMPTY


def test_length_counts_code_points() -> None:
    assert message_text("🦜" * 5, 5) == "🦜" * 5
    with pytest.raises(Refused) as caught:
        message_text("🦜" * 6, 5)
    assert caught.value.code is ErrorCode.TEXT_TOO_LONG


UNSEEN = (
    *"\x00\x1b\u00ad\u034f\u061c\u115f\u1160\u17b4\u180e\u200b\u200c\u200d\u200e\u200f\u202e",
    *"\u2060\u2066\u2800\u3164\ufe0e\ufe0f\ufeff\uffa0\U0001d173\U000e0041\U000e0100",
)


@pytest.mark.parametrize("unseen", UNSEEN)
@pytest.mark.parametrize("name", ["{}", "Owner{}", "{}Owner", "Ow{}ner", "Ow {} ner", "5{}", "°{}"])
def test_nothing_unseen_makes_another_name(name: str, unseen: str) -> None:
    with pytest.raises(Refused) as caught:
        shown_name(name.format(unseen), 64)
    assert caught.value.code is ErrorCode.NAME_INVALID


@pytest.mark.parametrize("name", ["", " ", "a" * 65, "a\ud800", "\u0301", "\ue000", "\u0378"])
def test_a_name_that_hides_something_is_refused(name: str) -> None:
    with pytest.raises(Refused) as caught:
        shown_name(name, 64)
    assert caught.value.code is ErrorCode.NAME_INVALID


@pytest.mark.parametrize(
    "name",
    [
        *("Anna", "नेहा", "می\u200cخواهم", "李", "👩\u200d🌾", "O’Neill", "😀", "42", "R&D", "Åsa"),
        *(
            "❤\ufe0f Family",
            "❤\ufe0f\u200d🔥",
            "👩🏽\u200d🌾",
            "1\ufe0f\u20e3",
            "ශ්\u200dරී",
            "ക്\u200cഷ",
        ),
        *("ⓘ ℹ\ufe0f", "สวัสดี", "ကောင်း"),
    ],
)
def test_names_of_the_world_stay(name: str) -> None:
    assert shown_name(name, 64) == name


@given(st.text(max_size=80))
def test_a_shown_name_stays_as_it_is(name: str) -> None:
    try:
        shown = shown_name(name, 64)
    except Refused:
        return
    assert shown_name(shown, 64) == shown
    assert shown == shown.strip()
