"""The outbox: numbered commands, written before they leave and kept until long after."""
# ruff: noqa: S608 - SQL is put together from constants

import random
from collections.abc import Callable
from typing import Any, Final, cast

from kentong.client import references
from kentong.client.database import Database
from kentong.client.references import Answer, Entry, Renumbering
from kentong.protocol.codec import decode_from_server, encode
from kentong.protocol.errors import ErrorCode, Refused
from kentong.protocol.limits import INTEGER_MAX
from kentong.protocol.messages import Accepted, Command, Refusal, SendText

ANSWERED_KEPT_S: Final = 7 * 86_400  # commands with their answers, for a restored server
LOCAL: Final = 0  # the outbox of commands that were answered here, without the server

_COLUMNS: Final = "key, outbox, number, frame, written_at, answer"


class Outbox:
    """State transitions of the queue; each belongs into a transaction of the store.

    `key` is the order of writing and names a command for good; in chats, seqs and
    references given by the program -key stands for what that command makes.
    """

    def __init__(
        self,
        database: Database,
        number: Callable[[str], int],
        set_number: Callable[[str, int], None],
        source: random.Random,
    ) -> None:
        self._database = database
        self._number = number
        self._set_number = set_number
        self._random = source
        if not self.id:
            self._take(self._random_id())

    @property
    def id(self) -> int:
        """Of the outbox that commands are written to."""
        return self._number("outbox")

    @property
    def next_number(self) -> int:
        """The number that the next command will get."""
        return self._number("outbox_next")

    def _take(self, outbox: int) -> None:
        self._set_number("outbox", outbox)
        self._set_number("outbox_next", 1)

    def _random_id(self) -> int:
        return self._random.randint(1, INTEGER_MAX)

    # -- Writing ------------------------------------------------------------------------

    def add(self, command: Command, now: int) -> int:
        """Give a command its number; returns its key. Its bytes never change afterwards.

        Raises:
            Refused(NOT_FOUND): it is about something that an own refused command should
                have made, or that is not known here.
        """
        translated = references.translate(command, self.entry)
        if translated is None:
            raise Refused(ErrorCode.NOT_FOUND)
        number = self.next_number
        self._set_number("outbox_next", number + 1)
        return self._database.run(
            "INSERT INTO outbox (outbox, number, frame, written_at) VALUES (?, ?, ?, ?)",
            (self.id, number, encode(translated), now),
        )

    # -- Reading ------------------------------------------------------------------------

    def entry(self, key: int) -> Entry | None:
        """The command with this key, None once it is forgotten."""
        return next(iter(self._entries("key = ?", (key,))), None)

    def numbered(self, outbox: int, number: int) -> Entry | None:
        """The command with this number of an outbox."""
        return next(iter(self._entries("outbox = ? AND number = ?", (outbox, number))), None)

    def resolved(self, entry: Entry) -> Command | None:
        """An answered command with the ids of what it refers to; None if its chat has none."""
        return references.resolved(entry, self.numbered)

    def unanswered(self) -> list[Entry]:
        """All commands without an answer, in order."""
        return self._entries("answer IS NULL", ())

    def failed(self) -> list[Entry]:
        """Refused commands that the program has not discarded, in order."""
        answered = self._entries("answer IS NOT NULL AND discarded = 0", ())
        return [entry for entry in answered if isinstance(entry.answer, Refusal)]

    def from_number(self, number: int, limit: int) -> list[Entry]:
        """The current outbox from this number on."""
        return self._entries(
            "outbox = ? AND number >= ? AND answer IS NULL ORDER BY number LIMIT ?",
            (self.id, number, limit),
        )

    def first_unanswered(self) -> int:
        """The number of the first command without an answer, else the next one."""
        row = self._database.one(
            "SELECT MIN(number) FROM outbox WHERE outbox = ? AND answer IS NULL", (self.id,)
        )
        return row[0] if row and row[0] is not None else self.next_number

    def outboxes(self) -> list[int]:
        """The ids of all outboxes that have commands here."""
        found = self._database.all("SELECT DISTINCT outbox FROM outbox WHERE outbox <> ?", (LOCAL,))
        return [outbox for (outbox,) in found]

    def _entries(self, condition: str, parameters: tuple[int, ...]) -> list[Entry]:
        order = "" if "ORDER BY" in condition else " ORDER BY key"
        found = self._database.all(
            f"SELECT {_COLUMNS} FROM outbox WHERE {condition}{order}",
            parameters,
        )
        return [_entry(values) for values in found]

    # -- Answers ------------------------------------------------------------------------

    def answer(self, key: int, answer: Answer, now: int) -> None:
        """Keep the server's answer beside its command."""
        self._database.run(
            "UPDATE outbox SET answer = ?, answered_at = ? WHERE key = ? AND answer IS NULL",
            (encode(answer), now, key),
        )

    def discard(self, key: int) -> None:
        """The program needs to see this refused command no more."""
        self._database.run("UPDATE outbox SET discarded = 1 WHERE key = ?", (key,))

    def forget_old(self, now: int) -> None:
        """Drop answered commands after 7 days, unless one waits that could refer to them."""
        self._database.run(
            "DELETE FROM outbox WHERE answer IS NOT NULL AND answered_at < ?"
            " AND NOT EXISTS (SELECT 1 FROM outbox WHERE answer IS NULL)",
            (now - ANSWERED_KEPT_S,),
        )

    def forget_deleted(self, is_deleted: Callable[[int, int], bool]) -> None:
        """Drop answered texts that became tombstones, as (chat, seq): they shall not come back."""
        for entry in self._entries("answer IS NOT NULL", ()):
            command = self.resolved(entry)
            if not isinstance(command, SendText) or not isinstance(entry.answer, Accepted):
                continue
            if is_deleted(command.chat, entry.answer.seq):
                self._database.run("DELETE FROM outbox WHERE key = ?", (entry.key,))

    # -- A new outbox -------------------------------------------------------------------

    def fork(self, now: int) -> list[int]:
        """Move every unanswered command to a new outbox, numbered from 1.

        Returns the keys of those that are refused here: what they are about should have
        been made by a command that was refused.
        """
        return self._renumber(self.unanswered(), now, lambda chat, seq: True)

    def requeue(
        self, known: dict[int, int], now: int, has: Callable[[int, int], bool]
    ) -> list[int]:
        """After the server lost what it knew: queue again what it does not have, in old order.

        Args:
            known: the last number that the server knows, by outbox.
            has: whether the server has this chat (seq 0) or this row of a chat.

        Returns the keys of commands that can't be queued: what they were about is lost.
        """
        lost = [
            entry
            for entry in self._entries("outbox <> ?", (LOCAL,))
            if entry.answer is None
            or (entry.number > known.get(entry.outbox, 0) and not isinstance(entry.answer, Refusal))
        ]
        return self._renumber(lost, now, has)

    def _renumber(self, moved: list[Entry], now: int, has: Callable[[int, int], bool]) -> list[int]:
        """Give these commands new numbers in a new outbox, in order of their keys."""
        renumbering = Renumbering(self._entries("outbox <> ?", (LOCAL,)), moved, has)
        self._take(self._random_id())
        refused = []
        for entry in moved:
            command = renumbering.move(entry, self.next_number)
            if command is None:
                refused.append(entry.key)
                self._refuse(entry.key, now)
            else:
                self._place(entry.key, encode(references.moved(command, entry)))
        return refused

    def _place(self, key: int, frame: bytes) -> None:
        number = self.next_number
        self._set_number("outbox_next", number + 1)
        self._database.run(
            "UPDATE outbox SET outbox = ?, number = ?, frame = ?, answer = NULL, answered_at = 0"
            " WHERE key = ?",
            (self.id, number, frame, key),
        )

    def _refuse(self, key: int, now: int) -> None:
        self._database.run(
            "UPDATE outbox SET outbox = ?, number = key, answer = ?, answered_at = ? WHERE key = ?",
            (LOCAL, encode(Refusal(ErrorCode.NOT_FOUND)), now, key),
        )


def _entry(values: tuple[Any, ...]) -> Entry:
    key, outbox, number, frame, written_at, answer = values
    decoded = None if answer is None else cast(Answer, decode_from_server(answer))
    return Entry(key, outbox, number, frame, written_at, decoded)
