"""The four invariants, checked when the storm is over."""

from collections import defaultdict
from typing import NamedTuple

from kentong.client.messenger import Messenger
from kentong.client.views import ChatView, RowView
from kentong.protocol.messages import Accepted, RowKind
from kentong.server.model import MemberState, StoredRow
from kentong.server.storage.engine import Transaction
from tests.sim.people import Phone, Village, Written


class Broken(AssertionError):
    """An invariant does not hold."""


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


def once(village: Village, truth: Truth) -> None:
    """Invariants 1 and 2: acknowledged is there; nothing twice; order kept."""
    found: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for chat, rows in truth.rows.items():
        for row in rows.values():
            if row.kind == RowKind.TEXT:
                found[row.text.split("#")[0]].append((chat, row.seq))
    for text, places in found.items():
        if len(places) > 1:
            raise Broken(f"{text!r} is there {len(places)} times: {places}")
    for phone in village.phones:
        _acknowledged(village, phone, truth, found)
        _ordered(phone, found)


def _acknowledged(
    village: Village, phone: Phone, truth: Truth, found: dict[str, list[tuple[int, int]]]
) -> None:
    for written in phone.written:
        if not written.seq or written.dropped or village.host.restored:
            continue  # what a restored server lost comes again with another seq: see below
        if written.text in found:
            ((_, seq),) = found[written.text]
            if seq != written.seq:
                raise Broken(f"{written.text!r} stands at {seq}, acknowledged was {written.seq}")
        elif not _was_deleted(truth, written):
            raise Broken(f"{written.text!r} was acknowledged as {written.seq} and is lost")


def _was_deleted(truth: Truth, written: Written) -> bool:
    return any(
        written.seq in rows and rows[written.seq].kind == RowKind.DELETED
        for rows in truth.rows.values()
    )


def _ordered(phone: Phone, found: dict[str, list[tuple[int, int]]]) -> None:
    """What one device wrote to one chat stands there in the order of writing."""
    last: dict[int, tuple[int, str]] = {}
    for written in phone.written:
        for chat, seq in found.get(written.text, ()):
            before = last.get(chat, (0, ""))
            if seq < before[0]:
                raise Broken(f"{written.text!r} stands before {before[1]!r}")
            last[chat] = (seq, written.text)


def nothing_waits(village: Village) -> None:
    """With the network back everything leaves, with nothing for the user to do."""
    for phone in village.phones:
        assert phone.messenger is not None
        left = phone.messenger.store.outbox.unanswered()
        if left:
            raise Broken(f"{phone.name} still has {len(left)} commands in its outbox")


def kept_is_true(phone: Phone, truth: Truth) -> None:
    """Invariants 3 and 4: what a device keeps is what the server has and lets it see."""
    messenger = phone.messenger
    assert messenger is not None
    for chat in messenger.chats():
        state, visible_from = truth.places[chat.id, phone.user]
        if state != MemberState.ACTIVE:
            raise Broken(f"{phone.name} still shows chat {chat.id}")
        for row in messenger.rows(chat.id, 1, chat.last_seq):
            stored = truth.rows[chat.id].get(row.seq)
            if stored is None or row.seq < visible_from:
                raise Broken(f"{phone.name} shows row {row.seq} of {chat.id}, which it may not see")
            _same_row(phone, row, stored)


def _same_row(phone: Phone, row: RowView, stored: StoredRow) -> None:
    text = row.text if row.cut else stored.text
    shown = (row.text, row.kind, row.author, row.edited, row.subject)
    kept = (text, stored.kind, stored.author_id, bool(stored.edited), stored.subject_id)
    if shown != kept:
        raise Broken(f"{phone.name} shows {shown} at {row.seq} of {row.chat}, kept is {kept}")


def same_heads(veteran: Messenger, newcomer: Messenger) -> None:
    """Invariant 3: a device that followed ends where one that starts from nothing ends."""
    mine = {chat.id: _face(chat) for chat in veteran.chats()}
    fresh = {chat.id: _face(chat) for chat in newcomer.chats()}
    for chat in mine.keys() | fresh.keys():
        if mine.get(chat) != fresh.get(chat):
            raise Broken(f"head of {chat}: {mine.get(chat)} is shown, {fresh.get(chat)} is fresh")
    if veteran.own != newcomer.own:
        raise Broken(f"own head: {veteran.own} is shown, {newcomer.own} is fresh")


def _face(chat: ChatView) -> tuple[object, ...]:
    return (
        chat.kind, chat.flags & ~2, chat.last_seq, chat.changes, chat.unread, chat.read_seq,
        chat.title, chat.peer, chat.peer_read_seq, chat.peer_delivered_seq, chat.role,
        chat.member_count, chat.first_seq,
    )  # fmt: skip


def _kept_as_accepted(phone: Phone, written: Written) -> bool:
    """False: queued again after a restore it was refused, or its chat was lost."""
    assert phone.messenger is not None
    entry = phone.messenger.store.outbox.entry(written.key)
    return entry is not None and isinstance(entry.answer, Accepted)


def kept_survives_a_restore(village: Village, truth: Truth) -> None:
    """After a restore every text that its author's device still has is on the server."""
    texts = {
        row.text.split("#")[0]
        for rows in truth.rows.values()
        for row in rows.values()
        if row.kind == RowKind.TEXT
    }
    for phone in village.phones:
        for written in phone.written:
            known = written.text in texts or written.dropped or _was_deleted(truth, written)
            known = known or not _kept_as_accepted(phone, written)
            if written.seq and not known and not phone.ever_cloned:
                raise Broken(f"{written.text!r} of {phone.name} did not come back")
