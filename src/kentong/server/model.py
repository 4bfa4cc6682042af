"""The nouns of the server: what storage keeps and everybody else talks about."""

import enum
from typing import NamedTuple


class Reach(enum.IntEnum):
    """Who can come to see a chat; content of private chats is never screened."""

    PRIVATE = 0
    SEMI_PUBLIC = 1  # whoever has the link
    PUBLIC = 2


class MemberState(enum.IntEnum):
    """Whether somebody is in a chat, and if not, why."""

    ACTIVE = 0
    LEFT = 1
    REMOVED = 2
    BANNED = 3


class Account(NamedTuple):
    """A user. Times are seconds since 1970; 0 means never."""

    id: int
    name: str
    clock: int  # of the last change of the user's own head
    created_at: int
    suspended_at: int
    is_admin: bool
    invited_by: int  # user id, 0: nobody
    alias_count: int  # aliases for chats handed out so far


class Device(NamedTuple):
    """A signed-in client of an account."""

    id: int
    user_id: int
    name: str
    created_at: int
    seen_at: int
    revoked_at: int


class Chat(NamedTuple):
    """A chat; (last_seq, changes) is its state and their sum its version."""

    id: int
    kind: int  # ChatKind
    reach: int  # Reach
    title: str
    direct_key: str | None  # "low:high" user ids of a direct chat, "id:id" of notes
    created_at: int
    clock: int  # of the last change of anything here
    last_seq: int
    changes: int
    last_at: int  # time of the newest row
    first_seq: int  # rows below are gone by retention
    member_count: int  # active ones
    marks_clock: int  # of the last shared change of read and delivered marks
    revised_clock: int  # of the last change of a row after it was posted
    members_clock: int  # of the last joining, leaving or change of a role

    @property
    def version(self) -> int:
        """Grows by one with each change."""
        return self.last_seq + self.changes


class NewChat(NamedTuple):
    """What `chats.add_chat` is told."""

    kind: int  # ChatKind
    reach: int  # Reach
    title: str
    direct_key: str | None  # chats.direct_key(), None for a group
    created_at: int


class Membership(NamedTuple):
    """A user's place in a chat; it is never deleted."""

    chat_id: int
    user_id: int
    alias: int  # the user's own small number for the chat
    role: int  # Role
    state: int  # MemberState
    access_clock: int  # of the last change of what this member may see
    visible_from_seq: int
    joined_seq: int  # rows up to here are not unread
    read_seq: int
    delivered_seq: int
    clock: int
    joined_at: int


class NewMember(NamedTuple):
    """What `members.add_member` is told."""

    chat_id: int
    user_id: int
    alias: int
    role: int  # Role
    visible_from_seq: int
    joined_seq: int
    joined_at: int


class Head(NamedTuple):
    """A chat with one user's membership; `clock` is that of the pair."""

    clock: int
    chat: Chat
    member: Membership


class StoredRow(NamedTuple):
    """One entry of a chat."""

    seq: int
    version: int  # of the chat, when this row last changed
    author_id: int
    sent_at: int
    kind: int  # RowKind
    text: str
    reply_to: int
    edited: int
    subject_id: int
    outbox: int  # where its author wrote it
    number: int


class NewRow(NamedTuple):
    """What `messages.append` is told."""

    author_id: int
    sent_at: int
    text: str = ""
    kind: int = 0  # RowKind
    reply_to: int = 0
    subject_id: int = 0
    outbox: int = 0
    number: int = 0


class RemovedRun(NamedTuple):
    """Neighbouring rows of a chat that became tombstones."""

    chat_id: int
    first: int
    last: int


class Removed(NamedTuple):
    """Which row became a tombstone: enough to know it again in an older copy."""

    chat_id: int
    seq: int
    author_id: int
    sent_at: int
    outbox: int
    number: int


class Withdrawal(NamedTuple):
    """What must not come back with an older copy of the database; the last word about a key."""

    kind: str  # "device", "invite", "suspended", "member", "block"
    key: tuple[str, ...]  # without spaces
    value: int  # when, or which state; 0: it was taken back


Withdrawn = Removed | Withdrawal


class StoredAnswer(NamedTuple):
    """What was answered to a numbered command."""

    hash: bytes  # of the command's bytes
    answer: bytes


class Invite(NamedTuple):
    """An invite link; the token itself is not kept."""

    token_hash: bytes
    made_by: int
    chat_id: int  # 0: leads to its maker
    created_at: int
    revoked_at: int
    uses: int


class NewReport(NamedTuple):
    """What somebody tells the server's owner."""

    reporter_id: int
    chat_id: int
    seq: int  # 0: the whole chat
    reason: int  # ReportReason
    text: str
    excerpt: str  # text of the reported row, when it was reported
    author_id: int
    created_at: int


class Report(NamedTuple):
    """A report as it is kept."""

    id: int
    content: NewReport


class AuditEntry(NamedTuple):
    """One use of a right that only administrators have."""

    at: int
    actor: str
    action: str
    target: str = ""
    detail: str = ""
    id: int = 0  # given by storage
