"""What a device that catches up is told."""

from functools import partial

import pytest

from kentong.server.model import Account, MemberState, NewChat, RemovedRun
from kentong.server.storage import accounts, chats, devices, listing, members, messages
from kentong.server.storage.engine import Database, Transaction
from kentong.server.storage.listing import Bounds
from tests.storage import town

GROUPS = 7


class Street:
    """anna and bob in some groups."""

    def __init__(self, tx: Transaction) -> None:
        self.anna: Account = town.person(tx, "anna")
        self.bob: Account = town.person(tx, "bob")
        self.chats = [town.group(tx, f"{n}", [self.anna, self.bob]) for n in range(GROUPS)]


@pytest.fixture
def street(database: Database) -> Street:
    made = town.write(database, Street)
    for chat in made.chats:
        town.write(database, partial(town.post, chat_id=chat.id, author_id=made.bob.id))
    return made


def titles(database: Database, user_id: int, bounds: Bounds) -> list[str]:
    heads = town.read(database, lambda tx: listing.heads_page(tx, user_id, bounds, 100))
    return [head.chat.title for head in heads]


def test_pages_follow_each_other_newest_first(database: Database, street: Street) -> None:
    bounds, found = Bounds(0), []
    while page := town.read(
        database,
        partial(listing.heads_page, user_id=street.anna.id, bounds=bounds, limit=3),
    ):
        found += page
        bounds = Bounds(0, page[-1].clock, page[-1].member.alias)
    assert [head.chat.title for head in found] == [f"{n}" for n in reversed(range(GROUPS))]
    assert all(head.clock == max(head.chat.clock, head.member.clock) for head in found)
    assert all(head.member.user_id == street.anna.id for head in found)


def test_heads_with_one_clock_are_told_apart_by_alias(database: Database) -> None:
    made = town.write(database, Street)  # one work, one clock
    page = town.read(database, lambda tx: listing.heads_page(tx, made.anna.id, Bounds(0), 2))
    below = Bounds(0, page[-1].clock, page[-1].member.alias)
    assert titles(database, made.anna.id, below) == [f"{n}" for n in reversed(range(GROUPS - 2))]


def test_only_heads_that_moved_since_the_cursor_are_listed(
    database: Database, street: Street
) -> None:
    cursor = town.read(database, lambda tx: tx.cursor())
    anna, bob = street.anna.id, street.bob.id
    assert titles(database, anna, Bounds(cursor)) == []
    town.write(database, lambda tx: town.post(tx, street.chats[2].id, bob))
    fourth = street.chats[4]
    town.write(database, lambda tx: members.set_read(tx, fourth._replace(last_seq=1), anna, 1))
    assert titles(database, anna, Bounds(cursor)) == ["4", "2"]
    assert titles(database, bob, Bounds(cursor)) == ["2"]
    moved = town.read(database, lambda tx: listing.changed_chats(tx, cursor))
    assert [chat.title for chat in moved] == ["2"]
    marked = town.read(database, lambda tx: listing.changed_members(tx, fourth.id, cursor))
    assert [(member.user_id, member.read_seq) for member in marked] == [(anna, 1)]


def test_who_left_is_told_so_and_nothing_after(database: Database, street: Street) -> None:
    cursor = town.read(database, lambda tx: tx.cursor())
    chat, anna = street.chats[0], street.anna.id
    town.write(database, lambda tx: members.set_state(tx, chat.id, anna, MemberState.REMOVED))
    (gone,) = town.read(database, lambda tx: listing.heads_page(tx, anna, Bounds(cursor), 9))
    assert (gone.chat.id, gone.member.state) == (chat.id, MemberState.REMOVED)
    town.write(database, lambda tx: town.post(tx, chat.id, street.bob.id))
    later = town.read(database, lambda tx: listing.head(tx, anna, chat.id))
    assert later is not None
    assert later.clock == gone.clock == gone.member.clock
    assert titles(database, anna, Bounds(gone.clock + 1)) == []
    assert "0" not in titles(database, anna, Bounds(0))
    places = town.read(database, lambda tx: listing.memberships(tx, anna))
    assert [place.chat_id for place in places] == [chat.id for chat in street.chats[1:]]


def test_removals_come_as_runs_for_who_may_see_them(database: Database, street: Street) -> None:
    first, second = street.chats[:2]
    for _ in range(5):
        town.write(database, lambda tx: town.post(tx, first.id, street.bob.id))
    late = town.write(database, lambda tx: town.person(tx, "late"))
    town.write(database, lambda tx: town.join(tx, first.id, late.id, joined_seq=3))
    cursor = town.read(database, lambda tx: tx.cursor())
    for chat, seq in ((first, 5), (first, 2), (second, 1), (first, 3)):
        town.write(database, partial(messages.tombstone, chat=chat, seq=seq))
    town.write(database, lambda tx: messages.edit(tx, first, 4, "edited"))
    assert removals(database, street.anna, cursor) == [
        RemovedRun(first.id, 2, 3),
        RemovedRun(first.id, 5, 5),
        RemovedRun(second.id, 1, 1),
    ]
    assert removals(database, late, cursor) == [RemovedRun(first.id, 5, 5)]
    later = town.read(database, lambda tx: tx.cursor())
    assert removals(database, street.anna, later) == []
    revised = town.read(database, lambda tx: messages.revised_since(tx, cursor))
    assert revised == [(first.id, 2), (first.id, 3), (first.id, 4), (first.id, 5), (second.id, 1)]


def removals(database: Database, user: Account, cursor: int) -> list[RemovedRun]:
    return town.read(database, lambda tx: messages.removals_since(tx, user.id, cursor, 100))


def test_the_own_head_moves_with_name_and_blocks(database: Database, street: Street) -> None:
    anna, bob = street.anna.id, street.bob.id
    changes = [
        lambda tx: accounts.set_name(tx, anna, "Anna"),
        lambda tx: accounts.block(tx, anna, bob),
        lambda tx: accounts.touch(tx, anna),
        lambda tx: accounts.set_suspended(tx, anna, town.NOW_S),
    ]
    for change in changes:
        cursor = town.read(database, lambda tx: tx.cursor())
        town.write(database, change)
        moved = town.read(database, partial(listing.changed_users, cursor=cursor))
        assert [user.id for user in moved] == [anna]


def test_devices_come_and_go(database: Database, street: Street) -> None:
    anna = street.anna.id

    def sign_in(tx: Transaction) -> int:
        return devices.add_device(tx, anna, b"secret", "phone", town.NOW_S).id

    phone = town.write(database, sign_in)
    assert town.read(database, lambda tx: devices.count(tx, anna)) == 1
    town.write(database, lambda tx: devices.seen(tx, phone, town.NOW_S + 9))
    town.write(database, lambda tx: devices.seen(tx, phone, town.NOW_S + 3))
    assert town.write(database, lambda tx: devices.revoke(tx, phone, town.NOW_S + 10))
    assert not town.write(database, lambda tx: devices.revoke(tx, phone, town.NOW_S + 11))
    assert town.read(database, lambda tx: devices.devices_of(tx, anna)) == []
    found = town.read(database, lambda tx: devices.device_by_secret(tx, b"secret"))
    assert found is not None
    assert (found.seen_at, found.revoked_at) == (town.NOW_S + 9, town.NOW_S + 10)
    assert found == town.read(database, lambda tx: devices.device(tx, phone))


def test_a_direct_chat_is_one_of_a_kind(database: Database, street: Street) -> None:
    key = chats.direct_key(street.bob.id, street.anna.id)
    assert key == f"{street.anna.id}:{street.bob.id}"
    new = street.chats[0]._replace(direct_key=key)

    def open_it(tx: Transaction) -> int:
        found = chats.direct(tx, key)
        fields = (0, 0, "", new.direct_key, town.NOW_S)
        return (found or chats.add_chat(tx, NewChat(*fields))).id

    assert town.write(database, open_it) == town.write(database, open_it)
    assert town.write(database, lambda tx: chats.rename(tx, new.id, "new")) == 1
    assert town.read(database, chats.count) == GROUPS + 1
