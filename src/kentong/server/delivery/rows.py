"""Stored rows as a reader may see them."""

from itertools import pairwise
from typing import NamedTuple

from msgspec.structs import replace

from kentong.protocol.codec import encode
from kentong.protocol.limits import PREVIEW_CHARS_MAX
from kentong.protocol.messages import Row
from kentong.server.model import StoredRow


class Reader(NamedTuple):
    """Who looks at a chat, and from where on."""

    user_id: int
    direct: bool
    visible_from: int


def shown(row: StoredRow, reader: Reader) -> Row:
    """The row with absolute position and time, stripped of what the reader may not see."""
    own = row.author_id == reader.user_id
    return Row(
        seq=row.seq,
        at=row.sent_at,
        author=0 if reader.direct and not own else row.author_id,
        text=row.text,
        kind=row.kind,
        reply_to=row.reply_to if row.reply_to >= reader.visible_from else 0,
        edited=row.edited,
        subject=row.subject_id,
        outbox=row.outbox if own else 0,
        number=row.number if own else 0,
    )


def shortened(row: Row) -> Row:
    """The row with no more text than a preview needs."""
    if len(row.text) <= PREVIEW_CHARS_MAX:
        return row
    return replace(row, text=row.text[:PREVIEW_CHARS_MAX], cut=1)


def as_differences(rows: list[Row]) -> list[Row]:
    """Ascending rows as they travel: all but the first as differences to the one before.

    Times may run backwards by a clock that was set; a difference never is below 0.
    """
    result = rows[:1]
    at = rows[0].at if rows else 0
    for before, row in pairwise(rows):
        later = max(0, row.at - at)
        at += later
        result.append(replace(row, seq=row.seq - before.seq, at=later))
    return result


def newest_within(rows: list[Row], room: int) -> list[Row]:
    """The newest of ascending rows that fit into so many bytes as a head has them; one at least."""
    for count, row in enumerate(reversed(rows)):
        room -= len(encode(shortened(row)))
        if room < 0 and count:
            return rows[-count:]
    return rows


def in_head(rows: list[Row], last_seq: int) -> list[Row]:
    """Ascending rows as they stand in a head: shortened, the first counted back."""
    cut = as_differences([shortened(row) for row in rows])
    if cut:
        cut[0] = replace(cut[0], seq=last_seq - rows[0].seq)
    return cut
