"""What commands say about chats and rows that other own commands make. Pure functions.

On the wire a reference is -number within one outbox; a program says -key, which never
changes. When commands move to a new outbox, what they say is written anew.
"""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import cast

import msgspec

from kentong.protocol.codec import decode_from_client
from kentong.protocol.limits import INTEGER_MAX
from kentong.protocol.messages import Accepted, Command, Done, Refusal

Answer = Accepted | Done | Refusal
Resolver = Callable[[int], int | None]  # None: there is no such thing any more


@dataclass(frozen=True, slots=True)
class Entry:
    """One command of an outbox. `key` is stable, (outbox, number) changes with a new outbox."""

    key: int
    outbox: int
    number: int
    frame: bytes
    written_at: int
    answer: Answer | None

    @property
    def command(self) -> Command:
        """The command that the frame says."""
        return cast(Command, decode_from_client(self.frame))

    @property
    def made(self) -> int | None:
        """The chat or seq that it made; of one without an answer what refers to it: -number."""
        if self.answer is None:
            return -self.number
        if isinstance(self.answer, Accepted):
            return self.answer.seq
        return (self.answer.chat or None) if isinstance(self.answer, Done) else None


def rewrite(
    command: Command, chat_of: Resolver, row_of: Resolver, reply_of: Resolver
) -> Command | None:
    """The command with every chat, seq and reply_to translated; None if one can't be."""
    fields: dict[str, int] = {}
    for name, resolve in (("chat", chat_of), ("seq", row_of), ("reply_to", reply_of)):
        said: int = getattr(command, name, 0)
        if said == 0:
            continue
        meant = resolve(said)
        if meant is None:
            return None
        fields[name] = meant
    at: int = getattr(command, "at", 0)
    if at and fields.get("seq", 0) < 0:
        fields["at"] = 0  # what is about to be posted has no time yet
    return msgspec.structs.replace(command, **fields) if fields else command


def translate(command: Command, entry_of: Callable[[int], Entry | None]) -> Command | None:
    """What a program said with -key, as it travels; None if such a thing was never made."""

    def resolve(said: int) -> int | None:
        if said > 0:
            return said
        entry = entry_of(-said)
        return None if entry is None else entry.made

    return rewrite(command, resolve, resolve, resolve)


def resolved(entry: Entry, numbered: Callable[[int, int], Entry | None]) -> Command | None:
    """An answered command with the ids of what it refers to; None if its chat has none.

    `numbered` finds a command by outbox and number. Rows that were never made become 0.
    """

    def chat_of(said: int) -> int | None:
        if said > 0:
            return said
        maker = numbered(entry.outbox, -said)
        return maker.made if maker and maker.answer else None

    def row_of(said: int) -> int | None:
        return chat_of(said) or 0

    return rewrite(entry.command, chat_of, row_of, row_of)


def moved(command: Command, entry: Entry) -> Command:
    """The command, which the entry says as yet, as it says in a new outbox where it comes from.

    Copies of a store come to the same origin without knowing of each other, however many
    commands each of them moves: so what both have takes effect once.
    """
    return msgspec.structs.replace(command, origin=_origin(entry))  # every command has one


def _origin(entry: Entry) -> int:
    said: int = getattr(entry.command, "origin", 0)
    if said:
        return said  # it moves again
    first = [entry.outbox, entry.number, entry.written_at, entry.frame]
    digest = hashlib.sha256(msgspec.msgpack.encode(first)).digest()
    return 1 + int.from_bytes(digest[:8], "big") % INTEGER_MAX


class Renumbering:
    """Moves commands to a new outbox, one by one in their order.

    What a moved command makes is called by its new number, also where it was answered
    once and its chat or row had an id: the server has lost that one.
    """

    def __init__(
        self, kept: Iterable[Entry], moved: Iterable[Entry], has: Callable[[int, int], bool]
    ) -> None:
        """Take all commands that are kept, those of them that move, and what the server has.

        `has` says whether the server has a chat (seq 0) or this row of a chat.
        """
        self._entries = {(entry.outbox, entry.number): entry for entry in kept}
        self._has = has
        self._numbers: dict[int, int | None] = {}
        self._chats: dict[int, int] = {}  # former id of a chat -> key of its maker
        # Former (chat, seq, at) -> key. Where a restored server has another text at that seq
        # commands may mean that one; what says no time (0) means the own one.
        self._rows: dict[tuple[int | None, int, int], int] = {}
        for entry in moved:
            self._numbers[entry.key] = None
            if isinstance(entry.answer, Done) and entry.answer.chat:
                self._chats[entry.answer.chat] = entry.key
            elif isinstance(entry.answer, Accepted):
                for at in (0, entry.answer.at):
                    self._rows[self._former_chat(entry), entry.answer.seq, at] = entry.key

    def move(self, entry: Entry, number: int) -> Command | None:
        """The command as it is called in the new outbox under `number`; None if it is lost."""
        chat = self._former_chat(entry)
        at: int = getattr(entry.command, "at", 0)

        def chat_of(said: int) -> int | None:
            return self._thing(entry, said, self._chats.get(said), (said, 0))

        def row_of(said: int) -> int | None:
            return self._thing(entry, said, self._rows.get((chat, said, at)), (chat or 0, said))

        def reply_of(said: int) -> int | None:
            return row_of(said) or 0  # a lost row can't be quoted, but the text still counts

        command = rewrite(entry.command, chat_of, row_of, reply_of)
        if command is not None:
            self._numbers[entry.key] = -number
        return command

    def _thing(
        self, entry: Entry, said: int, maker: int | None, place: tuple[int, int]
    ) -> int | None:
        if said < 0:
            made_by = self._entries.get((entry.outbox, -said))
            if made_by is None:
                return None
            return self._numbers.get(made_by.key, made_by.made)
        if maker is not None:
            return self._numbers[maker]
        return said if self._has(*place) else None

    def _former_chat(self, entry: Entry) -> int | None:
        """The id of the chat that a command is about, if it has one."""
        said: int = getattr(entry.command, "chat", 0)
        if said >= 0:
            return said
        maker = self._entries.get((entry.outbox, -said))
        answer = maker.answer if maker else None
        return answer.chat if isinstance(answer, Done) else None
