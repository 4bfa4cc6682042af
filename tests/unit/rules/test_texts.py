"""What a text, a name or a title may look like."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kentong.protocol.errors import ErrorCode, Refused
from kentong.server.rules.texts import check_text, shown_name

WHITE_SPACE = (  # as spec/protocol.md names it
    *range(0x09, 0x0E), *range(0x1C, 0x21), 0x85, 0xA0, 0x1680, *range(0x2000, 0x200B),
    0x2028, 0x2029, 0x202F, 0x205F, 0x3000,
)  # fmt: skip


UNSEEN = (
    *"\x00\x1b\u00ad\u034f\u061c\u115f\u1160\u17b4\u180e\u200b\u200c\u200d\u200e\u200f\u202e",
    *"\u2060\u2066\u2800\u3164\ufe0e\ufe0f\ufeff\uffa0\U0001d173\U000e0041\U000e0100",
)


def code_of(text: str, chars_max: int = 100) -> ErrorCode | None:
    try:
        check_text(text, chars_max)
    except Refused as refused:
        return refused.code
    return None


@pytest.mark.parametrize(
    "text", ["hello", " \n hello\nthere \t", "a\r\nb", "\ufeffa", "e\u0301", "\u0301"]
)
def test_white_space_and_form_are_the_authors(text: str) -> None:
    assert code_of(text) is None


@pytest.mark.parametrize("text", ["a\0b", "\0", "\0" * 200])
def test_nul_is_refused_since_not_every_engine_keeps_it(text: str) -> None:
    assert code_of(text) is ErrorCode.TEXT_INVALID


def test_an_empty_text_is_refused() -> None:
    assert code_of("") is code_of(" \n\t") is code_of(" " * 200) is ErrorCode.TEXT_EMPTY


def test_white_space_and_what_is_not_seen_make_no_text() -> None:
    empty = [code for code in range(0x110000) if code_of(chr(code)) is ErrorCode.TEXT_EMPTY]
    assert set(WHITE_SPACE) < set(empty)
    unseen = {character for character in UNSEEN if character != "\0"}
    assert all(code_of(text) is ErrorCode.TEXT_EMPTY for text in (*unseen, "".join(unseen)))
    assert all(code_of(f"a{character}") is None for character in unseen)
    kinds = {unicodedata.category(chr(code)) for code in set(empty) - set(WHITE_SPACE)}
    assert kinds == {"Cc", "Cf", "Cn", "Cs", "Lo", "Mn", "So"}


def test_length_counts_code_points() -> None:
    assert code_of("🦜" * 5, 5) is None
    assert code_of("🦜" * 6, 5) is ErrorCode.TEXT_TOO_LONG
    assert code_of("abcd  ", 5) is ErrorCode.TEXT_TOO_LONG


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
