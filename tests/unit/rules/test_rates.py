"""Token buckets."""

from hypothesis import given
from hypothesis import strategies as st

from kentong.server.rules.rates import Rates


def test_a_burst_is_allowed_and_then_the_rate() -> None:
    rates = Rates(per_minute=60, burst=3)
    assert [rates.take("a", 0.0) for _ in range(3)] == [0, 0, 0]
    wait_ms = rates.take("a", 0.0)
    assert 0 < wait_ms <= 1001
    assert rates.take("a", wait_ms / 1000) == 0


def test_keys_do_not_share() -> None:
    rates = Rates(per_minute=60, burst=1)
    assert rates.take("a", 0.0) == 0
    assert rates.take("b", 0.0) == 0


def test_refused_calls_cost_nothing() -> None:
    rates = Rates(per_minute=60, burst=1)
    rates.take("a", 0.0)
    for _ in range(10):
        rates.take("a", 0.5)
    assert rates.take("a", 1.0) == 0


def test_what_is_owed_is_paid_first() -> None:
    rates = Rates(per_minute=60, burst=3)
    rates.owe("a", 0.0, 5)
    assert rates.take("a", 2.0) > 0
    assert rates.take("a", 3.0) == 0
    rates.owe("b", 0.0, 2)
    assert rates.take("b", 0.0) == 0


def test_memory_is_bounded_and_full_buckets_go_first() -> None:
    rates = Rates(per_minute=60, burst=2, keys_max=10)
    for key in range(10):
        rates.take(key, 0.0)
    rates.take("busy", 100.0)
    rates.take("busy", 100.0)
    for key in range(100, 130):
        rates.take(key, 100.0)
    assert len(rates) <= 11


def test_crowds_of_new_keys_do_not_grow_without_end() -> None:
    rates = Rates(per_minute=1, burst=5, keys_max=10)
    for key in range(1000):
        rates.take(key, 0.0)
    assert len(rates) <= 11


@given(st.lists(st.floats(0, 10), max_size=50))
def test_never_more_than_burst_and_rate(gaps: list[float]) -> None:
    rates = Rates(per_minute=60, burst=4)
    now, taken = 0.0, 0
    for gap in gaps:
        now += gap
        taken += rates.take("a", now) == 0
    assert taken <= 4 + now + 1e-6


def test_clock_that_is_set_back_takes_nothing_away() -> None:
    rates = Rates(per_minute=60, burst=4)
    assert rates.take("a", 1_000.0) == 0
    assert rates.take("a", 0.0) == 0


def test_what_is_given_back_can_be_taken_again_but_no_more() -> None:
    rates = Rates(per_minute=1, burst=2)
    rates.give_back("a")
    assert [rates.take("a", 0.0), rates.take("a", 0.0)] == [0, 0]
    rates.give_back("a")
    assert rates.take("a", 0.0) == 0
    assert rates.take("a", 0.0) > 0
