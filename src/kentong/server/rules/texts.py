"""What a text, a name or a title may look like."""

import unicodedata

from kentong.protocol.errors import ErrorCode, Refused
from kentong.server.rules import visible

_UNKNOWN = {"Co", "Cn"}  # every device would show something else


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

    Raises Refused(NAME_INVALID), also where something hides in it.
    """
    name = " ".join(unicodedata.normalize("NFC", name).split())
    categories = {unicodedata.category(character) for character in name}
    shows_something = any(category[0] in "LNPS" for category in categories)
    bad = visible.hides_something(name) or not categories.isdisjoint(_UNKNOWN)
    if bad or not shows_something or len(name) > chars_max:
        raise Refused(ErrorCode.NAME_INVALID)
    return name
