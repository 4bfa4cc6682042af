"""One direction of a link: when a packet arrives, if it does. No I/O, no clock of its own."""

import random
from dataclasses import dataclass

from bench.slowlink.profiles import Way


@dataclass(slots=True)
class Meter:
    """What was offered to one direction, and what became of it. Bytes are those of IP packets."""

    packets: int = 0
    bytes: int = 0
    lost_packets: int = 0  # on the air, by chance or in an outage
    dropped_packets: int = 0  # the queue was full


class Direction:
    """Loss, a queue, a rate and a delay, in this order from the receiver's end.

    A packet waits in a drop-tail queue, takes its time on the air, may be lost there, and
    arrives after the delay. No packet overtakes another one. Times are seconds of any clock
    that goes forward.
    """

    def __init__(self, way: Way, seed: int) -> None:
        self._way = way
        self._random = random.Random(seed)
        self._free_at = 0.0  # when the air is free again
        self._last_arrival = 0.0
        self._is_bad = False  # within a burst of losses
        self._outage_until = 0.0
        self._outage_from = 0.0
        self.meter = Meter()

    def break_off(self, now: float, seconds: float) -> None:
        """Lose everything that is on the air in the next seconds."""
        self._outage_from, self._outage_until = now, now + seconds

    def offer(self, size: int, now: float) -> float | None:
        """When a packet of so many bytes arrives; None: never."""
        self.meter.packets += 1
        self.meter.bytes += size
        bytes_per_s = self._way.kbit_per_s * 1_000 / 8
        waiting = max(0.0, self._free_at - now) * bytes_per_s
        if waiting + size > self._way.queue_bytes:
            self.meter.dropped_packets += 1
            return None
        begins = max(now, self._free_at)
        self._free_at = begins + size / bytes_per_s
        if self._is_lost() or self._is_out(begins, self._free_at):
            self.meter.lost_packets += 1
            return None
        delay_ms = self._way.delay_ms + self._random.random() * self._way.jitter_ms
        self._last_arrival = max(self._last_arrival, self._free_at + delay_ms / 1_000)
        return self._last_arrival

    def _is_out(self, begins: float, ends: float) -> bool:
        return begins < self._outage_until and ends > self._outage_from

    def _is_lost(self) -> bool:
        """By chance: a Gilbert model, whose bad state loses all and the good one nothing."""
        loss, burst = self._way.loss, self._way.burst
        if not loss:
            return False
        if self._is_bad:
            self._is_bad = self._random.random() >= 1 / burst
        else:
            self._is_bad = self._random.random() < loss / (1 - loss) / burst
        return self._is_bad
