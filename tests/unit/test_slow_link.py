"""The link of the slow-link laboratory: rate, delay, queue, losses and outages are as said."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.slowlink.link import Direction
from bench.slowlink.profiles import PROFILES, Way

THIN = Way(20, 350)
MANY = 20_000


def test_a_packet_takes_its_time_on_the_air_and_on_the_way() -> None:
    assert Direction(THIN, 1).offer(100, 5.0) == pytest.approx(5.0 + 100 * 8 / 20_000 + 0.350)


def test_packets_wait_for_each_other_and_none_is_early() -> None:
    link = Direction(THIN, 1)
    arrivals = [link.offer(250, 0.0) for _ in range(4)]
    assert arrivals == pytest.approx([0.1 * number + 0.350 for number in range(1, 5)])


def test_a_full_queue_drops_what_comes() -> None:
    link = Direction(THIN._replace(queue_bytes=1_010), 1)
    came = [link.offer(250, 0.0) is not None for _ in range(6)]
    assert came == [True] * 4 + [False] * 2
    assert link.meter.dropped_packets == 2
    assert link.offer(250, 0.11) is not None  # one has left


@given(st.lists(st.tuples(st.integers(40, 1_500), st.floats(0, 1)), max_size=60))
def test_jitter_lets_no_packet_overtake_another(packets: list[tuple[int, float]]) -> None:
    link = Direction(Way(200, 200, jitter_ms=150), 3)
    now = 0.0
    arrivals = []
    for size, pause in packets:
        now += pause
        arrivals.append(link.offer(size, now))
    came = [arrival for arrival in arrivals if arrival is not None]
    assert came == sorted(came)


@pytest.mark.parametrize(("loss", "burst"), [(0.05, 1.0), (0.10, 3.0)])
def test_so_many_are_lost_and_so_many_in_a_row(loss: float, burst: float) -> None:
    link = Direction(Way(100_000, 1, loss=loss, burst=burst), 7)
    came = [link.offer(100, float(number)) is not None for number in range(MANY)]
    rows = [len(list(row)) for is_there, row in itertools.groupby(came) if not is_there]
    assert link.meter.lost_packets / MANY == pytest.approx(loss, rel=0.15)
    if burst > 1:
        assert sum(rows) / len(rows) == pytest.approx(burst, rel=0.15)


def test_the_same_seed_loses_the_same() -> None:
    def lost(seed: int) -> list[bool]:
        link = Direction(Way(100_000, 1, loss=0.1), seed)
        return [link.offer(100, float(number)) is None for number in range(200)]

    assert lost(1) == lost(1) != lost(2)


def test_in_an_outage_all_is_lost_that_is_on_the_air() -> None:
    link = Direction(THIN, 1)
    link.break_off(10.0, 30.0)
    came = {now: link.offer(40, now) is not None for now in (9.0, 9.99, 10.5, 39.9, 40.0)}
    assert came == {9.0: True, 9.99: False, 10.5: False, 39.9: False, 40.0: True}


def test_profiles_go_by_their_names() -> None:
    assert all(profile.name == name for name, profile in PROFILES.items())
    assert PROFILES["G20"].round_trip_ms == 700
