"""Whose connection it is: trusted proxies taken away, crowds from one place counted. No I/O."""

import enum
from collections import Counter
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final, TypeAlias

Address: TypeAlias = IPv4Address | IPv6Address
Network: TypeAlias = IPv4Network | IPv6Network
Place: TypeAlias = str | int
"""What connections are counted by: an IPv4 address, or the /64 of an IPv6 address."""

ROOM_MIN: Final = 16  # connections above the limit that are told so
_HOST_BITS: Final = 64


class Admission(enum.Enum):
    """What becomes of a connection that comes."""

    TAKEN = enum.auto()
    TOLD = enum.auto()  # too many are here: it is counted, told so, and closed
    TURNED_AWAY = enum.auto()  # too many even to tell: it is not counted


def parse_address(text: str) -> Address | None:
    """Read an IP address; IPv4 inside IPv6 comes out as IPv4, a zone is dropped.

    A port is allowed, as some proxies write one: `192.0.2.1:80`, `[2001:db8::1]:80`.
    """
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


def is_trusted(address: Address, proxies: Sequence[Network]) -> bool:
    """Say whether the address is one of our proxies."""
    return any(address in network for network in proxies)


def client_address(
    peer: Address, forwarded_for: Sequence[str], proxies: Sequence[Network]
) -> Address:
    """Return the nearest hop that isn't one of our proxies.

    Anyone can send X-Forwarded-For, so each hop counts only because the one
    after it is trusted. A hop that can't be read ends the walk.
    """
    address = peer
    for hop in reversed(forwarded_for):
        if not is_trusted(address, proxies):
            break
        parsed = parse_address(hop)
        if parsed is None:
            break
        address = parsed
    return address


def place_of(address: Address) -> Place:
    """Return what the address is counted by."""
    if isinstance(address, IPv4Address):
        return str(address)
    return int(address) >> _HOST_BITS


def key_of(text: str) -> Place:
    """What a device's address is counted by; an address that can't be read is its own place."""
    address = parse_address(text)
    return text if address is None else place_of(address)


class Crowd:
    """Counts connections, in all and by place, and keeps both below their limits.

    Above a limit there is some room where a connection is told why it must go; above that
    room there is not even that.
    """

    def __init__(self, total_max: int, per_place_max: int) -> None:
        self.total = 0
        self._total_max = total_max
        self._total_told_max = total_max + max(ROOM_MIN, total_max // 16)
        self._per_place_max = per_place_max
        self._by_place: Counter[Place] = Counter()

    def enter(self) -> Admission:
        """Count one connection, unless it is TURNED_AWAY."""
        if self.total >= self._total_told_max:
            return Admission.TURNED_AWAY
        self.total += 1
        return Admission.TAKEN if self.total <= self._total_max else Admission.TOLD

    def settle(self, place: Place) -> Admission:
        """Count one connection's place, unless it is TURNED_AWAY."""
        if self._by_place[place] >= 2 * self._per_place_max:
            return Admission.TURNED_AWAY
        self._by_place[place] += 1
        taken = self._by_place[place] <= self._per_place_max
        return Admission.TAKEN if taken else Admission.TOLD

    def leave(self, place: Place | None) -> None:
        """Take back an `enter`, and the `settle` of a place if there was one."""
        self.total -= 1
        if place is None:
            return
        self._by_place[place] -= 1
        if not self._by_place[place]:
            del self._by_place[place]
