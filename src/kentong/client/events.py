"""What happened, told to the program after it is committed to the local store."""

from dataclasses import dataclass

from kentong.client.views import ChatView, RowView
from kentong.protocol.errors import ErrorCode
from kentong.protocol.messages import Accepted, Done, Refusal

Answer = Accepted | Done | Refusal


@dataclass(frozen=True, slots=True)
class Event:
    """Anything that happened."""


@dataclass(frozen=True, slots=True)
class MessagePosted(Event):
    """A new row, own ones included; in each chat told once, in order, after the store was made.

    After a long absence only the newest rows of a chat are told.
    """

    row: RowView


@dataclass(frozen=True, slots=True)
class MessageEdited(Event):
    """The text of a row that is kept here changed."""

    row: RowView


@dataclass(frozen=True, slots=True)
class MessageDeleted(Event):
    """A row that is kept here became a tombstone: stop showing what it said."""

    chat: int
    seq: int


@dataclass(frozen=True, slots=True)
class ChatChanged(Event):
    """Anything of a chat that is not in its rows: title, marks, unread, members."""

    chat: ChatView


@dataclass(frozen=True, slots=True)
class ChatGone(Event):
    """The user is no member any more: everything of the chat has been dropped."""

    chat: int


@dataclass(frozen=True, slots=True)
class MeChanged(Event):
    """The own name or the list of blocked people changed."""

    user: int
    name: str
    blocked: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class CommandAnswered(Event):
    """The server has answered a command of the outbox."""

    key: int
    answer: Answer


@dataclass(frozen=True, slots=True)
class CommandRefused(Event):
    """A command was refused for good."""

    key: int
    code: ErrorCode | int


@dataclass(frozen=True, slots=True)
class CommandDropped(Event):
    """The server lost what this command was about, so it could not be queued again."""

    key: int


@dataclass(frozen=True, slots=True)
class StateReset(Event):
    """The server's database is another one than before; everything is listed anew."""


@dataclass(frozen=True, slots=True)
class PersonTypes(Event):
    """Somebody types; forget it after 6 seconds."""

    chat: int
    user: int


@dataclass(frozen=True, slots=True)
class PresenceChanged(Event):
    """Whether somebody in a chat on screen is there."""

    user: int
    online: bool
    seen_at: int  # seconds since 1970, 0: now, or not known


@dataclass(frozen=True, slots=True)
class PeopleChanged(Event):
    """Names of these people became known or changed."""

    users: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class LinkChanged(Event):
    """The link to the server came or went; `online`: everything missed has been listed."""

    online: bool


@dataclass(frozen=True, slots=True)
class Fenced(Event):
    """Another program uses a copy of this store; this one stands back for a while."""


@dataclass(frozen=True, slots=True)
class Ended(Event):
    """The device was signed out, or its account suspended: nothing will come any more."""

    code: ErrorCode | int


@dataclass(frozen=True, slots=True)
class EventsLost(Event):
    """The listener was too slow: events before this one were dropped. Read the store anew."""
