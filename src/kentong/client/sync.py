"""What messages of the server do to the local store. No I/O but the store, no waiting."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Final, NamedTuple

from kentong.client import unread
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
from kentong.client.windows import Window
from kentong.protocol.limits import SMALL_GROUP_MEMBERS_MAX, UNREAD_MAX
from kentong.protocol.messages import (
    Accepted,
    Changed,
    ChatKind,
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

TOLD_ROWS_MAX: Final = 1_000  # of one chat that are announced after an absence

MOVING: Final = (
    RowKind.JOINED,
    RowKind.ADDED,
    RowKind.LEFT,
    RowKind.REMOVED,
    RowKind.BANNED,
)

State = tuple[int, int]  # (last_seq, changes) of a chat


class Wanted(NamedTuple):
    """A chat whose head has to be asked for, unless its state is reached otherwise."""

    chat: int
    state: State
    anyway: bool = False  # also in that state: something else is unsure


class UnknownAlias(Exception):
    """The server spoke of a chat that was never listed here: only a new listing can help."""


class Sync:
    """Each method belongs into one transaction, together with the others of its message.

    `events` are what to tell after the commit. A method that returns something needs the
    head of that chat, at least as new: what it was given did not fit. A Sync lasts as
    long as its connection.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._timeline = store.timeline
        self._own_rows: dict[int, dict[int, tuple[RowView, int]]] = {}  # waiting for others
        # RESET counts from the cursor, so that heads repeat it: chats where it was obeyed on
        # this connection, with their first_seq.
        self._resets: dict[int, int] = {}
        self.events: list[Event] = []

    # -- The listing --------------------------------------------------------------------

    def welcome(self, welcome: Welcome) -> None:
        """Drop what the server says is worth nothing any more."""
        store = self._store
        if welcome.flags & WelcomeFlag.RESET:
            store.outbox.forget_deleted(self._is_deleted)
            store.forget_state(welcome.epoch)
            store.set_number("requeue", 1)
        elif welcome.epoch:
            store.set_number("epoch", welcome.epoch)
        if welcome.user:
            store.save_own(replace(store.own, user=welcome.user))
        if welcome.flags & WelcomeFlag.HORIZON:  # everything is listed from the beginning
            store.set_number("sweep", 1)
            store.set_number("cursor", 0)  # so that a listing that is cut goes on where it was
            store.save_token(Token())
            store.timeline.forget_windows()
            store.unlist_all()

    def _is_deleted(self, chat: int, seq: int) -> bool:
        row = self._timeline.row(chat, seq)
        return row is not None and row.is_deleted

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

    def mark(self, cursor: int) -> None:
        """Everything below `cursor` was sent and is stored."""
        self._store.move_cursor(cursor)

    def _take_own(self, own: Own) -> None:
        if own != self._store.own:
            self._store.save_own(own)
            self._store.save_person(PersonView(own.user, own.name))
            self.events.append(MeChanged(own.user, own.name, own.blocked))

    # -- Heads --------------------------------------------------------------------------

    def _take_head(self, head: Head, page_clock: int) -> None:
        """Replace the head of a chat unless the one here is newer."""
        clock = page_clock - head.age
        before = self._store.chat(head.chat)
        if head.flags & HeadFlag.GONE:
            if before and clock >= before.clock:
                self._drop(head.chat)
            self._resets.pop(head.chat, None)
            return
        chat = self._chat_of(head, clock, before)
        if before and (chat.version, chat.clock) < (before.version, before.clock):
            if not before.listed:
                self._store.save_chat(replace(before, listed=1))
            return
        if head.flags & HeadFlag.RESET and self._resets.get(chat.id) != chat.first_seq:
            self._resets[chat.id] = chat.first_seq
            self._timeline.drop(chat.id)
        elif before and before.changes == chat.changes:  # nothing but new rows
            self._timeline.promote(chat.id, before.version, chat.version)
        self._save(chat, before)
        self._put(chat, absolute(chat, head.rows, chat.last_seq))
        if chat.first_seq > 1:
            self._timeline.drop_below(chat.id, chat.first_seq)
        self._timeline.drop_old_previews(chat.id, chat.last_seq)
        self._append_own(chat.id)

    def _chat_of(self, head: Head, clock: int, before: ChatView | None) -> ChatView:
        shared = bool(head.flags & HeadFlag.SHARED_MARKS)
        last_seq = head.last_seq
        read_seq, count = last_seq - head.read_back, head.unread
        wanted = before.read_wanted if before else 0
        if before and wanted > read_seq:  # the server does not know yet
            read_seq, count = wanted, min(count, self._unread_after(head, wanted))
        else:
            wanted = 0
        return ChatView(
            id=head.chat,
            alias=head.alias,
            clock=clock,
            kind=head.kind,
            flags=head.flags & ~HeadFlag.RESET,
            last_seq=last_seq,
            changes=head.changes,
            unread=count,
            read_seq=read_seq,
            title=head.title,
            peer=head.peer,
            peer_read_seq=last_seq - head.peer_read_back if shared else 0,
            peer_delivered_seq=last_seq - head.peer_delivered_back if shared else 0,
            role=head.role,
            member_count=head.member_count,
            first_seq=head.first_seq,
            read_wanted=wanted,
            told_seq=before.told_seq if before else self._first_told(last_seq),
        )

    def _unread_after(self, head: Head, seq: int) -> int:
        return min(max(head.last_seq - seq, 0), UNREAD_MAX)

    def _first_told(self, last_seq: int) -> int:
        """Of a chat seen for the first time: in a new store its rows are no news."""
        is_new = self._store.cursor == 0 and not self._store.number("sweep")
        return last_seq if is_new else 0

    def _save(self, chat: ChatView, before: ChatView | None) -> None:
        if chat == before:
            return
        self._store.save_chat(chat)
        if chat.peer:
            self._store.save_person(PersonView(chat.peer, chat.title))
        self.events.append(ChatChanged(chat))

    def _drop(self, chat: int) -> None:
        self._store.drop_chat(chat)
        self.events.append(ChatGone(chat))

    def _wipe(self, chat: int, first: int, last: int) -> None:
        wiped = self._timeline.wipe(chat, first, last)
        self.events += [MessageDeleted(chat, row.seq) for row in wiped]

    # -- Live ---------------------------------------------------------------------------

    def posted(self, posted: Posted) -> Wanted | None:
        """A new text of somebody, or of another device of the user."""
        chat = self._known(posted.alias)
        after = (posted.seq, posted.changes)
        if covers(chat.state, after):
            return None
        at = self._time_after(chat, posted)
        if chat.state != (posted.seq - 1, posted.changes) or at is None:
            return Wanted(chat.id, after)
        author = posted.author or chat.peer
        row = RowView(chat.id, posted.seq, at, author, posted.text, reply_to=posted.reply_to)
        self._append(chat, row)
        self._append_own(chat.id)
        return None

    def _time_after(self, chat: ChatView, posted: Posted) -> int | None:
        """When a text was posted; None: the row before, from which it counts, isn't known."""
        if chat.last_seq == 0:
            return posted.later
        before = self._timeline.row(chat.id, posted.seq - 1)
        return before.at + posted.later if before else None

    def accepted(self, command: SendText, answer: Accepted) -> Wanted | None:
        """An own text got its place; `command` speaks of chat and rows by their ids.

        If others' changes are still on their way the row waits for them.
        """
        chat_id, after = command.chat, (answer.seq, answer.changes)
        chat = self._store.chat(chat_id)
        if chat and covers(chat.state, after):
            return None
        author, reply_to = self._store.own.user, command.reply_to
        row = RowView(chat_id, answer.seq, answer.at, author, command.text, reply_to=reply_to)
        self._own_rows.setdefault(chat_id, {})[answer.seq] = (row, answer.changes)
        self._append_own(chat_id)
        chat = self._store.chat(chat_id)
        return None if chat and covers(chat.state, after) else Wanted(chat_id, after)

    def _append_own(self, chat_id: int, up_to: int = 0) -> None:
        """Own rows whose turn has come; those up to `up_to` whatever else is on its way."""
        waiting = self._own_rows.get(chat_id, {})
        chat = self._store.chat(chat_id)
        while chat and chat.last_seq + 1 in waiting:
            row, changes = waiting[chat.last_seq + 1]
            if changes != chat.changes and row.seq > up_to:
                return
            del waiting[row.seq]
            chat = self._append(chat, row)

    def _append(self, chat: ChatView, row: RowView) -> ChatView:
        """Put the next row on top of the chat; nothing else has changed."""
        counted = unread.count(chat, [row], self._store.own.user)
        after = replace(counted, last_seq=row.seq)
        self._step(chat, after, [row])
        return after

    def _step(self, before: ChatView, after: ChatView, rows: list[RowView]) -> None:
        """From one state of a chat to a later one; `rows` are all that is new or changed."""
        self._timeline.promote(after.id, before.version, after.version)
        self._save(after, before)
        self._put(after, rows)
        self._timeline.drop_old_previews(after.id, after.last_seq)

    def marked(self, marked: Marked) -> Wanted | None:
        """Others have read or received more."""
        chat = self._known(marked.alias)
        after = (marked.last_seq, marked.changes)
        if covers(chat.state, after) and chat.state != after:
            return None
        if not marked.changes - marked.covers <= chat.changes <= marked.changes:
            return Wanted(chat.id, after)
        if not self._has_own_rows(chat, marked.last_seq):
            return Wanted(chat.id, after)
        self._append_own(chat.id, up_to=marked.last_seq)
        before = self._known(marked.alias)
        changed = replace(
            before,
            changes=marked.changes,
            peer_read_seq=marked.last_seq - marked.read_back,
            peer_delivered_seq=marked.last_seq - marked.delivered_back,
        )
        self._step(before, changed, [])
        self._append_own(chat.id)
        return None

    def _has_own_rows(self, chat: ChatView, last_seq: int) -> bool:
        """Whether own rows that wait bring the chat to `last_seq`."""
        waiting = self._own_rows.get(chat.id, {})
        return chat.last_seq <= last_seq and all(
            seq in waiting for seq in range(chat.last_seq + 1, last_seq + 1)
        )

    def changed(self, changed: Changed) -> Wanted | None:
        """Anything else happened in a chat: all rows that are new or changed since `base`."""
        chat = self._known(changed.alias)
        after = (changed.last_seq, changed.changes)
        rows = absolute(chat, changed.rows, 0)
        if covers(chat.state, after):
            return None
        fits = changed.base <= chat.version <= sum(after) and covers(after, chat.state)
        if not fits:
            for row in rows:
                if row.is_deleted:
                    self._wipe(chat.id, row.seq, row.seq)
            return Wanted(chat.id, after)
        counted = unread.count(chat, rows, self._store.own.user)
        progressed = replace(
            counted,
            last_seq=changed.last_seq,
            changes=changed.changes,
            title=changed.title or chat.title,
            member_count=changed.member_count or chat.member_count,
        )
        self._step(chat, progressed, rows)
        self._append_own(chat.id)
        is_unsure = unread.is_unsure(chat, changed, rows) or marks_are_unsure(chat, changed, rows)
        return Wanted(chat.id, after, anyway=True) if is_unsure else None

    def _known(self, alias: int) -> ChatView:
        chat = self._store.chat_by_alias(alias)
        if chat is None:
            raise UnknownAlias
        return chat

    def read(self, chat_id: int, seq: int) -> bool:
        """The user has read up to `seq`; whether that is news."""
        chat = self._store.chat(chat_id)
        if chat is None or min(seq, chat.last_seq) <= chat.read_seq:
            return False
        seq = min(seq, chat.last_seq)
        left = unread.after(self._timeline, chat, seq, self._store.own.user)
        if left is None:  # there are holes; the server will know
            left = chat.last_seq - seq
        read = replace(chat, read_seq=seq, read_wanted=seq, unread=min(left, chat.unread))
        self._save(read, chat)
        return True

    # -- Rows ---------------------------------------------------------------------------

    def ranged(self, chat_id: int, asked: Window, rows: Iterable[Row], version: int) -> None:
        """A page of the answer to GetRange: what changed in a run above the version asked for.

        Exact as of `version` now is all of it that was known as of the version asked for,
        and still is: windows may have been dropped since the question. Of a hole it is what
        came: a restored server may have fewer rows than the one that was to be asked.
        """
        chat = self._store.chat(chat_id)
        if chat is None:
            return
        span = (max(asked.first, chat.first_seq, 1), asked.last)
        kept = [row for row in absolute(chat, rows, 0) if span[0] <= row.seq <= span[1]]
        known = [(span[0], kept[-1].seq)] if asked.as_of == 0 and kept else []
        for window in self._timeline.windows(chat_id) if asked.as_of else ():
            first, last = max(window.first, span[0]), min(window.last, span[1])
            if first <= last and window.as_of >= asked.as_of:
                known.append((first, last))
        self._store_rows(chat, kept, version)
        self._timeline.cover(chat_id, known, version)
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
        return seq <= chat.told_seq and self._timeline.row(chat.id, seq) is not None

    def _tell(self, chat_id: int) -> None:
        """Announce the rows that have become known in one piece with those announced before."""
        chat = self._store.chat(chat_id)
        if chat is None:
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


def marks_are_unsure(chat: ChatView, changed: Changed, rows: Iterable[RowView]) -> bool:
    """Whether others' marks may be other ones: who comes or leaves has marks, too."""
    if chat.kind != ChatKind.GROUP:
        return False
    is_small = 0 < (changed.member_count or chat.member_count) <= SMALL_GROUP_MEMBERS_MAX
    if is_small != chat.shares_marks:
        return True
    return is_small and any(row.seq > chat.last_seq and row.kind in MOVING for row in rows)


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
