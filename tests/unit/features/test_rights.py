"""Every command, every role, every kind of chat: what happens is what the table says."""

from collections.abc import Callable

import pytest

from kentong.protocol.errors import ErrorCode
from kentong.protocol.messages import (
    AddMember,
    ChatKind,
    Command,
    DeleteMessage,
    EditText,
    GetMembers,
    LeaveGroup,
    MakeInvite,
    OpenDirect,
    Refusal,
    RemoveMember,
    RenameGroup,
    Report,
    Request,
    Role,
    SendText,
)
from kentong.server.rules.rights import Action, may
from tests.unit.features.village import Village

Make = Callable[[Village, int], Command | Request]

# In each chat row 1 or 2 is the caller's text, the last one somebody else's.
ATTEMPTS: dict[Action, Make] = {
    Action.POST: lambda _, chat: SendText(chat, "hello"),
    Action.EDIT_OWN: lambda village, chat: EditText(chat, own_row(village, chat), "changed"),
    Action.DELETE_OWN: lambda village, chat: DeleteMessage(chat, own_row(village, chat)),
    Action.DELETE_OTHERS: lambda village, chat: DeleteMessage(chat, own_row(village, chat) + 1),
    Action.RENAME: lambda _, chat: RenameGroup(chat, "dinner"),
    Action.ADD: lambda village, chat: AddMember(chat, village.id("dewi")),
    Action.REMOVE: lambda village, chat: RemoveMember(chat, village.id("citra")),
    Action.SEE_MEMBERS: lambda _, chat: GetMembers(1, chat),
    Action.SEE_BANNED: lambda _, chat: GetMembers(1, chat, 0, 1),
    Action.INVITE: lambda _, chat: MakeInvite(chat),
    Action.LEAVE: lambda _, chat: LeaveGroup(chat),
    Action.REPORT: lambda _, chat: Report(chat, 0),
}
CASES = [
    (kind, role, action)
    for kind, role in [
        (ChatKind.NOTES, Role.MEMBER),
        (ChatKind.DIRECT, Role.MEMBER),
        (ChatKind.GROUP, Role.MEMBER),
        (ChatKind.GROUP, Role.OWNER),
    ]
    for action in ATTEMPTS
]


def own_row(village: Village, chat: int) -> int:
    """The seq of anna's text: in a group row 1 says who made it."""
    return 1 if village.row(chat, 1).text == "mine" else 2


def make_chat(village: Village, kind: ChatKind, role: Role) -> int:
    village.acquaint("anna", "budi", "citra", "dewi")
    if kind is ChatKind.NOTES:
        return village.done("anna", OpenDirect(0)).chat
    if kind is ChatKind.DIRECT:
        return village.direct("anna", "budi")
    owner, other = ("anna", "budi") if role is Role.OWNER else ("budi", "anna")
    return village.group(owner, other, "citra")


def attempt(village: Village, make: Make, chat: int) -> ErrorCode | None:
    """Why it was refused, None if it was not."""
    wanted = make(village, chat)
    if isinstance(wanted, Request):
        answer = village.asks("anna", wanted)
        return answer if isinstance(answer, ErrorCode) else None
    answer = village.does("anna", wanted)
    return ErrorCode(answer.code) if isinstance(answer, Refusal) else None


@pytest.mark.parametrize(("kind", "role", "action"), CASES, ids=str)
def test_commands_follow_the_table(
    village: Village, kind: ChatKind, role: Role, action: Action
) -> None:
    chat = make_chat(village, kind, role)
    village.says("anna", chat, "mine")
    village.says("anna" if kind is ChatKind.NOTES else "budi", chat, "theirs")
    allowed = may(kind, role, action) or (kind, action) == (ChatKind.NOTES, Action.DELETE_OTHERS)
    expected = None if allowed else ErrorCode.FORBIDDEN
    assert attempt(village, ATTEMPTS[action], chat) == expected


@pytest.mark.parametrize("action", ATTEMPTS, ids=str)
def test_strangers_and_the_gone_can_not_tell_a_chat_from_none(
    village: Village, action: Action
) -> None:
    chat = village.group("budi", "citra", "anna")
    village.says("anna", chat, "mine")
    village.says("budi", chat, "theirs")
    village.done("anna", LeaveGroup(chat))
    assert attempt(village, ATTEMPTS[action], chat) == ErrorCode.NOT_FOUND
    assert attempt(village, lambda *_: SendText(chat + 999, "x"), chat) == ErrorCode.NOT_FOUND
