"""People: who may know of whom, links, names, reports, devices."""

from kentong.protocol.errors import ErrorCode
from kentong.protocol.messages import (
    BlockUser,
    Device,
    Devices,
    GetDevices,
    GetInvite,
    GetPeople,
    Invite,
    JoinByInvite,
    LeaveGroup,
    MakeInvite,
    OpenDirect,
    People,
    Person,
    RemoveMember,
    Report,
    ReportReason,
    RevokeDevice,
    RowKind,
    SetName,
)
from kentong.server.features import invites
from kentong.server.model import Reach
from kentong.server.storage import accounts, chats, reports
from kentong.server.storage import invites as stored_invites
from kentong.server.storage.engine import Transaction
from tests.unit.features.village import NOW_S, Village


def test_strangers_are_not_named(village: Village) -> None:
    village.direct("anna", "budi")
    wanted = [village.id(name) for name in ("anna", "budi", "citra")] + [10**9]
    assert village.asks("anna", GetPeople(1, wanted)) == People(
        1, [Person(village.id("anna"), "anna"), Person(village.id("budi"), "budi")]
    )


def test_a_stranger_and_nobody_look_the_same(village: Village) -> None:
    for user_id in (village.id("citra"), 10**9):
        assert village.refused("anna", OpenDirect(user_id)) == ErrorCode.NOT_FOUND
        assert village.refused("anna", BlockUser(user_id)) == ErrorCode.NOT_FOUND


def test_two_people_have_one_direct_chat(village: Village) -> None:
    chat = village.direct("anna", "budi")
    assert village.done("budi", OpenDirect(village.id("anna"))).chat == chat


def test_notes_are_ones_own(village: Village) -> None:
    notes = village.done("anna", OpenDirect(0)).chat
    assert village.done("anna", OpenDirect(village.id("anna"))).chat == notes
    assert village.done("budi", OpenDirect(0)).chat != notes


def test_a_personal_link_leads_to_its_maker(village: Village) -> None:
    token = village.done("anna", MakeInvite()).text
    assert village.asks("budi", GetInvite(1, token)) == Invite(1, "anna")
    chat = village.done("budi", JoinByInvite(token)).chat
    assert village.done("anna", OpenDirect(village.id("budi"))).chat == chat


def test_a_group_link_lets_people_in_and_makes_it_semi_public(village: Village) -> None:
    chat = village.group("anna")
    token = village.done("anna", MakeInvite(chat)).text
    assert village.run(lambda tx: chats.chat(tx, chat)).reach == Reach.SEMI_PUBLIC
    assert village.asks("budi", GetInvite(1, token)) == Invite(1, "lunch", 1)
    assert village.done("budi", JoinByInvite(token)).chat == chat
    assert village.row(chat, 2).kind == RowKind.JOINED
    assert village.asks("budi", GetInvite(2, token)) == Invite(2, "lunch", 2, chat)


def test_a_new_link_ends_the_old_one(village: Village) -> None:
    chat = village.group("anna")
    old = village.done("anna", MakeInvite(chat)).text
    village.done("anna", MakeInvite(chat))
    assert village.refused("budi", JoinByInvite(old)) == ErrorCode.INVITE_INVALID
    assert village.asks("budi", GetInvite(1, old)) == ErrorCode.INVITE_INVALID


def test_the_link_of_a_former_owner_ends_when_they_leave(village: Village) -> None:
    chat = village.group("anna", "budi")
    token = village.done("anna", MakeInvite(chat)).text
    village.done("anna", LeaveGroup(chat))
    assert village.refused("citra", JoinByInvite(token)) == ErrorCode.INVITE_INVALID


def test_a_new_link_ends_that_of_another_owner_too(village: Village) -> None:
    chat = village.group("anna", "budi")
    other = village.group("anna", "budi")
    village.done("anna", LeaveGroup(chat))
    tokens = ["of anna", "of anna, elsewhere", "of anna, herself"]
    anna, now_s = village.id("anna"), village.now_s

    def make_all(tx: Transaction) -> None:
        for token, leads_to in zip(tokens, (chat, other, 0), strict=True):
            stored_invites.add_invite(tx, invites.digest(token), anna, leads_to, now_s)

    village.run(make_all)
    village.done("budi", MakeInvite(chat))
    assert village.refused("citra", JoinByInvite(tokens[0])) == ErrorCode.INVITE_INVALID
    assert village.done("citra", JoinByInvite(tokens[1])).chat == other
    village.done("citra", JoinByInvite(tokens[2]))


def test_the_banned_can_not_come_back_by_link(village: Village) -> None:
    chat = village.group("anna", "budi")
    token = village.done("anna", MakeInvite(chat)).text
    village.done("anna", RemoveMember(chat, village.id("budi"), 1))
    assert village.refused("budi", JoinByInvite(token)) == ErrorCode.INVITE_INVALID
    assert village.asks("budi", GetInvite(1, token)) == ErrorCode.INVITE_INVALID


def test_who_left_may_come_back_by_link(village: Village) -> None:
    chat = village.group("anna", "budi")
    token = village.done("anna", MakeInvite(chat)).text
    village.done("budi", LeaveGroup(chat))
    assert village.done("budi", JoinByInvite(token)).chat == chat


def test_a_blocked_person_can_not_tell_from_a_bad_link(village: Village) -> None:
    village.acquaint("anna", "budi")
    village.done("anna", BlockUser(village.id("budi")))
    token = village.done("anna", MakeInvite()).text
    assert village.refused("budi", JoinByInvite(token)) == ErrorCode.INVITE_INVALID


def test_a_new_name_moves_the_heads_of_direct_chats(village: Village) -> None:
    chat = village.direct("anna", "budi")
    before = village.run(lambda tx: chats.chat(tx, chat))
    village.done("anna", SetName("  Anna   Maria "))
    assert village.run(lambda tx: accounts.account(tx, village.id("anna"))).name == "Anna Maria"
    after = village.run(lambda tx: chats.chat(tx, chat))
    assert after.clock > before.clock
    assert after.changes == before.changes + 1


def test_a_report_keeps_what_was_written(village: Village) -> None:
    chat = village.direct("anna", "budi")
    seq = village.says("budi", chat, "buy pills")
    village.done("anna", Report(chat, seq, ReportReason.SPAM, "again"))
    village.done("anna", Report(chat, 0, 99))
    (first, second) = village.run(lambda tx: reports.list_reports(tx, 0, 10))
    assert (first.content.excerpt, first.content.author_id) == ("buy pills", village.id("budi"))
    assert (second.content.seq, second.content.reason) == (0, ReportReason.OTHER)
    refused = village.refused("anna", Report(chat, seq, 0, "x" * 1001))
    assert refused == ErrorCode.TEXT_TOO_LONG
    assert village.refused("anna", Report(chat, 77)) == ErrorCode.NOT_FOUND


def test_devices_are_ones_own(village: Village) -> None:
    mine = village.people["anna"].device_id
    assert village.asks("anna", GetDevices(1)) == Devices(
        1, [Device(mine, "phone", NOW_S, NOW_S, 1)]
    )
    foreign = RevokeDevice(village.people["budi"].device_id)
    assert village.refused("anna", foreign) == ErrorCode.NOT_FOUND
    village.done("anna", RevokeDevice(mine))
    assert village.refused("anna", RevokeDevice(mine)) == ErrorCode.NOT_FOUND
