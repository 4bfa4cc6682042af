"""What a device session and its socket know of each other, and nothing more."""

from collections.abc import Callable
from typing import Protocol

from kentong.server.gateway.handshake import UpgradeRequest


class Link(Protocol):
    """One open WebSocket, as the session sees it. Nothing here blocks or raises.

    After the end everything may still be called and does nothing.
    """

    address: str
    """The device's IP address, after trusted proxies are taken away."""

    ping_after_s: float
    """Ping when nothing flowed for so long; the session may change it at any time."""

    authenticated: bool
    """False at first; the session sets it after sign-in.

    A stranger may send messages of 16 KiB at most, and is dropped soon when it
    stays silent.
    """

    @property
    def has_credit(self) -> bool:
        """Whether bulk waits for the device to say Got; else only `congested` holds it back."""

    @property
    def congested(self) -> bool:
        """True while the peer takes less than we send: hold back until `Receiver.writable`."""

    def send(self, frame: bytes) -> None:
        """Send one binary message."""

    def send_many(self, frames: list[bytes]) -> None:
        """Send many binary messages in one write."""

    def ask(self) -> None:
        """Ask whether what was sent so far has arrived: `Receiver.answered` follows.

        It holds behind a proxy, too, where `congested` only tells how much the proxy takes.
        """

    def close(self, code: int = 1000, reason: str = "") -> None:
        """Say goodbye and close; nothing is received any more. `closed` follows later."""


class Receiver(Protocol):
    """The session, as the socket sees it."""

    def received(self, frame: bytes) -> None:
        """Take one binary message."""

    def writable(self) -> None:
        """Note that the congestion is over."""

    def answered(self) -> None:
        """Note that all that was sent before `Link.ask` has arrived."""

    def closed(self) -> None:
        """Note that the socket is gone. Called once, and last."""


OpenReceiver = Callable[[Link, UpgradeRequest], Receiver]
"""Called once the WebSocket is open; may already send, or close."""
