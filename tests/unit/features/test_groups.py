"""Groups: who comes, who goes, who owns."""

from kentong.protocol.errors import ErrorCode
from kentong.protocol.messages import (
    AddMember,
    BlockUser,
    CreateGroup,
    GetMembers,
    LeaveGroup,
    Member,
    Members,
    RemoveMember,
    RenameGroup,
    Role,
    RowKind,
)
from kentong.server.model import Membership, MemberState
from kentong.server.storage import chats, members
from tests.unit.features.village import Village


def place(village: Village, chat: int, name: str) -> Membership:
    found: Membership | None = village.run(
        lambda tx: members.membership(tx, chat, village.id(name))
    )
    assert found is not None
    return found


def test_people_one_may_not_add_are_left_out(village: Village) -> None:
    village.acquaint("anna", "budi", "citra")
    village.done("citra", BlockUser(village.id("anna")))
    ids = [village.id(name) for name in ("budi", "citra", "dewi")]
    chat = village.done("anna", CreateGroup("lunch", ids)).chat
    assert village.asks("anna", GetMembers(1, chat)) == Members(
        1, [Member(village.id("anna"), "anna", Role.OWNER), Member(village.id("budi"), "budi")]
    )


def test_a_newcomer_sees_only_what_comes_after(village: Village) -> None:
    chat = village.group("anna", "budi")
    village.says("anna", chat, "before")
    village.acquaint("anna", "citra")
    village.done("anna", AddMember(chat, village.id("citra")))
    assert place(village, chat, "citra").visible_from_seq == 3
    assert village.row(chat, 3).kind == RowKind.ADDED


def test_adding_somebody_twice_changes_nothing(village: Village) -> None:
    chat = village.group("anna", "budi")
    village.done("anna", AddMember(chat, village.id("budi")))
    assert village.run(lambda tx: chats.chat(tx, chat)).last_seq == 1


def test_strangers_can_not_be_added(village: Village) -> None:
    chat = village.group("anna", "budi")
    wanted = AddMember(chat, village.id("dewi"))
    assert village.refused("anna", wanted) == ErrorCode.NOT_FOUND
    assert village.refused("anna", AddMember(chat, 10**9)) == ErrorCode.NOT_FOUND


def test_a_ban_is_lifted_by_the_owner_alone(village: Village) -> None:
    chat = village.group("anna", "budi", "citra")
    village.acquaint("budi", "citra")
    village.done("anna", RemoveMember(chat, village.id("citra"), 1))
    assert place(village, chat, "citra").state == MemberState.BANNED
    assert village.refused("budi", AddMember(chat, village.id("citra"))) == ErrorCode.FORBIDDEN
    village.done("anna", AddMember(chat, village.id("citra")))
    assert place(village, chat, "citra").state == MemberState.ACTIVE


def test_who_comes_back_sees_nothing_of_before(village: Village) -> None:
    chat = village.group("anna", "budi")
    village.says("anna", chat, "one")
    first = place(village, chat, "budi")
    village.done("budi", LeaveGroup(chat))
    village.acquaint("anna", "budi")
    village.done("anna", AddMember(chat, village.id("budi")))
    again = place(village, chat, "budi")
    assert again.alias == first.alias
    assert again.visible_from_seq == 4
    assert again.access_clock > first.access_clock


def test_when_the_owner_leaves_the_oldest_member_owns(village: Village) -> None:
    chat = village.group("anna", "budi", "citra")
    village.done("anna", LeaveGroup(chat))
    assert place(village, chat, "budi").role == Role.OWNER
    village.done("budi", RenameGroup(chat, "supper"))
    village.done("budi", LeaveGroup(chat))
    village.done("citra", LeaveGroup(chat))
    assert village.run(lambda tx: chats.chat(tx, chat)).member_count == 0


def test_the_owner_can_not_remove_themselves(village: Village) -> None:
    chat = village.group("anna", "budi")
    assert village.refused("anna", RemoveMember(chat, village.id("anna"))) == ErrorCode.FORBIDDEN


def test_full_groups_take_nobody(village: Village, tmp_path: object) -> None:
    object.__setattr__(village.config, "members_max", 2)
    chat = village.group("anna", "budi")
    village.acquaint("anna", "citra")
    refused = village.refused("anna", AddMember(chat, village.id("citra")))
    assert refused == ErrorCode.TOO_MANY_MEMBERS


def test_members_come_page_by_page(village: Village) -> None:
    names = [f"person {number}" for number in range(120)]
    village.settle(*names)
    chat = village.group("anna", *names)
    first = village.asks("anna", GetMembers(1, chat))
    assert isinstance(first, Members)
    assert (len(first.members), first.more) == (100, 1)
    second = village.asks("anna", GetMembers(2, chat, first.members[-1].user))
    assert isinstance(second, Members)
    assert (len(second.members), second.more) == (21, 0)
