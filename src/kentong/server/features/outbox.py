"""Numbered commands: each takes effect exactly once, in the order of its outbox."""

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec

from kentong.protocol.codec import decode_from_server, encode, fingerprint
from kentong.protocol.errors import ErrorCode, Refused
from kentong.protocol.messages import (
    Accepted,
    Command,
    Done,
    Forked,
    GetOutbox,
    MakeInvite,
    Message,
    OutboxState,
    Refusal,
)
from kentong.protocol.planted import Planted
from kentong.server.access import Caller, Context
from kentong.server.features import tokens
from kentong.server.model import StoredAnswer
from kentong.server.storage import outboxes

Handler = Callable[[Context, Any], Message]


_REFERRING = {"chat", "seq", "reply_to"}  # fields that may name what an earlier command made


class Taken(NamedTuple):
    """The answer to a command; `fresh` if it took effect now and not earlier."""

    answer: Message
    fresh: bool


class Run:
    """Commands that follow each other on one connection: after one that was not taken
    none is, even if another connection meanwhile made its number the next one.

    A work may run again: the outcome of the last time counts.
    """

    __slots__ = ("_stopped_at",)

    def __init__(self) -> None:
        self._stopped_at: int | None = None

    def end(self) -> None:
        """Take nothing any more."""
        self._stopped_at = 0

    def take(self, number: int, take: Callable[[], Taken]) -> Taken:
        """Let the command of this number be taken, unless one before it was not."""
        if self._stopped_at is not None and self._stopped_at < number:
            return Taken(Forked(self._stopped_at), fresh=False)
        self._stopped_at = number
        taken = take()
        if not isinstance(taken.answer, Forked):
            self._stopped_at = None
        return taken


def take(context: Context, frame: bytes, command: Command, handler: Handler) -> Taken:
    """Let a command take effect, if it is the next of its outbox and no copy of it did.

    A final refusal uses the number up and is an answer like any other.

    Raises:
        Refused with retry_after_ms: it can't be taken now, the number stays free.
    """
    tx, caller = context.tx, context.caller
    last = outboxes.last_number(tx, caller.device_id, caller.outbox)
    if caller.number != last + 1 and Planted.NO_IDEMPOTENCY not in context.planted:
        return Taken(_repeated(context, frame, command, last), fresh=False)
    known = _answered_elsewhere(context, command)
    answer = known or _effect(context, command, handler)
    stored = StoredAnswer(fingerprint(frame), encode(_without_token(answer)))
    if caller.number > last:
        outboxes.store_answer(tx, caller.device_id, caller.outbox, caller.number, stored)
    if known is None and _origin(command):
        outboxes.store_answer_to_moved(tx, caller.device_id, _origin(command), stored)
    return Taken(answer, fresh=known is None)


def _effect(context: Context, command: Command, handler: Handler) -> Message:
    try:
        return handler(context, _resolved(context, command))
    except Refused as refused:
        if refused.retry_after_ms:
            raise
        assert not context.tx.wrote, "handlers refuse before they write"
        return Refusal(refused.code)


def _answered_elsewhere(context: Context, command: Command) -> Message | None:
    """The answer that another copy of the device's store got to this command; None: none yet."""
    if not _origin(command):
        return None
    device_id = context.caller.device_id
    stored = outboxes.answer_to_moved(context.tx, device_id, _origin(command))
    return _said_again(context.caller, command, stored) if stored else None


def _origin(command: Command) -> int:
    origin: int = getattr(command, "origin", 0)  # each command has it, as its last field
    return origin


def give_up(context: Context, frame: bytes, code: ErrorCode) -> None:
    """Refuse the next command of an outbox without trying it again."""
    tx, caller = context.tx, context.caller
    if outboxes.last_number(tx, caller.device_id, caller.outbox) == caller.number - 1:
        stored = StoredAnswer(fingerprint(frame), encode(Refusal(code)))
        outboxes.store_answer(tx, caller.device_id, caller.outbox, caller.number, stored)


def _without_token(answer: Message) -> Message:
    """The answer as it may be kept: of an invite only a hash is."""
    return msgspec.structs.replace(answer, text="") if isinstance(answer, Done) else answer


def _repeated(context: Context, frame: bytes, command: Command, last: int) -> Message:
    tx, caller = context.tx, context.caller
    if caller.number > last:
        return Forked(last + 1)
    stored = outboxes.answer(tx, caller.device_id, caller.outbox, caller.number)
    if stored is None or stored.hash != fingerprint(frame):
        return Forked(last + 1)
    return _said_again(caller, command, stored)


def _said_again(caller: Caller, command: Command, stored: StoredAnswer) -> Message:
    answer = decode_from_server(stored.answer)
    if isinstance(answer, Done) and isinstance(command, MakeInvite):
        token = tokens.invite_token(caller, command.origin)
        return msgspec.structs.replace(answer, text=token)
    return answer


def _resolved(context: Context, command: Command) -> Command:
    """The command with references to own commands replaced. Raises Refused(NOT_FOUND)."""
    changes = {}
    for field in _references(type(command)):
        value = getattr(command, field)
        if value < 0:
            changes[field] = _made(context, -value, field)
    return msgspec.structs.replace(command, **changes) if changes else command


@functools.cache
def _references(kind: type[Command]) -> tuple[str, ...]:
    return tuple(field for field in kind.__struct_fields__ if field in _REFERRING)


def _made(context: Context, number: int, field: str) -> int:
    caller = context.caller
    stored = outboxes.answer(context.tx, caller.device_id, caller.outbox, number)
    answer = decode_from_server(stored.answer) if stored else None
    if field == "chat" and isinstance(answer, Done) and answer.chat:
        return answer.chat
    if field != "chat" and isinstance(answer, Accepted):
        return answer.seq
    raise Refused(ErrorCode.NOT_FOUND)


def get_outbox(context: Context, request: GetOutbox) -> OutboxState:
    """How far the server knows one of the device's outboxes."""
    last = outboxes.last_number(context.tx, context.caller.device_id, request.outbox)
    return OutboxState(request.request, last)
