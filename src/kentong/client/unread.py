"""How many texts of a chat are unread, as far as the rows that are kept here tell."""

from collections.abc import Iterable
from dataclasses import replace

from kentong.client import windows
from kentong.client.timeline import Timeline
from kentong.client.views import ChatView, RowView
from kentong.protocol.limits import UNREAD_MAX
from kentong.protocol.messages import Changed, RowKind


def after(timeline: Timeline, chat: ChatView, seq: int, own_user: int) -> int | None:
    """How many texts of others stand after `seq`; None: some rows are not known here."""
    span = (seq + 1, chat.last_seq)
    if seq < chat.last_seq and windows.to_ask(timeline.windows(chat.id), span, chat.version):
        return None
    rows = timeline.rows(chat.id, *span)
    return min(sum(row.kind == RowKind.TEXT and row.author != own_user for row in rows), UNREAD_MAX)


def count(chat: ChatView, rows: Iterable[RowView], own_user: int) -> ChatView:
    """The chat with its marks and unread count after these rows came or changed.

    Who writes a text has read and received all up to it.
    """
    for row in rows:
        is_new = row.seq > chat.last_seq and row.kind in (RowKind.TEXT, RowKind.DELETED)
        if is_new and row.author == own_user:
            chat = replace(chat, unread=0, read_seq=row.seq, read_wanted=0)
        elif is_new:
            counts = int(row.kind == RowKind.TEXT)
            chat = replace(chat, unread=min(chat.unread + counts, UNREAD_MAX))
            if chat.shares_marks:
                chat = replace(
                    chat,
                    peer_read_seq=max(chat.peer_read_seq, row.seq),
                    peer_delivered_seq=max(chat.peer_delivered_seq, row.seq),
                )
        elif row.is_deleted and chat.read_seq < row.seq <= chat.last_seq:
            chat = replace(chat, unread=max(chat.unread - 1, 0))
    return chat


def is_unsure(chat: ChatView, changed: Changed, rows: Iterable[RowView]) -> bool:
    """Whether it can't be told if what became a tombstone counted as unread."""
    is_vague = changed.base < chat.version or chat.unread >= UNREAD_MAX
    return is_vague and any(row.is_deleted for row in rows)
