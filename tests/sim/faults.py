"""How much goes wrong: drawn anew for each seed, some of it not at all."""

import dataclasses
import random
from collections import Counter

RATES = (0.0, 0.02, 0.1, 0.3)
PLENTY = 1_000_000.0

Happened = Counter[str]
"""How often each of EXPECTED happened."""

# What makes a simulation of many seeds worth its name: one that never happens is a mistake.
EXPECTED = (
    "a frame is lost and its connection with it",
    "a frame is late",
    "a device takes no more frames for now",
    "a WebSocket is not let through",
    "an answer is lost",
    "an exchange is repeated",
    "an exchange arrives behind a later one",
    "storage is slow",
    "the disk is full",
    "nothing can be written",
    "a node is not woken",
    "another node is used",
    "the server crashes",
    "an older backup is restored",
    "old removals are forgotten",
    "a device crashes",
    "a device loses its store",
    "a device's store is copied",
    "a device is without network",
    "a device is told of another history",
    "somebody is removed",
    "somebody comes back",
)


@dataclasses.dataclass(frozen=True)
class Faults:
    """Rates are per event (frame, exchange, group) or, where said, per minute."""

    delay_s: float  # mean, of a frame
    cut: float  # a frame that is the last of its connection, half of the time silently
    blocked: float  # a WebSocket that is not let through, so that it is polled
    lost_answer: float  # of an exchange
    repeated: float  # an exchange that arrives twice, the second time late
    frames_on_way: float  # more to one device, and the server holds back
    slow_storage: float
    slow_storage_s: float
    full_disks_per_minute: float  # half of the time not even a free page is written
    lost_wakeup: float  # of the bus; 1: it is down
    crashes_per_minute: float  # of the server
    client_crashes_per_minute: float
    reinstalls_per_minute: float  # a device that loses its store and starts from nothing
    restores_per_minute: float  # of an older backup
    clones_per_minute: float  # of a device's store
    offline_per_minute: float
    horizons_per_minute: float  # old removals are forgotten

    @classmethod
    def drawn(cls, source: random.Random) -> "Faults":
        """The faults of one seed."""

        def often() -> float:
            return source.choice((0.0, 0.0, 0.2, 1.0))

        def seldom() -> float:
            return source.choice((0.0, 0.0, 0.0, 0.3))

        return cls(
            delay_s=source.choice((0.005, 0.1, 0.7)),
            cut=source.choice((0.0, 0.002, 0.02, 0.1)),
            blocked=source.choice((0.0, 0.0, 0.0, 1.0)),
            lost_answer=source.choice(RATES),
            repeated=source.choice(RATES),
            frames_on_way=source.choice((PLENTY, PLENTY, 4)),
            slow_storage=source.choice(RATES),
            slow_storage_s=source.choice((0.05, 0.5, 3.0)),
            full_disks_per_minute=seldom(),
            lost_wakeup=source.choice((0.0, 0.0, 0.3, 1.0)),
            crashes_per_minute=often(),
            client_crashes_per_minute=often(),
            reinstalls_per_minute=source.choice((0.0, 0.0, 0.3, 1.0)),
            restores_per_minute=seldom(),
            clones_per_minute=seldom(),
            offline_per_minute=often(),
            horizons_per_minute=seldom(),
        )

    @classmethod
    def none(cls) -> "Faults":
        """A world in which all is well."""
        values = {field.name: 0.0 for field in dataclasses.fields(cls)}
        calm = {"delay_s": 0.005, "frames_on_way": PLENTY}
        return cls(**{**values, **calm})
