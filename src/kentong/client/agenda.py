"""What a client wants of its server beyond one connection, and what it measured."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from kentong.protocol.messages import Message, Request

ROUND_TRIP_S: Final = 0.75  # assumed before anything was measured
PATIENCE_S_MIN: Final = 5.0
SLOWEST_BYTES_PER_S: Final = 1_000  # what is on the way may take that long


@dataclass(frozen=True, slots=True)
class Question:
    """A request, and who waits for its answer. Asked again on each new connection."""

    request: Request
    answered: Callable[[Message], None]


@dataclass
class Agenda:
    """Kept in memory only: all of it may be lost, and is asked or said again."""

    questions: dict[int, Question] = field(default_factory=dict)
    received: dict[int, int] = field(default_factory=dict)  # chat -> seq, still to be said
    held: dict[int, int] = field(default_factory=dict)  # chat -> seq, said or still to be said
    typing: list[int] = field(default_factory=list)  # chats
    screen: tuple[bool, tuple[int, ...]] = (True, ())  # somebody looks; chats on screen
    doubted: bool = False  # the network is another one: does the link still live?
    paused_until: float = 0.0  # loop time; commands wait: the server said Later
    outboxes_known: dict[int, int] = field(default_factory=dict)  # after a reset
    round_trip: float | None = None
    clock_offset: float = 0.0  # server's time minus ours, seconds
    last_request: int = 0

    def next_request(self) -> int:
        """A number for a request, used only once."""
        self.last_request += 1
        return self.last_request

    def measured(self, took: float) -> None:
        """An answer took this many seconds."""
        before = took if self.round_trip is None else self.round_trip
        self.round_trip = before + (took - before) / 4

    def patience_s(self, bytes_on_way: int) -> float:
        """How long silence is normal while something is owed."""
        round_trip = ROUND_TRIP_S if self.round_trip is None else self.round_trip
        return max(PATIENCE_S_MIN, 4 * round_trip) + bytes_on_way / SLOWEST_BYTES_PER_S
