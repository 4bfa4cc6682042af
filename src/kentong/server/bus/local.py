"""Wake-ups on one node: whoever listens is told that something was committed."""

from collections.abc import Callable


class LocalBus:
    """Only ever wakes feeders; losing a wake-up costs a second, never a message."""

    def __init__(self) -> None:
        self._listeners: list[Callable[[], None]] = []

    def listen(self, listener: Callable[[], None]) -> None:
        """Call `listener` at every announcement."""
        self._listeners.append(listener)

    def announce(self) -> None:
        """Say that something was committed."""
        for listener in self._listeners:
            listener()
