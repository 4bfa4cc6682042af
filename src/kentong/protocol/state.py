"""Opening a connection, and the state that the server tells from then on."""

import enum

import msgspec

from kentong.protocol.parts import Head, Int, Me, Message, Removal, Row


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
    seen_at: Int = 0  # when last, if not now and if the server knows
