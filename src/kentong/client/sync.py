"""What messages of the server do to the local store. No I/O but the store, no waiting."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from kentong.client.events import (
    ChatChanged,
    ChatGone,
    Event,
    MeChanged,
    MessageDeleted,
    MessageEdited,
    MessagePosted,
)
from kentong.client.store import Own, Store, Token
from kentong.client.views import ChatView, PersonView, RowView
from kentong.client.windows import Span
from kentong.protocol.limits import UNREAD_MAX
from kentong.protocol.messages import (
    Accepted,
    Changed,
    Head,
    HeadFlag,
    Heads,
    Marked,
    Posted,
    Row,
    RowKind,
    SendText,
    Welcome,
    WelcomeFlag,
)
from kentong.protocol.planted import Planted

TOLD_ROWS_MAX: Final = 200  # of one chat that are announced after an absence

State = tuple[int, int]  # (last_seq, changes) of a chat


class UnknownAlias(Exception):
    """The server spoke of a chat that was never listed here: only a new listing can help."""


class Sync:
    """Each method belongs into one transaction, together with the others of its message.

    `events` are what to tell after the commit. A method that returns a State needs the
    head of that chat, at least as new: what it was given did not fit.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._timeline = store.timeline
        self.events: list[Event] = []

    # -- The listing --------------------------------------------------------------------

    def welcome(self, welcome: Welcome) -> None:
        """Drop what the server says is worth nothing any more."""
        store = self._store
        if welcome.flags & WelcomeFlag.RESET:
            store.forget_state(welcome.epoch)
            store.set_number("requeue", 1)
        elif welcome.epoch:
            store.set_number("epoch", welcome.epoch)
        if welcome.user:
            store.save_own(replace(store.own, user=welcome.user))
        if welcome.flags & WelcomeFlag.HORIZON and not store.number("sweep"):
            store.set_number("sweep", 1)
            store.timeline.forget_windows()
            store.unlist_all()

    def heads(self, page: Heads) -> None:
        """A page of a listing, or the answer to GetHeads."""
        for removal in page.removals:
            self._wipe(removal.chat, removal.first, removal.last)
        for head in page.heads:
            self._take_head(head, page.clock)
        if page.me is not None:
            self._take_own(Own(page.me.user, page.me.name, tuple(page.me.blocked)))
        if page.cursor and page.more:
            self._keep_token(page)
        elif page.cursor:
            self._finish_listing(page.cursor)

    def _keep_token(self, page: Heads) -> None:
        if Planted.CURSOR_BEFORE_LAST_PAGE in self._store.planted:
            self._store.move_cursor(page.cursor)
        elif page.cursor > self._store.cursor:
            token = Token(page.cursor, page.backfill_at, page.backfill_alias)
            self._store.save_token(token)

    def _finish_listing(self, cursor: int) -> None:
        self._store.save_token(Token())
        self._store.move_cursor(cursor)
        if self._store.number("sweep"):
            self._store.set_number("sweep", 0)
            for chat in self._store.unlisted():
                self._drop(chat)
        for chat_view in self._store.chats():
            if chat_view.told_seq < 0:  # first seen in the listing of a new store
                self._store.save_chat(replace(chat_view, told_seq=chat_view.last_seq))

    def mark(self, cursor: int) -> None:
        """Everything below `cursor` was sent and is stored."""
        self._store.move_cursor(cursor)

    def _take_own(self, own: Own) -> None:
        if own != self._store.own:
            self._store.save_own(own)
            self._store.save_person(PersonView(own.user, own.name))
            self.events.append(MeChanged(own.user, own.name, own.blocked))

    # -- Heads --------------------------------------------------------------------------

    def _take_head(self, head: Head, page_clock: int) -> bool:
        """Replace the head of a chat unless the one here is newer; whether it was taken."""
        clock = page_clock - head.age
        before = self._store.chat(head.chat)
        if head.flags & HeadFlag.GONE:
            if before and clock >= before.clock:
                self._drop(head.chat)
            return False
        chat = self._chat_of(head, clock, before)
        if before and (chat.version, chat.clock) < (before.version, before.clock):
            return False
        if head.flags & HeadFlag.RESET:
            self._timeline.drop(chat.id)
        elif before and before.changes == chat.changes:  # nothing but new rows
            self._timeline.promote(chat.id, before.version, chat.version)
        self._save(chat, before)
        self._put(chat, absolute(chat, head.rows, chat.last_seq))
        if chat.first_seq > 1:
            self._timeline.drop_below(chat.id, chat.first_seq)
        self._timeline.drop_old_previews(chat.id, chat.last_seq)
        return True

    def _chat_of(self, head: Head, clock: int, before: ChatView | None) -> ChatView:
        shared = bool(head.flags & HeadFlag.SHARED_MARKS)
        last_seq = head.last_seq
        read_seq = last_seq - head.read_back
        wanted = before.read_wanted if before else 0
        return ChatView(
            id=head.chat,
            alias=head.alias,
            clock=clock,
            kind=head.kind,
            flags=head.flags & ~HeadFlag.RESET,
            last_seq=last_seq,
            changes=head.changes,
            unread=head.unread,
            read_seq=read_seq,
            title=head.title,
            peer=head.peer,
            peer_read_seq=last_seq - head.peer_read_back if shared else 0,
            peer_delivered_seq=last_seq - head.peer_delivered_back if shared else 0,
            role=head.role,
            member_count=head.member_count,
            first_seq=head.first_seq,
            read_wanted=wanted if wanted > read_seq else 0,
            told_seq=before.told_seq if before else self._first_told(),
        )

    def _first_told(self) -> int:
        """Of a chat seen for the first time: in a new store its rows are no news."""
        return -1 if self._store.cursor == 0 else 0

    def _save(self, chat: ChatView, before: ChatView | None) -> None:
        if chat == before:
            return
        self._store.save_chat(chat)
        if chat.peer and self._store.save_person(PersonView(chat.peer, chat.title)):
            pass
        self.events.append(ChatChanged(chat))

    def _drop(self, chat: int) -> None:
        self._store.drop_chat(chat)
        self.events.append(ChatGone(chat))

    def _wipe(self, chat: int, first: int, last: int) -> None:
        wiped = self._timeline.wipe(chat, first, last)
        self.events += [MessageDeleted(chat, row.seq) for row in wiped]

    # -- Live ---------------------------------------------------------------------------

    def posted(self, posted: Posted) -> tuple[int, State] | None:
        """A new text of somebody, or of another device of the user."""
        chat = self._known(posted.alias)
        after = (posted.seq, posted.changes)
        before_it = self._timeline.row(chat.id, posted.seq - 1)
        if chat.state != (posted.seq - 1, posted.changes) or before_it is None:
            return None if covers(chat.state, after) else (chat.id, after)
        row = RowView(
            chat.id,
            posted.seq,
            before_it.at + posted.later,
            posted.author or chat.peer,
            posted.text,
            reply_to=posted.reply_to,
        )
        self._append(chat, row)
        return None

    def accepted(self, chat_id: int, command: SendText, answer: Accepted, at: int) -> State | None:
        """An own text got its place; `command` speaks of rows by their seq."""
        chat = self._store.chat(chat_id)
        after = (answer.seq, answer.changes)
        if chat is None or chat.state != (answer.seq - 1, answer.changes):
            return None if chat and covers(chat.state, after) else after
        author = self._store.own.user
        row = RowView(
            chat.id, answer.seq, at, author, command.text, reply_to=max(command.reply_to, 0)
        )
        self._append(chat, row)
        return None

    def _append(self, chat: ChatView, row: RowView) -> None:
        """Put the next row on top of the chat; nothing else has changed."""
        own = row.author == self._store.own.user
        after = replace(
            chat,
            last_seq=row.seq,
            unread=0 if own else min(chat.unread + 1, UNREAD_MAX),
            read_seq=row.seq if own else chat.read_seq,
            read_wanted=0 if own else chat.read_wanted,
        )
        self._timeline.promote(chat.id, chat.version, after.version)
        self._save(after, chat)
        self._put(after, [row])
        self._timeline.drop_old_previews(chat.id, row.seq)

    def marked(self, marked: Marked) -> tuple[int, State] | None:
        """Others have read or received more."""
        chat = self._known(marked.alias)
        after = (chat.last_seq, marked.changes)
        if chat.changes != marked.changes - 1:
            return None if chat.changes >= marked.changes else (chat.id, after)
        changed = replace(
            chat,
            changes=marked.changes,
            peer_read_seq=chat.last_seq - marked.read_back,
            peer_delivered_seq=chat.last_seq - marked.delivered_back,
        )
        self._timeline.promote(chat.id, chat.version, changed.version)
        self._save(changed, chat)
        return None

    def changed(self, changed: Changed) -> None:
        """Anything else happened in a chat."""
        before = self._store.chat(changed.head.chat)
        fits = before is not None and before.version == changed.base
        if not self._take_head(changed.head, changed.clock):
            return
        chat = self._store.chat(changed.head.chat)
        assert chat is not None
        rows = absolute(chat, changed.rows, 0)
        if fits and not changed.head.flags & HeadFlag.RESET:
            self._timeline.promote(chat.id, changed.base, chat.version)
            self._put(chat, rows)
        else:
            for row in rows:
                self._wipe(chat.id, row.seq, row.seq if row.is_deleted else 0)
        self._timeline.drop_old_previews(chat.id, chat.last_seq)

    def _known(self, alias: int) -> ChatView:
        chat = self._store.chat_by_alias(alias)
        if chat is None:
            raise UnknownAlias
        return chat

    # -- Rows ---------------------------------------------------------------------------

    def ranged(self, chat_id: int, span: Span, rows: Iterable[Row], version: int) -> None:
        """The whole answer to GetRange: this run is exact as of `version` now."""
        chat = self._store.chat(chat_id)
        if chat is None:
            return
        first = max(span[0], chat.first_seq, 1)
        kept = [row for row in absolute(chat, rows, 0) if first <= row.seq <= span[1]]
        self._store_rows(chat, kept, version)
        if first <= span[1]:
            self._timeline.cover(chat_id, [(first, span[1])], version)
        self._tell(chat_id)

    def _put(self, chat: ChatView, rows: list[RowView]) -> None:
        """Rows that are exact as of the chat's version; previews are no part of a window."""
        self._store_rows(chat, rows, chat.version)
        exact = [(row.seq, row.seq) for row in rows if not row.cut]
        self._timeline.cover(chat.id, exact, chat.version)
        self._tell(chat.id)

    def _store_rows(self, chat: ChatView, rows: list[RowView], version: int) -> None:
        known = {row.seq for row in rows if self._is_told(chat, row.seq)}
        for row in self._timeline.put(chat.id, rows, version):
            if row.seq not in known or row.cut:
                continue
            if row.kind == RowKind.DELETED:
                self.events.append(MessageDeleted(chat.id, row.seq))
            elif row.edited:
                self.events.append(MessageEdited(row))

    def _is_told(self, chat: ChatView, seq: int) -> bool:
        """Whether the program may show this row already."""
        return seq <= max(chat.told_seq, 0) and self._timeline.row(chat.id, seq) is not None

    def _tell(self, chat_id: int) -> None:
        """Announce the rows that have become known in one piece with those announced before."""
        chat = self._store.chat(chat_id)
        if chat is None or chat.told_seq < 0:
            return
        told = max(chat.told_seq, chat.last_seq - TOLD_ROWS_MAX, chat.first_seq - 1)
        for window in self._timeline.windows(chat_id):
            if window.first <= told + 1 <= window.last:
                rows = self._timeline.rows(chat_id, told + 1, window.last)
                self.events += [MessagePosted(row) for row in rows if not row.is_deleted]
                told = window.last
        if told != chat.told_seq:
            self._store.save_chat(replace(chat, told_seq=told))


def covers(state: State, other: State) -> bool:
    """Whether a chat in `state` knows of everything that led to `other`."""
    return state[0] >= other[0] and state[1] >= other[1]


def absolute(chat: ChatView, rows: Iterable[Row], counted_from: int) -> list[RowView]:
    """Rows as they are kept; in a head the first one is counted back from `counted_from`."""
    result: list[RowView] = []
    for row in rows:
        if result:
            seq, at = result[-1].seq + row.seq, result[-1].at + row.at
        else:
            seq, at = (counted_from - row.seq if counted_from else row.seq), row.at
        author = row.author or chat.peer
        result.append(
            RowView(
                chat.id,
                seq,
                at,
                author,
                row.text,
                row.kind,
                row.reply_to,
                bool(row.edited),
                bool(row.cut),
                row.subject,
            )
        )
    return result
