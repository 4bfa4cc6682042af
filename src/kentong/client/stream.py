"""Events for whoever listens."""

import asyncio
from collections import deque
from typing import Final

from kentong.client.events import Event, EventsLost

EVENTS_MAX: Final = 10_000  # that wait for a listener


class EventStream:
    """An endless async iterator over what happens from its making on.

    A listener that falls too far behind loses the oldest events, and is told so by
    EventsLost; the store has what they told.
    """

    def __init__(self) -> None:
        self._events: deque[Event] = deque()
        self._there = asyncio.Event()
        self._closed = False

    def put(self, event: Event) -> None:
        """Something happened."""
        if len(self._events) >= EVENTS_MAX:
            self._events.clear()
            self._events.append(EventsLost())
        self._events.append(event)
        self._there.set()

    def close(self) -> None:
        """Nothing more will come; what is here is still given out."""
        self._closed = True
        self._there.set()

    def __aiter__(self) -> "EventStream":
        return self

    async def __anext__(self) -> Event:
        while not self._events:
            if self._closed:
                raise StopAsyncIteration
            self._there.clear()
            await self._there.wait()
        return self._events.popleft()
