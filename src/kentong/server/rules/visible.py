"""Which characters are seen: names that look the same must be the same."""

import unicodedata
from typing import Final

# Unicode's Default_Ignorable_Code_Point, and the Braille pattern without dots.
_IGNORABLE: Final = (
    (0x00AD, 0x00AD), (0x034F, 0x034F), (0x061C, 0x061C), (0x115F, 0x1160), (0x17B4, 0x17B5),
    (0x180B, 0x180F), (0x200B, 0x200F), (0x202A, 0x202E), (0x2060, 0x206F), (0x2800, 0x2800),
    (0x3164, 0x3164), (0xFE00, 0xFE0F), (0xFEFF, 0xFEFF), (0xFFA0, 0xFFA0), (0xFFF0, 0xFFF8),
    (0x1BCA0, 0x1BCA3), (0x1D173, 0x1D17A), (0xE0000, 0xE0FFF),
)  # fmt: skip
_UNSEEN: Final = {"Cc", "Cf", "Cs", "Zs", "Zl", "Zp"}
_NON_JOINER: Final = "\u200c"
_JOINER: Final = "\u200d"
_EMOJI: Final = "\ufe0f"  # asks for the coloured picture
_KEYCAP: Final = "\u20e3"
_KEYS: Final = "0123456789#*"
_PICTURES_FROM: Final = "\u2000"  # symbols below are letters' company
_PICTURES: Final = "\u00a9\u00ae\u203c\u2049\u2139\u2194\u25fd\u25fe\u3030"  # others
_SKIN: Final = ("\U0001f3fb", "\U0001f3ff")
_VIRAMA: Final = 9  # its combining class


def is_visible(character: str) -> bool:
    """Whether it leaves something on the screen, wherever it stands."""
    return unicodedata.category(character) not in _UNSEEN and not _is_ignorable(character)


def has_visible(text: str) -> bool:
    """Whether a text shows anything at all."""
    return any(map(is_visible, text))


def hides_something(name: str) -> bool:
    """Whether a name has characters that are not seen, where nothing would look different.

    Spaces are seen between others; joiners and the sign for coloured pictures where scripts
    and emoji need them.
    """
    padded = f"\0{name}\0"
    return any(
        character != " "
        and not is_visible(character)
        and not _changes_others(character, padded[at - 1], padded[at + 1])
        for at, character in enumerate(name, start=1)
    )


def _changes_others(character: str, before: str, after: str) -> bool:
    if character == _EMOJI:
        return _is_picture(before) or (before in _KEYS and after == _KEYCAP)
    if character == _JOINER:
        pictures = (_is_picture(before) or before == _EMOJI) and _is_picture(after)
        return pictures or _is_virama(before)
    return character == _NON_JOINER and (
        _is_virama(before) or (_is_arabic(before) and _is_arabic(after))
    )


def _is_ignorable(character: str) -> bool:
    code = ord(character)
    return code >= _IGNORABLE[0][0] and any(first <= code <= last for first, last in _IGNORABLE)


def _is_picture(character: str) -> bool:
    is_symbol = unicodedata.category(character) == "So" and character >= _PICTURES_FROM
    is_skin = _SKIN[0] <= character <= _SKIN[1]
    return character in _PICTURES or is_skin or (is_symbol and is_visible(character))


def _is_virama(character: str) -> bool:
    return unicodedata.combining(character) == _VIRAMA


def _is_arabic(character: str) -> bool:
    return unicodedata.bidirectional(character) == "AL"
