"""What messages are made of: their kinds, numbers with names, and parts without a tag."""

import enum
import typing
from typing import Annotated

import msgspec

from kentong.protocol.limits import INTEGER_MAX

Int = Annotated[int, msgspec.Meta(ge=0, le=INTEGER_MAX)]
Signed = Annotated[int, msgspec.Meta(title="Signed", ge=-INTEGER_MAX, le=INTEGER_MAX)]
Ref = Annotated[int, msgspec.Meta(ge=-INTEGER_MAX, le=INTEGER_MAX)]  # negative: own command


class ChatKind(enum.IntEnum):
    """What a chat is."""

    DIRECT = 0  # two people
    NOTES = 1  # one: notes to self
    GROUP = 2


class RowKind(enum.IntEnum):
    """What a row of a chat is. From CREATED on: system rows, written by the server."""

    TEXT = 0
    DELETED = 1  # a tombstone: it keeps its place, wiped
    CREATED = 16  # author made the group; text is its title
    RENAMED = 17  # author renamed the group; text is the new title
    JOINED = 18  # author came by an invite link
    ADDED = 19  # author added subject
    LEFT = 20  # author left
    REMOVED = 21  # author removed subject
    BANNED = 22  # author removed subject for good


class Role(enum.IntEnum):
    """A member's role in a chat."""

    MEMBER = 0
    OWNER = 1


class ReportReason(enum.IntEnum):
    """Why something is reported to the server's owner."""

    OTHER = 0
    SPAM = 1
    ABUSE = 2
    VIOLENCE = 3
    ILLEGAL = 4


@typing.dataclass_transform(frozen_default=True, field_specifiers=(msgspec.field,))
class Message(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """Anything that travels."""


class Command(Message):
    """A numbered command: it lives in the outbox and takes effect exactly once."""


class Request(Message):
    """A question; the answer carries the same `request` number."""

    request: Int


class Notice(Message):
    """Something said without expecting an answer; safe to lose or repeat."""


class Row(Message):
    """One entry of a chat, in a list of rows in ascending order.

    `seq` and `at` are differences to the row before; the first row's are absolute
    in `Rows`, and in a head counted back from its `last_seq` and up from nothing.
    """

    seq: Int
    at: Int
    author: Int  # user id; 0: the other person of a direct chat
    text: str = ""
    kind: Int = 0  # RowKind
    reply_to: Int = 0  # seq
    edited: Int = 0  # 1: changed by its author after sending
    cut: Int = 0  # 1: only the beginning of the text, in a head
    subject: Int = 0  # user id that a system row is about
    outbox: Int = 0  # only to the author's own devices: where the row was written
    number: Int = 0


class Head(Message):
    """The full state of one chat, with the reader's own membership.

    Positions named `..._back` count back from `last_seq`.
    """

    chat: Int
    alias: Int
    age: Int  # page clock minus the clock of this state
    kind: Int = 0  # ChatKind
    flags: Int = 0  # HeadFlag
    last_seq: Int = 0
    changes: Int = 0
    unread: Int = 0  # up to UNREAD_MAX
    read_back: Int = 0  # own read mark
    rows: list[Row] = []  # newest rows, ascending; the last one is the preview
    title: str = ""  # of a group; of a direct chat the other person's name
    peer: Int = 0  # the other person of a direct chat
    peer_read_back: Int = 0  # furthest read mark of the others, 0: all read
    peer_delivered_back: Int = 0  # furthest delivered mark of the others
    role: Int = 0  # Role
    member_count: Int = 0  # of a group
    first_seq: Int = 0  # smallest seq the reader may see


class HeadFlag(enum.IntFlag):
    """Bits of Head.flags."""

    GONE = 1  # not a member any more: drop everything of this chat
    RESET = 2  # rights changed: windows of this chat are invalid
    SHARED_MARKS = 4  # read and delivered marks of others are shared here
    UNREACHABLE = 8  # a direct chat whose other person takes no messages


class Removal(Message):
    """Rows of a chat that must vanish, whatever the device keeps."""

    chat: Int
    first: Int
    last: Int


class Me(Message):
    """The user's own head."""

    user: Int
    name: str
    blocked: list[Int] = []


class Person(Message):
    """What is shown of another user."""

    user: Int
    name: str


class Member(Message):
    """A user's place in a group."""

    user: Int
    name: str
    role: Int = 0  # Role
    banned: Int = 0  # 1: in the list of the banned, not a member


class Device(Message):
    """A signed-in client of the own account."""

    device: Int
    name: str
    created_at: Int
    seen_at: Int
    current: Int = 0  # 1: the one asking


class Delivered(Message):
    """How far a chat reached this device."""

    chat: Int
    seq: Int
