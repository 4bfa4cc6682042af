"""What one connection still has to say besides commands: requests, marks, acknowledgements."""

from typing import Final

from kentong.client import unread
from kentong.client.agenda import Agenda
from kentong.client.courier import Courier
from kentong.client.events import ChatChanged, Event
from kentong.client.store import Store
from kentong.client.sync import Wanted, covers
from kentong.protocol.codec import encode
from kentong.protocol.errors import ErrorCode
from kentong.protocol.limits import HEADS_MAX, MARKS_MAX
from kentong.protocol.messages import (
    Delivered,
    Failed,
    GetHeads,
    GetOutbox,
    Got,
    HeadFlag,
    Heads,
    Looks,
    OutboxState,
    Ping,
    Read,
    Received,
    Types,
)

RECEIVED_AFTER_S: Final = 2.0  # received marks are gathered
SAID_AGAIN_S: Final = 60.0  # marks said so shortly before a connection ended
GOT_AFTER_S: Final = 0.1  # acknowledgements below GOT_BYTES_MIN are gathered
GOT_BYTES_MIN: Final = 1_024
ASKED_AGAIN_S: Final = 2.0  # what failed for now
TEMPORARY_CODES: Final = (ErrorCode.TOO_MANY_REQUESTS, ErrorCode.RATE_LIMITED, ErrorCode.OVERLOADED)
WANTED_AFTER_S: Final = 0.3  # a head that does not fit may be explained by what follows
WANTED_AGAIN_S: Final = 2.0
QUESTIONS_MAX: Final = 8  # asked at once
PING_AFTER_S: Final = 55.0
PING_BACKGROUND_AFTER_S: Final = 240.0
NEVER: Final = float("inf")


class Wishes:
    """Puts together what may leave, most urgent first, and knows when there will be more."""

    def __init__(self, store: Store, agenda: Agenda, courier: Courier, exchange: bool) -> None:
        self._store = store
        self._agenda = agenda
        self._courier = courier
        self._exchange = exchange
        self._wanted: dict[int, Wanted] = {}
        self._wanted_at = NEVER  # when to ask
        self._asked_heads: dict[int, list[int]] = {}
        self._asked_outboxes: dict[int, int] = {}
        self._asked: dict[int, float] = {}  # request -> when, on this connection
        self._again: dict[int, float] = {}  # request -> when to ask it again
        self._outboxes_at = 0.0
        self._got = 0
        self._got_at = NEVER
        self._received_at = NEVER
        self._said_received: dict[int, tuple[int, float]] = {}
        self._said_reads: dict[int, int] = {}
        self._said_screen: tuple[bool, tuple[int, ...]] = (agenda.screen[0], ())
        self._pinged_at: float | None = None
        self._flowed_at = NEVER  # when something was sent or heard last

    # -- What came ----------------------------------------------------------------------

    def heard(self, now: float) -> None:
        """A frame came."""
        self._flowed_at = now

    def happened(self, events: list[Event]) -> None:
        """What is stored now: chats with something unread are held by this device."""
        for event in events:
            if not isinstance(event, ChatChanged):
                continue
            chat = event.chat
            is_new = chat.last_seq > self._agenda.held.get(chat.id, 0)
            if is_new and chat.unread and chat.shares_marks:
                self._agenda.held[chat.id] = self._agenda.received[chat.id] = chat.last_seq

    def got(self, size: int, now: float) -> None:
        """A bulk frame is dealt with."""
        if not self._exchange:
            self._got += size
            self._got_at = min(self._got_at, now + GOT_AFTER_S)
            if self._got >= GOT_BYTES_MIN:
                self._got_at = now

    def ponged(self, now: float) -> None:
        """The server answered a Ping."""
        if self._pinged_at is not None:
            self._agenda.measured(now - self._pinged_at)
            self._pinged_at = None

    def want(self, wanted: Wanted, now: float) -> None:
        """A chat's head has to be asked for, unless what follows brings it."""
        before = self._wanted.get(wanted.chat)
        if before is not None:
            furthest = max(before.state[0], wanted.state[0]), max(before.state[1], wanted.state[1])
            wanted = Wanted(wanted.chat, furthest, before.anyway or wanted.anyway)
        self._wanted[wanted.chat] = wanted
        self._wanted_at = min(self._wanted_at, now + WANTED_AFTER_S)

    def wants_heads(self) -> bool:
        """Whether some head still has to be asked for."""
        for wanted in list(self._wanted.values()):
            chat = self._store.chat(wanted.chat)
            if chat and not wanted.anyway and covers(chat.state, wanted.state):
                del self._wanted[wanted.chat]
        if not self._wanted:
            self._wanted_at = NEVER
        return bool(self._wanted)

    def heads_came(self, page: Heads, now: float) -> None:
        """Heads are stored; those of chats that are gone won't come any more."""
        request = page.request
        for head in page.heads:
            if head.flags & HeadFlag.GONE:
                self._wanted.pop(head.chat, None)
            self._said_reads.pop(head.chat, None)  # if it did not know, it is told again
        for chat in self._asked_heads.pop(request, ()):
            wanted = self._wanted.get(chat)
            if wanted is not None:
                self._wanted[chat] = wanted._replace(anyway=False)
        if self.wants_heads():
            self._wanted_at = min(self._wanted_at, now + WANTED_AGAIN_S)
        self._asked.pop(request, None)

    def failed(self, failed: Failed, now: float) -> bool:
        """A request can't be answered; whether it will be asked again by itself."""
        request = failed.request
        again_at = now + max(failed.retry_after_ms / 1_000, ASKED_AGAIN_S)
        self._asked.pop(request, None)
        if self._asked_outboxes.pop(request, None) is not None:
            self._outboxes_at = again_at
            return True
        if self._asked_heads.pop(request, None):
            self._wanted_at = again_at
            return True
        is_temporary = failed.retry_after_ms > 0 or failed.code in TEMPORARY_CODES
        if is_temporary and request in self._agenda.questions:
            self._again[request] = again_at
        return is_temporary

    def outbox_known(self, state: OutboxState) -> None:
        """How far the server knows an outbox that it was asked about."""
        outbox = self._asked_outboxes.pop(state.request, None)
        self._asked.pop(state.request, None)
        if outbox is not None:
            self._agenda.outboxes_known[outbox] = state.number

    def owed(self) -> bool:
        """Whether an answer or a Pong is due."""
        questions = self._agenda.questions
        internal = self._asked_heads or self._asked_outboxes
        asked = any(request in questions for request in self._asked)
        return bool(len(self._courier.pace) or asked or internal or self._pinged_at is not None)

    # -- What leaves --------------------------------------------------------------------

    def frames(self, now: float, welcomed: bool, listed: bool) -> list[bytes]:
        """Everything that may leave now. Before the welcome nothing, unless by POST."""
        if not welcomed and not self._exchange:
            return []
        frames = self._acknowledgement(now) + self._courier.frames(now)
        frames += self._questions(now) + self._outboxes(now)
        if listed:
            frames += self._heads(now)
        frames += self._marks(now) + self._presence()
        if frames:
            self._flowed_at = now
        elif not self._exchange and now >= self._ping_due():
            self._pinged_at = self._flowed_at = now
            self._agenda.doubted = False
            frames = [encode(Ping())]
        return frames

    def next_due(self, now: float, listed: bool) -> float:
        """When `frames` has more to say though nothing comes."""
        due = min(self._got_at, self._received_at, self._ping_due(), *self._again.values())
        if self._outboxes_at > now:
            due = min(due, self._outboxes_at)
        paused = self._courier.waits_until()
        if paused is not None and paused > now:
            due = min(due, paused)
        return min(due, self._wanted_at) if listed else due

    def _ping_due(self) -> float:
        if self._pinged_at is not None:
            return NEVER
        if self._agenda.doubted:
            return self._flowed_at
        foreground = self._agenda.screen[0]
        return self._flowed_at + (PING_AFTER_S if foreground else PING_BACKGROUND_AFTER_S)

    def _acknowledgement(self, now: float) -> list[bytes]:
        if now < self._got_at:
            return []
        size, self._got, self._got_at = self._got, 0, NEVER
        return [encode(Got(size))]

    def _questions(self, now: float) -> list[bytes]:
        frames = []
        open_questions = sum(number in self._agenda.questions for number in self._asked)
        self._again = {n: at for n, at in self._again.items() if n in self._agenda.questions}
        for number, question in self._agenda.questions.items():
            if self._again.get(number, now) > now:
                continue
            if number not in self._asked and open_questions < QUESTIONS_MAX:
                self._again.pop(number, None)
                self._asked[number] = now
                open_questions += 1
                frames.append(encode(question.request))
        return frames

    def _outboxes(self, now: float) -> list[bytes]:
        if now < self._outboxes_at or not self._store.number("requeue"):
            return []
        frames = []
        for outbox in self._courier.unknown_outboxes():
            if outbox not in self._asked_outboxes.values():
                request = self._agenda.next_request()
                self._asked_outboxes[request] = outbox
                self._asked[request] = now
                frames.append(encode(GetOutbox(request, outbox)))
        return frames

    def _heads(self, now: float) -> list[bytes]:
        if now < self._wanted_at or not self.wants_heads():
            return []
        self._wanted_at = NEVER
        asked = {chat for chats in self._asked_heads.values() for chat in chats}
        chats = [chat for chat in self._wanted if chat not in asked][:HEADS_MAX]
        if not chats:
            return []
        if len(self._wanted) > len(chats) + len(asked):
            self._wanted_at = now + WANTED_AGAIN_S
        request = self._agenda.next_request()
        self._asked_heads[request] = chats
        self._asked[request] = now
        return [encode(GetHeads(request, chats))]

    def _marks(self, now: float) -> list[bytes]:
        frames = []
        for chat, seq in self._store.unsaid_reads():
            if self._said_reads.get(chat, 0) < seq:
                self._said_reads[chat] = seq
                frames.append(encode(Read(chat, seq)))
                self._check_unread(chat, seq, now)
        received = self._agenda.received
        if not received:
            return frames
        if self._received_at == NEVER:
            self._received_at = now + RECEIVED_AFTER_S
        if now >= self._received_at or self._exchange:
            self._received_at = NEVER
            said = list(received.items())[:MARKS_MAX]
            for chat, seq in said:
                del received[chat]
                self._said_received[chat] = (seq, now)
            marks = [Delivered(chat, seq) for chat, seq in said]
            frames.append(encode(Received(marks)))
        return frames

    def _check_unread(self, chat_id: int, seq: int, now: float) -> None:
        """Ask for the head where the rows kept here can't tell what a mark leaves unread."""
        chat = self._store.chat(chat_id)
        if chat is None:
            return
        left = unread.after(self._store.timeline, chat, seq, self._store.own.user)
        if left != chat.unread:
            self.want(Wanted(chat_id, chat.state, anyway=True), now + WANTED_AGAIN_S)

    def _presence(self) -> list[bytes]:
        frames = []
        if self._agenda.screen != self._said_screen:
            self._said_screen = self._agenda.screen
            foreground, chats = self._agenda.screen
            frames.append(encode(Looks(int(foreground), list(chats))))
        while self._agenda.typing:
            frames.append(encode(Types(self._agenda.typing.pop(0))))
        return frames

    def ended(self, now: float) -> None:
        """The connection is gone: what may not have arrived is said again on the next one."""
        for chat, (seq, said_at) in self._said_received.items():
            if now - said_at < SAID_AGAIN_S:
                self._agenda.received[chat] = max(seq, self._agenda.received.get(chat, 0))
