"""Pages of heads and rows are as large as they may be, and nothing is lost between them."""

import random
from functools import partial
from pathlib import Path

import pytest

from kentong.protocol.codec import decode_from_server, encode, unpack_rows
from kentong.protocol.limits import (
    BULK_WINDOW_BYTES_MAX,
    BULK_WINDOW_BYTES_MIN,
    FRAME_BYTES_MAX,
    PAGE_BYTES_MAX,
    PREVIEW_CHARS_MAX,
    RANGE_ROWS_MAX,
    TEXT_CHARS_MAX,
    TITLE_CHARS_MAX,
)
from kentong.protocol.messages import GetRange, Heads, Rows
from kentong.server import config
from kentong.server.access import Caller, Context
from kentong.server.delivery import heads, ranges
from kentong.server.delivery.heads import Listing, Page, Wish
from kentong.server.delivery.ranges import Run
from kentong.server.model import Account, Chat, NewRow
from kentong.server.storage import accounts, messages
from kentong.server.storage.engine import Transaction
from kentong.server.storage.sqlite import SqliteDatabase
from kentong.server.storage.sqlite_files import Options
from tests.storage import town

LETTERS = ("x", "ф", "文", "🌧")  # 1 to 4 bytes
NOBODY = (0, 0, 0)


@pytest.fixture
def database(tmp_path: Path) -> SqliteDatabase:
    return SqliteDatabase(tmp_path, Options(reserve_bytes=0, durable=False))


def next_page(tx: Transaction, state: Listing) -> tuple[Page, Listing]:
    return heads.read_page(tx, state, tx.cursor())


def listed(database: SqliteDatabase, wish: Wish) -> list[bytes]:
    """The pages of a listing."""
    state, pages, more = Listing.start(wish, NOBODY), list[bytes](), True
    while more:
        page, state = town.read(database, partial(next_page, state=state))
        more = page.more
        if page.frame is not None:
            pages.append(page.frame)
    return pages


def heard(frame: bytes) -> Heads:
    message = decode_from_server(frame)
    assert isinstance(message, Heads)
    return message


def settle(tx: Transaction, source: random.Random) -> tuple[Account, list[Chat]]:
    """Somebody in chats of all sizes, with texts of all sizes."""
    anna, bob = town.person(tx, "anna"), town.person(tx, "bob")
    made = []
    for _ in range(source.randint(1, 30)):
        title = source.choice(LETTERS) * source.randint(1, TITLE_CHARS_MAX)
        chat = town.group(tx, title, [anna, bob])
        letter = source.choice(LETTERS)
        for _ in range(source.choice((0, 1, 5, 40))):
            text = letter * source.choice((1, 30, PREVIEW_CHARS_MAX, 400, TEXT_CHARS_MAX))
            messages.append(tx, chat, NewRow(bob.id, town.NOW_S, text, outbox=2**52, number=2**30))
        made.append(chat)
    return anna, made


@pytest.mark.parametrize("seed", range(12))
def test_no_page_of_heads_is_larger_than_it_may_be(database: SqliteDatabase, seed: int) -> None:
    source = random.Random(seed)
    anna, made = town.write(database, partial(settle, source=source))
    pages = listed(database, Wish(anna.id, 0, source.choice((1, 5, 20))))
    assert max(map(len, pages)) <= PAGE_BYTES_MAX
    found = [head for page in pages for head in heard(page).heads]
    assert sorted(head.chat for head in found) == sorted(chat.id for chat in made)
    assert all(head.rows or not head.last_seq for head in found)
    assert [heard(page).more for page in pages] == [1] * (len(pages) - 1) + [0]
    database.close()


def test_a_tail_is_as_long_as_fits_and_ends_with_the_newest(database: SqliteDatabase) -> None:
    def work(tx: Transaction) -> tuple[Account, int]:
        anna, bob = town.person(tx, "anna"), town.person(tx, "bob")
        chat = town.group(tx, "lunch", [anna, bob])
        for _ in range(20):
            town.post(tx, chat.id, bob.id, "文" * 150)
        return anna, chat.id

    anna, chat_id = town.write(database, work)
    (page,) = listed(database, Wish(anna.id, 0, 20))
    (head,) = heard(page).heads
    assert (head.chat, head.unread, len(head.rows)) == (chat_id, 20, 4)
    assert head.rows[0].seq == 3, "counted back from the last"
    assert len(page) > PAGE_BYTES_MAX - 460
    database.close()


def test_many_removals_come_first_on_pages_of_their_own(database: SqliteDatabase) -> None:
    def work(tx: Transaction) -> tuple[Account, Chat]:
        anna, bob = town.person(tx, "anna"), town.person(tx, "bob")
        chat = town.group(tx, "lunch", [anna, bob])
        for _ in range(980):
            town.post(tx, chat.id, bob.id)
        return anna, chat

    anna, chat = town.write(database, work)
    cursor = town.read(database, lambda tx: tx.cursor())
    gone = list(range(1, 960, 2))
    town.write(database, lambda tx: [messages.tombstone(tx, chat, seq) for seq in gone])
    pages = listed(database, Wish(anna.id, cursor, 1))
    assert max(map(len, pages)) <= PAGE_BYTES_MAX
    said = [heard(page) for page in pages]
    assert [run.first for page in said for run in page.removals] == gone
    assert [len(page.heads) for page in said] == [0] * (len(said) - 1) + [1]
    assert len({page.cursor for page in said}) == 1
    assert said[0].backfill_at == said[0].cursor, "a device that is cut begins anew there"
    database.close()


def test_somebody_who_blocked_hundreds_has_a_page_for_it(database: SqliteDatabase) -> None:
    def work(tx: Transaction) -> Account:
        anna = town.person(tx, "anna")
        town.group(tx, "lunch", [anna])
        for _ in range(500):
            accounts.block(tx, anna.id, town.person(tx, "bore").id)
        return anna

    anna = town.write(database, work)
    own, *rest = map(heard, listed(database, Wish(anna.id, 0, 1)))
    assert own.me is not None
    assert len(own.me.blocked) == 500
    assert (own.heads, own.more) == ([], 1)
    assert [head.title for page in rest for head in page.heads] == ["lunch"]
    database.close()


def test_heads_asked_for_come_in_pages_and_the_last_one_answers(database: SqliteDatabase) -> None:
    anna, made = town.write(database, partial(settle, source=random.Random(3)))
    ids = [chat.id for chat in made] + [999]
    frames, left = [], ids
    while left:
        read = partial(heads.read_heads, wish=Wish(anna.id, 0, 20), chat_ids=left, request=7)
        frame, left = town.read(database, read)
        frames.append(frame)
    assert max(map(len, frames)) <= PAGE_BYTES_MAX
    pages = [heard(frame) for frame in frames]
    assert [head.chat for page in pages for head in page.heads] == ids
    assert [page.request for page in pages] == [0] * (len(pages) - 1) + [7]
    assert len(pages) > 1
    database.close()


@pytest.mark.parametrize("letter", LETTERS)
@pytest.mark.parametrize("window", [0, BULK_WINDOW_BYTES_MIN, 40_000, BULK_WINDOW_BYTES_MAX])
def test_pages_of_rows_are_half_a_window(
    database: SqliteDatabase, letter: str, window: int
) -> None:
    def work(tx: Transaction) -> tuple[Account, Chat]:
        anna = town.person(tx, "anna")
        chat = town.group(tx, "lunch", [anna])
        for number in range(RANGE_ROWS_MAX):
            text = letter * (number * 37 % 300)
            messages.append(tx, chat, NewRow(anna.id, number, text, outbox=2**52, number=2**30))
        return anna, chat

    anna, chat = town.write(database, work)
    page_bytes = ranges.page_bytes(window)

    def read(tx: Transaction) -> list[bytes]:
        context = Context(tx, Caller(anna.id, 1), town.NOW_S, config.load({}, {}), str)
        run: Run | None = Run(GetRange(1, chat.id, 1, RANGE_ROWS_MAX), 1)
        frames = []
        while run is not None:
            frame, run = ranges.read_page(context, run, page_bytes, deflate=False)
            frames.append(frame)
        return frames

    frames = town.read(database, read)
    assert max(map(len, frames)) <= FRAME_BYTES_MAX
    pages = [page for page in map(decode_from_server, frames) if isinstance(page, Rows)]
    rows = [row for page in pages for row in unpack_rows(page.packed, page.deflated)]
    assert len(rows) == RANGE_ROWS_MAX
    texts = [sum(len(row.text.encode()) for row in unpack_rows(page.packed, 0)) for page in pages]
    assert max(texts) <= max(2_048, window // 2)
    assert min(texts[:-1], default=0) + 2_000 > max(texts[:-1], default=0)
    database.close()


def test_the_largest_head_fits_into_a_page(database: SqliteDatabase) -> None:
    def work(tx: Transaction) -> Account:
        anna, bob = town.person(tx, "anna"), town.person(tx, "bob")
        chat = town.group(tx, "🌧" * TITLE_CHARS_MAX, [anna, bob])
        town.post(tx, chat.id, bob.id, "🌧" * TEXT_CHARS_MAX)
        return anna

    anna = town.write(database, work)
    (page,) = listed(database, Wish(anna.id, 0, 20))
    (head,) = heard(page).heads
    assert head.rows[0].cut
    assert len(encode(head)) > 1_200
    database.close()
