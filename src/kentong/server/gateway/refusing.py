"""A WebSocket that is opened only to say why not: browsers hear nothing else of a refusal."""

from kentong.protocol.codec import encode
from kentong.protocol.errors import ErrorCode
from kentong.protocol.messages import Goodbye
from kentong.server.gateway.link import Link, Receiver


class Refusing:
    """What stands at a link that got its goodbye."""

    def received(self, frame: bytes) -> None:
        """See Receiver; nothing is heard any more."""

    def writable(self) -> None:
        """See Receiver."""

    def answered(self) -> None:
        """See Receiver."""

    def closed(self) -> None:
        """See Receiver."""


def refuse(link: Link, code: ErrorCode, retry_after_ms: int = 0) -> Receiver:
    """Say goodbye on a fresh link, and close it."""
    link.send(encode(Goodbye(code, retry_after_ms)))
    link.close()
    return Refusing()
