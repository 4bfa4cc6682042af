"""What a text, a name or a title may look like."""

import unicodedata

from kentong.protocol.errors import ErrorCode, Refused

# Invisible or overriding characters would let one name look like another. The joiners
# (200C, 200D) stay: Persian, Hindi and emoji need them.
_UNSEEN = {"Cc", "Cs", "Co", "Cn", "Zl", "Zp"}
_OVERRIDES = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200b\u2060\ufeff")


def message_text(text: str, chars_max: int) -> str:
    """The text as it is stored, without surrounding white space and without NUL.

    Raises Refused(TEXT_EMPTY, TEXT_TOO_LONG).
    """
    text = text.replace("\0", "").strip()
    if not text:
        raise Refused(ErrorCode.TEXT_EMPTY)
    if len(text) > chars_max:
        raise Refused(ErrorCode.TEXT_TOO_LONG)
    return text


def shown_name(name: str, chars_max: int) -> str:
    """A person's name or a title as it is stored: one line, composed, single spaces.

    Raises Refused(NAME_INVALID).
    """
    name = " ".join(unicodedata.normalize("NFC", name).split())
    bad = any(
        character in _OVERRIDES or unicodedata.category(character) in _UNSEEN for character in name
    )
    if bad or not 1 <= len(name) <= chars_max:
        raise Refused(ErrorCode.NAME_INVALID)
    return name
