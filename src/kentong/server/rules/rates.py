"""How often somebody may do something: token buckets, given the time from outside."""


class Rates:
    """Token buckets by key. Never holds more than `keys_max` keys; full ones go first."""

    __slots__ = ("_buckets", "_burst", "_keys_max", "_per_s")

    def __init__(self, per_minute: float, burst: float, keys_max: int = 100_000) -> None:
        self._per_s = per_minute / 60
        self._burst = max(burst, 1.0)
        self._keys_max = keys_max
        self._buckets: dict[object, tuple[float, float]] = {}  # key: (tokens, at_s)

    def __len__(self) -> int:
        return len(self._buckets)

    def take(self, key: object, now_s: float, cost: float = 1.0) -> int:
        """Take `cost` tokens: 0 if they were there, else milliseconds until they are."""
        tokens, at_s = self._buckets.get(key, (self._burst, now_s))
        passed_s = max(0.0, now_s - at_s)  # clocks are set back at times
        tokens = min(self._burst, tokens + passed_s * self._per_s)
        if tokens < cost:
            self._buckets[key] = (tokens, now_s)
            return int((cost - tokens) / self._per_s * 1000) + 1
        if key not in self._buckets and len(self._buckets) >= self._keys_max:
            self._forget(now_s)
        self._buckets[key] = (tokens - cost, now_s)
        return 0

    def owe(self, key: object, now_s: float, cost: float) -> None:
        """Take tokens that need not be there: who owes some waits until they are paid."""
        if self.take(key, now_s, cost):
            tokens, at_s = self._buckets[key]
            self._buckets[key] = (tokens - cost, at_s)

    def give_back(self, key: object, cost: float = 1.0) -> None:
        """Take it back that tokens were taken: what they were for did not happen."""
        if key in self._buckets:
            tokens, at_s = self._buckets[key]
            self._buckets[key] = (min(self._burst, tokens + cost), at_s)

    def _forget(self, now_s: float) -> None:
        """Drop the keys whose buckets are full again; if that is too few, the oldest half."""
        self._buckets = {
            key: (tokens, at_s)
            for key, (tokens, at_s) in self._buckets.items()
            if tokens + (now_s - at_s) * self._per_s < self._burst
        }
        for key in list(self._buckets)[: max(0, len(self._buckets) - self._keys_max // 2)]:
            del self._buckets[key]
