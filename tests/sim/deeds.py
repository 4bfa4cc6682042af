"""What people do with their phones."""

import asyncio
import itertools
from collections.abc import Awaitable, Callable

from kentong.client.messenger import Messenger
from kentong.client.views import ChatView, RowView
from kentong.protocol.errors import Refused
from kentong.protocol.messages import ChatKind, Role, RowKind
from tests.sim.phone import Phone
from tests.sim.village import Village

BUSY_CHATS = 6  # where most things happen
BUSY = 0.7  # of the deeds
PATIENCE_S = 5.0  # of somebody who scrolls

Deed = Callable[[Phone, ChatView], Awaitable[None]]


class Deeds:
    """Draws one deed after the other. A text is called by what stands before its #."""

    def __init__(self, village: Village) -> None:
        self._village = village
        self._source = village.source
        self._numbers = itertools.count(1)
        self._tables: list[tuple[Deed, int]] = [
            (self._write, 40),
            (self._edit, 10),
            (self._delete, 5),
            (self._read, 15),
            (self._write_directly, 4),
            (self._make_group, 4),
            (self._change_members, 6),
            (self._rename, 3),
            (self._change_name, 2),
            (self._invite, 2),
            (self._block, 2),
            (self._scroll, 5),
        ]

    async def live(self, seconds: float, pause_s: float) -> None:
        """Everybody does things at random moments."""
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        deeds, weights = zip(*self._tables, strict=True)
        while loop.time() < until:
            await asyncio.sleep(self._source.expovariate(1 / pause_s))
            phone = self._source.choice(self._village.phones)
            if phone.messenger is None:
                continue
            chat = self._chat(phone.messenger)
            (deed,) = self._source.choices(deeds, weights)
            if chat is not None:
                try:
                    await deed(phone, chat)
                except Refused:
                    continue

    def _chat(self, messenger: Messenger) -> ChatView | None:
        chats = sorted(messenger.chats(), key=lambda chat: chat.id)
        if self._source.random() < BUSY:
            chats = chats[:BUSY_CHATS]
        return self._source.choice(chats) if chats else None

    def _user(self) -> int:
        return self._source.choice(self._village.phones).user

    def _named(self, what: str) -> str:
        return f"{what} {next(self._numbers)}"

    # -- Texts --------------------------------------------------------------------------

    async def _write(self, phone: Phone, chat: ChatView) -> None:
        reply_to = self._source.choice((0, 0, chat.last_seq))
        await phone.write(chat.id, self._named("text"), reply_to)

    async def _edit(self, phone: Phone, chat: ChatView) -> None:
        row = self._text_in(phone.running, chat, own=True)
        if row is not None:
            text = self._named(f"{called(row)}#")
            await phone.running.edit_text(chat.id, row.seq, text)

    async def _delete(self, phone: Phone, chat: ChatView) -> None:
        may_all = chat.kind == ChatKind.GROUP and chat.role == Role.OWNER
        row = self._text_in(phone.running, chat, own=not may_all)
        if row is not None:
            self._village.deleted.add(called(row))
            await phone.running.delete_message(chat.id, row.seq)

    def _text_in(self, messenger: Messenger, chat: ChatView, own: bool) -> RowView | None:
        rows = [
            row
            for row in messenger.rows(chat.id, 1, chat.last_seq)
            if row.kind == RowKind.TEXT and not (own and row.author != messenger.own.user)
        ]
        return self._source.choice(rows) if rows else None

    async def _read(self, phone: Phone, chat: ChatView) -> None:
        phone.running.mark_read(chat.id, self._source.randint(0, chat.last_seq + 1))

    async def _scroll(self, phone: Phone, chat: ChatView) -> None:
        first = self._source.randint(1, chat.last_seq + 1)
        messenger = phone.running

        async def look() -> None:
            try:
                async with asyncio.timeout(PATIENCE_S):
                    await messenger.history(chat.id, first, first + 20)
            except (TimeoutError, Refused):
                pass  # no link, or no right any more

        phone.spawn(look())

    # -- Chats and people ---------------------------------------------------------------

    async def _write_directly(self, phone: Phone, chat: ChatView) -> None:
        ticket = await phone.running.open_direct(self._user())
        await phone.write(ticket.ref, self._named("text"))

    async def _make_group(self, phone: Phone, chat: ChatView) -> None:
        members = [self._user() for _ in range(3)]
        ticket = await phone.running.create_group(self._named("group"), members)
        await phone.write(ticket.ref, self._named("text"))

    async def _change_members(self, phone: Phone, chat: ChatView) -> None:
        if chat.kind != ChatKind.GROUP:
            return
        messenger, other = phone.running, self._user()
        match self._source.randrange(4):
            case 0 | 1:
                await messenger.add_member(chat.id, other)
            case 2:
                await messenger.remove_member(chat.id, other, ban=self._source.random() < 0.5)
            case 3 if chat.title != "square":
                await messenger.leave_group(chat.id)

    async def _rename(self, phone: Phone, chat: ChatView) -> None:
        if chat.kind == ChatKind.GROUP:
            await phone.running.rename_group(chat.id, self._named("title"))

    async def _change_name(self, phone: Phone, chat: ChatView) -> None:
        await phone.running.set_name(self._named("name"))

    async def _invite(self, phone: Phone, chat: ChatView) -> None:
        guest, messenger = self._source.choice(self._village.phones), phone.running

        async def invite() -> None:
            try:
                token = await (await messenger.make_invite(chat.id)).accepted()
                if guest.messenger is not None:
                    await guest.messenger.join_by_invite(token)
            except Refused:
                pass  # not the owner, or no group

        phone.spawn(invite())

    async def _block(self, phone: Phone, chat: ChatView) -> None:
        blocked = self._source.random() < 0.5
        await phone.running.block_user(self._user(), blocked=blocked)


def called(row: RowView) -> str:
    """The name that a text keeps when it is edited."""
    return row.text.split("#")[0]
