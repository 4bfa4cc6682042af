"""What is measured and what is aimed at."""

import statistics
from typing import NamedTuple


class Goal(NamedTuple):
    """What a figure should be."""

    at_most: float | None = None
    at_least: float | None = None

    def __str__(self) -> str:
        return f">= {self.at_least:g}" if self.at_least is not None else f"<= {self.at_most:g}"

    def is_met(self, value: float) -> bool:
        """Whether the figure is as good as it should be."""
        if self.at_least is not None:
            return value >= self.at_least
        return self.at_most is None or value <= self.at_most


GOALS = {
    "direct_messages_per_s": Goal(at_least=5_000),
    "direct_cpu_us_per_message": Goal(at_most=120),
    "group500_cpu_us_per_delivery": Goal(at_most=15),
    "idle_bytes_per_connection": Goal(at_most=5_120),
    "resume_round_trips": Goal(at_most=1),
    "resume_bytes": Goal(at_most=1_000),
    "resume_nothing_new_bytes": Goal(at_most=60),
    "send30_bytes": Goal(at_most=40),
    "ack_bytes": Goal(at_most=8),
    "receive30_bytes": Goal(at_most=46),
}


class Figure(NamedTuple):
    """One figure, as often as it was measured."""

    key: str
    values: list[float]

    @property
    def median(self) -> float:
        """What is reported."""
        return rounded(statistics.median(self.values))


def rounded(value: float) -> float:
    """No more digits than a figure has."""
    return round(value, 1 if value < 1_000 else 0)


def bundle(runs: list[dict[str, float]]) -> list[Figure]:
    """One figure for each key of these runs."""
    return [Figure(key, [run[key] for run in runs]) for key in runs[0]]
