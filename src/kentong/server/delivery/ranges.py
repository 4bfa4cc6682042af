"""Rows asked for, in pages that fit a slow link."""

from kentong.protocol.codec import encode, pack_rows
from kentong.protocol.errors import ErrorCode, Refused
from kentong.protocol.limits import RANGE_ROWS_MAX, ROWS_BYTES_MAX, ROWS_BYTES_MIN
from kentong.protocol.messages import ChatKind, GetRange, Row, Rows
from kentong.server import access
from kentong.server.access import Context
from kentong.server.delivery.rows import Reader, as_differences, shown
from kentong.server.storage import messages

_ROW_BYTES = 12  # of a row besides its text
_PAGES_IN_WINDOW = 2


def page_bytes(window: int) -> int:
    """How large pages of rows are best under a credit window: half of it, before deflating."""
    return max(ROWS_BYTES_MIN, min(ROWS_BYTES_MAX, window // _PAGES_IN_WINDOW))


def read_range(
    context: Context, request: GetRange, deflate: bool, page_bytes_max: int
) -> list[bytes]:
    """The answer to GetRange: the rows that the caller may see, as encoded Rows pages.

    Raises: Refused(NOT_FOUND), Refused(TOO_LARGE): more than RANGE_ROWS_MAX rows asked for.
    """
    place = access.look(context, request.chat)
    if request.last - request.first >= RANGE_ROWS_MAX:
        raise Refused(ErrorCode.TOO_LARGE)
    first = max(request.first, place.member.visible_from_seq, place.chat.first_seq)
    stored = messages.range_rows(
        context.tx, place.chat.id, (first, request.last), request.as_of, RANGE_ROWS_MAX
    )
    direct = place.chat.kind == ChatKind.DIRECT
    reader = Reader(context.caller.user_id, direct, place.member.visible_from_seq)
    pages = _pages([shown(row, reader) for row in stored], page_bytes_max)
    version = place.chat.version
    frames = []
    for index, rows in enumerate(pages):
        packed, deflated = pack_rows(as_differences(rows), deflate)
        more = int(index + 1 < len(pages))
        frames.append(encode(Rows(request.request, place.chat.id, version, packed, deflated, more)))
    return frames


def _pages(rows: list[Row], bytes_max: int) -> list[list[Row]]:
    """Rows in runs of so many bytes at most; at least one run, a long row makes one alone."""
    pages: list[list[Row]] = [[]]
    room = bytes_max
    for row in rows:
        size = _ROW_BYTES + len(row.text.encode())
        if size > room and pages[-1]:
            pages.append([])
            room = bytes_max
        pages[-1].append(row)
        room -= size
    return pages
