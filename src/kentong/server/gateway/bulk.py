"""Bulk under credit: heads and rows never stand in the way of text and answers."""

from collections import deque
from typing import Protocol

from kentong.protocol.limits import BULK_WINDOW_BYTES_MAX, BULK_WINDOW_BYTES_MIN

_AHEAD_S = 1.0  # the window holds what the link takes in a round trip and this


class Sender(Protocol):
    """The session that the frames go through."""

    def send(self, frame: bytes) -> None:
        """Send a frame at once."""


class Bulk:
    """A queue of bulk frames and a window of bytes the client has not acknowledged.

    The window follows the rate at which acknowledgements come back. No I/O, no clock.
    """

    __slots__ = ("_queue", "_sender", "_sent_at", "on_way", "waiting", "window")

    def __init__(self, sender: Sender) -> None:
        self._sender = sender  # its bound method would take 64 bytes more
        # Idle connections are many, and an empty deque takes 760 bytes: None is empty.
        self._queue: deque[bytes] | None = None
        self._sent_at: deque[tuple[float, int]] | None = None  # (when, bytes) not acknowledged
        self.waiting = 0
        self.on_way = 0
        self.window = BULK_WINDOW_BYTES_MIN

    @property
    def idle(self) -> bool:
        """Whether more could be sent at once."""
        return not self._queue and self.on_way < self.window

    def put(self, frame: bytes, now_s: float) -> None:
        """Send a frame when the window allows it."""
        if self._queue is None:
            self._queue = deque()
        self._queue.append(frame)
        self.waiting += len(frame)
        self._flow(now_s)

    def got(self, size: int, now_s: float) -> None:
        """The client acknowledged so many bytes."""
        size = min(size, self.on_way)
        self.on_way -= size
        sent_at = now_s
        left = size
        while left > 0 and self._sent_at:
            sent_at, bytes_sent = self._sent_at.popleft()
            left -= bytes_sent
            if left < 0:
                self._sent_at.appendleft((sent_at, -left))
        if not self._sent_at:
            self._sent_at = None
        took_s = max(now_s - sent_at, 0.001)
        fitting = int(size / took_s * (took_s + _AHEAD_S))
        grown = min(fitting, 2 * self.window)  # never trust one sample to more than double it
        self.window = max(BULK_WINDOW_BYTES_MIN, min(BULK_WINDOW_BYTES_MAX, grown))
        self._flow(now_s)

    def _flow(self, now_s: float) -> None:
        while self._queue and self.on_way < self.window:
            frame = self._queue.popleft()
            self.waiting -= len(frame)
            self.on_way += len(frame)
            if self._sent_at is None:
                self._sent_at = deque()
            self._sent_at.append((now_s, len(frame)))
            self._sender.send(frame)
        if not self._queue:
            self._queue = None
