"""Messages: send, edit, delete."""

from kentong.protocol.errors import ErrorCode, Refused
from kentong.protocol.messages import (
    Accepted,
    ChatKind,
    DeleteMessage,
    Done,
    EditText,
    SendText,
)
from kentong.server import access
from kentong.server.access import Context
from kentong.server.features import strangers
from kentong.server.model import NewRow
from kentong.server.rules import rights, texts
from kentong.server.rules.rights import Action
from kentong.server.storage import members, messages


def send_text(context: Context, command: SendText) -> Accepted:
    """Post a text, as it is, to a chat the caller is in. It moves the caller's own read mark.

    Raises:
        Refused(TEXT_EMPTY, TEXT_TOO_LONG, TEXT_INVALID)
        Refused(NOT_FOUND): no such chat, or the caller isn't in it.
        Refused(NOT_REACHABLE): the other person takes no messages from the caller.
        Refused(STRANGER_LIMIT): the caller is new, and the other person never answered.
    """
    caller = context.caller
    texts.check_text(command.text, context.config.text_chars_max)
    place = access.change(context, command.chat, Action.POST)
    _check_reach(context, place)
    if place.chat.kind == ChatKind.DIRECT:
        strangers.check_text(context, place.chat)
    reply_to = command.reply_to if access.visible(place, command.reply_to) else 0
    row = NewRow(
        caller.user_id,
        max(context.now_s, place.chat.last_at),  # on the wire, times can't go back
        command.text,
        reply_to=reply_to,
        outbox=caller.outbox,
        number=caller.number,
    )
    seq, changes = messages.append(context.tx, place.chat, row)
    members.mark_posted(context.tx, place.chat.id, caller.user_id, seq)
    return Accepted(seq, changes, row.sent_at)


def edit_text(context: Context, command: EditText) -> Done:
    """Replace the text of an own message.

    Raises:
        Refused(TEXT_EMPTY, TEXT_TOO_LONG, TEXT_INVALID)
        Refused(NOT_FOUND): no such chat or text for the caller.
        Refused(FORBIDDEN): somebody else's.
        Refused(NOT_REACHABLE): as for a new text; deleting goes on.
    """
    texts.check_text(command.text, context.config.text_chars_max)
    place = access.change(context, command.chat, Action.EDIT_OWN)
    row = access.text_row(context, place, command.seq, command.at)
    if row.author_id != context.caller.user_id:
        raise Refused(ErrorCode.FORBIDDEN)
    _check_reach(context, place)
    if row.text != command.text:
        messages.edit(context.tx, place.chat, command.seq, command.text)
    return Done()


def delete_message(context: Context, command: DeleteMessage) -> Done:
    """Delete a message for everyone: a tombstone stays in its place.

    Raises:
        Refused(NOT_FOUND): no such chat or text for the caller.
        Refused(FORBIDDEN): somebody else's, and the caller doesn't own the group.
    """
    place = access.change(context, command.chat, Action.DELETE_OWN)
    row = access.text_row(context, place, command.seq, command.at)
    if row.author_id != context.caller.user_id and not rights.may(
        ChatKind(place.chat.kind), access.role(place), Action.DELETE_OTHERS
    ):
        raise Refused(ErrorCode.FORBIDDEN)
    messages.tombstone(context.tx, place.chat, command.seq)
    return Done()


def _check_reach(context: Context, place: access.Place) -> None:
    """Check that new words may come before the other person of a direct chat."""
    if place.chat.kind == ChatKind.DIRECT:
        access.reaches(context, peer_of(place, context.caller.user_id))


def peer_of(place: access.Place, user_id: int) -> int:
    """The other person of a direct chat."""
    low, _, high = (place.chat.direct_key or "").partition(":")
    return int(high) if int(low) == user_id else int(low)
