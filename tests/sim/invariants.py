"""What must always hold, by name, and how it is said that it does not."""

import enum


class Invariant(enum.Enum):
    """The four of ARCHITECTURE.md, and that nobody has to wait forever."""

    DURABLE = "what was acknowledged stays"
    ONCE = "what was written takes effect once, in order"
    SAME = "who follows ends where one ends who starts from nothing"
    RIGHTS = "nobody gets or keeps what they may not see"
    SETTLES = "with the network back everything settles by itself"


class Broken(AssertionError):
    """An invariant does not hold."""

    def __init__(self, invariant: Invariant, what: str) -> None:
        super().__init__(f"{invariant.name} ({invariant.value}): {what}")
        self.invariant = invariant
