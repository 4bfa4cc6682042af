"""How much a client may have on the way unanswered, measured from the answers."""

from collections import deque
from typing import Final, NamedTuple

from kentong.protocol.limits import OUTBOX_UNCONFIRMED_MAX

WINDOW_BYTES_MIN: Final = 4_096
WINDOW_BYTES_MAX: Final = 262_144
SLOWER: Final = 1.5  # times the shortest round trip: what is sent only waits in a queue
SLACK_S: Final = 0.1  # of a round trip, that say nothing about queues


class _Sent(NamedTuple):
    size: int
    at: float


class Pace:
    """The window of commands on the way: 4 KiB at first, then what rate x round trip asks for.

    It grows by what is answered while answers come as fast as ever, and shrinks to what
    the link carries in one round trip when they begin to queue.
    """

    def __init__(self) -> None:
        self.window = WINDOW_BYTES_MIN
        self.bytes_on_way = 0
        self._on_way: deque[_Sent] = deque()
        self._shortest = float("inf")
        self._shrunk_at = 0.0

    def __len__(self) -> int:
        """Commands on the way."""
        return len(self._on_way)

    def admits(self, size: int) -> bool:
        """Whether one more command of this size may leave; the first one always may."""
        if not self._on_way:
            return True
        fits = self.bytes_on_way + size <= self.window
        return fits and len(self._on_way) < OUTBOX_UNCONFIRMED_MAX

    def sent(self, size: int, now: float) -> None:
        """A command left."""
        self._on_way.append(_Sent(size, now))
        self.bytes_on_way += size

    def answered(self, now: float) -> float:
        """The first command on the way was answered; how long that took, in seconds."""
        first = self._on_way.popleft()
        self.bytes_on_way -= first.size
        took = now - first.at
        self._shortest = min(self._shortest, took)
        if took <= self._shortest * SLOWER + SLACK_S:
            self.window = min(self.window + first.size, WINDOW_BYTES_MAX)
        elif first.at > self._shrunk_at:
            self._shrunk_at = now
            fitting = int(self.window * self._shortest * SLOWER / took)
            self.window = max(fitting, WINDOW_BYTES_MIN)
        return took

    def forget(self) -> None:
        """Nothing is on the way any more: it was ignored, or the link is gone."""
        self._on_way.clear()
        self.bytes_on_way = 0
