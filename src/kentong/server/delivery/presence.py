"""Who is there, told to those who look at them, and to nobody whom they have blocked."""

import asyncio
import time
from collections.abc import Callable, Iterable
from typing import Final, Protocol

from kentong.protocol.codec import encode
from kentong.protocol.messages import Presence

REST_S: Final = 1.0  # between two announcements of one person
LEFT_MAX: Final = 10_000  # people of whom we know when they were last here
_NOBODY: frozenset[int] = frozenset()


class Onlooker(Protocol):
    """A device that has somebody on screen."""

    user_id: int

    def hint(self, frame: bytes) -> None:
        """Send something that is worth nothing later."""


class Presences:
    """Tells a change at once; the next one of the same person after a rest, if it still is one.

    What a newcomer is told is what the others were told: all hear of the next change.
    """

    def __init__(self, is_present: Callable[[int], bool]) -> None:
        self.now: Callable[[], float] = time.time
        self.later: Callable[[float, Callable[[], None]], object] = _later
        self._is_present = is_present
        self._onlookers: dict[int, list[Onlooker]] = {}  # by whom they look at
        self._told: dict[int, bool] = {}  # of those who are looked at
        self._resting: set[int] = set()
        self._blocked: dict[int, frozenset[int]] = {}  # by whom of those who are connected
        self._left: dict[int, int] = {}  # when they were last present here, oldest first

    def watch(self, onlooker: Onlooker, user_id: int) -> None:
        """Somebody has this user on screen from now on."""
        if user_id not in self._onlookers:
            self._onlookers[user_id] = []
            self._told[user_id] = self._is_present(user_id)
        self._onlookers[user_id].append(onlooker)
        onlooker.hint(self._frame(user_id, onlooker.user_id))

    def unwatch(self, onlooker: Onlooker, user_id: int) -> None:
        """They have not, any more."""
        onlookers = self._onlookers[user_id]
        onlookers.remove(onlooker)
        if not onlookers:
            del self._onlookers[user_id], self._told[user_id]

    def changed(self, user_id: int) -> None:
        """The user may have come or gone."""
        self._left.pop(user_id, None)
        if not self._is_present(user_id):
            self._left[user_id] = int(self.now())
            if len(self._left) > LEFT_MAX:
                del self._left[next(iter(self._left))]
        if user_id not in self._resting:
            self._announce(user_id)

    def block(self, user_id: int, blocked: Iterable[int]) -> None:
        """Note whom a connected user has blocked: the two hear nothing of each other.

        To both the other one goes away, or comes back when the block ends.
        """
        before, now = self._blocked.get(user_id, _NOBODY), frozenset(blocked)
        if before == now:
            return
        self._blocked[user_id] = now
        for other in before ^ now:
            self._tell(user_id, other)
            self._tell(other, user_id)

    def forget(self, user_id: int) -> None:
        """The user is not connected any more."""
        self._blocked.pop(user_id, None)

    def are_apart(self, one: int, other: int) -> bool:
        """Whether one of the two has blocked the other; of who isn't connected nothing is told."""
        blocked = self._blocked
        return other in blocked.get(one, _NOBODY) or one in blocked.get(other, _NOBODY)

    def _announce(self, user_id: int) -> None:
        is_present = self._is_present(user_id)
        if self._told.get(user_id, is_present) == is_present:
            return
        self._told[user_id] = is_present
        for onlooker in self._onlookers[user_id]:
            if not self.are_apart(onlooker.user_id, user_id):
                onlooker.hint(self._frame(user_id, onlooker.user_id))
        self._resting.add(user_id)
        self.later(REST_S, lambda: self._rested(user_id))

    def _rested(self, user_id: int) -> None:
        self._resting.discard(user_id)
        self._announce(user_id)

    def _tell(self, user_id: int, to: int) -> None:
        for onlooker in self._onlookers.get(user_id, ()):
            if onlooker.user_id == to:
                onlooker.hint(self._frame(user_id, to))

    def _frame(self, user_id: int, to: int) -> bytes:
        if self.are_apart(user_id, to):
            return encode(Presence(user_id, 0))
        is_present = self._told[user_id]
        return encode(
            Presence(user_id, int(is_present), 0 if is_present else self._left.get(user_id, 0))
        )


def _later(seconds: float, call: Callable[[], None]) -> object:
    return asyncio.get_running_loop().call_later(seconds, call)
