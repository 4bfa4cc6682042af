"""People, devices and chats, put into a database before its server starts.

Ids, positions and clocks are raised to those of a server that has been in use for a
while: small numbers take fewer bytes, and would flatter the figures.
"""

import functools
import random
import secrets
import string
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

from kentong.protocol.codec import HASH_BYTES, encode
from kentong.protocol.messages import ChatKind, Done, Role
from kentong.server.features import sign_in
from kentong.server.model import Chat, NewChat, NewMember, NewRow, Reach, StoredAnswer
from kentong.server.storage import accounts, chats, devices, members, messages, meta, outboxes
from kentong.server.storage.engine import Engine, Transaction
from kentong.server.storage.opening import open_engine

FIRST_ID = 70_000
FIRST_CLOCK = 3_000_000
TEXT_CHARS = 30
CHUNK = 500  # pieces of work in one commit
_LETTERS = string.ascii_letters + string.digits + " "


class Citizen(NamedTuple):
    """A user with one device."""

    user: int
    device: int
    secret: str


class Past(NamedTuple):
    """What happened in a chat before it is measured."""

    rows: int = 0
    changes: int = 0


@asynccontextmanager
async def founding(data: Path) -> AsyncIterator[Engine]:
    """The engine of a new data folder, its counters raised."""
    engine = await open_engine(data)
    await engine.write(_raise_counters)
    await engine.close()  # the clock is read when a database is opened
    engine = await open_engine(data)
    try:
        yield engine
    finally:
        await engine.close()


async def settle(engine: Engine, count: int) -> list[Citizen]:
    """New users, each with a device that is signed in."""
    people: list[Citizen] = []
    while len(people) < count:
        size = min(CHUNK, count - len(people))
        people += await engine.write(functools.partial(_citizens, size))
    return people


async def befriend(engine: Engine, pairs: list[tuple[Citizen, Citizen]]) -> list[int]:
    """The direct chats of these pairs."""
    made: list[int] = []
    for start in range(0, len(pairs), CHUNK):
        part = pairs[start : start + CHUNK]
        made += await engine.write(functools.partial(_directs, part))
    return made


async def gather(engine: Engine, title: str, people: list[Citizen]) -> int:
    """A group of these people; the first one owns it."""

    def work(tx: Transaction) -> int:
        new = NewChat(ChatKind.GROUP, Reach.PRIVATE, title, None, _now())
        chat = chats.add_chat(tx, new)
        for place, person in enumerate(people):
            _admit(tx, chat, person, Role.MEMBER if place else Role.OWNER)
        return chat.id

    return await engine.write(work)


async def live_through(engine: Engine, chat_id: int, author: Citizen, past: Past) -> None:
    """Let rows and changes happen; everybody has read all of them."""

    def work(tx: Transaction) -> None:
        chat = chats.chat(tx, chat_id)
        assert chat is not None
        for number in range(past.rows):
            row = NewRow(author.user, _now(), text(), number=number)
            messages.append(tx, chat, row)
        for _ in range(past.changes):
            chats.touch(tx, chat_id)
        for member in members.all_active(tx, chat_id):
            members.mark_posted(tx, chat_id, member.user_id, chat.last_seq + past.rows)

    await engine.write(work)


async def remember_outbox(engine: Engine, who: Citizen, outbox: int, number: int) -> None:
    """Let a device have sent so many commands from an outbox."""
    answer = StoredAnswer(bytes(HASH_BYTES), encode(Done()))
    await engine.write(lambda tx: outboxes.store_answer(tx, who.device, outbox, number, answer))


def text() -> str:
    """Thirty ASCII characters that are in no dictionary."""
    return "".join(random.choices(_LETTERS, k=TEXT_CHARS))


def _raise_counters(tx: Transaction) -> None:
    for table in meta.TABLES_WITH_IDS:
        tx.set_next_id(table, FIRST_ID)
    meta.set_fact(tx, meta.CLOCK, FIRST_CLOCK)


def _citizens(count: int, tx: Transaction) -> list[Citizen]:
    return [_citizen(tx) for _ in range(count)]


def _citizen(tx: Transaction) -> Citizen:
    secret = secrets.token_urlsafe(32)
    account = accounts.add_account(tx, f"Person {secrets.token_hex(3)}", _now())
    device = devices.add_device(tx, account.id, sign_in.digest(secret), "Bench", _now())
    return Citizen(account.id, device.id, secret)


def _directs(pairs: list[tuple[Citizen, Citizen]], tx: Transaction) -> list[int]:
    return [_direct(tx, pair) for pair in pairs]


def _direct(tx: Transaction, pair: tuple[Citizen, Citizen]) -> int:
    key = chats.direct_key(pair[0].user, pair[1].user)
    chat = chats.add_chat(tx, NewChat(ChatKind.DIRECT, Reach.PRIVATE, "", key, _now()))
    for person in pair:
        _admit(tx, chat, person, Role.MEMBER)
    return chat.id


def _admit(tx: Transaction, chat: Chat, person: Citizen, role: Role) -> None:
    alias = accounts.take_alias(tx, person.user)
    members.add_member(tx, NewMember(chat.id, person.user, alias, role, 1, 0, _now()))
    accounts.touch(tx, person.user)


def _now() -> int:
    return int(time.time())
