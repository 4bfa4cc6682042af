"""Who is in a chat, and how far they have read."""

from functools import partial

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kentong.protocol.limits import UNREAD_MAX
from kentong.protocol.messages import RowKind
from kentong.server.model import Account, Chat, MemberState, NewRow
from kentong.server.storage import accounts, chats, members, messages
from kentong.server.storage.engine import Database, Transaction
from kentong.server.storage.sqlite import SqliteDatabase
from tests.storage import town


@pytest.fixture
def people(database: Database) -> list[Account]:
    return [town.write(database, partial(town.person, name=name)) for name in "abcde"]


@pytest.fixture
def chat(database: Database, people: list[Account]) -> Chat:
    return town.write(database, lambda tx: town.group(tx, "lunch", people[:4]))


def state_of(database: Database, chat: Chat) -> Chat:
    found = town.read(database, lambda tx: chats.chat(tx, chat.id))
    assert found is not None
    return found


def test_members_are_counted(database: Database, chat: Chat, people: list[Account]) -> None:
    assert state_of(database, chat).member_count == 4
    end = MemberState.REMOVED
    assert town.write(database, lambda tx: members.set_state(tx, chat.id, people[1].id, end))
    assert not town.write(database, lambda tx: members.set_state(tx, chat.id, people[1].id, end))
    assert not town.write(database, lambda tx: members.set_state(tx, chat.id, people[4].id, end))
    ban = MemberState.BANNED
    assert town.write(database, lambda tx: members.set_state(tx, chat.id, people[1].id, ban))
    assert state_of(database, chat).member_count == 3
    assert town.read(database, lambda tx: members.active_count(tx, chat.id)) == 3
    banned = town.read(database, lambda tx: members.page(tx, chat.id, 0, 10, ban))
    assert [member.user_id for member in banned] == [people[1].id]


def test_pages_of_members_follow_user_ids(
    database: Database, chat: Chat, people: list[Account]
) -> None:
    after, found = 0, []
    while page := town.read(
        database,
        partial(members.page, chat_id=chat.id, after_user=after, limit=3, state=MemberState.ACTIVE),
    ):
        found += [member.user_id for member in page]
        after = found[-1]
    assert found == [person.id for person in people[:4]]


def test_who_comes_back_keeps_the_alias_and_loses_the_windows(
    database: Database, chat: Chat, people: list[Account]
) -> None:
    anna = people[0].id
    before = town.read(database, lambda tx: members.membership(tx, chat.id, anna))
    town.write(database, lambda tx: members.set_state(tx, chat.id, anna, MemberState.LEFT))
    for _ in range(3):
        town.write(database, lambda tx: town.post(tx, chat.id, people[1].id))
    town.write(database, lambda tx: town.join(tx, chat.id, anna, joined_seq=3))
    after = town.read(database, lambda tx: members.membership(tx, chat.id, anna))
    assert before is not None
    assert after is not None
    assert after.alias == before.alias
    assert after.state == MemberState.ACTIVE
    assert after.access_clock > before.access_clock
    assert (after.visible_from_seq, after.joined_seq) == (4, 3)


def test_marks_never_go_back_nor_beyond_the_last_row(
    database: Database, chat: Chat, people: list[Account]
) -> None:
    anna, bob = people[0].id, people[1].id
    for _ in range(5):
        town.write(database, lambda tx: town.post(tx, chat.id, bob))
    now = state_of(database, chat)
    told = [(3, True), (3, False), (2, False), (99, True), (5, False)]
    for seq, moved in told:
        assert (
            town.write(database, partial(members.set_read, chat=now, user_id=anna, seq=seq))
            is moved
        )
    assert not town.write(database, lambda tx: members.set_delivered(tx, now, anna, 5))
    assert town.write(database, lambda tx: members.set_delivered(tx, now, bob, 4))
    assert not town.write(database, lambda tx: members.set_read(tx, now, people[4].id, 1))
    marks = [
        town.read(database, partial(members.peers_marks, chat_id=chat.id, user_id=user))
        for user in (anna, bob, people[4].id)
    ]
    assert marks == [(0, 4), (5, 5), (5, 5)]


def test_the_longest_standing_member_comes_first(
    database: Database, chat: Chat, people: list[Account]
) -> None:
    town.write(database, lambda tx: town.join(tx, chat.id, people[4].id, joined_seq=1))
    ended = [people[0].id, people[1].id]
    for user in ended:
        town.write(
            database,
            partial(members.set_state, chat_id=chat.id, user_id=user, state=MemberState.LEFT),
        )
    oldest = town.read(database, lambda tx: members.oldest_member(tx, chat.id))
    assert oldest is not None
    assert oldest.user_id == people[2].id
    town.write(database, lambda tx: members.set_role(tx, chat.id, people[2].id, 1))
    found = town.read(database, lambda tx: members.membership(tx, chat.id, people[2].id))
    assert found is not None
    assert found.role == 1


def test_people_share_a_chat_while_both_are_in_it(
    database: Database, chat: Chat, people: list[Account]
) -> None:
    anna, bob, eve = people[0].id, people[1].id, people[4].id
    assert town.read(database, lambda tx: members.shares_chat(tx, anna, bob))
    assert not town.read(database, lambda tx: members.shares_chat(tx, anna, eve))
    assert town.read(database, lambda tx: members.chat_count(tx, anna)) == 1
    town.write(database, lambda tx: members.set_state(tx, chat.id, bob, MemberState.LEFT))
    assert not town.read(database, lambda tx: members.shares_chat(tx, anna, bob))
    assert town.read(database, lambda tx: members.chat_count(tx, bob)) == 0


def test_blocking_is_remembered_once(database: Database, people: list[Account]) -> None:
    anna, bob = people[0].id, people[1].id
    for told in (True, False):
        assert town.write(database, lambda tx: accounts.block(tx, anna, bob)) is told
    assert town.read(database, lambda tx: accounts.is_blocked(tx, anna, bob))
    assert not town.read(database, lambda tx: accounts.is_blocked(tx, bob, anna))
    assert town.read(database, lambda tx: accounts.blocked_by(tx, anna)) == [bob]
    for told in (True, False):
        assert town.write(database, lambda tx: accounts.unblock(tx, anna, bob)) is told


def test_names_come_for_those_who_exist(database: Database, people: list[Account]) -> None:
    ids = [people[0].id, 1, people[2].id]
    found = town.read(database, lambda tx: accounts.names(tx, ids))
    assert found == {people[0].id: "a", people[2].id: "c"}
    assert town.read(database, lambda tx: accounts.names(tx, [])) == {}


KINDS = st.sampled_from([RowKind.TEXT] * 3 + [RowKind.JOINED, RowKind.DELETED])


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(kinds=st.lists(KINDS, max_size=40), data=st.data())
def test_unread_agrees_with_counting(
    sqlite_database: SqliteDatabase, kinds: list[RowKind], data: st.DataObject
) -> None:
    chat = town.write(sqlite_database, lambda tx: town.group(tx, "", []))
    town.write(sqlite_database, lambda tx: post_kinds(tx, chat, kinds))
    after = data.draw(st.integers(0, len(kinds) + 2))
    last = data.draw(st.integers(0, len(kinds)))
    counted = sum(1 for kind in kinds[after:last] if kind is RowKind.TEXT)
    found = town.read(sqlite_database, lambda tx: messages.unread(tx, chat.id, last, after))
    assert found == counted


def post_kinds(tx: Transaction, chat: Chat, kinds: list[RowKind]) -> None:
    """Rows of these kinds; what ends as a tombstone was a text at first."""
    for kind in kinds:
        is_removed = kind is RowKind.DELETED
        new = NewRow(1, town.NOW_S, "text", RowKind.TEXT if is_removed else kind)
        seq, _ = messages.append(tx, chat, new)
        if is_removed:
            messages.tombstone(tx, chat, seq)


def test_unread_is_counted_no_further_than_its_cap(database: Database) -> None:
    chat = town.write(database, lambda tx: town.group(tx, "", []))
    town.write(database, lambda tx: post_kinds(tx, chat, [RowKind.TEXT] * (UNREAD_MAX + 5)))
    found = town.read(database, lambda tx: messages.unread(tx, chat.id, UNREAD_MAX + 5, 1))
    assert found == UNREAD_MAX
