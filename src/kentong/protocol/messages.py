"""Every message of the protocol: the single source of truth for codec, types and docs.

Each message travels as one MessagePack array: tag, then the fields in this order.
Trailing fields that have their default are left out. Fields are only ever added at
the end, with a default whose encoding is one byte; tags are never used again.
Integers stay between 0 and 2**53 - 1, but for references to one's own commands,
which are negative: -n is the thing that command n of the same outbox makes.

Words: a `chat`, `user` or `device` is an id; an `alias` is the user's own small
number for a chat; `seq` is a position in a chat from 1; `changes` counts what
happened to a chat besides new messages, so (last_seq, changes) is its state and
their sum its version; times are whole seconds since 1970 in UTC.
"""

import enum
import typing
from typing import Annotated, ClassVar

import msgspec

from kentong.protocol.limits import INTEGER_MAX

Int = Annotated[int, msgspec.Meta(ge=0, le=INTEGER_MAX)]
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


class Notice(Message):
    """Something said without expecting an answer; safe to lose or repeat."""


# -- Parts of messages (no tag of their own) -------------------------------------------


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


# -- Opening ----------------------------------------------------------------------------


class HelloFlag(enum.IntFlag):
    """Bits of Hello.flags."""

    BACKGROUND = 1  # nobody looks: no typing, no presence, rare pings
    NO_INFLATE = 2  # the client can't inflate: send rows plain
    PROBE = 4  # answer at once, don't wait for news, don't take over


class Hello(Message, tag=0x01):
    """The first thing a device says: where it stands, and what waits in its outbox.

    Travels in Sec-WebSocket-Protocol as base64url without padding, or as the first
    message of a POST to /sync. A new device says epoch 0 and cursor 0.
    """

    version: Int
    epoch: Int
    cursor: Int  # heads with a clock from here on may be unknown
    outbox: Int  # random id of the outbox, 1 .. 2**53 - 1
    number: Int  # of the first command without an answer; `commands` begin there
    build: Int = 0  # of the web client, 0: none
    flags: Int = 0  # HelloFlag
    tail: Int = 1  # newest rows wanted with each head, 1 .. 20
    backfill_to: Int = 0  # unfinished listing: known from this clock on ...
    backfill_at: Int = 0  # ... and what comes after (backfill_at, backfill_alias) is not
    backfill_alias: Int = 0
    commands: list[msgspec.Raw] = []


class WelcomeFlag(enum.IntFlag):
    """Bits of Welcome.flags."""

    RESET = 1  # another epoch, or the client is ahead: drop cursor and windows
    HORIZON = 2  # the cursor is too old: all heads follow, windows are invalid
    BEHIND = 4  # heads follow


class Welcome(Message, tag=0x40):
    """The server's answer to Hello, before anything else."""

    time: Int
    number: Int  # the next one the server expects in this outbox
    flags: Int = 0  # WelcomeFlag
    epoch: Int = 0  # 0: the one the client named
    user: Int = 0  # own user id, said when the client named no cursor
    build: Int = 0  # of the web client served now, said when it differs


class Goodbye(Message, tag=0x41):
    """The session is over; `code` says why. The connection closes."""

    code: Int  # ErrorCode
    retry_after_ms: Int = 0  # above 0: come back then


# -- Numbered commands ------------------------------------------------------------------


class SendText(Command, tag=0x10):
    """Post a text."""

    chat: Ref
    text: str
    reply_to: Ref = 0  # seq


class EditText(Command, tag=0x11):
    """Replace the text of an own message."""

    chat: Ref
    seq: Ref
    text: str


class DeleteMessage(Command, tag=0x12):
    """Delete a message for everyone: an own one, or any as the group's owner."""

    chat: Ref
    seq: Ref


class OpenDirect(Command, tag=0x13):
    """Find or make the direct chat with somebody one shares a chat with; 0: notes to self."""

    user: Int


class CreateGroup(Command, tag=0x14):
    """Make a group; the caller owns it. Members one may not add are left out."""

    title: str
    members: list[Int] = []


class RenameGroup(Command, tag=0x15):
    """Give a group another title."""

    chat: Ref
    title: str


class AddMember(Command, tag=0x16):
    """Add somebody one shares a chat with to a group; lifts a ban if the owner does it."""

    chat: Ref
    user: Int


class RemoveMember(Command, tag=0x17):
    """Remove somebody from a group; banned, they can't come back by link."""

    chat: Ref
    user: Int
    ban: Int = 0  # 1: for good


class LeaveGroup(Command, tag=0x18):
    """Leave a group. When the owner leaves, the longest-standing member owns it."""

    chat: Ref


class JoinByInvite(Command, tag=0x19):
    """Follow an invite link: join its group, or open the direct chat with its maker."""

    token: str


class MakeInvite(Command, tag=0x1A):
    """Make a new invite link to a group (by its owner), or to oneself (chat 0).

    The one before stops working.
    """

    chat: Ref = 0


class BlockUser(Command, tag=0x1B):
    """Take no more messages from somebody, or take them again."""

    user: Int
    blocked: Int = 1


class Report(Command, tag=0x1C):
    """Report a chat (seq 0) or one message to the server's owner.

    The text of the reported message is kept with the report.
    """

    chat: Ref
    seq: Int
    reason: Int = 0  # ReportReason
    text: str = ""


class SetName(Command, tag=0x1D):
    """Change one's own name."""

    name: str


class RevokeDevice(Command, tag=0x1E):
    """Sign out one of one's own devices."""

    device: Int


# -- Answers to numbered commands, in their order ---------------------------------------


class Accepted(Message, tag=0x42):
    """The text is stored as `seq`; afterwards the chat's state is (seq, changes)."""

    seq: Int
    changes: Int
    later: Int = 0  # seconds since the Welcome or Accepted before; from 10**9 on the time itself


class Done(Message, tag=0x43):
    """Any other command took effect; the fields say what it made."""

    chat: Int = 0
    text: str = ""  # invite token


class Refusal(Message, tag=0x44):
    """The command is refused for good; its number is used up."""

    code: Int  # ErrorCode


class Later(Message, tag=0x45):
    """The command can't be taken now; its number is still free.

    Everything sent after it is ignored until the client says Restart.
    """

    code: Int  # ErrorCode
    retry_after_ms: Int


class Forked(Message, tag=0x46):
    """This number holds another command (or is not next): take a new outbox.

    `number` is the one expected. Everything after it is ignored until Restart.
    """

    number: Int


class Restart(Notice, tag=0x02):
    """The next command is this number of this outbox."""

    outbox: Int
    number: Int


# -- State from the server --------------------------------------------------------------


class Heads(Message, tag=0x48):
    """A page of heads, newest first; bulk.

    The listing a connection begins with is one or more pages. On each but the last
    `more` is 1 and (cursor, backfill_at, backfill_alias) is what the client keeps as
    backfill token; with the last one `cursor` becomes its cursor. Outside a listing
    `cursor` is 0.
    """

    clock: Int  # what the ages of the heads count back from
    heads: list[Head] = []
    cursor: Int = 0
    more: Int = 0
    backfill_at: Int = 0  # clock and alias of the last head of this page
    backfill_alias: Int = 0
    removals: list[Removal] = []
    me: Me | None = None
    request: Int = 0  # of the GetHeads this answers


class Mark(Message, tag=0x49):
    """The client was sent everything below: this becomes its cursor."""

    cursor: Int


class Posted(Message, tag=0x4A):
    """A new text: valid on top of the state (seq - 1, changes), else ask for the head.

    `later` counts from the row before it, 0 for the first.
    """

    alias: Int
    seq: Int
    changes: Int
    later: Int
    author: Int  # user id; 0: the other person of a direct chat
    text: str
    reply_to: Int = 0
    outbox: Int = 0  # to the author's other devices
    number: Int = 0


class Marked(Message, tag=0x4B):
    """Others read or received more; nothing else happened in the last `covers` changes.

    Valid on top of (last_seq, n) with n from `changes` - `covers` to `changes`.
    """

    alias: Int
    last_seq: Int
    changes: Int
    read_back: Int
    delivered_back: Int
    covers: Int = 1


class Changed(Message, tag=0x4C):
    """Anything else happened in a chat: all rows that are new or changed since `base`.

    Valid on top of any state whose version lies between `base` and the new one.
    """

    alias: Int
    base: Int  # version
    last_seq: Int
    changes: Int
    rows: list[Row] = []
    title: str = ""  # of a group, "": unchanged
    member_count: Int = 0  # of a group, 0: unchanged


class Resync(Message, tag=0x4D):
    """Something meant for this connection was dropped: heads of what changed follow."""


class Typing(Message, tag=0x4E):
    """Somebody types in a chat on screen; forgotten after 6 seconds."""

    alias: Int
    user: Int


class Presence(Message, tag=0x4F):
    """Whether somebody in a chat on screen is there."""

    user: Int
    online: Int
    seen_at: Int = 0  # when last, if not now


# -- Requests and their answers ----------------------------------------------------------


class GetHeads(Request, tag=0x20):
    """The heads of these chats; unknown ones come as gone. Answer: Heads."""

    request: Int
    chats: list[Int]
    tail: Int = 1


class GetRange(Request, tag=0x21):
    """Rows first..last of a chat that changed above version `as_of`. Answer: Rows."""

    request: Int
    chat: Int
    first: Int
    last: Int
    as_of: Int = 0


class GetPeople(Request, tag=0x22):
    """Names of people one shares a chat with; others are left out. Answer: People."""

    request: Int
    users: list[Int]


class GetMembers(Request, tag=0x23):
    """A page of a group's members after a user id. Answer: Members."""

    request: Int
    chat: Int
    after: Int = 0
    banned: Int = 0  # 1: the banned instead (owner only)


class GetDevices(Request, tag=0x24):
    """The own devices. Answer: Devices."""

    request: Int


class GetOutbox(Request, tag=0x25):
    """How far the server knows an own outbox. Answer: OutboxState."""

    request: Int
    outbox: Int


class GetInvite(Request, tag=0x26):
    """What an invite link leads to. Answer: Invite, or Failed(INVITE_INVALID)."""

    request: Int
    token: str


class Rows(Message, tag=0x50):
    """A page of rows in ascending order; bulk. `as_of` counts once `more` is 0.

    `packed` is the MessagePack array of rows, raw-deflated if `deflated` is 1.
    """

    request: Int
    chat: Int
    as_of: Int
    packed: bytes
    deflated: Int = 0
    more: Int = 0


class People(Message, tag=0x51):
    """Answer to GetPeople."""

    request: Int
    people: list[Person] = []


class Members(Message, tag=0x52):
    """Answer to GetMembers, in ascending order of user id."""

    request: Int
    members: list[Member] = []
    more: Int = 0


class Devices(Message, tag=0x53):
    """Answer to GetDevices."""

    request: Int
    devices: list[Device] = []


class OutboxState(Message, tag=0x54):
    """Answer to GetOutbox: the last number that took effect, 0 if none is known."""

    request: Int
    number: Int = 0


class Invite(Message, tag=0x55):
    """Answer to GetInvite: a group's title and size, or a person's name."""

    request: Int
    title: str
    member_count: Int = 0  # 0: a person
    chat: Int = 0  # where the caller is a member already


class Failed(Message, tag=0x56):
    """A request can't be answered."""

    request: Int
    code: Int  # ErrorCode
    retry_after_ms: Int = 0


# -- Notices -----------------------------------------------------------------------------


class Read(Notice, tag=0x30):
    """The user has read this chat up to seq."""

    chat: Int
    seq: Int


class Received(Notice, tag=0x31):
    """This device holds these chats up to these positions."""

    marks: list[Delivered]


class Types(Notice, tag=0x32):
    """The user is typing; said at most every 4 seconds."""

    chat: Int


class Looks(Notice, tag=0x33):
    """Whether somebody looks at the app, and which chats are on screen."""

    foreground: Int
    chats: list[Int] = []


class Got(Notice, tag=0x34):
    """The client has dealt with this many more bytes of bulk frames."""

    size: Int


class Ping(Notice, tag=0x35):
    """Is anybody there? Answered by Pong."""


class Pong(Message, tag=0x57):
    """Yes."""


class Catalogue:
    """Which messages travel which way."""

    commands: ClassVar[tuple[type[Command], ...]] = (
        SendText,
        EditText,
        DeleteMessage,
        OpenDirect,
        CreateGroup,
        RenameGroup,
        AddMember,
        RemoveMember,
        LeaveGroup,
        JoinByInvite,
        MakeInvite,
        BlockUser,
        Report,
        SetName,
        RevokeDevice,
    )
    requests: ClassVar[tuple[type[Request], ...]] = (
        GetHeads,
        GetRange,
        GetPeople,
        GetMembers,
        GetDevices,
        GetOutbox,
        GetInvite,
    )
    notices: ClassVar[tuple[type[Notice], ...]] = (
        Restart,
        Read,
        Received,
        Types,
        Looks,
        Got,
        Ping,
    )
    from_server: ClassVar[tuple[type[Message], ...]] = (
        Welcome,
        Goodbye,
        Accepted,
        Done,
        Refusal,
        Later,
        Forked,
        Heads,
        Mark,
        Posted,
        Marked,
        Changed,
        Resync,
        Typing,
        Presence,
        Rows,
        People,
        Members,
        Devices,
        OutboxState,
        Invite,
        Failed,
        Pong,
    )
    parts: ClassVar[tuple[type[Message], ...]] = (
        Row,
        Head,
        Removal,
        Me,
        Person,
        Member,
        Device,
        Delivered,
    )
