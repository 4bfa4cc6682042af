"""Links as people have them. Rates are of the link, bytes of IP packets included."""

from typing import Final, NamedTuple

QUEUE_BYTES: Final = 24_000  # about 10 s at 20 kbit/s, as in front of a GPRS modem
MTU: Final = 1_500


class Way(NamedTuple):
    """One direction of a link."""

    kbit_per_s: float
    delay_ms: float  # besides the time that sending takes
    jitter_ms: float = 0.0  # more, evenly spread; the order of packets is kept
    loss: float = 0.0  # share of packets
    burst: float = 1.0  # packets that are lost in a row, on average; 1: each by itself
    queue_bytes: int = QUEUE_BYTES


class Profile(NamedTuple):
    """A link between two places."""

    name: str
    up: Way  # from the person to the server
    down: Way
    mtu: int = MTU

    @property
    def round_trip_ms(self) -> float:
        """Of a packet that takes no time to send."""
        return self.up.delay_ms + self.down.delay_ms


def _even(  # a link that is the same both ways
    name: str, kbit_per_s: float, round_trip_ms: float, loss: float = 0.0, burst: float = 1.0
) -> Profile:
    way = Way(kbit_per_s, round_trip_ms / 2, loss=loss, burst=burst)
    return Profile(name, way, way)


G20: Final = Profile("G20", Way(20, 350), Way(40, 350))
G32: Final = _even("G32", 32, 500)
G32_LOSS2: Final = _even("G32-loss2", 32, 500, loss=0.02)
G32_LOSS5: Final = _even("G32-loss5", 32, 500, loss=0.05)
BURST50: Final = _even("50-burst10", 50, 1_000, loss=0.10, burst=3)
EDGE: Final = Profile("EDGE", Way(100, 200, 20), Way(200, 200, 20))
UMTS: Final = Profile("3G", Way(400, 75, 10), Way(1_600, 75, 10))
SATELLITE: Final = Profile("satellite", Way(256, 300), Way(1_000, 300))
G20_MTU576: Final = G20._replace(name="G20-mtu576", mtu=576)
CABLE: Final = _even("cable", 100_000, 0.2)  # nothing slow: what a cell costs by itself

PROFILES: Final = {
    profile.name: profile
    for profile in (
        G20, G32, G32_LOSS2, G32_LOSS5, BURST50, EDGE, UMTS, SATELLITE, G20_MTU576, CABLE,
    )
}  # fmt: skip
