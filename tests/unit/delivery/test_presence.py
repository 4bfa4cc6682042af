"""Who is there is told once a second at most, to those who look, and only if it changed."""

from collections.abc import Callable

import pytest

from kentong.protocol.codec import decode_from_server
from kentong.protocol.messages import Presence
from kentong.server.delivery.presence import Presences

BOB = 7


class Screen:
    """What a device with bob on screen was told."""

    def __init__(self, user_id: int) -> None:
        self.user_id = user_id
        self.told: list[int] = []

    def hint(self, frame: bytes) -> None:
        presence = decode_from_server(frame)
        assert isinstance(presence, Presence)
        self.told.append(presence.online)


class Street:
    """Bob comes and goes; time passes when it is told to."""

    def __init__(self) -> None:
        self.is_there = False
        self.presences = Presences(lambda user_id: user_id == BOB and self.is_there)
        self.presences.later = lambda seconds, call: self.waiting.append(call)
        self.waiting: list[Callable[[], None]] = []

    def move(self, *, is_there: bool) -> None:
        self.is_there = is_there
        self.presences.changed(BOB)

    def pass_time(self) -> None:
        waiting, self.waiting = self.waiting, []
        for call in waiting:
            call()


@pytest.fixture
def street() -> Street:
    return Street()


def test_somebody_who_flickers_is_told_twice(street: Street) -> None:
    anna = Screen(1)
    street.presences.watch(anna, BOB)
    for number in range(20_001):
        street.move(is_there=number % 2 == 0)
    assert anna.told == [0, 1]
    assert len(street.waiting) == 1
    street.move(is_there=False)
    street.pass_time()
    assert anna.told == [0, 1, 0]
    street.pass_time()
    street.pass_time()
    assert anna.told == [0, 1, 0]
    assert street.waiting == []


def test_who_comes_between_two_changes_ends_with_the_truth(street: Street) -> None:
    anna, cleo = Screen(1), Screen(2)
    street.presences.watch(anna, BOB)
    street.move(is_there=True)
    street.move(is_there=False)
    street.presences.watch(cleo, BOB)
    street.pass_time()
    assert anna.told[-1] == cleo.told[-1] == 0


def test_nobody_is_told_who_looks_away(street: Street) -> None:
    anna = Screen(1)
    street.presences.watch(anna, BOB)
    street.presences.unwatch(anna, BOB)
    street.move(is_there=True)
    assert anna.told == [0]
    assert street.waiting == []
    street.presences.watch(anna, BOB)
    assert anna.told == [0, 1]
