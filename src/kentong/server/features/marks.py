"""Read and delivered marks: said often, never numbered, never moved back."""

from kentong.protocol.errors import Refused
from kentong.protocol.messages import Read, Received
from kentong.server import access
from kentong.server.access import Context, Place
from kentong.server.rules import rights
from kentong.server.rules.rights import Action
from kentong.server.storage import accounts, chats, members


def read(context: Context, notice: Read) -> None:
    """The caller has read a chat up to a position; what they may not read is ignored."""
    try:
        place = access.change(context, notice.chat, Action.READ)
    except Refused:
        return
    if min(notice.seq, place.chat.last_seq) <= place.member.read_seq:
        return  # said again: even a write that changes nothing takes a clock and wakes devices
    if members.set_read(context.tx, place.chat, context.caller.user_id, notice.seq):
        accounts.touch(context.tx, context.caller.user_id)
        _share(context, place)


def received(context: Context, notice: Received) -> None:
    """A device of the caller holds chats up to these positions."""
    for mark in sorted(notice.marks, key=lambda mark: mark.chat):
        try:
            place = access.change(context, mark.chat, Action.READ)
        except Refused:
            continue
        if min(mark.seq, place.chat.last_seq) <= place.member.delivered_seq:
            continue  # as above
        if rights.shares_marks(place.chat.kind, place.chat.member_count) and members.set_delivered(
            context.tx, place.chat, context.caller.user_id, mark.seq
        ):
            _share(context, place)


def _share(context: Context, place: Place) -> None:
    if rights.shares_marks(place.chat.kind, place.chat.member_count):
        chats.touch(context.tx, place.chat.id, marks=True)
