"""One connection's rules: frames in, frames out. It never waits and starts no task."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

import msgspec

from kentong.client.agenda import Agenda
from kentong.client.courier import Courier
from kentong.client.events import (
    CommandAnswered,
    CommandDropped,
    CommandRefused,
    Event,
    PeopleChanged,
    PersonTypes,
    PresenceChanged,
    StateReset,
)
from kentong.client.store import Store
from kentong.client.sync import Sync, Wanted
from kentong.client.views import PersonView
from kentong.client.windows import Window
from kentong.client.wishes import Wishes
from kentong.protocol import messages as wire
from kentong.protocol.codec import decode_from_server, unpack_rows
from kentong.protocol.errors import ErrorCode, Malformed
from kentong.protocol.limits import VERSION

_TAGS: Final = frozenset(kind.__struct_config__.tag for kind in wire.Catalogue.from_server)


class Left(Exception):
    """The server said Goodbye."""

    def __init__(self, goodbye: wire.Goodbye) -> None:
        super().__init__(f"goodbye: {goodbye.code}")
        self.goodbye = goodbye


class Session:
    """Feed it frames, it changes the store and says what happened; take out frames to send.

    `now` is the caller's steady clock in seconds, `wall` seconds since 1970. `receive`
    may raise: then the connection is worth nothing any more, and the store is as it
    was before that frame.
    """

    def __init__(self, store: Store, agenda: Agenda, now: float, exchange: bool = False) -> None:
        """Of a WebSocket, or of one exchange by POST."""
        self._store = store
        self._agenda = agenda
        self._sync = Sync(store)
        self.courier = Courier(store, agenda)
        self.wishes = Wishes(store, agenda, self.courier, exchange)
        self.welcomed = False
        self.listed = False  # everything missed has been listed
        self._accepted = wire.Accepted(0, 0)  # the one before
        self._mark = 0  # waits for heads that are asked for
        self._now = self.last_heard = self._owed_since = now
        self._wall = 0
        self._events: list[Event] = []
        self._after: list[Callable[[], None]] = []
        self._handlers: dict[type[wire.Message], Callable[[Any], None]] = {
            wire.Welcome: self._welcome,
            wire.Accepted: self._answer,
            wire.Done: self._answer,
            wire.Refusal: self._answer,
            wire.Later: lambda later: self.courier.postponed(later, self._now),
            wire.Forked: self._forked,
            wire.Heads: self._heads,
            wire.Mark: self._marked_all,
            wire.Posted: lambda posted: self._want(self._sync.posted(posted)),
            wire.Marked: lambda marked: self._want(self._sync.marked(marked)),
            wire.Changed: lambda changed: self._want(self._sync.changed(changed)),
            wire.Typing: self._typing,
            wire.Presence: self._presence,
            wire.Rows: self._rows,
            wire.People: self._people,
            wire.Members: self._reply,
            wire.Devices: self._reply,
            wire.Invite: self._reply,
            wire.Failed: self._failed,
            wire.OutboxState: self._outbox_state,
            wire.Pong: lambda pong: self.wishes.ponged(self._now),
        }

    def hello(self, flags: int = 0, tail: int = 1) -> wire.Hello:
        """What this connection begins with; the head of the outbox leaves with it."""
        store, token = self._store, self._store.token
        if not self._agenda.screen[0]:
            flags |= wire.HelloFlag.BACKGROUND
        return wire.Hello(
            version=VERSION,
            epoch=store.epoch,
            cursor=store.cursor,
            outbox=self.courier.outbox_id,
            number=self.courier.next_answer,
            flags=flags,
            tail=tail,
            backfill_to=token.to,
            backfill_at=token.at,
            backfill_alias=token.alias,
            commands=self.courier.hello_commands(self._now),
        )

    def receive(self, frame: bytes, now: float, wall: float) -> list[Event]:
        """What the server said takes effect in one transaction; what happened.

        Raises:
            Left: the server said Goodbye.
            Malformed, UnknownAlias: this connection can't go on.
        """
        self._now, self._wall = now, int(wall)
        self.last_heard = now
        self.wishes.heard(now)
        message = decode(frame)
        if isinstance(message, wire.Goodbye):
            raise Left(message)
        handler = self._handlers.get(type(message)) if message else None
        if handler is not None:
            with self._store.transaction():
                handler(message)
                self._settle()
        if isinstance(message, wire.Heads | wire.Rows):
            self.wishes.got(len(frame), now)
        events, self._events = self._sync.events + self._events, []
        self._sync.events = []
        self.wishes.happened(events)
        after, self._after = self._after, []
        for call in after:
            call()
        return events

    def outgoing(self, now: float) -> list[bytes]:
        """Frames that may leave now, most urgent first."""
        self._now = now
        owed = self.owes
        frames = self.wishes.frames(now, self.welcomed, self.listed)
        if self.owes and not owed:
            self._owed_since = now
        return frames

    @property
    def caught_up(self) -> bool:
        """Everything missed has been listed, and what the server lost is queued again."""
        return self.listed and not self._store.number("requeue")

    @property
    def owes(self) -> bool:
        """Whether the server owes something: a welcome, a listing, an answer, a Pong."""
        return not self.listed or self.wishes.owed()

    def suspicious_at(self) -> float | None:
        """When silence becomes suspicious; None: nothing is owed."""
        if not self.owes:
            return None
        patience = self._agenda.patience_s(self.courier.pace.bytes_on_way)
        return max(self.last_heard, self._owed_since) + patience

    # -- Opening ------------------------------------------------------------------------

    def _welcome(self, welcome: wire.Welcome) -> None:
        if self.welcomed:
            raise Malformed("a second welcome")
        self._sync.welcome(welcome)
        self._accepted = wire.Accepted(0, 0, welcome.time)
        offset = welcome.time - self._wall
        if welcome.flags & wire.WelcomeFlag.RESET:
            self.courier.stop()
            self._events.append(StateReset())
        self.listed = not welcome.flags & (wire.WelcomeFlag.BEHIND | wire.WelcomeFlag.HORIZON)
        self.welcomed = True

        def remember() -> None:
            self._agenda.clock_offset = offset
            if welcome.flags & wire.WelcomeFlag.RESET:
                self._agenda.outboxes_known.clear()

        self._after.append(remember)

    # -- Answers to commands ------------------------------------------------------------

    def _answer(self, answer: wire.Accepted | wire.Done | wire.Refusal) -> None:
        if isinstance(answer, wire.Accepted):
            answer = self._accepted = answer.after(self._accepted)
        entry = self.courier.answered(answer, self._now, self._wall)
        self._events.append(CommandAnswered(entry.key, answer))
        if isinstance(answer, wire.Refusal):
            self._events.append(CommandRefused(entry.key, answer.code))
        if isinstance(answer, wire.Accepted):
            command = self._store.outbox.resolved(entry)
            if isinstance(command, wire.SendText):
                self._want(self._sync.accepted(command, answer))

    def _forked(self, _forked: wire.Forked) -> None:
        for key in self.courier.forked(self._wall):
            self._refused_here(key)

    def _refused_here(self, key: int) -> None:
        self._events.append(CommandAnswered(key, wire.Refusal(ErrorCode.NOT_FOUND)))
        self._events.append(CommandRefused(key, ErrorCode.NOT_FOUND))

    def _outbox_state(self, state: wire.OutboxState) -> None:
        self.wishes.outbox_known(state)

    # -- State --------------------------------------------------------------------------

    def _heads(self, page: wire.Heads) -> None:
        self._sync.heads(page)
        if page.cursor and not page.more:
            self.listed = True
        self.wishes.heads_came(page, self._now)
        self._reply_to(page.request, page)

    def _marked_all(self, mark: wire.Mark) -> None:
        self._mark = mark.cursor

    def _want(self, wanted: Wanted | None) -> None:
        if wanted is not None:
            self.wishes.want(wanted, self._now)

    def _settle(self) -> None:
        """What waited for other messages: the cursor for heads, a requeue for the listing."""
        if self._mark and not self.wishes.wants_heads():
            self._sync.mark(self._mark)
            self._mark = 0
        dropped = self.courier.requeue(self._wall) if self.listed else None
        for key in dropped or ():
            self._refused_here(key)
            self._events.append(CommandDropped(key))

    # -- Rows, people, and what only the asker wants ------------------------------------

    def _rows(self, page: wire.Rows) -> None:
        """A page of rows is known up to its last one, and is not asked for again."""
        rows = unpack_rows(page.packed, page.deflated)
        question = self._agenda.questions.get(page.request)
        if question is not None and isinstance(question.request, wire.GetRange):
            asked = question.request
            came_to = min(sum(row.seq for row in rows), asked.last) if page.more else asked.last
            run = Window(asked.first, came_to, asked.as_of)
            self._sync.ranged(page.chat, run, rows, page.as_of)
            if asked.first <= came_to < asked.last:
                left = msgspec.structs.replace(asked, first=came_to + 1)
                self._agenda.questions[page.request] = replace(question, request=left)
        if not page.more:
            self._reply(page)

    def _people(self, answer: wire.People) -> None:
        people = [PersonView(person.user, person.name) for person in answer.people]
        news = tuple(person.user for person in people if self._store.save_person(person))
        if news:
            self._events.append(PeopleChanged(news))
        self._reply(answer)

    def _failed(self, failed: wire.Failed) -> None:
        if not self.wishes.failed(failed, self._now):
            self._reply(failed)

    def _reply(self, answer: Any) -> None:  # noqa: ANN401 - any answer with a request
        self._reply_to(answer.request, answer)

    def _reply_to(self, request: int, answer: wire.Message) -> None:
        question = self._agenda.questions.get(request)
        if question is None:
            return

        def tell() -> None:
            self._agenda.questions.pop(request, None)
            question.answered(answer)

        self._after.append(tell)

    # -- What is not stored -------------------------------------------------------------

    def _typing(self, typing: wire.Typing) -> None:
        chat = self._store.chat_by_alias(typing.alias)
        if chat is not None:
            self._events.append(PersonTypes(chat.id, typing.user or chat.peer))

    def _presence(self, presence: wire.Presence) -> None:
        event = PresenceChanged(presence.user, bool(presence.online), presence.seen_at)
        self._events.append(event)


def decode(frame: bytes) -> wire.Message | None:
    """What a server said; None: a message of a later version, to be ignored. Raises Malformed."""
    try:
        return decode_from_server(frame)
    except Malformed:
        try:
            fields = msgspec.msgpack.decode(frame)
        except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
            fields = None
        if not isinstance(fields, list) or not fields or not isinstance(fields[0], int):
            raise
        if fields[0] in _TAGS:
            raise
        return None
