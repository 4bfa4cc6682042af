"""POST /sync: the same session without a WebSocket, for one exchange."""

import asyncio
import random
from pathlib import Path

import pytest

from kentong.protocol import codec
from kentong.protocol.errors import ErrorCode
from kentong.protocol.limits import EXCHANGE_BYTES_MAX, VERSION
from kentong.protocol.messages import (
    Accepted,
    Command,
    Done,
    Failed,
    GetRange,
    Goodbye,
    Heads,
    Hello,
    HelloFlag,
    MakeInvite,
    OpenDirect,
    Row,
    Rows,
    SendText,
    Welcome,
)
from tests.unit.gateway.house import until
from tests.unit.http.inn import OUTBOX, Inn, Session, inn, run

PROBE = Hello(VERSION, 0, 0, OUTBOX, 1, flags=HelloFlag.PROBE)
TEXTS = 40


def test_sync_answers_a_device(tmp_path: Path) -> None:
    async def work() -> None:
        async with inn(tmp_path) as it:
            owner = await it.owner()
            said = await it.sync(owner["secret"], PROBE)
            assert isinstance(said[0], Welcome)
            assert not it.node.sessions

    run(work())


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", ErrorCode.MALFORMED),
        (b"\0\0\0\xff", ErrorCode.MALFORMED),
        (b"x" * 1_000, ErrorCode.MALFORMED),
        (bytes(EXCHANGE_BYTES_MAX + 1), ErrorCode.TOO_LARGE),
        (
            codec.join([codec.encode(Hello(VERSION, 0, 0, OUTBOX, 1))]),
            ErrorCode.UNAUTHORISED,
        ),
    ],
    ids=["empty", "cut", "noise", "too large", "nobody"],
)
def test_what_is_wrong_with_a_sync_is_said_as_goodbye(
    tmp_path: Path, body: bytes, code: ErrorCode
) -> None:
    async def work() -> None:
        async with inn(tmp_path) as it:
            (said,) = await it.sync_body("", body)
            assert said == Goodbye(code)

    run(work())


def test_sync_of_a_foreign_page_needs_a_preflight_and_gets_none(tmp_path: Path) -> None:
    async def work() -> None:
        async with inn(tmp_path) as it:
            answer = await it.ask(
                "POST", "/sync", data=b"x", headers={"Content-Type": "text/plain"}
            )
            assert answer.status == 415
            answer = await it.ask("OPTIONS", "/sync", headers={"Origin": "https://evil.example"})
            assert answer.status == 405
            assert "Access-Control-Allow-Origin" not in answer.headers

    run(work())


async def tell(speaker: Session, command: Command) -> Done:
    await speaker.say(command)
    return await speaker.hear(Done)


async def post(speaker: Session, chat: int, text: str) -> None:
    await speaker.say(SendText(chat, text))
    await speaker.hear(Accepted)


def test_a_poll_does_not_end_because_others_are_busy(tmp_path: Path) -> None:
    async def work() -> None:
        async with inn(tmp_path, poll_wait_s=60) as it:
            owner = await it.owner()
            speaker = await it.connect(owner["secret"])
            bob = await it.join("Bob", (await tell(speaker, MakeInvite(0))).text)
            notes = (await tell(speaker, OpenDirect(0))).chat
            direct = (await tell(speaker, OpenDirect(bob["user"]))).chat
            cursor = await it.node.engine.read(lambda tx: tx.cursor())
            hello = Hello(VERSION, it.node.engine.epoch, cursor, OUTBOX, 1)
            polling = asyncio.create_task(it.sync(bob["secret"], hello))
            await until(lambda: bob["user"] in it.node.hub.users)
            for number in range(20):
                await post(speaker, notes, f"to myself {number}")
            assert not polling.done()
            await post(speaker, direct, "for Bob")
            assert any("for Bob" in repr(message) for message in await polling)

    run(work())


def test_a_poll_that_begins_late_does_not_end_for_a_cursor(tmp_path: Path) -> None:
    async def work() -> None:
        async with inn(tmp_path, poll_wait_s=1) as it:
            owner = await it.owner()
            speaker = await it.connect(owner["secret"])
            bob = await it.join("Bob", (await tell(speaker, MakeInvite(0))).text)
            cursor = await it.node.engine.read(lambda tx: tx.cursor())
            notes = (await tell(speaker, OpenDirect(0))).chat
            await post(speaker, notes, "of no concern to Bob")
            hello = Hello(VERSION, it.node.engine.epoch, cursor, OUTBOX, 1)
            began_s = asyncio.get_running_loop().time()
            _, page = await it.sync(bob["secret"], hello)
            assert asyncio.get_running_loop().time() - began_s >= 1
            assert isinstance(page, Heads)
            assert page.cursor > cursor
            assert not page.heads

    run(work())


def test_what_does_not_fit_into_one_answer_is_asked_again_from_where_it_ended(
    tmp_path: Path,
) -> None:
    async def work() -> None:
        async with inn(tmp_path) as it:
            owner = await it.owner()
            chance = random.Random(1)
            speaker = await it.connect(owner["secret"])
            notes = (await tell(speaker, OpenDirect(0))).chat
            texts = ["".join(map(chr, chance.choices(range(0x4E00, 0x9FFF), k=4_000)))] * TEXTS
            for text in texts:
                await post(speaker, notes, text)
            seqs: list[int] = []
            answers = 0
            while len(seqs) < TEXTS:
                first = seqs[-1] + 1 if seqs else 1
                rows, is_whole = await ranged(it, owner["secret"], notes, first)
                assert rows
                seqs += rows
                answers += 1
                assert is_whole == (len(seqs) == TEXTS)
            assert seqs == list(range(1, TEXTS + 1))
            assert answers > 1

    run(work())


async def ranged(it: Inn, secret: str, chat: int, first: int) -> tuple[list[int], bool]:
    """The positions of the rows that one answer has, and whether these are all."""
    hello = Hello(VERSION, 0, 0, OUTBOX, 1, flags=HelloFlag.PROBE | HelloFlag.NO_INFLATE)
    said = await it.sync(secret, hello, GetRange(7, chat, first, TEXTS))
    assert len(codec.join([codec.encode(message) for message in said])) <= EXCHANGE_BYTES_MAX
    pages = [message for message in said if isinstance(message, Rows)]
    failed = [message for message in said if isinstance(message, Failed)]
    assert failed in ([], [Failed(7, ErrorCode.TOO_LARGE)])
    assert [page.more for page in pages] == [1] * (len(pages) - 1) + [int(bool(failed))]
    return [seq for page in pages for seq in positions(codec.unpack_rows(page.packed, 0))], (
        not failed
    )


def positions(rows: list[Row]) -> list[int]:
    found: list[int] = []
    for row in rows:
        found.append(row.seq + (found[-1] if found else 0))
    return found
