"""Numbered commands, what an outbox holds, and their answers."""

from kentong.protocol.parts import Command, Int, Message, Notice, Ref, Signed


class SendText(Command, tag=0x10):
    """Post a text."""

    chat: Ref
    text: str
    reply_to: Ref = 0  # seq
    origin: Int = 0  # which command it was before it moved, 0: it never did (outbox)


class EditText(Command, tag=0x11):
    """Replace the text of an own message."""

    chat: Ref
    seq: Ref
    text: str
    at: Int = 0  # when that message was posted: another one in its place is left alone
    origin: Int = 0  # as in SendText


class DeleteMessage(Command, tag=0x12):
    """Delete a message for everyone: an own one, or any as the group's owner."""

    chat: Ref
    seq: Ref
    at: Int = 0  # as in EditText
    origin: Int = 0  # as in SendText


class OpenDirect(Command, tag=0x13):
    """Find or make the direct chat with somebody one shares a chat with; 0: notes to self."""

    user: Int
    origin: Int = 0  # as in SendText


class CreateGroup(Command, tag=0x14):
    """Make a group; the caller owns it. Members one may not add are left out."""

    title: str
    members: list[Int] = []
    origin: Int = 0  # as in SendText


class RenameGroup(Command, tag=0x15):
    """Give a group another title."""

    chat: Ref
    title: str
    origin: Int = 0  # as in SendText


class AddMember(Command, tag=0x16):
    """Add somebody one shares a chat with to a group; lifts a ban if the owner does it."""

    chat: Ref
    user: Int
    origin: Int = 0  # as in SendText


class RemoveMember(Command, tag=0x17):
    """Remove somebody from a group; banned, they can't come back by link."""

    chat: Ref
    user: Int
    ban: Int = 0  # 1: for good
    origin: Int = 0  # as in SendText


class LeaveGroup(Command, tag=0x18):
    """Leave a group. When the owner leaves, the longest-standing member owns it."""

    chat: Ref
    origin: Int = 0  # as in SendText


class JoinByInvite(Command, tag=0x19):
    """Follow an invite link: join its group, or open the direct chat with its maker."""

    token: str
    origin: Int = 0  # as in SendText


class MakeInvite(Command, tag=0x1A):
    """Make a new invite link to a group (by its owner), or to oneself (chat 0).

    The one before stops working.
    """

    chat: Ref = 0
    origin: Int = 0  # as in SendText


class BlockUser(Command, tag=0x1B):
    """Take no more messages from somebody, or take them again."""

    user: Int
    blocked: Int = 1
    origin: Int = 0  # as in SendText


class Report(Command, tag=0x1C):
    """Report a chat (seq 0) or one message to the server's owner.

    The text of the reported message is kept with the report.
    """

    chat: Ref
    seq: Int
    reason: Int = 0  # ReportReason
    text: str = ""
    at: Int = 0  # as in EditText
    origin: Int = 0  # as in SendText


class SetName(Command, tag=0x1D):
    """Change one's own name."""

    name: str
    origin: Int = 0  # as in SendText


class RevokeDevice(Command, tag=0x1E):
    """Sign out one of one's own devices."""

    device: Int
    origin: Int = 0  # as in SendText


# -- Answers to numbered commands, in their order ---------------------------------------


class Accepted(Message, tag=0x42):
    """The text is stored as `seq`; afterwards the chat's state is (seq, changes).

    On the wire each field is the difference to the Accepted before on the connection;
    the first one counts from 0, 0 and the time of the Welcome.
    """

    seq: Signed
    changes: Signed
    at: Signed = 0  # seconds since 1970

    def since(self, before: "Accepted") -> "Accepted":
        """As it is said after `before`."""
        return Accepted(self.seq - before.seq, self.changes - before.changes, self.at - before.at)

    def after(self, before: "Accepted") -> "Accepted":
        """What it says after `before`."""
        return Accepted(before.seq + self.seq, before.changes + self.changes, before.at + self.at)


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
