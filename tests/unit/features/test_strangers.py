"""Strangers: what a new account of an open server may do, and when that ends."""

import dataclasses

import pytest

from kentong.protocol.errors import ErrorCode
from kentong.protocol.messages import AddMember, Command, CreateGroup, OpenDirect, SendText
from tests.unit.features.village import Village

LIMIT = ErrorCode.STRANGER_LIMIT
DAY_S = 24 * 3600


@pytest.fixture
def town(village: Village) -> Village:
    """An open server where everybody is new; they know each other from a group."""
    village.config = dataclasses.replace(
        village.config, registration="open", stranger_chats=2, stranger_texts=2
    )
    village.acquaint("anna", "budi", "citra", "dewi")
    return village


def meetings(town: Village, name: str) -> list[Command]:
    """All ways to come to somebody."""
    user_id = town.id(name)
    mine = town.done("anna", CreateGroup("mine", [])).chat
    return [OpenDirect(user_id), CreateGroup("two", [user_id]), AddMember(mine, user_id)]


@pytest.mark.parametrize("first", [0, 1, 2])
@pytest.mark.parametrize("later", [0, 1, 2])
def test_a_new_account_comes_to_few_strangers_whatever_the_way(
    town: Village, first: int, later: int
) -> None:
    for name in ("budi", "citra"):
        town.done("anna", meetings(town, name)[first])
    command = meetings(town, "dewi")[later]
    assert town.refused("anna", command) == LIMIT
    town.done("anna", meetings(town, "budi")[later])  # nobody new
    town.now_s += DAY_S
    town.done("anna", command)


def test_a_group_of_too_many_strangers_is_refused_whole(town: Village) -> None:
    everybody = [town.id(name) for name in ("budi", "citra", "dewi")]
    assert town.refused("anna", CreateGroup("all", everybody)) == LIMIT
    town.done("anna", CreateGroup("some", everybody[:2]))


def test_whoever_wrote_is_no_stranger(town: Village) -> None:
    chat = town.done("anna", OpenDirect(town.id("budi"))).chat
    town.says("budi", chat, "welcome")
    for name in ("citra", "dewi"):
        town.done("anna", OpenDirect(town.id(name)))
    town.done("anna", CreateGroup("all", [town.id("budi"), town.id("citra"), town.id("dewi")]))


def test_who_joins_ones_group_by_oneself_is_no_stranger_that_one_came_to(town: Village) -> None:
    from kentong.protocol.messages import JoinByInvite, MakeInvite

    mine = town.done("anna", CreateGroup("mine", [])).chat
    token = town.done("anna", MakeInvite(mine)).text
    for name in ("budi", "citra", "dewi"):
        town.done(name, JoinByInvite(token))
    for name in ("budi", "citra"):
        town.done("anna", OpenDirect(town.id(name)))


def test_few_texts_reach_somebody_who_never_answered(town: Village) -> None:
    chat = town.done("anna", OpenDirect(town.id("budi"))).chat
    for text in ("hello", "are you there?"):
        town.says("anna", chat, text)
    assert town.refused("anna", SendText(chat, "buy this")) == LIMIT
    town.says("budi", chat, "yes")
    for _ in range(5):
        town.says("anna", chat, "good")


def test_an_account_of_yesterday_writes_as_it_likes(town: Village) -> None:
    chat = town.done("anna", OpenDirect(town.id("budi"))).chat
    town.now_s += DAY_S
    for _ in range(5):
        town.says("anna", chat, "hello")


def test_there_are_no_strangers_by_invite(town: Village) -> None:
    town.config = dataclasses.replace(town.config, registration="invite")
    for name in ("budi", "citra", "dewi"):
        chat = town.done("anna", OpenDirect(town.id(name))).chat
        for _ in range(3):
            town.says("anna", chat, "hello")


def test_notes_and_groups_are_not_limited(town: Village) -> None:
    notes = town.done("anna", OpenDirect(0)).chat
    group = town.done("anna", CreateGroup("mine", [town.id("budi")])).chat
    for _ in range(4):
        town.says("anna", notes, "buy rice")
        town.says("anna", group, "hello")
