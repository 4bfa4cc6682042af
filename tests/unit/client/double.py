"""The smallest server that a client can talk to: one user, one device, some chats, no faults."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from kentong.client.agenda import Agenda
from kentong.client.events import Event
from kentong.client.session import Session
from kentong.client.store import Store
from kentong.client.views import RowView
from kentong.client.windows import Window
from kentong.protocol import messages as wire
from kentong.protocol.codec import decode_from_client, encode, fingerprint, pack_rows
from kentong.protocol.errors import ErrorCode

ME, OTHER = 70_001, 70_002
NOW = 1_800_000_000
HEADS_IN_PAGE = 2
ROWS_IN_PAGE = 4


@dataclass
class Chat:
    """A group of two with all its rows, absolute; `versions` says when each changed."""

    id: int
    clock: int
    rows: list[wire.Row] = field(default_factory=list)
    versions: list[int] = field(default_factory=list)
    changes: int = 0
    gone: bool = False

    @property
    def version(self) -> int:
        return len(self.rows) + self.changes


class Double:
    """State of the server, and what it says to a hello."""

    def __init__(self) -> None:
        self.clock = 1
        self.epoch = 5
        self.chats: dict[int, Chat] = {}
        self.answers: dict[tuple[int, int], tuple[bytes, wire.Message]] = {}
        self.moved: dict[int, wire.Message] = {}  # answers by origin
        self.last: dict[int, int] = {}
        self.removed: list[tuple[int, int, int]] = []  # clock, chat, seq
        self.pages_max: int | None = None  # of rows in one answer, as in that to a POST
        self.refuse: Callable[[wire.Command], ErrorCode | None] = lambda command: None

    # -- What happens -------------------------------------------------------------------

    def _moved(self, chat: Chat) -> None:
        self.clock += 1
        chat.clock = self.clock

    def make(self, chat_id: int) -> Chat:
        chat = self.chats[chat_id] = Chat(chat_id, self.clock)
        self._moved(chat)
        return chat

    def post(self, chat_id: int, author: int, text: str) -> int:
        chat = self.chats[chat_id]
        chat.rows.append(wire.Row(len(chat.rows) + 1, NOW + self.clock, author, text))
        chat.versions.append(chat.version)
        self._moved(chat)
        return len(chat.rows)

    def edit(self, chat_id: int, seq: int, text: str) -> None:
        chat = self.chats[chat_id]
        row = chat.rows[seq - 1]
        if row.kind == wire.RowKind.DELETED:
            return
        chat.changes += 1
        chat.rows[seq - 1] = wire.Row(seq, row.at, row.author, text, edited=1)
        chat.versions[seq - 1] = chat.version
        self._moved(chat)

    def delete(self, chat_id: int, seq: int) -> None:
        chat = self.chats[chat_id]
        row = chat.rows[seq - 1]
        chat.changes += 1
        chat.rows[seq - 1] = wire.Row(seq, row.at, row.author, kind=wire.RowKind.DELETED)
        chat.versions[seq - 1] = chat.version
        self._moved(chat)
        self.removed.append((self.clock, chat_id, seq))

    def leave(self, chat_id: int) -> None:
        chat = self.chats[chat_id]
        chat.gone = True
        self._moved(chat)

    # -- What it says -------------------------------------------------------------------

    def head(self, chat: Chat) -> wire.Head:
        age = self.clock - chat.clock
        if chat.gone:
            return wire.Head(chat.id, chat.id, age, flags=wire.HeadFlag.GONE)
        rows = chat.rows[-1:]
        first = [
            wire.Row(0, row.at, row.author, row.text, row.kind, edited=row.edited) for row in rows
        ]
        return wire.Head(
            chat.id, chat.id, age, wire.ChatKind.GROUP, 0, len(chat.rows), chat.changes,
            0, 0, first, f"chat {chat.id}",
        )  # fmt: skip

    def listing(self, hello: wire.Hello) -> list[wire.Message]:
        """The pages that bring a client up to date."""
        chats = sorted(self.chats.values(), key=lambda chat: (chat.clock, chat.id), reverse=True)
        edge = (hello.backfill_at, hello.backfill_alias)
        wanted = [
            chat
            for chat in chats
            if (not hello.backfill_to and chat.clock >= hello.cursor)
            or (hello.backfill_to and chat.clock >= hello.backfill_to)
            or (hello.backfill_to and chat.clock >= hello.cursor and (chat.clock, chat.id) < edge)
        ]
        since = hello.cursor or hello.backfill_to
        wanted = [chat for chat in wanted if not chat.gone or since]
        removals = [
            wire.Removal(chat, seq, seq) for clock, chat, seq in self.removed if clock >= since
        ]
        runs = [wanted[i : i + HEADS_IN_PAGE] for i in range(0, len(wanted), HEADS_IN_PAGE)] or [[]]
        return [
            wire.Heads(
                self.clock,
                [self.head(chat) for chat in run],
                self.clock + 1,
                int(run is not runs[-1]),
                run[-1].clock if run is not runs[-1] else 0,
                run[-1].id if run is not runs[-1] else 0,
                removals if run is runs[0] and since else [],
            )
            for run in runs
        ]

    def answer(self, request: wire.Message) -> list[wire.Message]:
        """What is said to a request."""
        match request:
            case wire.GetHeads():
                heads = [self.head(self.chats[chat]) for chat in request.chats]
                return [wire.Heads(self.clock, heads, request=request.request)]
            case wire.GetRange():
                return self._range(request)
            case wire.GetOutbox():
                return [wire.OutboxState(request.request, self.last.get(request.outbox, 0))]
            case wire.GetPeople():
                people = [wire.Person(user, f"user {user}") for user in request.users]
                return [wire.People(request.request, people)]
            case wire.GetMembers():
                rest = [user for user in (ME, OTHER) if user > request.after]
                members = [wire.Member(user, f"user {user}") for user in rest[:1]]
                return [wire.Members(request.request, members, int(len(rest) > 1))]
            case wire.GetDevices():
                return [wire.Devices(request.request, [wire.Device(1, "this one", NOW, NOW, 1)])]
            case wire.GetInvite():
                return [wire.Invite(request.request, "lunch", 2)]
            case wire.Ping():
                return [wire.Pong()]
        return []

    def _range(self, request: wire.GetRange) -> list[wire.Message]:
        chat = self.chats[request.chat]
        found = [
            row
            for row, version in zip(chat.rows, chat.versions, strict=True)
            if request.first <= row.seq <= request.last and version > request.as_of
        ]
        starts = range(0, max(1, len(found)), ROWS_IN_PAGE)
        pages = [
            wire.Rows(
                request.request,
                chat.id,
                chat.version,
                *pack_rows(differences(found[start : start + ROWS_IN_PAGE]), deflate=True),
                int(start != starts[-1]),
            )
            for start in starts
        ]
        if self.pages_max is None or len(pages) <= self.pages_max:
            return list(pages)
        return [*pages[: self.pages_max], wire.Failed(request.request, ErrorCode.TOO_LARGE)]


def differences(rows: list[wire.Row]) -> list[wire.Row]:
    """Rows as they travel: all but the first one count from the one before."""
    return rows[:1] + [
        wire.Row(b.seq - a.seq, b.at - a.at, b.author, b.text, b.kind, edited=b.edited)
        for a, b in itertools.pairwise(rows)
    ]


class Connection:
    """One connection to the double: feed frames, take out frames."""

    def __init__(self, server: Double, hello: wire.Hello) -> None:
        self._server = server
        self._outbox, self._number = hello.outbox, hello.number
        self._accepted = wire.Accepted(0, 0, NOW)
        reset = hello.epoch not in (0, server.epoch)
        self._ignoring = reset
        self.pings = 0
        flags = wire.WelcomeFlag.BEHIND | (wire.WelcomeFlag.RESET if reset else 0)
        number = server.last.get(hello.outbox, 0) + 1
        epoch = server.epoch if hello.epoch != server.epoch else 0
        self.said: list[wire.Message] = [
            wire.Welcome(NOW, number, flags, epoch, 0 if hello.cursor else ME)
        ]
        for raw in hello.commands:
            self.receive(bytes(raw))
        self.said += server.listing(wire.Hello(1, 0, 0, 1, 1) if reset else hello)

    def take(self) -> list[bytes]:
        """What the server says, encoded."""
        said, self.said = self.said, []
        return [encode(message) for message in said]

    def receive(self, frame: bytes) -> None:
        message = decode_from_client(frame)
        if isinstance(message, wire.Restart):
            self._outbox, self._number, self._ignoring = message.outbox, message.number, False
        elif isinstance(message, wire.Command):
            if not self._ignoring:
                self._command(frame, message)
        else:
            self.pings += isinstance(message, wire.Ping)
            self.said += self._server.answer(message)

    def _command(self, frame: bytes, command: wire.Command) -> None:
        server, place = self._server, (self._outbox, self._number)
        expected = server.last.get(self._outbox, 0) + 1
        known = server.answers.get(place)
        if (known and known[0] != fingerprint(frame)) or (not known and place[1] != expected):
            self._ignoring = True
            self.said.append(wire.Forked(expected))
            return
        if not known:
            origin: int = getattr(command, "origin", 0)
            answer = server.moved.get(origin) or self._effect(command)
            if origin:
                server.moved[origin] = answer
            known = fingerprint(frame), answer
            server.answers[place] = known
            server.last[self._outbox] = self._number
        self._number += 1
        answer = known[1]
        if isinstance(answer, wire.Accepted):
            before, self._accepted = self._accepted, answer
            answer = answer.since(before)
        self.said.append(answer)

    def _effect(self, command: wire.Command) -> wire.Message:
        server = self._server
        code = server.refuse(command)
        if code is not None:
            return wire.Refusal(code)
        match command:
            case wire.SendText():
                chat_id = self._chat(command.chat)
                if chat_id not in server.chats:
                    return wire.Refusal(ErrorCode.NOT_FOUND)
                seq = server.post(chat_id, ME, command.text)
                chat = server.chats[chat_id]
                return wire.Accepted(seq, chat.changes, chat.rows[-1].at)
            case wire.CreateGroup():
                return wire.Done(server.make(90_000 + len(server.chats)).id)
        return wire.Done()

    def _chat(self, said: int) -> int:
        if said > 0:
            return said
        answer = self._server.answers[self._outbox, -said][1]
        return answer.chat if isinstance(answer, wire.Done) else 0


def exchange(
    store: Store, server: Double, agenda: Agenda | None = None, cut: int = -1
) -> list[Event]:
    """One connection until nobody has anything to say, or `cut` frames came; what happened."""
    agenda = agenda or Agenda()
    now = 0.0
    session = Session(store, agenda, now)
    connection = Connection(server, session.hello())
    events: list[Event] = []
    quiet = 0
    while quiet < 5:
        frames = connection.take()
        for frame in frames:
            if cut == 0:
                return events
            cut -= 1
            events += session.receive(frame, now, NOW + now)
        sent = session.outgoing(now)
        for frame in sent:
            connection.receive(frame)
        now += 0.5
        quiet = 0 if frames or sent else quiet + 1
    return events


def open_store(path: Path) -> Store:
    """A store that is not flushed to the disk: the machine doesn't lose power in a test."""
    return Store(path, durable=False)


def state(store: Store) -> dict[int, tuple[tuple[int, int], list[RowView], list[Window]]]:
    """What a store keeps of each chat."""
    return {
        chat.id: (
            chat.state,
            store.timeline.rows(chat.id, 1, chat.last_seq),
            store.timeline.windows(chat.id),
        )
        for chat in store.chats()
    }
