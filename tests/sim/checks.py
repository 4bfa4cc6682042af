"""The invariants, checked when the storm is over."""

from collections import defaultdict
from collections.abc import Collection
from typing import NamedTuple

from kentong.client.messenger import Messenger
from kentong.client.views import ChatView, RowView
from kentong.protocol.messages import HeadFlag, RowKind
from kentong.server.model import MemberState, StoredRow
from kentong.server.storage.engine import Transaction
from tests.sim.invariants import Broken, Invariant
from tests.sim.phone import Phone, Written
from tests.sim.village import Village


class Truth(NamedTuple):
    """What the server has."""

    rows: dict[int, dict[int, StoredRow]]  # by chat and seq
    places: dict[tuple[int, int], tuple[int, int]]  # (chat, user): (state, visible_from)


def read_truth(tx: Transaction) -> Truth:
    """Everything that the checks compare with."""
    rows: dict[int, dict[int, StoredRow]] = defaultdict(dict)
    for chat, *row in tx.all(
        "SELECT chat_id, seq, version, author_id, sent_at, kind, text, reply_to, edited, "
        "subject_id, outbox, number FROM messages"
    ):
        rows[chat][row[0]] = StoredRow(*row)
    places = tx.all("SELECT chat_id, user_id, state, visible_from_seq FROM members")
    return Truth(rows, {(chat, user): (state, seen) for chat, user, state, seen in places})


def count_rows(truth: Truth, kinds: Collection[RowKind]) -> int:
    """How many rows of these kinds there are."""
    return sum(row.kind in kinds for rows in truth.rows.values() for row in rows.values())


# -- What was written -------------------------------------------------------------------


def written_counts(village: Village, truth: Truth) -> None:
    """DURABLE and ONCE: acknowledged is there; all of it is there, once, in order."""
    found: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for chat, rows in truth.rows.items():
        for row in rows.values():
            if row.kind == RowKind.TEXT:
                found[row.text.split("#")[0]].append((chat, row.seq))
    for text, places in found.items():
        if len(places) > 1:
            raise Broken(Invariant.ONCE, f"{text!r} is there {len(places)} times: {places}")
    for phone in village.phones:
        for written in phone.written:
            _counts(village, phone, written, found)
        _ordered(phone, found)


def _counts(
    village: Village, phone: Phone, written: Written, found: dict[str, list[tuple[int, int]]]
) -> None:
    told = phone.acknowledged(written)
    if written.text in found:
        ((_, seq),) = found[written.text]
        if told not in (0, seq):
            what = f"{written.text!r} stands at {seq}, acknowledged was {told}"
            raise Broken(Invariant.DURABLE, what)
    elif written.text not in village.deleted:
        if told:
            what = f"{written.text!r} was acknowledged as {told} and is lost"
            raise Broken(Invariant.DURABLE, what)
        if not written.forgotten and not phone.was_refused(written):
            raise Broken(Invariant.ONCE, f"{written.text!r} of {phone.name} never took effect")


def _ordered(phone: Phone, found: dict[str, list[tuple[int, int]]]) -> None:
    """What one device wrote to one chat stands there in the order of writing."""
    last: dict[int, tuple[int, str]] = {}
    for written in phone.written:
        for chat, seq in found.get(written.text, ()):
            before = last.get(chat, (0, ""))
            if seq < before[0]:
                raise Broken(Invariant.ONCE, f"{written.text!r} stands before {before[1]!r}")
            last[chat] = (seq, written.text)


# -- What a device shows ----------------------------------------------------------------


def never_unfounded(village: Village) -> None:
    """SAME: only another database makes a device forget what it knows."""
    if village.unfounded_resets:
        names = ", ".join(sorted(set(village.unfounded_resets)))
        raise Broken(Invariant.SAME, f"{names} had to drop everything, and nothing was restored")


def kept_is_true(phone: Phone, truth: Truth) -> None:
    """SAME and RIGHTS: what a device keeps is what the server has and lets it see."""
    messenger = phone.running
    for chat in messenger.chats():
        state, visible_from = truth.places[chat.id, phone.user]
        if state != MemberState.ACTIVE:
            raise Broken(Invariant.RIGHTS, f"{phone.name} still shows chat {chat.id}")
        for row in messenger.rows(chat.id, 1, chat.last_seq):
            stored = truth.rows[chat.id].get(row.seq)
            if stored is None or row.seq < visible_from:
                what = f"{phone.name} shows row {row.seq} of {chat.id}, which it may not see"
                raise Broken(Invariant.RIGHTS, what)
            _same_row(phone, row, stored)


def _same_row(phone: Phone, row: RowView, stored: StoredRow) -> None:
    text = row.text if row.cut else stored.text
    shown = (row.text, row.kind, row.author, row.edited, row.subject)
    kept = (text, stored.kind, stored.author_id, bool(stored.edited), stored.subject_id)
    if shown != kept:
        is_taken = stored.kind == RowKind.DELETED
        what = f"{phone.name} shows {shown} at {row.seq} of {row.chat}, kept is {kept}"
        raise Broken(Invariant.RIGHTS if is_taken else Invariant.SAME, what)


def same_heads(veteran: Messenger, newcomer: Messenger) -> None:
    """SAME: a device that followed ends where one that starts from nothing ends."""
    mine = {chat.id: _face(chat) for chat in veteran.chats()}
    fresh = {chat.id: _face(chat) for chat in newcomer.chats()}
    for chat in mine.keys() | fresh.keys():
        if mine.get(chat) != fresh.get(chat):
            what = f"head of {chat}: {mine.get(chat)} is shown, {fresh.get(chat)} is fresh"
            raise Broken(Invariant.SAME, what)
    if veteran.own != newcomer.own:
        what = f"own head: {veteran.own} is shown, {newcomer.own} is fresh"
        raise Broken(Invariant.SAME, what)


def _face(chat: ChatView) -> tuple[object, ...]:
    return (
        chat.kind, chat.flags & ~HeadFlag.RESET, chat.last_seq, chat.changes, chat.unread,
        chat.read_seq, chat.title, chat.peer, chat.peer_read_seq, chat.peer_delivered_seq,
        chat.role, chat.member_count, chat.first_seq,
    )  # fmt: skip
