"""History: rows of a chat from any point."""

from kentong.protocol.errors import ErrorCode, Refused
from kentong.protocol.limits import RANGE_ROWS_MAX
from kentong.protocol.messages import ChatKind, GetRange
from kentong.server import access
from kentong.server.access import Context, Place
from kentong.server.model import StoredRow
from kentong.server.storage import messages


def get_range(context: Context, request: GetRange) -> tuple[Place, list[StoredRow]]:
    """The rows first..last that changed above `as_of` and that the caller may see.

    Raises: Refused(NOT_FOUND), Refused(TOO_LARGE): more than RANGE_ROWS_MAX rows asked for.
    """
    place = access.look(context, request.chat)
    if request.last - request.first >= RANGE_ROWS_MAX:
        raise Refused(ErrorCode.TOO_LARGE)
    first = max(request.first, place.member.visible_from_seq, place.chat.first_seq)
    rows = messages.range_rows(
        context.tx, place.chat.id, (first, request.last), request.as_of, RANGE_ROWS_MAX
    )
    return place, rows


def is_direct(place: Place) -> bool:
    """Whether the chat is one of two people."""
    return place.chat.kind == ChatKind.DIRECT
