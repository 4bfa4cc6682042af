"""What a text, a name or a title may look like."""

import unicodedata

from kentong.protocol.errors import ErrorCode, Refused
from kentong.server.rules import visible

_UNKNOWN = {"Co", "Cn"}  # every device would show something else


def check_text(text: str, chars_max: int) -> None:
    """Check a message's text, which is stored as it is: its author's device shows it already.

    Raises Refused(TEXT_EMPTY, TEXT_TOO_LONG, TEXT_INVALID).
    """
    if not text or text.isspace():
        raise Refused(ErrorCode.TEXT_EMPTY)
    check_storable(text)
    if not visible.has_visible(text):
        raise Refused(ErrorCode.TEXT_EMPTY)
    if len(text) > chars_max:
        raise Refused(ErrorCode.TEXT_TOO_LONG)


def check_storable(text: str) -> None:
    """Check that every engine keeps a text as it is. Raises Refused(TEXT_INVALID)."""
    if "\0" in text:
        raise Refused(ErrorCode.TEXT_INVALID)


def shown_name(name: str, chars_max: int) -> str:
    """A person's name or a title as it is stored: one line, composed, single spaces.

    Raises Refused(NAME_INVALID), also where something hides in it.
    """
    name = " ".join(unicodedata.normalize("NFC", name).split())
    categories = {unicodedata.category(character) for character in name}
    shows_something = any(category[0] in "LNPS" for category in categories)
    bad = visible.hides_something(name) or not categories.isdisjoint(_UNKNOWN)
    if bad or not shows_something or len(name) > chars_max:
        raise Refused(ErrorCode.NAME_INVALID)
    return name
