"""The simulation finds every bug that was planted in the real code, and says what it breaks."""

import pytest

from kentong.protocol.planted import Planted
from tests.sim.invariants import Broken, Invariant
from tests.sim.storm import run_seed

SEEDS_MAX = 60  # without a bug all of them pass; most bugs take a few

BREAKS: dict[Planted, set[Invariant]] = {
    Planted.CURSOR_BEFORE_LAST_PAGE: {Invariant.SAME},
    Planted.OUTBOX_NOT_PERSISTED: {Invariant.ONCE},
    # A change that is passed over may be a deletion, or the end of a membership.
    # A device that is ahead of the server queues again what is still on its way to it.
    Planted.CURSOR_SKIPS_ONE: {Invariant.SAME, Invariant.RIGHTS, Invariant.ONCE},
    Planted.NO_IDEMPOTENCY: {Invariant.ONCE},
    # Of an edit that is lost only its author's device knows, and a lost text that it queues
    # again stands behind later ones.
    Planted.PUSH_BEFORE_COMMIT: {Invariant.DURABLE, Invariant.SAME, Invariant.ONCE},
    Planted.FEEDER_STOPS: {Invariant.SAME, Invariant.RIGHTS},
    Planted.REMOVED_STILL_SERVED: {Invariant.RIGHTS},
}


def first_finding(bug: Planted) -> tuple[int, Broken] | None:
    """The first seed that shows the bug, and what it says; anything but Broken is raised.

    Most bugs soon make the server fail inside or a client meet what it can't understand;
    then the next seed may show what that leads to.
    """
    for seed in range(1, SEEDS_MAX + 1):
        try:
            run_seed(seed, frozenset({bug}))
        except Broken as broken:
            if broken.invariant is not Invariant.SENSE:
                return seed, broken
    return None


@pytest.mark.parametrize("bug", Planted, ids=lambda bug: bug.name)
def test_a_planted_bug_is_found_for_what_it_breaks(bug: Planted) -> None:
    found = first_finding(bug)
    assert found is not None
    seed, broken = found
    print(f"\n{bug.name}: seed {seed}: {broken}")
    assert broken.invariant in BREAKS[bug]
