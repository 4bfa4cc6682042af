"""Catching up: what differs since a cursor, newest first, a page at a time."""

import dataclasses
from typing import NamedTuple

from msgspec.structs import replace

from kentong.protocol.codec import encode
from kentong.protocol.limits import PAGE_BYTES_MAX
from kentong.protocol.messages import ChatKind, HeadFlag, Heads, Me, Removal
from kentong.protocol.messages import Head as WireHead
from kentong.server.delivery.rows import Reader, in_head, newest_within, shown
from kentong.server.model import Chat, Head, MemberState
from kentong.server.rules import rights
from kentong.server.storage import accounts, listing, members, messages
from kentong.server.storage.engine import Transaction
from kentong.server.storage.listing import Bounds

TAIL_MAX = 20  # rows with a head
REMOVALS_MAX = 500  # in a first page; beyond it all windows of what changed are invalid
HEADS_READ = 40  # heads looked at for one page
_EMPTY_PAGE_BYTES = 48
_BARE_HEAD_BYTES = 96  # of a head without title and rows
_ROOM = PAGE_BYTES_MAX - _EMPTY_PAGE_BYTES


class Wish(NamedTuple):
    """Who catches up, from where, and how much they want with each head."""

    user_id: int
    cursor: int
    tail: int


@dataclasses.dataclass(slots=True)
class Listing:
    """Where a listing stands. Runs of heads wanted, newest first; the last one is open."""

    wish: Wish
    runs: list[Bounds]
    target: int = 0  # becomes the cursor at the end
    first: bool = True
    reset: bool = False  # windows of everything listed are invalid
    removals: list[Removal] = dataclasses.field(default_factory=list)  # still to be said
    me: Me | None = None  # as well

    @classmethod
    def start(cls, wish: Wish, token: tuple[int, int, int]) -> "Listing":
        """From a hello: `token` is (backfill_to, backfill_at, backfill_alias), 0s for none."""
        known_from, at, alias = token
        if not known_from:
            return cls(wish, [Bounds(wish.cursor)])
        # Never from 0: what is gone may have been listed before the cut, and is told.
        return cls(wish, [Bounds(known_from), Bounds(max(wish.cursor, 1), at, alias)])


class Page(NamedTuple):
    """One encoded page, and whether the listing goes on."""

    frame: bytes | None  # None: there was nothing to say
    more: bool
    clock: int  # of the snapshot that it was read in
    is_news: bool = True  # False: it says nothing but the new cursor


def read_page(tx: Transaction, state: Listing, cursor_max: int) -> tuple[Page, Listing]:
    """The next page of a listing, and the listing after it.

    The cursor it leads to is that of the first page's snapshot, but not above
    `cursor_max`: what devices here are told live begins there.
    """
    state = dataclasses.replace(state, runs=list(state.runs))
    if state.first:
        state.first = False
        state.target = min(tx.cursor(), cursor_max)
        state.removals = _removals(tx, state)
        state.me = _changed_me(tx, state.wish)
    clock = tx.cursor()
    removals, room = _take_removals(state)
    me, room = _take_me(state, room)
    heads = [] if state.removals or state.me else _take(tx, state, clock, room)
    if not heads and not removals and me is None and state.target == state.wish.cursor:
        return Page(None, False, clock), state
    more = bool(state.runs)
    # Before the first head the position is the target: what lies above is listed again anyway.
    at = state.runs[0] if more else Bounds(0, 0, 0)
    below = (min(at.below_clock, state.target), at.below_alias) if more else (0, 0)
    frame = encode(Heads(clock, heads, state.target, int(more), *below, removals, me))
    is_news = more or bool(heads or removals) or me is not None
    return Page(frame, more, clock, is_news), state


def _take_removals(state: Listing) -> tuple[list[Removal], int]:
    """Removals for one page, and the room that they leave."""
    room = _ROOM
    for count, removal in enumerate(state.removals):
        size = len(encode(removal))
        if size > room:
            taken, state.removals = state.removals[:count], state.removals[count:]
            return taken, 0
        room -= size
    taken, state.removals = state.removals, []
    return taken, room


def _take_me(state: Listing, room: int) -> tuple[Me | None, int]:
    """The user's own head if it fits, and the room that it leaves; a large one stands alone."""
    me = state.me
    if me is None or state.removals:
        return None, room
    room -= len(encode(me))
    if room < 0 and room + len(encode(me)) < _ROOM:
        return None, 0
    state.me = None
    return me, room


def _take(tx: Transaction, state: Listing, clock: int, room: int) -> list[WireHead]:
    """Heads for one page; the runs that are left are the state's."""
    runs, heads = state.runs, list[WireHead]()
    is_empty = room == _ROOM
    while runs:
        found = listing.heads_page(tx, state.wish.user_id, runs[0], HEADS_READ)
        for head in found:
            wire = wire_head(tx, head, state.wish, clock)
            if state.reset:
                wire = replace(wire, flags=wire.flags | HeadFlag.RESET)
            room -= len(encode(wire))
            if room < 0 and not is_empty:
                return heads
            is_empty = False
            heads.append(wire)
            runs[0] = runs[0]._replace(below_clock=head.clock, below_alias=head.member.alias)
        if len(found) < HEADS_READ:
            del runs[0]
    return heads


def _removals(tx: Transaction, state: Listing) -> list[Removal]:
    since = state.wish.cursor or state.runs[0].cursor  # or what a listing cut short had listed
    if not since:
        return []
    runs = messages.removals_since(tx, state.wish.user_id, since, REMOVALS_MAX)
    if sum(run.last - run.first + 1 for run in runs) >= REMOVALS_MAX:
        state.reset = True
        return []
    return [Removal(*run) for run in runs]


def _changed_me(tx: Transaction, wish: Wish) -> Me | None:
    account = accounts.account(tx, wish.user_id)
    assert account is not None
    return read_me(tx, wish.user_id) if account.clock >= wish.cursor else None


def read_me(tx: Transaction, user_id: int) -> Me:
    """The user's own head."""
    name = accounts.names(tx, [user_id])[user_id]
    return Me(user_id, name, accounts.blocked_by(tx, user_id))


def read_heads(
    tx: Transaction, wish: Wish, chat_ids: list[int], request: int = 0
) -> tuple[bytes, list[int]]:
    """The heads of these chats as they are now, outside a listing.

    Returns an encoded page and the chats that had no room in it. The last page, which may
    be the only one, answers the request.
    """
    clock = tx.cursor()
    heads = list[WireHead]()
    room = _ROOM
    for chat_id in chat_ids:
        head = listing.head(tx, wish.user_id, chat_id)
        if head is None:
            wire = WireHead(chat_id, 0, 0, flags=HeadFlag.GONE)
        else:
            wire = wire_head(tx, head, wish, clock)
        room -= len(encode(wire))
        if room < 0 and heads:
            return encode(Heads(clock, heads)), chat_ids[len(heads) :]
        heads.append(wire)
    return encode(Heads(clock, heads, request=request)), []


def wire_head(tx: Transaction, head: Head, wish: Wish, clock: int) -> WireHead:
    """A head as its reader may see it, on a page with this clock; it fits into a page.

    Its rows are as many as are wanted and fit, and one at least.
    """
    chat, member = head.chat, head.member
    age = max(0, clock - head.clock)
    if member.state != MemberState.ACTIVE:
        return WireHead(chat.id, member.alias, age, flags=HeadFlag.GONE)
    first = max(member.visible_from_seq, chat.first_seq)
    read_seq = max(member.read_seq, member.joined_seq)
    unread = messages.unread(tx, chat.id, chat.last_seq, max(read_seq, first - 1))
    reader = Reader(wish.user_id, chat.kind == ChatKind.DIRECT, first)
    wanted = max(1, min(wish.tail, unread, TAIL_MAX))
    peer, title, flags = _face(tx, chat, wish.user_id)
    tail = [shown(row, reader) for row in messages.latest(tx, chat.id, first, wanted)]
    rows = newest_within(tail, _ROOM - _BARE_HEAD_BYTES - len(title.encode()))
    shared = rights.shares_marks(chat.kind, chat.member_count)
    read, delivered = members.peers_marks(tx, chat.id, wish.user_id) if shared else (0, 0)
    flags |= HeadFlag.SHARED_MARKS if shared else 0
    flags |= HeadFlag.RESET if 0 < wish.cursor <= member.access_clock else 0
    return WireHead(
        chat.id, member.alias, age, chat.kind, flags, chat.last_seq, chat.changes, unread,
        max(0, chat.last_seq - read_seq), in_head(rows, chat.last_seq), title, peer,
        chat.last_seq - min(read, chat.last_seq) if shared else 0,
        chat.last_seq - min(max(read, delivered), chat.last_seq) if shared else 0,
        member.role, chat.member_count if chat.kind == ChatKind.GROUP else 0,
        0 if first == 1 else first,
    )  # fmt: skip


def _face(tx: Transaction, chat: Chat, user_id: int) -> tuple[int, str, int]:
    """(peer, title, flags) of a chat for one of its members."""
    if chat.kind != ChatKind.DIRECT:
        return 0, chat.title, 0
    low, _, high = (chat.direct_key or "").partition(":")
    peer = accounts.account(tx, int(high) if int(low) == user_id else int(low))
    assert peer is not None
    is_away = peer.suspended_at or accounts.is_blocked(tx, peer.id, user_id)
    return peer.id, peer.name, HeadFlag.UNREACHABLE if is_away else 0
