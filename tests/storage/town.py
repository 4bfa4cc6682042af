"""People, chats and rows for the storage tests, in one line each."""

from collections.abc import Callable
from typing import TypeVar

from kentong.protocol.messages import ChatKind
from kentong.server.model import Account, Chat, NewChat, NewMember, NewRow, StoredAnswer
from kentong.server.storage import accounts, chats, members, messages, outboxes
from kentong.server.storage.engine import Database, Transaction
from kentong.server.storage.postgres import PostgresDatabase
from kentong.server.storage.sqlite import SqliteDatabase

R = TypeVar("R")
EitherDatabase = SqliteDatabase | PostgresDatabase  # whichever: it has a data folder
OUTBOX = 4_711
NOW_S = 1_700_000_000


def write(database: Database, work: Callable[[Transaction], R]) -> R:
    """Run one work; raise what it raised."""
    outcome = database.run_group([work]).outcomes[0]
    if outcome.error is not None:
        raise outcome.error
    return outcome.result  # type: ignore[no-any-return]


def read(database: Database, work: Callable[[Transaction], R]) -> R:
    """Run one reading work; raise what it raised."""
    outcome = database.read_group([work]).outcomes[0]
    if outcome.error is not None:
        raise outcome.error
    return outcome.result  # type: ignore[no-any-return]


def person(tx: Transaction, name: str) -> Account:
    return accounts.add_account(tx, name, NOW_S)


def group(tx: Transaction, title: str, users: list[Account]) -> Chat:
    """A group of these people, who all see everything."""
    made = chats.add_chat(tx, NewChat(ChatKind.GROUP, 0, title, None, NOW_S))
    for user in users:
        join(tx, made.id, user.id)
    return made


def join(tx: Transaction, chat_id: int, user_id: int, joined_seq: int = 0) -> None:
    alias = accounts.take_alias(tx, user_id)
    members.add_member(tx, NewMember(chat_id, user_id, alias, 0, joined_seq + 1, joined_seq, NOW_S))


def post(tx: Transaction, chat_id: int, author_id: int, text: str = "hello") -> int:
    """One text, without an outbox; returns its seq."""
    chats.lock(tx, chat_id)
    chat = chats.chat(tx, chat_id)
    assert chat is not None
    seq, _ = messages.append(tx, chat, NewRow(author_id, NOW_S, text))
    return seq


def command(tx: Transaction, chat_id: int, author_id: int, device_id: int, number: int) -> int:
    """What a numbered text does, without judging it; returns its seq."""
    answered = outboxes.answer(tx, device_id, OUTBOX, number)
    if answered is not None:
        return int.from_bytes(answered.answer, "big")
    if outboxes.last_number(tx, device_id, OUTBOX) != number - 1:
        raise LookupError(number)
    chats.lock(tx, chat_id)
    chat = chats.chat(tx, chat_id)
    assert chat is not None
    new = NewRow(author_id, NOW_S, f"text {number}", outbox=OUTBOX, number=number)
    seq, _ = messages.append(tx, chat, new)
    members.mark_posted(tx, chat_id, author_id, seq)
    answer = StoredAnswer(number.to_bytes(8, "big"), seq.to_bytes(8, "big"))
    outboxes.store_answer(tx, device_id, OUTBOX, number, answer)
    return seq
