"""The rows of chats that a device keeps, and the windows that say how exact they are."""
# ruff: noqa: S608 - SQL is put together from constants

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from kentong.client import windows
from kentong.client.database import Database
from kentong.client.views import RowView
from kentong.client.windows import Span, Window
from kentong.protocol.messages import RowKind

_COLUMNS = "chat, seq, at, author, text, kind, reply_to, edited, cut, subject"
_SELECT = "SELECT " + _COLUMNS + " FROM rows "
_REPLACE = "INSERT OR REPLACE INTO rows (" + _COLUMNS + ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"


class Timeline:
    """Rows inside a window are exact as of its version; the others are only previews."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def row(self, chat: int, seq: int) -> RowView | None:
        """The row as it is kept, perhaps only as a preview."""
        found = self.rows(chat, seq, seq)
        return found[0] if found else None

    def rows(self, chat: int, first: int, last: int) -> list[RowView]:
        """The rows that are kept of first..last, ascending."""
        found = self._database.all(
            _SELECT + "WHERE chat = ? AND seq BETWEEN ? AND ? ORDER BY seq", (chat, first, last)
        )
        return [_row_view(values) for values in found]

    def windows(self, chat: int) -> list[Window]:
        """The windows of a chat, ascending."""
        found = self._database.all(
            "SELECT first, last, as_of FROM windows WHERE chat = ? ORDER BY first", (chat,)
        )
        return [Window(*values) for values in found]

    def put(self, chat: int, rows: Iterable[RowView], version: int) -> list[RowView]:
        """Keep rows that are exact as of `version`; returns those that say something new.

        A tombstone is final, what is known of a later version stays, and a preview
        never replaces a row inside a window.
        """
        kept = self.windows(chat)
        changed = []
        for row in rows:
            known_as_of = windows.as_of(kept, row.seq)
            if known_as_of is not None and (row.cut or known_as_of > version):
                continue
            before = self.row(chat, row.seq)
            if before == row or (before and before.is_deleted and not row.is_deleted):
                continue
            self._write(row)
            changed.append(row)
        return changed

    def _write(self, row: RowView) -> None:
        values = (row.chat, row.seq, row.at, row.author, row.text, row.kind, row.reply_to)
        self._database.run(
            _REPLACE,
            (*values, int(row.edited), int(row.cut), row.subject),
        )

    def cover(self, chat: int, spans: Iterable[Span], version: int) -> None:
        """These runs are exact as of `version` from now on."""
        before = after = self.windows(chat)
        for first, last in spans:
            after = windows.add(after, Window(first, last, version))
        self._save(chat, before, after)

    def promote(self, chat: int, base: int, version: int) -> None:
        """The windows that were exact at `base` are exact at `version`."""
        before = self.windows(chat)
        self._save(chat, before, windows.promote(before, base, version))

    def _save(self, chat: int, before: Sequence[Window], after: Sequence[Window]) -> None:
        if before == after:
            return
        self._database.run("DELETE FROM windows WHERE chat = ?", (chat,))
        self._database.run_many(
            "INSERT INTO windows (chat, first, last, as_of) VALUES (?, ?, ?, ?)",
            [(chat, window.first, window.last, window.as_of) for window in after],
        )

    def wipe(self, chat: int, first: int, last: int) -> list[RowView]:
        """Make tombstones of the rows kept of first..last; returns those that were none."""
        wiped = [
            replace(row, text="", kind=RowKind.DELETED, reply_to=0, edited=False, cut=False)
            for row in self.rows(chat, first, last)
            if not row.is_deleted
        ]
        for row in wiped:
            self._write(row)
        return wiped

    def drop(self, chat: int) -> None:
        """Forget every row of a chat."""
        self._database.run("DELETE FROM rows WHERE chat = ?", (chat,))
        self._database.run("DELETE FROM windows WHERE chat = ?", (chat,))

    def drop_below(self, chat: int, first: int) -> None:
        """Forget the rows below `first`."""
        self._database.run("DELETE FROM rows WHERE chat = ? AND seq < ?", (chat, first))
        before = self.windows(chat)
        self._save(chat, before, windows.clip(before, first))

    def drop_old_previews(self, chat: int, last_seq: int) -> None:
        """Forget previews of rows that are not the newest any more."""
        self._database.run(
            "DELETE FROM rows WHERE chat = ?1 AND seq <> ?2 AND NOT EXISTS (SELECT 1 FROM windows"
            " WHERE windows.chat = ?1 AND rows.seq BETWEEN windows.first AND windows.last)",
            (chat, last_seq),
        )

    def forget_windows(self) -> None:
        """Nothing kept is known to be exact any more; only newest rows stay, as previews."""
        self._database.run("DELETE FROM windows")
        self._database.run(
            "DELETE FROM rows WHERE seq <>"
            " (SELECT last_seq FROM heads WHERE heads.chat = rows.chat)"
        )


def _row_view(values: tuple[Any, ...]) -> RowView:
    chat, seq, at, author, text, kind, reply_to, edited, cut, subject = values
    return RowView(chat, seq, at, author, text, kind, reply_to, bool(edited), bool(cut), subject)
