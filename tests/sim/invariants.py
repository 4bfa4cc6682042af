"""What must always hold, by name, and how it is said that it does not."""

import enum
import logging


class Invariant(enum.Enum):
    """The four of ARCHITECTURE.md; that nothing is hidden by trying again; and that all ends."""

    DURABLE = "what was acknowledged stays"
    ONCE = "what was written takes effect once, in order"
    SAME = "who follows ends where one ends who starts from nothing"
    RIGHTS = "nobody gets or keeps what they may not see"
    SENSE = "each side understands the other, and nothing fails inside"
    SETTLES = "with the network back everything settles by itself"


class Broken(AssertionError):
    """An invariant does not hold."""

    def __init__(self, invariant: Invariant, what: str) -> None:
        super().__init__(f"{invariant.name} ({invariant.value}): {what}")
        self.invariant = invariant


EXPECTED = ("no room to write", "there is room to write")  # said of a full disk


class Complaints(logging.Handler):
    """What client and server complain of while they go on."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.msg.startswith(EXPECTED):
            return
        error = record.exc_info[1] if record.exc_info else None
        self.said.append(f"{record.getMessage()} {error or ''}".strip())
