"""One connected device: hello, commands, requests, and what it is told."""

import asyncio
import logging
from collections.abc import Callable, Sequence

from kentong.protocol.codec import decode_from_client, encode
from kentong.protocol.errors import ErrorCode, Malformed, Refused
from kentong.protocol.limits import MARKS_MAX, SCREEN_CHATS_MAX, VERSION, VERSION_OLDEST
from kentong.protocol.messages import (
    Command,
    Goodbye,
    Got,
    Hello,
    HelloFlag,
    Looks,
    Notice,
    Ping,
    Pong,
    Received,
    Request,
    Restart,
    Types,
    Welcome,
    WelcomeFlag,
)
from kentong.server import routes
from kentong.server.access import Caller
from kentong.server.delivery.heads import Wish
from kentong.server.features import sign_in, tokens
from kentong.server.features.sign_in import Arrival
from kentong.server.gateway.commands import Commands
from kentong.server.gateway.early import Early
from kentong.server.gateway.link import Link
from kentong.server.gateway.news import News
from kentong.server.gateway.questions import Questions
from kentong.server.node import Node
from kentong.server.storage import devices
from kentong.server.storage.engine import Outcome, Transaction

log = logging.getLogger(__name__)

PING_FOREGROUND_S = 150.0  # the client pings earlier; this is for those that went silent
PING_BACKGROUND_S = 540.0
SEEN_EVERY_S = 3_600  # how exactly we note when a device was there
FENCED_S = 30.0  # how long what a fenced device still sends is taken
_ENTERED = Hello(VERSION, 0, 0, 0, 0)  # in place of what a device said that has entered


class Session:
    """A device on a link. Everything happens on the event loop, nothing waits."""

    __slots__ = (
        "_commands", "_deflates", "_early", "_hello", "_links_key", "_muted", "_node",
        "_questions", "_secret_hash", "chat_ids", "device_id", "ended", "foreground", "link",
        "news", "on_progress", "screen", "user_id",
    )  # fmt: skip

    def __init__(self, node: Node, link: Link, hello: Hello, secret: str) -> None:
        self.link = link
        self.user_id = 0
        self.device_id = 0
        self.foreground = not hello.flags & HelloFlag.BACKGROUND
        self.chat_ids: list[int] = []
        self.screen: list[int] = []
        self.ended = False
        self._muted = False  # fenced: it is told nothing any more
        self.on_progress: Callable[[], None] | None = None
        self._node = node
        self._hello = hello  # until the device has entered
        self._deflates = not hello.flags & HelloFlag.NO_INFLATE
        self._secret_hash = sign_in.digest(secret)
        self._links_key = tokens.links_key(secret)
        self._early: Early | None = Early()
        self._questions: Questions | None = None  # until something is asked: most only listen
        self._commands: Commands | None = None
        self.news: News | None = None

    # -- Opening ------------------------------------------------------------------------

    def open(self, early: Sequence[bytes] = ()) -> None:
        """Look the device up, then welcome it, then take the frames that came with the hello."""
        if not VERSION_OLDEST <= self._hello.version <= VERSION:
            self.end(ErrorCode.UNSUPPORTED_VERSION)
            return
        self._node.sessions.add(self)
        if early:
            self._early = Early(early)
        node, hello, secret_hash = self._node, self._hello, self._secret_hash

        def work(tx: Transaction) -> Arrival:
            return sign_in.arrive(tx, secret_hash, hello, node.engine.epoch)

        node.engine.post_read(work, self._arrived)

    def _arrived(self, outcome: Outcome) -> None:
        if self.ended:
            return
        if outcome.error is not None:
            self._fail(outcome.error)
            return
        arrival: Arrival = outcome.result
        self.user_id, self.device_id = arrival.user_id, arrival.device_id
        self.link.authenticated = True
        self._set_pings()
        self._welcome(arrival)
        early, self._early = self._early, None
        for raw in self._hello.commands:
            self.received(bytes(raw))
        for frame in early.frames if early is not None else ():
            self.received(frame)
        commands = self._commands
        assert commands is not None
        if commands.outstanding:
            commands.on_idle = self._enter  # answers come before rows
        else:
            self._enter()
        self._note_seen(arrival)

    def _welcome(self, arrival: Arrival) -> None:
        node, hello, flags = self._node, self._hello, arrival.flags
        now = int(node.now())
        caller = Caller(self.user_id, self.device_id, hello.outbox, hello.number, self._links_key)
        self._commands = Commands(node, caller, now, self.send)
        if flags & WelcomeFlag.RESET:
            self._commands.block()
        cursor = 0 if flags else hello.cursor
        token = (hello.backfill_to, hello.backfill_at, hello.backfill_alias)
        self.news = News(
            node, self, Wish(self.user_id, cursor, hello.tail), (0, 0, 0) if flags else token
        )
        if cursor < node.hub.cursor or token[0]:
            flags |= WelcomeFlag.BEHIND
        self.send(
            encode(
                Welcome(
                    now,
                    arrival.last_number + 1,
                    flags,
                    node.engine.epoch if hello.epoch != node.engine.epoch or flags & 1 else 0,
                    0 if hello.cursor else self.user_id,
                    node.build if hello.build != node.build else 0,
                )
            )
        )

    def _note_seen(self, arrival: Arrival) -> None:
        now, device_id = int(self._node.now()), self.device_id
        if now - arrival.seen_at >= SEEN_EVERY_S:
            self._node.engine.post_write(lambda tx: devices.seen(tx, device_id, now), _ignore)

    def _enter(self) -> None:
        if not self.ended and self.news is not None:
            hello, self._hello = self._hello, _ENTERED
            self.news.begin(self._secret_hash, joins=not hello.flags & HelloFlag.PROBE)

    @property
    def poll_wait_s(self) -> float:
        """How long a long poll waits for news."""
        return self._node.config.poll_wait_s

    @property
    def settled(self) -> bool:
        """Whether all that came so far is answered and the first page of news is out."""
        answered = self._questions is None or self._questions.settled
        return self.ended or (answered and self.news is not None and self.news.first_page_sent)

    def progressed(self) -> None:
        """Something was said, or there is nothing to say."""
        if self.on_progress is not None:
            self.on_progress()

    # -- What comes in ------------------------------------------------------------------

    def received(self, frame: bytes) -> None:
        """Take one message; a peer that is not ours is sent away."""
        if self.ended:
            return
        if self._early is not None:
            if not self._early.add(frame):
                self.end(ErrorCode.TOO_MANY_REQUESTS)
            return
        self._node.counts["frames_received"] += 1
        try:
            message = decode_from_client(frame)
        except Malformed as malformed:
            log.info("malformed frame from device %d: %s", self.device_id, malformed)
            self.end(malformed.code)
            return
        if isinstance(message, Command):
            if self._commands is not None and not self._commands.take(frame, message):
                self.end(ErrorCode.TOO_MANY_REQUESTS)
        elif self._muted:
            return
        elif isinstance(message, Request):
            self._ask(message)
        elif isinstance(message, Notice):
            self._notice(message)
        else:
            self.end(ErrorCode.MALFORMED)

    def _notice(self, notice: Notice) -> None:
        node, news, commands = self._node, self.news, self._commands
        assert news is not None
        assert commands is not None
        if isinstance(notice, Got):
            news.bulk.got(notice.size, node.now())
            self._flow()
            return
        wait_ms = node.limits.notices.take(self.user_id, node.now(), routes.cost(notice))
        if wait_ms and isinstance(notice, Ping | Restart | Looks):
            self.end(ErrorCode.TOO_MANY_REQUESTS, wait_ms)  # it can't be said that it was not taken
        if wait_ms:
            return
        match notice:
            case Ping():
                self.send(encode(Pong()))
            case Restart():
                commands.restart(notice)
            case Looks():
                self._look(notice)
            case Types():
                node.hub.typing(self, notice.chat)
            case _:
                self._mark(notice)

    def _mark(self, notice: Notice) -> None:
        """Move read or delivered marks; said again by the client if it was too much now."""
        if isinstance(notice, Received) and len(notice.marks) > MARKS_MAX:
            self.end(ErrorCode.TOO_LARGE)  # a notice has no answer
            return
        route = routes.MARKS.get(type(notice))
        if route is None:
            return
        assert self.news is not None
        self.news.expect_marks(notice)
        node, caller = self._node, Caller(self.user_id, self.device_id)
        handle = route.handle
        node.engine.post_write(lambda tx: handle(node.context(tx, caller), notice), _log_failure)

    def _look(self, looks: Looks) -> None:
        hub, foreground = self._node.hub, bool(looks.foreground)
        chats = list(dict.fromkeys(looks.chats))[:SCREEN_CHATS_MAX]
        if foreground != self.foreground:
            self.foreground = foreground
            self._set_pings()
            hub.presences.changed(self.user_id)
        hub.watch(self, chats if foreground else [])

    def _set_pings(self) -> None:
        self.link.ping_after_s = PING_FOREGROUND_S if self.foreground else PING_BACKGROUND_S

    def _ask(self, request: Request) -> None:
        if self._questions is None:
            assert self.news is not None
            caller = Caller(self.user_id, self.device_id)
            self._questions = Questions(self._node, self, self.news, caller)
            if not self._deflates:
                self._questions.inflates_nothing()
        self._questions.ask(request)

    def _flow(self) -> None:
        """Send what waits, as far as there is room."""
        if self.news is not None:
            self.news.flow()
        if self._questions is not None:
            self._questions.flow()

    # -- What goes out ------------------------------------------------------------------

    def send(self, frame: bytes) -> None:
        """Send a frame at once."""
        if not self.ended and not self._muted:
            self.link.send(frame)
            self.progressed()

    def push(self, chat_id: int, frame: bytes) -> None:
        """See Subscriber."""
        assert self.news is not None
        self.news.push(chat_id, frame)

    def skip(self, chat_id: int) -> None:
        """See Subscriber."""
        assert self.news is not None
        self.news.skip(chat_id)

    def hint(self, frame: bytes) -> None:
        """See Subscriber."""
        if not self.link.congested:
            self.send(frame)

    def refresh(self, chat_id: int) -> None:
        """See Subscriber."""
        assert self.news is not None
        self.news.refresh(chat_id)

    def refresh_me(self) -> None:
        """See Subscriber. It also ends the session of a revoked device."""
        assert self.news is not None
        self.news.refresh_me(self._secret_hash)

    def wrote(self, outbox: int, number: int) -> bool:
        """See Subscriber."""
        return self._commands is not None and self._commands.took(outbox, number)

    def knows_mark(self, chat_id: int, read_seq: int) -> bool:
        """See Subscriber."""
        assert self.news is not None
        return self.news.knows_mark(chat_id, read_seq)

    def fence(self) -> None:
        """See Subscriber. Commands that are still on their way take effect for a while.

        The newer connection answers them, when the device repeats them there.
        """
        if self.ended or self._muted:
            return
        self.send(encode(Goodbye(ErrorCode.FENCED)))
        self._muted = True
        if self.news is not None:
            self.news.stop()
        if self._questions is not None:
            self._questions.stop()
        if self._commands is not None:
            secret_hash = self._secret_hash
            self._commands.check = lambda tx: sign_in.check(tx, secret_hash)
        loop = asyncio.get_running_loop()
        loop.call_later(FENCED_S, self.end, ErrorCode.FENCED)

    # -- The end ------------------------------------------------------------------------

    def end(self, code: ErrorCode, retry_after_ms: int = 0) -> None:
        """Say why it is over, and close."""
        if self.ended:
            return
        self.send(encode(Goodbye(code, retry_after_ms)))
        self.ended = True
        self.link.close()
        self._leave()

    def _fail(self, error: Exception) -> None:
        if isinstance(error, Refused):
            self.end(error.code, error.retry_after_ms)
            return
        log.error("a session failed", exc_info=error)
        self.end(ErrorCode.INTERNAL, 5_000)

    def writable(self) -> None:
        """See Receiver."""
        if not self._muted:
            self._flow()

    def answered(self) -> None:
        """See Receiver."""
        if self.news is not None and not self._muted:
            self.news.arrived()

    def closed(self) -> None:
        """See Receiver."""
        self.ended = True
        self._leave()

    def _leave(self) -> None:
        self._node.sessions.discard(self)
        self._node.hub.detach(self)
        if self.news is not None:
            self.news.stop()
        self.progressed()


def _ignore(outcome: Outcome) -> None:
    """Nobody waits for it."""


def _log_failure(outcome: Outcome) -> None:
    if outcome.error is not None and not isinstance(outcome.error, Refused):
        log.error("moving a mark failed", exc_info=outcome.error)
