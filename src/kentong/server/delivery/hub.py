"""Who is connected here, what they were told last, and who must hear of a change."""

import dataclasses
from collections.abc import Iterable
from typing import Protocol

from kentong.protocol.codec import encode
from kentong.protocol.limits import SMALL_GROUP_MEMBERS_MAX
from kentong.protocol.messages import Changed, ChatKind, Marked, RowKind, Typing
from kentong.server.delivery.deltas import Delta, NewMarks, NewText, Rewritten, for_alias
from kentong.server.delivery.feed import ChatFeed, Feed, UserFeed
from kentong.server.delivery.presence import Presences
from kentong.server.delivery.rows import Reader
from kentong.server.model import Chat, Head, Membership, MemberState, StoredRow

CHANGED_BYTES_MAX = 16_384  # text of many rows in one Changed; beyond it the head is told


class Subscriber(Protocol):
    """A connected device, as the hub sees it."""

    user_id: int
    device_id: int
    foreground: bool
    chat_ids: list[int]  # kept by the hub
    screen: list[int]  # chats in front of somebody, perhaps said before it was attached

    def wrote(self, outbox: int, number: int) -> bool:
        """See Writer."""

    def push(self, chat_id: int, frame: bytes) -> None:
        """Send a live frame that builds on the chat's head as it was told last."""

    def skip(self, chat_id: int) -> None:
        """Leave out what the device wrote itself: it builds on the head, as it was told last."""

    def hint(self, frame: bytes) -> None:
        """Send something that is worth nothing later: typing, presence."""

    def refresh(self, chat_id: int) -> None:
        """Send the chat's head in full, soon."""

    def refresh_me(self) -> None:
        """Send the user's own head, soon, if it is another."""

    def knows_mark(self, chat_id: int, read_seq: int) -> bool:
        """Whether this very device moved its read mark there."""

    def fence(self) -> None:
        """A newer connection of the device took over."""


@dataclasses.dataclass(slots=True, eq=False)
class ChatState:
    """What the subscribers of a chat were told last, and who they are."""

    kind: int
    peers: tuple[int, ...]  # users of a direct chat
    last_seq: int
    changes: int
    last_at: int
    title: str
    member_count: int
    aliases: dict[Subscriber, int]
    visible_from: dict[Subscriber, int] | None = None  # those who don't see all

    def reader(self, subscriber: Subscriber) -> Reader:
        """The subscriber as a reader of this chat."""
        visible_from = 1 if self.visible_from is None else self.visible_from.get(subscriber, 1)
        return Reader(subscriber.user_id, self.kind == ChatKind.DIRECT, visible_from)


def _peers(chat: Chat) -> tuple[int, ...]:
    if chat.kind != ChatKind.DIRECT or chat.direct_key is None:
        return ()
    return tuple(int(part) for part in chat.direct_key.split(":"))


class Hub:
    """The devices connected to this node, by user and by chat."""

    def __init__(self) -> None:
        self.cursor = 0  # everything below was told to everybody here
        self._chats: dict[int, ChatState] = {}
        self._users: dict[int, list[Subscriber]] = {}
        self._watchers: dict[int, list[Subscriber]] = {}
        self.presences = Presences(self.is_present)
        # (user, chat or 0): the clock told last, for what a cursor held back reads again
        self._recent: dict[tuple[int, int], int] = {}

    def begin(self, cursor: int) -> None:
        """Tell what happens from here on; nobody is connected."""
        self.cursor = cursor
        self._recent = {}

    # -- Coming and going ---------------------------------------------------------------

    @property
    def users(self) -> dict[int, list[Subscriber]]:
        """The connected devices by user; to be read only."""
        return self._users

    def attach(
        self, subscriber: Subscriber, places: Iterable[Head], blocked: Iterable[int] = ()
    ) -> None:
        """Take a device in; an older connection of the same device is fenced.

        Args:
            places: where its user is a member.
            blocked: whom its user has blocked.
        """
        for other in list(self._users.get(subscriber.user_id, ())):
            if other.device_id == subscriber.device_id:
                other.fence()
                self.detach(other)
        self._users.setdefault(subscriber.user_id, []).append(subscriber)
        self.presences.block(subscriber.user_id, blocked)
        for place in places:
            if place.member.state == MemberState.ACTIVE:
                self._subscribe(subscriber, place.member, place.chat)
        if subscriber.foreground:
            self.presences.changed(subscriber.user_id)

    def detach(self, subscriber: Subscriber) -> None:
        """Forget a device. Safe to repeat."""
        siblings = self._users.get(subscriber.user_id, [])
        if subscriber not in siblings:
            return
        siblings.remove(subscriber)
        if not siblings:
            del self._users[subscriber.user_id]
        for chat_id in list(subscriber.chat_ids):
            self._unsubscribe(subscriber, chat_id)
        if subscriber.foreground:
            self.presences.changed(subscriber.user_id)
        if subscriber.user_id not in self._users:
            self.presences.forget(subscriber.user_id)

    def _subscribe(self, subscriber: Subscriber, member: Membership, chat: Chat) -> None:
        state = self._chats.get(chat.id)
        if state is None:
            state = self._chats[chat.id] = ChatState(
                chat.kind, _peers(chat), chat.last_seq, chat.changes, chat.last_at,
                chat.title, chat.member_count, {},
            )  # fmt: skip
        if subscriber not in state.aliases:
            subscriber.chat_ids.append(chat.id)
        state.aliases[subscriber] = member.alias
        if member.visible_from_seq > 1:
            state.visible_from = state.visible_from or {}
            state.visible_from[subscriber] = member.visible_from_seq
        elif state.visible_from is not None:
            state.visible_from.pop(subscriber, None)
        if chat.id in subscriber.screen:
            self._watch(subscriber, chat.id)

    def _unsubscribe(self, subscriber: Subscriber, chat_id: int) -> None:
        state = self._chats.get(chat_id)
        if state is None or subscriber not in state.aliases:
            return
        self._unwatch(subscriber, chat_id)
        del state.aliases[subscriber]
        subscriber.chat_ids.remove(chat_id)
        if state.visible_from is not None:
            state.visible_from.pop(subscriber, None)
        if not state.aliases:
            del self._chats[chat_id]

    # -- What changed -------------------------------------------------------------------

    def told(self, chat_id: int) -> tuple[int, int] | None:
        """(last_seq, changes) that the devices here were told; None: nobody listens."""
        state = self._chats.get(chat_id)
        return None if state is None else (state.last_seq, state.changes)

    def tell(self, feed: Feed) -> None:
        """Tell the devices here what changed; rights first, so that nothing follows a removal."""
        for user in feed.users:
            self._tell_user(user)
        for chat in feed.chats:
            state = self._chats.get(chat.chat.id)
            if state is not None and state.last_seq + state.changes < chat.chat.version:
                self._tell_chat(state, chat)
        self.cursor = max(self.cursor, feed.cursor)
        self._recent = {key: clock for key, clock in self._recent.items() if clock >= self.cursor}

    def _tell_user(self, feed: UserFeed) -> None:
        devices = list(self._users.get(feed.user_id, ()))
        if self._is_new(feed.user_id, 0, feed.clock):
            for subscriber in devices:
                subscriber.refresh_me()
        for place in feed.places:
            if self._is_new(feed.user_id, place.chat.id, place.member.clock):
                for subscriber in devices:
                    self._tell_place(subscriber, place)

    def _is_new(self, user_id: int, chat_id: int, clock: int) -> bool:
        key = (user_id, chat_id)
        is_new = self._recent.get(key) != clock
        self._recent[key] = clock
        return is_new

    def _tell_place(self, subscriber: Subscriber, place: Head) -> None:
        chat_id, member = place.chat.id, place.member
        if member.state != MemberState.ACTIVE:
            self._unsubscribe(subscriber, chat_id)
            subscriber.refresh(chat_id)
            return
        known = chat_id in self._chats and subscriber in self._chats[chat_id].aliases
        self._subscribe(subscriber, member, place.chat)
        if not (known and subscriber.knows_mark(chat_id, member.read_seq)):
            subscriber.refresh(chat_id)

    def _tell_chat(self, state: ChatState, feed: ChatFeed) -> None:
        chat = feed.chat
        deltas = [] if feed.overflow else _deltas(state, feed)
        for subscriber, alias in list(state.aliases.items()):
            if deltas:
                _push(subscriber, chat.id, alias, deltas, state.reader(subscriber))
            else:
                subscriber.refresh(chat.id)
        state.last_seq, state.changes, state.last_at = chat.last_seq, chat.changes, chat.last_at
        state.title, state.member_count = chat.title, chat.member_count

    # -- What is not stored -------------------------------------------------------------

    def watch(self, subscriber: Subscriber, chat_ids: list[int]) -> None:
        """Chats that a device has on screen: it hears who types and who is there."""
        before, subscriber.screen = subscriber.screen, chat_ids
        for chat_id in before:
            if chat_id not in chat_ids:
                self._unwatch(subscriber, chat_id)
        for chat_id in chat_ids:
            self._watch(subscriber, chat_id)

    def _watch(self, subscriber: Subscriber, chat_id: int) -> None:
        state = self._chats.get(chat_id)
        if state is None or subscriber not in state.aliases:
            return  # not yet, perhaps
        if subscriber in self._watchers.get(chat_id, ()):
            return
        self._watchers.setdefault(chat_id, []).append(subscriber)
        for peer in state.peers:
            if peer != subscriber.user_id:
                self.presences.watch(subscriber, peer)

    def _unwatch(self, subscriber: Subscriber, chat_id: int) -> None:
        watchers = self._watchers.get(chat_id, [])
        if subscriber not in watchers:
            return
        watchers.remove(subscriber)
        if not watchers:
            del self._watchers[chat_id]
        for peer in self._chats[chat_id].peers:
            if peer != subscriber.user_id:
                self.presences.unwatch(subscriber, peer)

    def typing(self, subscriber: Subscriber, chat_id: int) -> None:
        """Tell those who have the chat on screen that this user types."""
        state = self._chats.get(chat_id)
        if state is None or subscriber not in state.aliases or _is_large(state):
            return
        frame = encode(Typing(0, subscriber.user_id))
        for watcher in self._watchers.get(chat_id, ()):
            own = watcher.user_id == subscriber.user_id
            if own or self.presences.are_apart(watcher.user_id, subscriber.user_id):
                continue
            if watcher in state.aliases:
                watcher.hint(for_alias(frame, state.aliases[watcher]))

    def is_present(self, user_id: int) -> bool:
        """Whether somebody looks at a device of this user here."""
        return any(device.foreground for device in self._users.get(user_id, ()))


def _push(
    subscriber: Subscriber, chat_id: int, alias: int, deltas: list[Delta], reader: Reader
) -> None:
    for delta in deltas:
        frame = delta.frame(reader, subscriber)
        if frame is not None:
            subscriber.push(chat_id, for_alias(frame, alias))
        else:
            subscriber.skip(chat_id)


def _is_large(state: ChatState) -> bool:
    return state.kind == ChatKind.GROUP and state.member_count > SMALL_GROUP_MEMBERS_MAX


def _deltas(state: ChatState, feed: ChatFeed) -> list[Delta]:
    """The steps from the state told before to the one read; none if they would be too long."""
    chat, rows = feed.chat, feed.rows
    steps: list[Delta] = []
    changes = state.changes
    marks_only = feed.marks is not None and all(row.seq > state.last_seq for row in rows)
    same = chat.title == state.title and chat.member_count == state.member_count
    plain = all(row.kind == RowKind.TEXT and not row.edited for row in rows) and same
    if plain and (chat.changes == changes or marks_only) and _gapless(state, rows):
        at = state.last_at
        for row in rows:
            steps.append(NewText(row, changes, max(0, row.sent_at - at)))
            at = max(at, row.sent_at)
    elif len(rows) > 1 and sum(len(row.text.encode()) for row in rows) > CHANGED_BYTES_MAX:
        return []
    else:
        changes = chat.changes
        steps.append(Rewritten(rows, _changed(state, chat)))
    if feed.marks is not None:
        marked = Marked(0, chat.last_seq, chat.changes, 0, 0, chat.changes - changes)
        steps.append(NewMarks(feed.marks, marked))
    return steps


def _gapless(state: ChatState, rows: list[StoredRow]) -> bool:
    return [row.seq for row in rows] == list(
        range(state.last_seq + 1, state.last_seq + 1 + len(rows))
    )


def _changed(state: ChatState, chat: Chat) -> Changed:
    return Changed(
        alias=0,
        base=state.last_seq + state.changes,
        last_seq=chat.last_seq,
        changes=chat.changes,
        title=chat.title if chat.title != state.title else "",
        member_count=chat.member_count if chat.member_count != state.member_count else 0,
    )
