"""How much goes wrong: drawn anew for each seed, some of it not at all."""

import dataclasses
import random

RATES = (0.0, 0.02, 0.1, 0.3)


@dataclasses.dataclass(frozen=True)
class Faults:
    """Rates are per event (frame, exchange, group) or, where said, per minute."""

    delay_s: float  # mean, of a frame
    cut: float  # a frame that is the last of its connection, half of the time silently
    lost_answer: float  # of an exchange
    repeated: float  # an exchange that arrives twice, the second time late
    slow_storage: float
    slow_storage_s: float
    lost_wakeup: float
    crashes_per_minute: float  # of the server
    client_crashes_per_minute: float
    restores_per_minute: float  # of an older backup
    clones_per_minute: float  # of a device's store
    offline_per_minute: float

    @classmethod
    def drawn(cls, source: random.Random) -> "Faults":
        """The faults of one seed."""

        def often() -> float:
            return source.choice((0.0, 0.0, 0.2, 1.0))

        return cls(
            delay_s=source.choice((0.005, 0.1, 0.7)),
            cut=source.choice((0.0, 0.002, 0.02)),
            lost_answer=source.choice(RATES),
            repeated=source.choice(RATES),
            slow_storage=source.choice(RATES),
            slow_storage_s=source.choice((0.05, 0.5, 3.0)),
            lost_wakeup=source.choice((0.0, 0.0, 0.3, 1.0)),
            crashes_per_minute=often(),
            client_crashes_per_minute=often(),
            restores_per_minute=source.choice((0.0, 0.0, 0.0, 0.3)),
            clones_per_minute=source.choice((0.0, 0.0, 0.0, 0.3)),
            offline_per_minute=often(),
        )

    @classmethod
    def none(cls) -> "Faults":
        """A world in which all is well."""
        values = {field.name: 0.0 for field in dataclasses.fields(cls)}
        return cls(**{**values, "delay_s": 0.005})
