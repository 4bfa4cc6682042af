"""What a change to a chat looks like on the wire, encoded once for all who get it."""

from typing import NamedTuple, Protocol

import msgspec

from kentong.protocol.codec import encode
from kentong.protocol.messages import Changed, Marked, Posted
from kentong.server.delivery.rows import Reader, as_differences, shown
from kentong.server.model import StoredRow

_pack = msgspec.msgpack.Encoder().encode
_ALIAS_AT = 2  # a frame is: array header, tag, alias; an alias of 0 takes one byte


def for_alias(frame: bytes, alias: int) -> bytes:
    """The frame for a user who calls the chat by this alias."""
    return frame[:_ALIAS_AT] + _pack(alias) + frame[_ALIAS_AT + 1 :]


class Writer(Protocol):
    """A device, as far as it matters what it wrote itself."""

    def wrote(self, outbox: int, number: int) -> bool:
        """Whether this very connection said that command: the answer tells it all."""


class Delta(Protocol):
    """One step from one state of a chat to a later one."""

    def frame(self, reader: Reader, device: Writer) -> bytes | None:
        """What this reader's device gets, still without alias; None: it knows already."""


class NewText:
    """A new text on top of everything before."""

    def __init__(self, row: StoredRow, changes: int, later: int) -> None:
        self._row = row
        self._changes = changes
        self._later = later
        self._frames: dict[tuple[bool, bool], bytes] = {}

    def frame(self, reader: Reader, device: Writer) -> bytes | None:
        """See Delta."""
        row = self._row
        own = row.author_id == reader.user_id
        if own and device.wrote(row.outbox, row.number):
            return None
        key = (own, row.reply_to >= reader.visible_from)
        frame = self._frames.get(key)
        if frame is None:
            seen = shown(row, reader)
            frame = self._frames[key] = encode(
                Posted(
                    alias=0, seq=seen.seq, changes=self._changes, later=self._later,
                    author=seen.author, text=seen.text, reply_to=seen.reply_to,
                    outbox=seen.outbox, number=seen.number,
                )
            )  # fmt: skip
        return frame


class Rewritten:
    """Rows that are new or changed, with whatever else happened meanwhile."""

    def __init__(self, rows: list[StoredRow], changed: Changed) -> None:
        self._rows = rows
        self._changed = changed
        self._frames: dict[Reader, bytes] = {}

    def frame(self, reader: Reader, device: Writer) -> bytes | None:
        """See Delta."""
        frame = self._frames.get(key := self._bucket(reader))
        if frame is None:
            rows = [shown(row, reader) for row in self._rows if row.seq >= reader.visible_from]
            changed = msgspec.structs.replace(self._changed, rows=as_differences(rows))
            frame = self._frames[key] = encode(changed)
        return frame

    def _bucket(self, reader: Reader) -> Reader:
        """Readers who see the same: strangers to the rows share one encoding."""
        first = min((min(row.seq, row.reply_to or row.seq) for row in self._rows), default=1)
        visible_from = 1 if reader.visible_from <= first else reader.visible_from
        if any(row.author_id == reader.user_id for row in self._rows):
            return Reader(reader.user_id, reader.direct, visible_from)
        return Reader(0, reader.direct, visible_from)


class Mark(NamedTuple):
    """How far one member is."""

    user_id: int
    read_seq: int
    delivered_seq: int


class NewMarks:
    """Read and delivered marks moved. Each reader is told the furthest of the others."""

    def __init__(self, marks: list[Mark], marked: Marked) -> None:
        self._marks = marks
        self._marked = marked

    def frame(self, reader: Reader, device: Writer) -> bytes | None:
        """See Delta."""
        last_seq = self._marked.last_seq
        others = [mark for mark in self._marks if mark.user_id != reader.user_id]
        read = max((mark.read_seq for mark in others), default=0)
        delivered = max((mark.delivered_seq for mark in others), default=0)
        return encode(
            msgspec.structs.replace(
                self._marked,
                read_back=last_seq - min(read, last_seq),
                delivered_back=last_seq - min(max(delivered, read), last_seq),
            )
        )
