"""One table says who may do what."""

import itertools

import pytest

from kentong.protocol.limits import SMALL_GROUP_MEMBERS_MAX
from kentong.protocol.messages import ChatKind, Role
from kentong.server.rules.rights import RIGHTS, Action, may, shares_marks


@pytest.mark.parametrize(
    ("kind", "role", "action"), list(itertools.product(ChatKind, Role, Action)), ids=str
)
def test_may_follows_the_table(kind: ChatKind, role: Role, action: Action) -> None:
    assert may(kind, role, action) == (action in RIGHTS.get((kind, role), set()))


def test_owners_may_all_that_members_may() -> None:
    members, owners = RIGHTS[ChatKind.GROUP, Role.MEMBER], RIGHTS[ChatKind.GROUP, Role.OWNER]
    assert members < owners


def test_nobody_owns_a_direct_chat() -> None:
    assert not any(may(ChatKind.DIRECT, Role.OWNER, action) for action in Action)


@pytest.mark.parametrize(
    ("kind", "members", "shared"),
    [
        (ChatKind.DIRECT, 0, True),
        (ChatKind.NOTES, 0, False),
        (ChatKind.GROUP, SMALL_GROUP_MEMBERS_MAX, True),
        (ChatKind.GROUP, SMALL_GROUP_MEMBERS_MAX + 1, False),
    ],
)
def test_marks_are_shared_in_small_chats(kind: ChatKind, members: int, shared: bool) -> None:
    assert shares_marks(kind, members) is shared
