"""Windows: which rows of a chat a device keeps, and as of which version. Pure functions."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

Span = tuple[int, int]  # first and last seq, both included


@dataclass(frozen=True, slots=True, order=True)
class Window:
    """The rows first..last of one chat, exact as of the version `as_of`."""

    first: int
    last: int
    as_of: int

    @property
    def span(self) -> Span:
        """First and last seq."""
        return self.first, self.last


def add(windows: Iterable[Window], new: Window) -> list[Window]:
    """The windows with `new` among them: where two overlap the later version counts.

    The result is sorted, without overlaps, and touching windows of one version are one.
    """
    kept: list[Window] = []
    rest = [new.span]
    for window in windows:
        if window.as_of >= new.as_of:
            kept.append(window)
            rest = subtract(rest, window.span)
        else:
            left = subtract([window.span], new.span)
            kept += [Window(first, last, window.as_of) for first, last in left]
    kept += [Window(first, last, new.as_of) for first, last in rest]
    return _join(kept)


def promote(windows: Iterable[Window], base: int, version: int) -> list[Window]:
    """The windows after a change from version `base` to `version` that is all in them."""
    return _join(
        Window(window.first, window.last, version) if window.as_of == base else window
        for window in windows
    )


def clip(windows: Iterable[Window], first: int) -> list[Window]:
    """The windows without what is below `first`."""
    return [
        Window(max(window.first, first), window.last, window.as_of)
        for window in windows
        if window.last >= first
    ]


def as_of(windows: Iterable[Window], seq: int) -> int | None:
    """The version that the row `seq` is exact as of; None: it stands in a hole."""
    return next((window.as_of for window in windows if window.first <= seq <= window.last), None)


def to_ask(windows: Iterable[Window], span: Span, version: int) -> list[Window]:
    """What to ask the server for so that `span` becomes exact as of `version`.

    Each answer is a run and the version known of it, 0 for a hole; ascending.
    """
    asked: list[Window] = []
    holes = [span] if span[0] <= span[1] else []
    for window in windows:
        holes = subtract(holes, window.span)
        first, last = max(window.first, span[0]), min(window.last, span[1])
        if first <= last and window.as_of < version:
            asked.append(Window(first, last, window.as_of))
    asked += [Window(first, last, 0) for first, last in holes]
    return sorted(asked)


def newest(asked: Sequence[Window], rows_max: int) -> Window | None:
    """What to ask first of what `to_ask` names: its newest rows, at most so many.

    Stale runs near each other are one question: what changed since the oldest of them.
    """
    if not asked:
        return None
    lowest, last, as_of = asked[-1].last - rows_max + 1, asked[-1].last, asked[-1].as_of
    first = max(asked[-1].first, lowest)
    for run in reversed(asked[:-1]):
        if run.last < lowest or not (run.as_of and as_of):
            break
        first, as_of = max(run.first, lowest), min(run.as_of, as_of)
    return Window(first, last, as_of)


def subtract(spans: Iterable[Span], taken: Span) -> list[Span]:
    """What is left of the spans without `taken`."""
    left: list[Span] = []
    for first, last in spans:
        if first <= min(last, taken[0] - 1):
            left.append((first, min(last, taken[0] - 1)))
        if max(first, taken[1] + 1) <= last:
            left.append((max(first, taken[1] + 1), last))
    return left


def _join(windows: Iterable[Window]) -> list[Window]:
    joined: list[Window] = []
    for window in sorted(windows):
        before = joined[-1] if joined else None
        if before and before.last + 1 == window.first and before.as_of == window.as_of:
            joined[-1] = Window(before.first, window.last, window.as_of)
        else:
            joined.append(window)
    return joined
