"""Bugs on purpose: switches in the real code that tests throw, to see that each is found."""

import enum


class Planted(enum.Enum):
    """One planted bug. In production the set of them is empty."""

    # In a client
    CURSOR_BEFORE_LAST_PAGE = "the cursor is saved before the last page of a listing"
    OUTBOX_NOT_PERSISTED = "the outbox is kept in memory only"

    # In the server
    NO_IDEMPOTENCY = "a repeated command takes effect again"
    CURSOR_SKIPS_ONE = "the cursor that a device is told is one too far"
    PUSH_BEFORE_COMMIT = "commands are answered before they are committed"
    FEEDER_STOPS = "the feeder stops after twenty passes"
    REMOVED_STILL_SERVED = "a removed member may still read"


NOTHING: frozenset[Planted] = frozenset()
