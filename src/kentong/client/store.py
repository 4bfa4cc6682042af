"""The local store of one device: account, cursor, chats, rows, people and outbox in one file."""
# ruff: noqa: S608 - SQL is put together from constants

import contextlib
import random
from collections.abc import Iterator
from dataclasses import astuple, dataclass, fields
from operator import attrgetter
from pathlib import Path
from typing import cast

import msgspec

from kentong.client.database import Database
from kentong.client.outbox import Outbox
from kentong.client.timeline import Timeline
from kentong.client.views import ChatView, PersonView
from kentong.protocol.planted import NOTHING, Planted

_HEAD_COLUMNS = ", ".join(
    "chat" if field.name == "id" else field.name for field in fields(ChatView)
)
_HEAD_MARKS = ", ".join("?" for _ in fields(ChatView))
_head_values = attrgetter(*(field.name for field in fields(ChatView)))


@dataclass(frozen=True, slots=True)
class Account:
    """Whose store this is and where its server stands."""

    address: str  # of the server, like https://example.org
    instance: str  # id of the server
    device: int
    secret: str  # of this device; never shown


@dataclass(frozen=True, slots=True)
class Token:
    """An unfinished listing: what is below (at, alias) and not below the cursor is unknown."""

    to: int = 0  # everything between (at, alias) and this clock is known
    at: int = 0
    alias: int = 0


@dataclass(frozen=True, slots=True)
class Own:
    """The user's own head."""

    user: int = 0
    name: str = ""
    blocked: tuple[int, ...] = ()


class Store:
    """Calls are short and block; changes belong into `transaction`.

    There is no state besides the file: closing it at any moment and opening it again
    goes on where the last transaction ended.
    """

    def __init__(
        self,
        path: Path,
        planted: frozenset[Planted] = NOTHING,
        durable: bool = True,
        random_source: random.Random | None = None,
    ) -> None:
        """Open or make the store in the file `path`.

        `durable` False leaves out the flush to disk, for simulations.

        Raises:
            StoreBusy: another process has it open.
            StoreTooNew: a newer Kentong wrote it.
        """
        self.planted = planted
        self._database = Database(path, durable, Planted.OUTBOX_NOT_PERSISTED in planted)
        self.timeline = Timeline(self._database)
        source = random_source or random.SystemRandom()
        with self.transaction():
            self.outbox = Outbox(self._database, self.number, self.set_number, source)

    def close(self) -> None:
        """Let go of the file. Safe to repeat."""
        self._database.close()

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """Everything inside becomes durable together, or, when it raises, nothing does."""
        with self._database.transaction():
            yield

    # -- Single values ------------------------------------------------------------------

    def number(self, name: str) -> int:
        """A named number, 0 if it was never set."""
        return int(self._value(name, 0))

    def set_number(self, name: str, value: int) -> None:
        """Set a named number."""
        self._set_value(name, value)

    def _value(self, name: str, default: int | bytes) -> int | bytes:
        row = self._database.one("SELECT value FROM meta WHERE name = ?", (name,))
        return cast("int | bytes", row[0]) if row else default

    def _set_value(self, name: str, value: int | bytes) -> None:
        self._database.run("INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)", (name, value))

    @property
    def account(self) -> Account | None:
        """Whose store this is; None while nobody has joined with it."""
        raw = self._value("account", b"")
        return msgspec.json.decode(cast(bytes, raw), type=Account) if raw else None

    def save_account(self, account: Account) -> None:
        """Say whose store this is."""
        with self.transaction():
            self._set_value("account", msgspec.json.encode(account))

    @property
    def own(self) -> Own:
        """The user's own head as far as it is known."""
        raw = self._value("own", b"")
        return msgspec.json.decode(cast(bytes, raw), type=Own) if raw else Own()

    def save_own(self, own: Own) -> None:
        """Keep the user's own head."""
        self._set_value("own", msgspec.json.encode(own))

    # -- How far the state is known -----------------------------------------------------

    @property
    def epoch(self) -> int:
        """Of the server's database that the cursor belongs to, 0: none."""
        return self.number("epoch")

    @property
    def cursor(self) -> int:
        """The smallest clock of heads that this device can't be sure to have seen."""
        return self.number("cursor")

    @property
    def token(self) -> Token:
        """Where an unfinished listing stands; `to` is 0 when there is none."""
        values = [self.number(name) for name in ("token_to", "token_at", "token_alias")]
        return Token(*values)

    def move_cursor(self, cursor: int) -> None:
        """Everything below `cursor` is known. Never moves back."""
        if cursor > self.cursor:
            self.set_number("cursor", cursor)
        if self.token.to <= self.cursor:
            self.save_token(Token())

    def save_token(self, token: Token) -> None:
        """Keep where an unfinished listing stands."""
        for name, value in zip(
            ("token_to", "token_at", "token_alias"), astuple(token), strict=True
        ):
            self.set_number(name, value)

    def forget_state(self, epoch: int) -> None:
        """Drop everything the server will list again: not the account, not the outbox."""
        for table in ("heads", "rows", "windows"):
            self._database.run(f"DELETE FROM {table}")
        self.set_number("cursor", 0)
        self.save_token(Token())
        self.set_number("sweep", 0)
        self.set_number("epoch", epoch)

    # -- Heads --------------------------------------------------------------------------

    def chats(self) -> list[ChatView]:
        """Every chat, in no special order."""
        return [
            ChatView(*values) for values in self._database.all(f"SELECT {_HEAD_COLUMNS} FROM heads")
        ]

    def chat(self, chat: int) -> ChatView | None:
        """The chat, None if it isn't known."""
        return self._chat("chat = ?", chat)

    def chat_by_alias(self, alias: int) -> ChatView | None:
        """The chat that the server calls by this number, None if it isn't known."""
        return self._chat("alias = ?", alias)

    def _chat(self, condition: str, value: int) -> ChatView | None:
        row = self._database.one(
            f"SELECT {_HEAD_COLUMNS} FROM heads WHERE {condition}",
            (value,),
        )
        return ChatView(*row) if row else None

    def unsaid_reads(self) -> list[tuple[int, int]]:
        """(chat, seq) of own read marks that the server may not know."""
        found = self._database.all("SELECT chat, read_wanted FROM heads WHERE read_wanted > 0")
        return [(chat, seq) for chat, seq in found]

    def save_chat(self, chat: ChatView) -> None:
        """Keep the head of a chat."""
        self._database.run(
            f"INSERT OR REPLACE INTO heads ({_HEAD_COLUMNS}) VALUES ({_HEAD_MARKS})",
            _head_values(chat),
        )

    def drop_chat(self, chat: int) -> None:
        """Forget a chat with all its rows."""
        self.timeline.drop(chat)
        self._database.run("DELETE FROM heads WHERE chat = ?", (chat,))

    def unlist_all(self) -> None:
        """A listing of everything begins: no chat has been named in it yet."""
        self._database.run("UPDATE heads SET listed = 0")

    def unlisted(self) -> list[int]:
        """The chats that the listing of everything has not named."""
        return [chat for (chat,) in self._database.all("SELECT chat FROM heads WHERE listed = 0")]

    # -- People -------------------------------------------------------------------------

    def person(self, user: int) -> PersonView | None:
        """The person, None if the name isn't known."""
        row = self._database.one("SELECT user, name FROM people WHERE user = ?", (user,))
        return PersonView(*row) if row else None

    def save_person(self, person: PersonView) -> bool:
        """Keep a name; whether it is news."""
        if self.person(person.user) == person:
            return False
        self._database.run(
            "INSERT OR REPLACE INTO people (user, name) VALUES (?, ?)", (person.user, person.name)
        )
        return True

    def unnamed_authors(self, limit: int) -> list[int]:
        """People who wrote kept rows, or are what they are about, and whose names aren't known."""
        found = self._database.all(
            "SELECT user FROM (SELECT author AS user FROM rows UNION SELECT subject FROM rows)"
            " WHERE user <> 0 AND user NOT IN (SELECT user FROM people) ORDER BY user LIMIT ?",
            (limit,),
        )
        return [user for (user,) in found]
