"""Who is there and how busy they are: drawn anew for each seed."""

import dataclasses
import random

PLENTY = 1_000_000


@dataclasses.dataclass(frozen=True)
class Scene:
    """The people, their devices and chats, and what the server takes from each."""

    people: int
    phones_each: int
    nodes: int  # of the server
    quiet_groups: int  # with long titles: many make a listing of several pages
    pause_s: float  # between two deeds
    commands_per_minute: int
    requests_per_minute: int

    @classmethod
    def drawn(cls, source: random.Random) -> "Scene":
        """The scene of one seed."""
        return cls(
            people=3,
            phones_each=source.choice((1, 2)),
            nodes=source.choice((1, 1, 2)),
            quiet_groups=source.choice((0, 40)),
            pause_s=source.choice((0.5, 2.0)),
            commands_per_minute=source.choice((PLENTY, PLENTY, 20)),
            requests_per_minute=source.choice((PLENTY, PLENTY, 600)),
        )

    @property
    def rates(self) -> dict[str, int]:
        """As settings of the server."""
        return {
            "commands_per_minute": self.commands_per_minute,
            "requests_per_minute": self.requests_per_minute,
        }
