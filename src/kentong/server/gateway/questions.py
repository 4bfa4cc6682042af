"""What a device asks: short answers at once, bulk page by page as the device takes it."""

import logging
from collections import deque
from typing import Any, Protocol

from msgspec.structs import replace

from kentong.protocol.codec import encode
from kentong.protocol.errors import ErrorCode, Refused
from kentong.protocol.limits import HEADS_MAX
from kentong.protocol.messages import Failed, GetHeads, GetRange, Request
from kentong.server import routes
from kentong.server.access import Caller
from kentong.server.delivery import heads, ranges
from kentong.server.delivery.heads import Wish
from kentong.server.delivery.ranges import Run
from kentong.server.gateway.link import Link
from kentong.server.gateway.news import News
from kentong.server.node import Node
from kentong.server.storage.engine import Outcome, Transaction

log = logging.getLogger(__name__)

Bulk = GetHeads | Run  # what is left to be answered of it


class Asker(Protocol):
    """The session that asks."""

    link: Link
    ended: bool

    def send(self, frame: bytes) -> None:
        """Send a frame at once."""

    def progressed(self) -> None:
        """Note that something was said."""


class Questions:
    """The unanswered requests of one connection.

    Of what is answered in bulk one page is read at a time, when the device has room for
    it: neither memory nor work is spent on answers that nobody takes.
    """

    __slots__ = ("_asker", "_bulk", "_caller", "_deflates", "_news", "_node", "_reading", "_short")

    def __init__(self, node: Node, asker: Asker, news: News, caller: Caller) -> None:
        self._node = node
        self._asker = asker
        self._news = news
        self._caller = caller
        self._deflates = True
        self._bulk: deque[Bulk] = deque()
        self._reading = False  # a page of the first of them
        self._short = 0

    @property
    def settled(self) -> bool:
        """Whether all is answered for which the device has room now."""
        waits = bool(self._bulk) and self._has_room
        return not (self._short or self._reading or waits)

    @property
    def _has_room(self) -> bool:
        link = self._asker.link
        return (self._news.bulk.idle or not link.has_credit) and not link.congested

    def inflates_nothing(self) -> None:
        """Note that the device takes rows only as they are."""
        self._deflates = False

    def ask(self, request: Any) -> None:  # noqa: ANN401 - each has a `request` number
        """Take a request; it is answered later, or Failed."""
        node, user_id = self._node, self._caller.user_id
        wait_ms = node.limits.requests.take(user_id, node.now(), routes.cost(request))
        outstanding_max = node.config.outstanding_max
        outstanding = self._short + len(self._bulk)
        if wait_ms:
            self._fail(request.request, ErrorCode.RATE_LIMITED, wait_ms)
        elif max(outstanding, node.reads[user_id]) >= outstanding_max:
            self._fail(request.request, ErrorCode.TOO_MANY_REQUESTS)
        elif isinstance(request, GetHeads) and len(request.chats) > HEADS_MAX:
            self._fail(request.request, ErrorCode.TOO_LARGE)
        elif isinstance(request, GetRange):
            self._take(Run(request, request.first))
        elif isinstance(request, GetHeads):
            self._take(replace(request, chats=list(dict.fromkeys(request.chats))))
        else:
            self._answer(request)

    def flow(self) -> None:
        """Read the next page of bulk, if there is room."""
        if self._reading or not self._bulk or not self._has_room or self._asker.ended:
            return
        self._reading = True
        node, caller, question = self._node, self._caller, self._bulk[0]
        cursor, deflates = self._news.wish.cursor, self._deflates
        page_bytes = ranges.page_bytes(self._news.bulk.window)

        def work(tx: Transaction) -> tuple[bytes, Bulk | None]:
            if isinstance(question, Run):
                return ranges.read_page(node.context(tx, caller), question, page_bytes, deflates)
            wish = Wish(caller.user_id, cursor, question.tail)
            frame, rest = heads.read_heads(tx, wish, question.chats, question.request)
            return frame, replace(question, chats=rest) if rest else None

        node.engine.post_read(work, self._paged, patient=True)

    def stop(self) -> None:
        """Answer nothing more in bulk."""
        self._bulk.clear()

    def _take(self, question: Bulk) -> None:
        self._bulk.append(question)
        self.flow()

    def _paged(self, outcome: Outcome) -> None:
        self._reading = False
        if self._asker.ended or not self._bulk:
            return
        question = self._bulk.popleft()
        request = question.request.request if isinstance(question, Run) else question.request
        if outcome.error is not None:
            self._explain(request, outcome.error)
        else:
            frame, rest = outcome.result
            self._say(frame)
            self._go_on(request, rest)
        self._asker.progressed()
        self.flow()

    def _go_on(self, request: int, rest: Bulk | None) -> None:
        """Keep what is left of the answer to a request."""
        link, node = self._asker.link, self._node
        if rest is None:
            return
        if link.congested and not link.has_credit:  # it can't be asked for in one answer
            self._fail(request, ErrorCode.TOO_LARGE)
            return
        self._bulk.appendleft(rest)
        # Whoever asks for much pays page by page.
        node.limits.requests.owe(self._caller.user_id, node.now(), 1)

    def _say(self, page: bytes) -> None:
        if self._asker.link.has_credit:
            self._news.put_bulk(page)
        else:
            self._asker.send(page)

    def _answer(self, request: Request) -> None:
        node, caller = self._node, self._caller
        number = request.request
        self._short += 1
        node.reads[caller.user_id] += 1

        def work(tx: Transaction) -> bytes:
            return encode(routes.answer(node.context(tx, caller), request))

        def done(outcome: Outcome) -> None:
            self._short -= 1
            node.reads[caller.user_id] -= 1
            if not node.reads[caller.user_id]:
                del node.reads[caller.user_id]
            if self._asker.ended:
                return
            if outcome.error is not None:
                self._explain(number, outcome.error)
            else:
                self._asker.send(outcome.result)
            self._asker.progressed()

        node.engine.post_read(work, done, patient=True)

    def _explain(self, request: int, error: Exception) -> None:
        """Say why there is no answer."""
        if isinstance(error, Refused):
            self._fail(request, error.code, error.retry_after_ms)
            return
        self._node.counts["internal_errors"] += 1
        log.error("a request failed", exc_info=error)
        self._fail(request, ErrorCode.INTERNAL)

    def _fail(self, request: int, code: ErrorCode, retry_after_ms: int = 0) -> None:
        self._asker.send(encode(Failed(request, code, retry_after_ms)))
