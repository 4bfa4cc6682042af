"""Bugs on purpose: switches in the real code that tests throw, to see that each is found."""

import enum


class Planted(enum.Enum):
    """One planted bug. In production the set of them is empty."""

    # In a client
    CURSOR_BEFORE_LAST_PAGE = "the cursor is saved before the last page of a listing"
    OUTBOX_NOT_PERSISTED = "the outbox is kept in memory only"


NOTHING: frozenset[Planted] = frozenset()
