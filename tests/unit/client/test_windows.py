"""Windows are what they are row by row."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from kentong.client import windows
from kentong.client.windows import Window

SEQ_MAX = 12
spans = st.tuples(st.integers(1, SEQ_MAX), st.integers(1, SEQ_MAX)).map(
    lambda pair: (min(pair), max(pair))
)
drawn = st.builds(lambda span, as_of: Window(span[0], span[1], as_of), spans, st.integers(0, 5))


def by_row(kept: list[Window]) -> dict[int, int]:
    return {seq: window.as_of for window in kept for seq in range(window.first, window.last + 1)}


def tidy(kept: list[Window]) -> bool:
    return all(
        a.last < b.first and not (a.last + 1 == b.first and a.as_of == b.as_of)
        for a, b in itertools.pairwise(kept)
    )


@given(st.lists(drawn, max_size=8))
def test_the_later_version_counts_where_windows_overlap(added: list[Window]) -> None:
    kept: list[Window] = []
    expected: dict[int, int] = {}
    for window in added:
        kept = windows.add(kept, window)
        for seq in range(window.first, window.last + 1):
            expected[seq] = max(window.as_of, expected.get(seq, 0))
    assert by_row(kept) == expected
    assert tidy(kept)


@given(st.lists(drawn, max_size=5), spans, st.integers(1, 6))
def test_what_is_asked_for_is_every_row_that_is_not_exact(
    added: list[Window], span: tuple[int, int], version: int
) -> None:
    kept: list[Window] = []
    for window in added:
        kept = windows.add(kept, window)
    known = by_row(kept)
    asked = by_row(windows.to_ask(kept, span, version))
    assert asked == {
        seq: known.get(seq, 0)
        for seq in range(span[0], span[1] + 1)
        if seq not in known or known[seq] < version
    }


@given(st.lists(drawn, max_size=6), spans, st.integers(1, 6), st.integers(1, SEQ_MAX))
def test_asking_for_the_newest_again_and_again_asks_for_everything_once(
    added: list[Window], span: tuple[int, int], version: int, rows_max: int
) -> None:
    kept: list[Window] = []
    for window in added:
        kept = windows.add(kept, window)
    wanted = by_row(windows.to_ask(kept, span, version))
    first, last = span
    while run := windows.newest(windows.to_ask(kept, (first, last), version), rows_max):
        assert run.last - run.first < rows_max
        for seq in range(run.first, run.last + 1):
            as_of = wanted.pop(seq, version)
            assert (as_of == 0) == (run.as_of == 0) or as_of >= version
            assert run.as_of <= as_of
        last = run.first - 1
    assert wanted == {}


def test_windows_exact_at_a_change_are_exact_after_it() -> None:
    kept = [Window(1, 3, 4), Window(6, 9, 7)]
    assert windows.promote(kept, 7, 8) == [Window(1, 3, 4), Window(6, 9, 8)]


def test_what_lies_below_is_cut_off() -> None:
    assert windows.clip([Window(1, 3, 4), Window(6, 9, 7)], 7) == [Window(7, 9, 7)]


def test_a_row_in_a_hole_is_exact_as_of_nothing() -> None:
    assert windows.as_of([Window(1, 3, 4)], 3) == 4
    assert windows.as_of([Window(1, 3, 4)], 4) is None
