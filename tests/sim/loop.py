"""An event loop whose clock jumps to the next timer: hours pass in seconds, always the same."""

import asyncio
import selectors
from typing import Any


class _NoSelector(selectors.BaseSelector):
    """Nothing is ever readable; waiting only moves the clock."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self._map: dict[Any, selectors.SelectorKey] = {}

    def select(self, timeout: float | None = None) -> list[Any]:
        assert timeout is not None, "everything waits for something that can't come"
        self.now_s += max(timeout, 0.0)
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


class SimulatedLoop(asyncio.SelectorEventLoop):
    """Time starts at 0 and passes only when everybody waits."""

    def __init__(self) -> None:
        self._clock = _NoSelector()
        super().__init__(self._clock)

    def time(self) -> float:
        """Seconds since the simulation began."""
        return self._clock.now_s
