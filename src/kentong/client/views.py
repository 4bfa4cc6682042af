"""What a program sees of the local store: chats, rows, people, waiting commands."""

from dataclasses import dataclass

from kentong.protocol.messages import Command, HeadFlag, RowKind


@dataclass(frozen=True, slots=True)
class RowView:
    """One entry of a chat as the server has it."""

    chat: int
    seq: int
    at: int  # seconds since 1970
    author: int  # user id
    text: str = ""
    kind: int = 0  # RowKind
    reply_to: int = 0  # seq, 0: none
    edited: bool = False
    cut: bool = False  # only the beginning of the text is here: a preview
    subject: int = 0  # user id that a system row is about

    @property
    def is_deleted(self) -> bool:
        """A tombstone: it keeps its place, wiped."""
        return self.kind == RowKind.DELETED


@dataclass(frozen=True, slots=True)
class ChatView:
    """One chat with the own membership."""

    id: int
    alias: int
    clock: int
    kind: int  # ChatKind
    flags: int  # HeadFlag
    last_seq: int
    changes: int
    unread: int
    read_seq: int
    title: str  # of a group; else the other person's name
    peer: int  # the other person of a direct chat, else 0
    peer_read_seq: int  # how far others have read and received; 0 where it is not shared
    peer_delivered_seq: int
    role: int  # Role
    member_count: int  # of a group
    first_seq: int  # smallest seq this user may see
    read_wanted: int = 0  # read mark said here that the server may not know yet
    told_seq: int = 0  # announced as events up to here
    listed: int = 1

    @property
    def version(self) -> int:
        """Grows by one with each change of the chat."""
        return self.last_seq + self.changes

    @property
    def state(self) -> tuple[int, int]:
        """(last_seq, changes)."""
        return self.last_seq, self.changes

    @property
    def shares_marks(self) -> bool:
        """Others' read and delivered marks are shared here."""
        return bool(self.flags & HeadFlag.SHARED_MARKS)

    @property
    def is_unreachable(self) -> bool:
        """A direct chat whose other person takes no messages."""
        return bool(self.flags & HeadFlag.UNREACHABLE)


@dataclass(frozen=True, slots=True)
class PersonView:
    """Another user."""

    user: int
    name: str


@dataclass(frozen=True, slots=True)
class CommandView:
    """A command in the outbox: waiting, or refused."""

    key: int  # stable; -key stands for what the command makes
    command: Command
    written_at: int  # seconds since 1970, by this device's clock
    error: int = 0  # ErrorCode of a refused one, 0: waiting
