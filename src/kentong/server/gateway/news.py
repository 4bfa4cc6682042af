"""What one device is told: the listing, live frames, heads that changed, and its cursor."""

import asyncio
import logging
from typing import Protocol

from kentong.protocol.codec import encode
from kentong.protocol.errors import ErrorCode, Refused
from kentong.protocol.messages import Heads, Mark, Me, Message, Read, Resync
from kentong.protocol.planted import Planted
from kentong.server.delivery import heads
from kentong.server.delivery.heads import Listing, Page, Wish
from kentong.server.delivery.hub import Subscriber
from kentong.server.features import sign_in
from kentong.server.gateway.bulk import Bulk
from kentong.server.gateway.link import Link
from kentong.server.model import Head
from kentong.server.node import Node
from kentong.server.storage import accounts, listing
from kentong.server.storage.engine import Outcome, Transaction

log = logging.getLogger(__name__)

STALE_MAX = 50  # chats whose head must be sent anew; more, and the listing starts again
MARK_AFTER_S = 10.0  # from the first push to the cursor mark that covers it
PUSHED_BYTES_MAX = 16_384  # live, and not known to have arrived; beyond it state comes later
ASK_AFTER_BYTES = 4_096  # of live frames the device is asked whether they arrived
_NO_CHATS: frozenset[int] = frozenset()


class Owner(Subscriber, Protocol):
    """The session that the news are for."""

    link: Link
    ended: bool

    def send(self, frame: bytes) -> None:
        """Send a frame at once."""

    def end(self, code: ErrorCode, retry_after_ms: int = 0) -> None:
        """Say why it is over, and close."""

    def progressed(self) -> None:
        """Note that something was said, or that there is nothing to say."""


class News:
    """Keeps a device up to date: first the listing, then live; never more than it takes.

    A chat whose live frame could not be sent is *stale*: its head is sent in full when
    there is room, and until then no frame that builds on it. There is no room while the
    socket is full, or while more was pushed than a slow link takes in some seconds: a proxy
    would take it all and pass it on late.
    """

    __slots__ = (
        "_asked", "_joined", "_listed_at", "_listing", "_mark_timer", "_me_reading", "_me_sent",
        "_me_stale", "_node", "_own_marks", "_owner", "_pushed", "_reading", "_stale", "bulk",
        "first_page_sent", "quiet_pages", "wish",
    )  # fmt: skip

    def __init__(self, node: Node, owner: Owner, wish: Wish, token: tuple[int, int, int]) -> None:
        self.wish = wish  # its cursor is the one that the device was told last
        self.bulk = Bulk(owner)
        self.first_page_sent = False
        self.quiet_pages = 0  # that said nothing but the cursor: no poll ends for them
        self._node = node
        self._owner = owner
        self._listing: Listing | None = Listing.start(wish, token)
        self._listed_at = 0  # the clock of a page that was not the first
        self._joined = False
        self._reading: set[int] | None = None  # heads being read; None: nothing is read
        self._stale: set[int] | frozenset[int] = _NO_CHATS  # an own set would take 216 bytes
        self._me_stale = False
        self._me_reading = False
        self._me_sent: Me | None = None
        self._pushed = 0  # bytes of live frames that may not have arrived
        self._asked = 0  # as many of them as the device was asked about
        self._own_marks: dict[int, int] | None = None  # None: there are none
        self._mark_timer: asyncio.TimerHandle | None = None

    # -- The listing --------------------------------------------------------------------

    def begin(self, secret_hash: bytes, *, joins: bool) -> None:
        """Read the first page; with `joins`, be told live from then on.

        The device may have been signed out since it arrived, and those who listened then told.
        """
        node, state, hub = self._node, self._listing, self._node.hub
        assert state is not None
        self._reading = set()

        def work(tx: Transaction) -> tuple[list[Head], list[int], Page, Listing]:
            user_id = state.wish.user_id
            sign_in.check(tx, secret_hash)
            places = listing.places(tx, user_id) if joins else []
            blocked = accounts.blocked_by(tx, user_id) if joins else []
            page, after = heads.read_page(tx, state, hub.cursor)
            return places, blocked, page, after

        def done(outcome: Outcome) -> None:
            if self._owner.ended:
                return
            if isinstance(outcome.error, Refused):
                self._owner.end(outcome.error.code, outcome.error.retry_after_ms)
                return
            if outcome.error is not None:
                log.error("a listing failed", exc_info=outcome.error)
                self._owner.end(ErrorCode.INTERNAL, 5_000)
                return
            places, blocked, page, after = outcome.result
            # Reads report in order: the hub stands no later than this snapshot, so all that
            # comes after it will be told.
            if joins:
                hub.attach(self._owner, places, blocked)
                self._joined = True
            self._paged(page, after)

        node.engine.post_read(work, done)

    def _paged(self, page: Page, after: Listing) -> None:
        self._reading = None
        self.first_page_sent = True
        self._listing = after if page.more else None
        if page.frame is not None:
            self.quiet_pages += not page.is_news
            self.put_bulk(page.frame)
        if not page.more:
            self.wish = self.wish._replace(cursor=after.target)
        self._owner.progressed()
        self.flow()

    def flow(self) -> None:
        """Read and send what waits, if there is room: what changed first, then the listing."""
        if self._owner.ended or self.is_behind or self._reading is not None:
            return
        if not self.bulk.idle or not self.first_page_sent:
            return
        if self._stale:
            self._read_stale()
        elif self._listing is not None:
            self._read_page(self._listing)

    def _read_page(self, state: Listing) -> None:
        self._reading = set()
        cursor = self._node.hub.cursor

        def done(outcome: Outcome) -> None:
            if self._owner.ended:
                return
            if outcome.error is not None:
                log.error("a listing failed", exc_info=outcome.error)
                self._owner.end(ErrorCode.INTERNAL, 5_000)
                return
            page, after = outcome.result
            self._listed_at = page.clock
            self._paged(page, after)

        self._node.engine.post_read(
            lambda tx: heads.read_page(tx, state, cursor), done, patient=True
        )

    def _read_stale(self) -> None:
        chats, self._stale = sorted(self._stale), _NO_CHATS
        self._reading = set(chats)
        wish = self.wish

        def done(outcome: Outcome) -> None:
            self._reading = None
            if self._owner.ended:
                return
            if outcome.error is not None:
                log.error("reading heads failed", exc_info=outcome.error)
                self._stale = {*self._stale, *chats}
                return
            frame, rest = outcome.result
            if rest:
                self._stale = {*self._stale, *rest}
            self.put_bulk(frame)
            self._mark_soon()
            self.flow()

        self._node.engine.post_read(
            lambda tx: heads.read_heads(tx, wish, chats), done, patient=True
        )

    # -- Live ---------------------------------------------------------------------------

    def push(self, chat_id: int, frame: bytes) -> None:
        """Send a frame that builds on the chat's head, or the head itself later."""
        builds = self._is_listed and chat_id not in self._stale and self.first_page_sent
        reading = self._reading is not None and (chat_id in self._reading or not self._reading)
        if not builds or reading or self.is_behind:
            self.refresh(chat_id)
            return
        self._owner.send(frame)
        self._pushed += len(frame)
        if self._pushed >= ASK_AFTER_BYTES:
            self._ask()
        self._mark_soon()

    def skip(self, chat_id: int) -> None:
        """The device wrote it and has the answer, but perhaps no head that it builds on."""
        if not self._is_listed:
            self.refresh(chat_id)

    @property
    def _is_listed(self) -> bool:
        """Whether the device has every head.

        What changed between the pages of a listing is in none of them, and perhaps told later.
        """
        return self._listing is None and self._node.hub.cursor >= self._listed_at

    @property
    def is_behind(self) -> bool:
        """Whether the device takes less than we send: then it gets the newest state later."""
        if self._owner.link.congested:
            return True
        # The window knows how fast the link is.
        return self._pushed >= PUSHED_BYTES_MAX and self._pushed >= self.bulk.window

    def _ask(self) -> None:
        if not self._asked and self._pushed >= ASK_AFTER_BYTES:
            self._asked = self._pushed
            self._owner.link.ask()

    def arrived(self) -> None:
        """All that was pushed before the device was asked is there."""
        self._pushed -= self._asked
        self._asked = 0
        self._ask()
        self.flow()

    def refresh(self, chat_id: int) -> None:
        """Send the chat's head in full when there is room."""
        if not isinstance(self._stale, set):
            self._stale = set()
        self._stale.add(chat_id)
        if len(self._stale) > STALE_MAX and self._listing is None and self._reading is None:
            self._stale = _NO_CHATS
            self._listing = Listing.start(self.wish, (0, 0, 0))
            self._owner.send(encode(Resync()))
        self.flow()

    def refresh_me(self, secret_hash: bytes) -> None:
        """Send the user's own head if it is another; end the session if it may not go on."""
        if self._me_reading:
            self._me_stale = True
            return
        self._me_reading, self._me_stale = True, False
        user_id = self.wish.user_id

        def work(tx: Transaction) -> tuple[int, Me]:
            sign_in.check(tx, secret_hash)
            return tx.cursor(), heads.read_me(tx, user_id)

        def done(outcome: Outcome) -> None:
            self._me_reading = False
            if self._owner.ended:
                return
            if isinstance(outcome.error, Refused):
                self._owner.end(outcome.error.code)
            elif outcome.error is None:
                self._send_me(*outcome.result)
                if self._me_stale:
                    self.refresh_me(secret_hash)

        self._node.engine.post_read(work, done)

    def _send_me(self, clock: int, me: Me) -> None:
        if self._joined:
            self._node.hub.presences.block(me.user, me.blocked)
        if me != self._me_sent:
            self._me_sent = me
            self.put_bulk(encode(Heads(clock, me=me)))

    def expect_marks(self, notice: Message) -> None:
        """The device itself moved its read mark: it need not be told."""
        if isinstance(notice, Read):
            if self._own_marks is None or len(self._own_marks) > STALE_MAX:
                self._own_marks = {}
            self._own_marks[notice.chat] = notice.seq

    def knows_mark(self, chat_id: int, read_seq: int) -> bool:
        """Whether this device moved its read mark there itself."""
        if self._own_marks is None:
            return False
        known = self._own_marks.pop(chat_id, -1) == read_seq
        if not self._own_marks:
            self._own_marks = None
        return known

    def put_bulk(self, frame: bytes) -> None:
        """Send a page when the credit allows it."""
        self.bulk.put(frame, self._node.now())

    # -- The cursor ---------------------------------------------------------------------

    def _mark_soon(self) -> None:
        if self._mark_timer is None and self._joined:
            loop = asyncio.get_running_loop()
            self._mark_timer = loop.call_later(MARK_AFTER_S, self._mark)

    def _mark(self) -> None:
        """Tell the cursor, if everything below it was sent; else try again later."""
        self._mark_timer = None
        busy = self._listing is not None or self._stale or self._reading is not None
        if self._owner.ended:
            return
        if busy or self.bulk.waiting or self.is_behind:
            self._mark_soon()
            return
        cursor = self._node.hub.cursor
        if cursor > self.wish.cursor:
            self.wish = self.wish._replace(cursor=cursor)
            skip = Planted.CURSOR_SKIPS_ONE in self._node.planted
            self._owner.send(encode(Mark(cursor + int(skip))))

    def stop(self) -> None:
        """Forget timers."""
        if self._mark_timer is not None:
            self._mark_timer.cancel()
            self._mark_timer = None
