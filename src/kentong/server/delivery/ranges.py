"""Rows asked for, in pages that fit a slow link."""

from typing import NamedTuple

from kentong.protocol.codec import encode, pack_rows
from kentong.protocol.errors import ErrorCode, Refused
from kentong.protocol.limits import RANGE_ROWS_MAX, ROWS_BYTES_MAX, ROWS_BYTES_MIN
from kentong.protocol.messages import ChatKind, GetRange, Rows
from kentong.server import access
from kentong.server.access import Context
from kentong.server.delivery.rows import Reader, as_differences, shown
from kentong.server.model import StoredRow
from kentong.server.storage import messages

_ROW_BYTES = 12  # of a row besides its text
_ROWS_READ = 16  # at once: a page may hold only one
_PAGES_IN_WINDOW = 2


def page_bytes(window: int) -> int:
    """How large pages of rows are best under a credit window: half of it, before deflating."""
    return max(ROWS_BYTES_MIN, min(ROWS_BYTES_MAX, window // _PAGES_IN_WINDOW))


class Run(NamedTuple):
    """What is left of a GetRange."""

    request: GetRange
    first: int
    as_of: int | None = None  # the version at the first page, which all are exact as of


def read_page(
    context: Context, run: Run, page_bytes_max: int, deflate: bool
) -> tuple[bytes, Run | None]:
    """A page of the answer to GetRange, encoded, with the rows that the caller may see.

    Returns also what is left; None: this was the last page. Later pages may show newer
    rows than `as_of`: nothing is missing of what changed up to it.

    Raises: Refused(NOT_FOUND), Refused(TOO_LARGE): more than RANGE_ROWS_MAX rows asked for.
    """
    request = run.request
    place = access.look(context, request.chat)
    if request.last - request.first >= RANGE_ROWS_MAX:
        raise Refused(ErrorCode.TOO_LARGE)
    as_of = place.chat.version if run.as_of is None else run.as_of
    first = max(run.first, place.member.visible_from_seq, place.chat.first_seq)
    direct = place.chat.kind == ChatKind.DIRECT
    reader = Reader(context.caller.user_id, direct, place.member.visible_from_seq)
    stored, next_seq = _page(context, run._replace(first=first), page_bytes_max)
    rows = [shown(row, reader) for row in stored]
    packed, deflated = pack_rows(as_differences(rows), deflate)
    page = Rows(request.request, place.chat.id, as_of, packed, deflated, int(next_seq > 0))
    return encode(page), Run(request, next_seq, as_of) if next_seq else None


def _page(context: Context, run: Run, bytes_max: int) -> tuple[list[StoredRow], int]:
    """Rows of so many bytes at most, a longer one alone; and where the next page begins, or 0."""
    rows: list[StoredRow] = []
    request, first, room = run.request, run.first, bytes_max
    while True:
        span = (first, request.last)
        found = messages.range_rows(context.tx, request.chat, span, request.as_of, _ROWS_READ)
        for row in found:
            room -= _ROW_BYTES + len(row.text.encode())
            if room < 0 and rows:
                return rows, row.seq
            rows.append(row)
            first = row.seq + 1
        if len(found) < _ROWS_READ:
            return rows, 0
