"""POST /sync: the same session without a WebSocket, for one exchange."""

import asyncio

from kentong.protocol import codec
from kentong.protocol.errors import ErrorCode, Malformed, Refused
from kentong.protocol.limits import EXCHANGE_BYTES_MAX, EXCHANGE_FRAMES_MAX, FRAME_BYTES_MAX
from kentong.protocol.messages import Goodbye, Hello, HelloFlag
from kentong.server.features import sign_in
from kentong.server.features.sign_in import Credentials
from kentong.server.gateway.session import Session
from kentong.server.node import Node

WELCOME_FRAMES = 1
LENGTH_BYTES = 4  # before each message of a body


class CollectingLink:
    """A link that keeps what is sent until the exchange ends."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.ping_after_s = 0.0  # there is no connection to look after
        self.authenticated = False
        self.frames: list[bytes] = []

    @property
    def has_credit(self) -> bool:
        """See Link: nobody can say Got, and what is asked must fit into one answer."""
        return False

    @property
    def congested(self) -> bool:
        """See Link: an answer holds only so much, and the next page may be a whole frame."""
        body_bytes = sum(map(len, self.frames)) + LENGTH_BYTES * len(self.frames)
        return body_bytes > EXCHANGE_BYTES_MAX - FRAME_BYTES_MAX

    def send(self, frame: bytes) -> None:
        """See Link."""
        self.frames.append(frame)

    def send_many(self, frames: list[bytes]) -> None:
        """See Link."""
        self.frames.extend(frames)

    def ask(self) -> None:
        """See Link: nobody answers before the exchange ends, and then all is new."""

    def close(self, code: int = 1000, reason: str = "") -> None:
        """See Link; there is nothing to close."""


async def exchange(node: Node, body: bytes, credentials: Credentials, address: str) -> bytes:
    """Answer the body of one POST, at once if there is anything to say.

    Otherwise it waits for news up to `poll_wait_s`, unless the hello says PROBE. Errors are
    part of the answer, as Goodbye.
    """
    try:
        frame_bytes_max = node.config.frame_bytes_max
        first, *frames = codec.split(body, EXCHANGE_FRAMES_MAX, frame_bytes_max) or [b""]
        hello = codec.decode_from_client(first)
        if not isinstance(hello, Hello):
            raise Malformed("the first message is no hello")
        secret = sign_in.secret_of(credentials, node.config)
    except Malformed as malformed:
        return _goodbye(malformed.code)
    except Refused as refused:
        return _goodbye(refused.code)
    link = CollectingLink(address)
    session = Session(node, link, hello, secret)
    event = asyncio.Event()
    session.on_progress = event.set
    session.open(frames)
    try:
        await _wait(session, link, event, bool(hello.flags & HelloFlag.PROBE))
    finally:
        session.on_progress = None
        session.closed()
    return codec.join(link.frames)


async def _wait(session: Session, link: CollectingLink, event: asyncio.Event, probe: bool) -> None:
    while not session.settled:
        event.clear()
        await event.wait()
    if probe or _has_news(session, link):
        return
    try:
        async with asyncio.timeout(session.poll_wait_s):
            while not session.ended and not _has_news(session, link):
                event.clear()
                await event.wait()
    except TimeoutError:
        pass


def _has_news(session: Session, link: CollectingLink) -> bool:
    """Whether there is more to say than a welcome and a cursor.

    The cursor moves with everything that happens on the server: a poll that ended for it
    would be the next one's reason to be asked at once.
    """
    quiet_pages = session.news.quiet_pages if session.news else 0
    return len(link.frames) > WELCOME_FRAMES + quiet_pages


def _goodbye(code: ErrorCode) -> bytes:
    return codec.join([codec.encode(Goodbye(code))])
