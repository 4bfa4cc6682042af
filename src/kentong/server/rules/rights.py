"""Who may do what in which chat: one table, read by the code, the tests and the docs."""

import enum

from kentong.protocol.limits import SMALL_GROUP_MEMBERS_MAX
from kentong.protocol.messages import ChatKind, Role


class Action(enum.Enum):
    """What a member may want to do in a chat."""

    READ = "read"
    POST = "post"
    EDIT_OWN = "edit own messages"
    DELETE_OWN = "delete own messages for everyone"
    DELETE_OTHERS = "delete others' messages for everyone"
    RENAME = "rename"
    ADD = "add people"
    REMOVE = "remove and ban people"
    SEE_MEMBERS = "see the members"
    SEE_BANNED = "see the banned"
    INVITE = "make the invite link"
    LEAVE = "leave"
    REPORT = "report"


_TALK = frozenset(
    {Action.READ, Action.POST, Action.EDIT_OWN, Action.DELETE_OWN, Action.SEE_MEMBERS}
)
_GROUP_MEMBER = _TALK | {Action.ADD, Action.LEAVE, Action.REPORT}
_GROUP_OWNER = _GROUP_MEMBER | {
    Action.DELETE_OTHERS,
    Action.RENAME,
    Action.REMOVE,
    Action.SEE_BANNED,
    Action.INVITE,
}

RIGHTS: dict[tuple[ChatKind, Role], frozenset[Action]] = {
    (ChatKind.NOTES, Role.MEMBER): _TALK - {Action.SEE_MEMBERS},
    (ChatKind.DIRECT, Role.MEMBER): (_TALK - {Action.SEE_MEMBERS}) | {Action.REPORT},
    (ChatKind.GROUP, Role.MEMBER): _GROUP_MEMBER,
    (ChatKind.GROUP, Role.OWNER): _GROUP_OWNER,
}


def may(kind: ChatKind, role: Role, action: Action) -> bool:
    """Whether a member of this role may do this in a chat of this kind."""
    return action in RIGHTS.get((kind, role), frozenset())


def shares_marks(kind: int, member_count: int) -> bool:
    """Whether members of a chat learn how far the others have read."""
    small = kind == ChatKind.GROUP and member_count <= SMALL_GROUP_MEMBERS_MAX
    return kind == ChatKind.DIRECT or small
