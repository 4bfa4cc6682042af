"""Rows asked for, in pages that fit a slow link."""

from kentong.protocol.codec import encode, pack_rows
from kentong.protocol.limits import ROWS_BYTES_MAX
from kentong.protocol.messages import GetRange, Row, Rows
from kentong.server.access import Context
from kentong.server.delivery.rows import as_differences, shown

_ROW_BYTES = 12  # of a row besides its text


def read_range(context: Context, request: GetRange, deflate: bool) -> list[bytes]:
    """The answer to GetRange: one or more encoded Rows pages. Raises as `history.get_range`."""
    place, stored = history.get_range(context, request)
    pages = _pages([shown(row, reader) for row in stored])
    version = place.chat.version
    frames = []
    for index, rows in enumerate(pages):
        packed, deflated = pack_rows(as_differences(rows), deflate)
        more = int(index + 1 < len(pages))
        frames.append(encode(Rows(request.request, place.chat.id, version, packed, deflated, more)))
    return frames


def _pages(rows: list[Row]) -> list[list[Row]]:
    """Rows in runs of at most ROWS_BYTES_MAX; at least one run, a long row makes one alone."""
    pages: list[list[Row]] = [[]]
    room = ROWS_BYTES_MAX
    for row in rows:
        size = _ROW_BYTES + len(row.text.encode())
        if size > room and pages[-1]:
            pages.append([])
            room = ROWS_BYTES_MAX
        pages[-1].append(row)
        room -= size
    return pages
