"""The link itself, a process of its own: two network namespaces, a TUN device in each.

`python -m bench.slowlink.wire PROFILE SEED` prints one line with the descriptors of the
namespaces, then does what it is told on its standard input, a line each:

    read            prints the meters as JSON
    out SECONDS     loses everything for so long, without a word
    seed N          begins anew with this seed and meters at zero
    PROFILE         becomes another link

and ends with its standard input. Nothing is left behind: the namespaces live as long as it.
Needs root on Linux.
"""

import ctypes
import dataclasses
import fcntl
import heapq
import json
import os
import select
import socket
import struct
import sys
import threading
import time
from pathlib import Path
from typing import Final, NamedTuple

from bench.slowlink.link import Direction
from bench.slowlink.profiles import PROFILES, Profile

# Loopback addresses, on devices that only lead to each other: no other network is touched.
PERSON: Final = "127.0.50.1"
SERVER: Final = "127.0.50.2"
_CLONE_NEWNET: Final = 0x40000000
_TUNSETIFF: Final = 0x400454CA
_IFF_TUN: Final = 0x0001
_IFF_NO_PI: Final = 0x1000
_SIOCSIFADDR, _SIOCSIFDSTADDR, _SIOCSIFNETMASK = 0x8916, 0x8918, 0x891C
_SIOCSIFMTU, _SIOCSIFFLAGS = 0x8922, 0x8914
_IFF_UP_RUNNING: Final = 0x41
_PACKET_BYTES_MAX: Final = 65_535
_DEVICE: Final = b"slow0"


class End(NamedTuple):
    """One end of the link."""

    tun: int  # descriptor of the device
    namespace: int  # descriptor of the network namespace


class NoLaboratory(Exception):
    """This machine can't make network namespaces or TUN devices; the sentence says why."""


def make_end(here: str, there: str, mtu: int) -> End:
    """A namespace with nothing in it but a device that leads to the other end."""
    made: list[End | OSError] = []

    def work() -> None:  # a namespace is a thread's; this one ends, the namespace stays open
        try:
            made.append(_make_end(here, there, mtu))
        except OSError as error:
            made.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    (found,) = made
    if isinstance(found, OSError):
        raise NoLaboratory(f"no network namespace with a TUN device: {found}") from found
    return found


def _make_end(here: str, there: str, mtu: int) -> End:
    if ctypes.CDLL(None, use_errno=True).unshare(_CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    namespace = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    tun = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    fcntl.ioctl(tun, _TUNSETIFF, struct.pack("16sH14x", _DEVICE, _IFF_TUN | _IFF_NO_PI))
    Path("/proc/sys/net/ipv4/conf/all/route_localnet").write_text("1")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        fcntl.ioctl(control, _SIOCSIFADDR, _with_address(here))
        fcntl.ioctl(control, _SIOCSIFDSTADDR, _with_address(there))
        fcntl.ioctl(control, _SIOCSIFNETMASK, _with_address("255.255.255.255"))
        fcntl.ioctl(control, _SIOCSIFMTU, struct.pack("16si12x", _DEVICE, mtu))
        fcntl.ioctl(control, _SIOCSIFFLAGS, struct.pack("16sh14x", _DEVICE, _IFF_UP_RUNNING))
    return End(tun, namespace)


def _with_address(address: str) -> bytes:
    return struct.pack("16sHH4s8x", _DEVICE, socket.AF_INET, 0, socket.inet_aton(address))


class Wire:
    """Moves packets from one end to the other when their time has come."""

    def __init__(self, profile: Profile, seed: int) -> None:
        self.person = make_end(PERSON, SERVER, profile.mtu)
        self.server = make_end(SERVER, PERSON, profile.mtu)
        self._arrivals: list[tuple[float, int, int, bytes]] = []  # (when, order, tun, packet)
        self._order = 0
        self._profile = profile
        self.begin(seed)

    def begin(self, seed: int, profile: Profile | None = None) -> None:
        """Start anew: other chances, meters at zero, nothing on its way."""
        self._profile = profile or self._profile
        self._arrivals.clear()
        self.up = Direction(self._profile.up, 2 * seed)
        self.down = Direction(self._profile.down, 2 * seed + 1)

    def run(self) -> None:
        """Until the standard input ends."""
        commands = sys.stdin.fileno()
        while True:
            wait_s = max(0.0, self._arrivals[0][0] - time.monotonic()) if self._arrivals else None
            ready, _, _ = select.select(
                [self.person.tun, self.server.tun, commands], [], [], wait_s
            )
            self._arrive()
            if self.person.tun in ready:
                self._take(self.person.tun, self.up, self.server.tun)
            if self.server.tun in ready:
                self._take(self.server.tun, self.down, self.person.tun)
            if commands in ready and not self._obey(os.read(commands, 4_096).decode()):
                return

    def _arrive(self) -> None:
        now = time.monotonic()
        while self._arrivals and self._arrivals[0][0] <= now:
            _, _, tun, packet = heapq.heappop(self._arrivals)
            os.write(tun, packet)

    def _take(self, tun: int, direction: Direction, to: int) -> None:
        packet = os.read(tun, _PACKET_BYTES_MAX)
        if packet[0] >> 4 != 4:  # devices greet each other in IPv6
            return
        arrives = direction.offer(len(packet), time.monotonic())
        if arrives is not None:
            self._order += 1
            heapq.heappush(self._arrivals, (arrives, self._order, to, packet))

    def _obey(self, said: str) -> bool:
        for line in said.splitlines():
            word, _, value = line.partition(" ")
            if word == "read":
                meters = {"up": self.up.meter, "down": self.down.meter}
                say({name: dataclasses.asdict(meter) for name, meter in meters.items()})
            elif word == "out":
                for direction in (self.up, self.down):
                    direction.break_off(time.monotonic(), float(value))
                say({})
            elif word == "seed":
                self.begin(int(value))
                say({})
            else:
                self.begin(int(value or 1), PROFILES[word])
                say({})
        return bool(said)


def say(what: object) -> None:
    """One line of JSON."""
    print(json.dumps(what), flush=True)


def main() -> None:
    name, seed = sys.argv[1:]
    try:
        wire = Wire(PROFILES[name], int(seed))
    except NoLaboratory as error:
        say({"error": str(error)})
        return
    say({"person": wire.person.namespace, "server": wire.server.namespace})
    wire.run()


if __name__ == "__main__":
    main()
