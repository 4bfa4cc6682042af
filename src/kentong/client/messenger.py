"""The messenger: everything a program can do, over a local store that works without a link."""

import asyncio
import random
import time
import weakref
from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from kentong.client import account as accounts
from kentong.client import ticket, windows
from kentong.client.agenda import Question
from kentong.client.connection import Connection
from kentong.client.events import Answer, Event
from kentong.client.filler import ROWS_AT_ONCE, Filler
from kentong.client.store import Own, Store
from kentong.client.stream import EventStream
from kentong.client.sync import Sync
from kentong.client.ticket import Ticket
from kentong.client.transport import NetworkTransport, Transport
from kentong.client.views import ChatView, CommandView, PersonView, RowView
from kentong.client.windows import Window
from kentong.protocol import messages as wire
from kentong.protocol.errors import ErrorCode, Refused
from kentong.protocol.limits import PEOPLE_MAX

RANGE_TRIES_MAX = 5  # windows may be dropped while they are filled


class NotJoined(Exception):
    """This store belongs to nobody yet: join or recover first."""


class AlreadyJoined(Exception):
    """This store belongs to somebody already."""


class Messenger:
    """One device of one account.

    Use it as an async context manager: inside it stays connected. Every command is on
    disk when its call returns, with or without a link, and takes effect exactly once; a
    call that is cancelled has either done that or nothing. What the program gives as
    chat or seq may be `Ticket.ref` of a command that still waits.

        async with Messenger.open(Path("anna.db")) as messenger:
            ticket = await messenger.send_text(chat, "12 o'clock?")
            seq = await ticket.accepted()
    """

    def __init__(
        self,
        store: Store,
        transport: Transport,
        now: Callable[[], float] = time.time,
        source: random.Random | None = None,
    ) -> None:
        """Over an open store, which it will close, and a transport."""
        self.store = store
        self.recovery_code = ""  # after joining: to be shown to the user, it is kept nowhere
        self._transport = transport
        self._now = now
        source = source or random.SystemRandom()
        self._connection = Connection(store, transport, self._tell, now, source)
        self._agenda = self._connection.agenda
        self._filler = Filler(store, self._agenda, self._connection.wake)
        self._streams: weakref.WeakSet[EventStream] = weakref.WeakSet()
        self._pulse = asyncio.Event()
        self._running: asyncio.Task[None] | None = None

    # -- Beginning and end --------------------------------------------------------------

    @classmethod
    def open(cls, path: Path) -> Self:
        """Over the store in a file that somebody has joined with.

        Raises:
            NotJoined: nobody has.
            StoreBusy: another process has it open.
        """
        if not path.exists():
            raise NotJoined(str(path))
        store = Store(path)
        account = store.account
        if account is None:
            store.close()
            raise NotJoined(str(path))
        return cls(store, NetworkTransport(account.address, account.secret))

    @classmethod
    async def join(cls, address: str, token: str, name: str, path: Path) -> Self:
        """Make an account and keep its first device in the file `path`.

        Args:
            token: of an invite; "" where a server is open to all.

        Raises Refused, Unreachable, AlreadyJoined, StoreBusy.
        """
        return await cls._become(path, name, accounts.join(address, token, name, device_name()))

    @classmethod
    async def recover(cls, address: str, code: str, path: Path) -> Self:
        """Sign in again by a recovery code. Raises as `join`."""
        return await cls._become(path, "", accounts.recover(address, code, device_name()))

    @classmethod
    async def _become(
        cls, path: Path, name: str, joining: Coroutine[None, None, accounts.Joined]
    ) -> Self:
        is_new = not path.exists()  # noqa: ASYNC240 - as short as what the store does
        try:
            store = Store(path)
        except BaseException:
            joining.close()
            raise
        try:
            if store.account is not None:
                joining.close()
                raise AlreadyJoined(str(path))
            joined = await joining
            with store.transaction():
                store.save_account(joined.account)
                store.save_own(Own(joined.user, name))
        except BaseException:
            store.close()
            if is_new:
                delete_files(path)
            raise
        account = joined.account
        messenger = cls(store, NetworkTransport(account.address, account.secret))
        messenger.recovery_code = joined.recovery_code
        return messenger

    async def __aenter__(self) -> Self:
        self.store.outbox.forget_old(int(self._now()))
        self._running = asyncio.create_task(self._connection.run())
        self._running.add_done_callback(lambda _: self._stir())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Disconnect and let go of the store. Whatever waits goes out the next time."""
        try:
            if self._running is not None:
                self._running.cancel()
                await asyncio.gather(self._running, return_exceptions=True)
            await self._transport.close()
        finally:
            self.store.close()
            for stream in list(self._streams):
                stream.close()

    async def sign_out(self) -> None:
        """Tell the server to forget this device. The file can be deleted then.

        Raises Refused, Unreachable.
        """
        account = self.store.account
        assert account is not None
        await accounts.sign_out(account)

    # -- Waiting ------------------------------------------------------------------------

    @property
    def is_online(self) -> bool:
        """Linked, everything missed listed, and what a restored server lost queued again."""
        return self._connection.online

    async def wait_online(self) -> None:
        """Wait for a link and for everything missed. Raises Refused: the device was signed out."""
        await self._until(lambda: self.is_online)

    async def flush(self) -> None:
        """Wait until every command has its answer, also what a restored server had lost.

        Raises Refused: the device was signed out.
        """
        store = self.store
        await self._until(lambda: not (store.number("requeue") or store.outbox.unanswered()))

    def events(self) -> EventStream:
        """What happens from now on, as an async iterator."""
        stream = EventStream()
        self._streams.add(stream)
        return stream

    def network_changed(self) -> None:
        """The system says that there is a network: try at once."""
        self._connection.doubt()

    async def _until(self, is_true: Callable[[], bool]) -> None:
        while not is_true():
            if self._connection.ended is not None:
                raise Refused(ticket.known_code(self._connection.ended))
            if self._running is not None and self._running.done():
                if not self._running.cancelled():
                    self._running.result()  # our bug, if it raises
                raise RuntimeError("the messenger is closed")
            await self._pulse.wait()

    def _stir(self) -> None:
        self._pulse.set()
        self._pulse = asyncio.Event()

    def _tell(self, event: Event) -> None:
        for stream in list(self._streams):
            stream.put(event)
        self._filler.happened(event)
        if self._connection.online:
            self._filler.ask()
        self._stir()

    # -- Commands -----------------------------------------------------------------------

    async def send_text(self, chat: int, text: str, reply_to: int = 0) -> Ticket[int]:
        """Post a text; the ticket's answer is its seq.

        `reply_to` is a seq, 0 for none. Raises as every command: Refused(NOT_FOUND) if an
        own refused command should have made what this one is about.
        """
        return self._command(wire.SendText(chat, text, reply_to), ticket.seq_of)

    async def edit_text(self, chat: int, seq: int, text: str) -> Ticket[None]:
        """Replace the text of an own message."""
        at = self._posted_at(chat, seq)
        return self._command(wire.EditText(chat, seq, text, at), ticket.nothing)

    async def delete_message(self, chat: int, seq: int) -> Ticket[None]:
        """Delete a message for everyone."""
        at = self._posted_at(chat, seq)
        return self._command(wire.DeleteMessage(chat, seq, at), ticket.nothing)

    async def open_direct(self, user: int) -> Ticket[int]:
        """Find or make the direct chat with somebody, 0: notes to self."""
        return self._command(wire.OpenDirect(user), ticket.chat_of)

    async def create_group(self, title: str, members: Sequence[int] = ()) -> Ticket[int]:
        """Make a group with these users."""
        return self._command(wire.CreateGroup(title, list(members)), ticket.chat_of)

    async def rename_group(self, chat: int, title: str) -> Ticket[None]:
        """Give a group another title."""
        return self._command(wire.RenameGroup(chat, title), ticket.nothing)

    async def add_member(self, chat: int, user: int) -> Ticket[None]:
        """Add somebody to a group."""
        return self._command(wire.AddMember(chat, user), ticket.nothing)

    async def remove_member(self, chat: int, user: int, ban: bool = False) -> Ticket[None]:
        """Remove somebody from a group, with `ban` for good."""
        return self._command(wire.RemoveMember(chat, user, int(ban)), ticket.nothing)

    async def leave_group(self, chat: int) -> Ticket[None]:
        """Leave a group."""
        return self._command(wire.LeaveGroup(chat), ticket.nothing)

    async def join_by_invite(self, token: str) -> Ticket[int]:
        """Follow an invite link; the answer is the chat it leads to."""
        return self._command(wire.JoinByInvite(token), ticket.chat_of)

    async def make_invite(self, chat: int = 0) -> Ticket[str]:
        """Make a new invite to a group, or to oneself; the answer is its token."""
        return self._command(wire.MakeInvite(chat), ticket.text_of)

    async def block_user(self, user: int, blocked: bool = True) -> Ticket[None]:
        """Take no more messages from somebody, or take them again."""
        return self._command(wire.BlockUser(user, int(blocked)), ticket.nothing)

    async def report(
        self, chat: int, seq: int = 0, reason: int = 0, text: str = ""
    ) -> Ticket[None]:
        """Report a message, or with seq 0 a chat, to the server's owner."""
        at = self._posted_at(chat, seq)
        return self._command(wire.Report(chat, seq, reason, text, at), ticket.nothing)

    async def set_name(self, name: str) -> Ticket[None]:
        """Change one's own name."""
        return self._command(wire.SetName(name), ticket.nothing)

    async def revoke_device(self, device: int) -> Ticket[None]:
        """Sign out one of one's own devices."""
        return self._command(wire.RevokeDevice(device), ticket.nothing)

    def _command(self, command: wire.Command, read: Callable[[Answer], Any]) -> Ticket[Any]:
        with self.store.transaction():
            key = self.store.outbox.add(command, int(self._now()))
        self._connection.wake()
        return Ticket(key, self._answer, read)

    def _posted_at(self, chat: int, seq: int) -> int:
        """When a row was posted: after a restore another one may stand there. 0: not known."""
        row = self.store.timeline.row(chat, seq)
        return row.at if row else 0

    async def _answer(self, key: int) -> Answer:
        def answer() -> Answer | None:
            entry = self.store.outbox.entry(key)
            return entry.answer if entry else wire.Refusal(ErrorCode.NOT_FOUND)

        await self._until(lambda: answer() is not None)
        answered = answer()
        assert answered is not None
        return answered

    # -- What is kept here --------------------------------------------------------------

    @property
    def own(self) -> Own:
        """The user's id, name and list of blocked people."""
        return self.store.own

    def chats(self) -> list[ChatView]:
        """All chats, newest first. No network."""
        timeline = self.store.timeline

        def written_at(chat: ChatView) -> tuple[int, int]:
            row = timeline.row(chat.id, chat.last_seq)
            return (row.at if row else 0), chat.clock

        return sorted(self.store.chats(), key=written_at, reverse=True)

    def chat(self, chat: int) -> ChatView | None:
        """One chat. No network."""
        return self.store.chat(chat)

    def rows(self, chat: int, first: int, last: int) -> list[RowView]:
        """What is kept of first..last, perhaps with holes. No network."""
        return self.store.timeline.rows(chat, first, last)

    def waiting(self) -> list[CommandView]:
        """Commands without an answer, and refused ones that were not discarded, in order."""
        outbox = self.store.outbox
        entries = sorted(outbox.unanswered() + outbox.failed(), key=lambda entry: entry.key)
        return [
            CommandView(
                entry.key,
                entry.command,
                entry.written_at,
                entry.answer.code if isinstance(entry.answer, wire.Refusal) else 0,
            )
            for entry in entries
        ]

    def discard(self, key: int) -> None:
        """Show a refused command no more."""
        with self.store.transaction():
            self.store.outbox.discard(key)

    def mark_read(self, chat: int, seq: int) -> None:
        """The user has read up to `seq`; said to the server, now or later."""
        sync = Sync(self.store)
        with self.store.transaction():
            sync.read(chat, seq)
        for event in sync.events:
            self._tell(event)
        self._connection.wake()

    def types(self, chat: int) -> None:
        """The user is typing; say it at most every 4 seconds."""
        if self.is_online and chat not in self._agenda.typing:
            self._agenda.typing.append(chat)
            self._connection.wake()

    def looks(self, foreground: bool, chats: Sequence[int] = ()) -> None:
        """Whether somebody looks, and which chats are on screen."""
        self._agenda.screen = (foreground, tuple(chats))
        self._connection.wake()

    # -- Questions: they wait for a link ------------------------------------------------

    async def history(self, chat: int, first: int, last: int) -> list[RowView]:
        """The rows first..last as the server has them, ascending.

        Waits for a link if some are not known here. Raises Refused.
        """
        for _ in range(RANGE_TRIES_MAX):
            await self._ask_range(chat, first, last)
            if not any(run.as_of == 0 for run in self._inexact(chat, first, last)):
                return self.rows(chat, first, last)
        raise Refused(ErrorCode.OVERLOADED)

    def _inexact(self, chat: int, first: int, last: int) -> list[Window]:
        """What is not exact of first..last. Raises Refused."""
        view = self.store.chat(chat)
        if view is None:
            raise Refused(ErrorCode.NOT_FOUND)
        span = (max(first, view.first_seq, 1), min(last, view.last_seq))
        return windows.to_ask(self.store.timeline.windows(chat), span, view.version)

    async def _ask_range(self, chat: int, first: int, last: int) -> None:
        """Ask once for each run of first..last that is not exact, the newest first."""
        asked: Window | None = None
        while run := windows.newest(self._inexact(chat, first, last), ROWS_AT_ONCE):
            request = partial(wire.GetRange, chat=chat, first=run.first, last=run.last)
            try:
                await self._ask(partial(request, as_of=run.as_of))
                last = run.first - 1
            except Refused as refused:
                if refused.code != ErrorCode.TOO_LARGE or run == asked:
                    raise
                asked = run  # its first rows came; the rest did not fit into one answer

    async def people(self, users: Sequence[int]) -> list[PersonView]:
        """Names of people; those with whom no chat is shared are left out. Raises Refused."""
        unknown = [user for user in users if self.store.person(user) is None]
        for start in range(0, len(unknown), PEOPLE_MAX):
            some = unknown[start : start + PEOPLE_MAX]
            await self._ask(partial(wire.GetPeople, users=some))
        found = [self.store.person(user) for user in users]
        return [person for person in found if person is not None]

    async def members(self, chat: int, banned: bool = False) -> list[wire.Member]:
        """Everybody in a group, or the banned (owner only). Raises Refused."""
        members: list[wire.Member] = []
        more = 1
        while more:
            after = members[-1].user if members else 0
            make = partial(wire.GetMembers, chat=chat, after=after, banned=int(banned))
            page: wire.Members = await self._ask(make)
            members += page.members
            more = page.more and len(page.members)
        return members

    async def devices(self) -> list[wire.Device]:
        """The own devices. Raises Refused."""
        answer: wire.Devices = await self._ask(wire.GetDevices)
        return answer.devices

    async def invite(self, token: str) -> wire.Invite:
        """What an invite leads to. Raises Refused(INVITE_INVALID)."""
        answer: wire.Invite = await self._ask(lambda number: wire.GetInvite(number, token))
        return answer

    async def _ask(self, make: Callable[[int], wire.Request]) -> Any:  # noqa: ANN401 - see each
        number = self._agenda.next_request()
        answers: list[wire.Message] = []

        def answered(answer: wire.Message) -> None:
            answers.append(answer)
            self._stir()

        self._agenda.questions[number] = Question(make(number), answered)
        self._connection.wake()
        try:
            await self._until(lambda: bool(answers))
        finally:
            self._agenda.questions.pop(number, None)
        if isinstance(answers[0], wire.Failed):
            raise Refused(ticket.known_code(answers[0].code))
        return answers[0]


def device_name() -> str:
    """What this device is called in the list of devices."""
    return "Kentong for Python"


def delete_files(path: Path) -> None:
    """Delete a store with what SQLite keeps beside it."""
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
