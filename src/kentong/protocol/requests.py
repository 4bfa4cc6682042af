"""Requests and their answers, and notices that nobody answers."""

from kentong.protocol.parts import (
    Delivered,
    Device,
    Int,
    Member,
    Message,
    Notice,
    Person,
    Request,
)


class GetHeads(Request, tag=0x20):
    """The heads of these chats; unknown ones come as gone. Answer: Heads.

    Pages before the last one have `request` 0.
    """

    chats: list[Int]
    tail: Int = 1


class GetRange(Request, tag=0x21):
    """Rows first..last of a chat that changed above version `as_of`. Answer: Rows."""

    chat: Int
    first: Int
    last: Int
    as_of: Int = 0


class GetPeople(Request, tag=0x22):
    """Names of people one shares a chat with; others are left out. Answer: People."""

    users: list[Int]


class GetMembers(Request, tag=0x23):
    """A page of a group's members after a user id. Answer: Members."""

    chat: Int
    after: Int = 0
    banned: Int = 0  # 1: the banned instead (owner only)


class GetDevices(Request, tag=0x24):
    """The own devices. Answer: Devices."""


class GetOutbox(Request, tag=0x25):
    """How far the server knows an own outbox. Answer: OutboxState."""

    outbox: Int


class GetInvite(Request, tag=0x26):
    """What an invite link leads to. Answer: Invite, or Failed(INVITE_INVALID)."""

    token: str


class Rows(Message, tag=0x50):
    """A page of rows in ascending order; bulk.

    Up to its last row, without `more` up to the end, the run asked for is exact as of `as_of`.

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
