"""An event loop whose clock jumps to the next timer: hours pass in seconds, always the same."""

import asyncio
import selectors
from collections.abc import Callable
from typing import Any

STEPS_MAX = 500_000  # of one loop; a seed takes some ten thousand


class _NoSelector(selectors.BaseSelector):
    """Nothing is ever readable; waiting only moves the clock."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.steps = 0
        self.on_too_many: Callable[[], object] = _ignore
        self._map: dict[Any, selectors.SelectorKey] = {}

    def select(self, timeout: float | None = None) -> list[Any]:
        assert timeout is not None, "everything waits for something that can't come"
        self.now_s += max(timeout, 0.0)
        self.steps += 1
        if self.steps == STEPS_MAX:
            self.on_too_many()
        return []

    def register(
        self,
        fileobj: Any,  # noqa: ANN401 - as selectors has it
        events: int,
        data: Any = None,  # noqa: ANN401 - as selectors has it
    ) -> selectors.SelectorKey:
        number = fileobj if isinstance(fileobj, int) else fileobj.fileno()
        key = self._map[fileobj] = selectors.SelectorKey(fileobj, number, events, data)
        return key

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:  # noqa: ANN401 - as above
        return self._map.pop(fileobj)

    def get_map(self) -> dict[Any, selectors.SelectorKey]:
        return self._map


def _ignore() -> None:
    """Nobody minds."""


class SimulatedLoop(asyncio.SelectorEventLoop):
    """Time starts at 0 and passes only when everybody waits.

    Whoever goes in circles is found by counting steps, not by a real clock: the same seed
    always ends at the same place.
    """

    def __init__(self) -> None:
        self._clock = _NoSelector()
        super().__init__(self._clock)

    def time(self) -> float:
        """Seconds since the simulation began."""
        return self._clock.now_s

    @property
    def steps(self) -> int:
        """How often it looked for something to do."""
        return self._clock.steps

    def call_after_too_many_steps(self, callback: Callable[[], object]) -> None:
        """Call this once when STEPS_MAX is reached."""
        self._clock.on_too_many = callback
