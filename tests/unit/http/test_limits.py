"""What is too large is told, on every way in; nothing is cut in silence."""

from pathlib import Path

import pytest

from kentong.protocol import codec
from kentong.protocol.errors import ErrorCode
from kentong.protocol.limits import (
    FIRST_MEMBERS_MAX,
    FRAME_BYTES_MAX,
    HEADS_MAX,
    MARKS_MAX,
    PEOPLE_MAX,
    VERSION,
)
from kentong.protocol.messages import (
    CreateGroup,
    Delivered,
    Done,
    Failed,
    GetHeads,
    GetPeople,
    Goodbye,
    Heads,
    Hello,
    People,
    Ping,
    Pong,
    Received,
    Refusal,
    Welcome,
)
from tests.unit.http.inn import OUTBOX, inn, run

TOO_LARGE = ErrorCode.TOO_LARGE


@pytest.mark.parametrize("size", [FRAME_BYTES_MAX + 1, 70_000, 300_000])
def test_a_frame_over_the_limit_gets_a_typed_goodbye(tmp_path: Path, size: int) -> None:
    async def work() -> None:
        async with inn(tmp_path) as it:
            session = await it.connect((await it.owner())["secret"])
            await session.hear(Welcome)
            await session.say_bytes(bytes(size))
            assert await session.hear(Goodbye) == Goodbye(TOO_LARGE)
            assert await session.end() == 1009

    run(work())


@pytest.mark.parametrize(("size", "fits"), [(20_000, True), (20_001, False)])
def test_the_limit_of_a_frame_is_a_setting(tmp_path: Path, size: int, fits: bool) -> None:
    async def work() -> None:
        async with inn(tmp_path, frame_bytes_max=20_000) as it:
            session = await it.connect((await it.owner())["secret"])
            await session.hear(Welcome)
            head = codec.encode(Ping())  # with fields that the server does not know yet
            padding = bytes(size - len(head) - 3)
            frame = bytes((head[0] + 1,)) + head[1:] + b"\xc5" + len(padding).to_bytes(2) + padding
            assert len(frame) == size
            await session.say_bytes(frame)
            if fits:
                await session.hear(Pong)
            else:
                assert await session.hear(Goodbye) == Goodbye(TOO_LARGE)

    run(work())


@pytest.mark.parametrize("chars", [3_001, 4_500, 6_000])
def test_a_token_over_the_limit_gets_a_typed_goodbye(tmp_path: Path, chars: int) -> None:
    async def work() -> None:
        async with inn(tmp_path) as it:
            session = await it.connect((await it.owner())["secret"], token="A" * chars)
            assert await session.hear(Goodbye) == Goodbye(TOO_LARGE)

    run(work())


def test_one_connection_too_many_gets_a_typed_goodbye(tmp_path: Path) -> None:
    async def work() -> None:
        async with inn(tmp_path, connections_per_address=3) as it:
            secret = (await it.owner())["secret"]
            sessions = [await it.connect(secret) for _ in range(4)]  # one more may serve HTTP
            goodbye = await sessions[-1].hear(Goodbye)
            assert goodbye.code == ErrorCode.TOO_MANY_REQUESTS
            assert goodbye.retry_after_ms > 0

    run(work())


def test_a_long_poll_says_it_in_the_same_words(tmp_path: Path) -> None:
    async def work() -> None:
        async with inn(tmp_path) as it:
            secret = (await it.owner())["secret"]
            for frames in ([bytes(FRAME_BYTES_MAX + 1)], [bytes(60_000)] * 5):
                hello = Hello(VERSION, 0, 0, OUTBOX, 1)
                assert await it.sync(secret, hello, *frames) == [Goodbye(TOO_LARGE)]

    run(work())


def test_requests_for_too_much_are_refused_not_cut(tmp_path: Path) -> None:
    async def work() -> None:
        async with inn(tmp_path) as it:
            session = await it.connect((await it.owner())["secret"])
            for request in (
                GetHeads(1, list(range(HEADS_MAX + 1))),
                GetPeople(2, list(range(PEOPLE_MAX + 1))),
            ):
                await session.say(request)
                assert await session.hear(Failed) == Failed(request.request, TOO_LARGE)
            await session.say(GetHeads(3, list(range(1, HEADS_MAX + 1))))
            while (heads := await session.hear(Heads)).request != 3:
                pass
            assert len(heads.heads) == HEADS_MAX
            await session.say(GetPeople(4, list(range(PEOPLE_MAX))))
            assert (await session.hear(People)).request == 4

    run(work())


def test_a_notice_of_too_much_ends_the_session(tmp_path: Path) -> None:
    async def work() -> None:
        async with inn(tmp_path) as it:
            session = await it.connect((await it.owner())["secret"])
            marks = [Delivered(chat, 1) for chat in range(1, MARKS_MAX + 1)]
            await session.say(Received(marks))
            await session.say(Ping())
            await session.hear(Pong)
            await session.say(Received([*marks, Delivered(MARKS_MAX + 1, 1)]))
            assert await session.hear(Goodbye) == Goodbye(TOO_LARGE)

    run(work())


def test_a_group_begins_with_so_many_people_and_no_more(tmp_path: Path) -> None:
    async def work() -> None:
        async with inn(tmp_path) as it:
            session = await it.connect((await it.owner())["secret"])
            people = list(range(1_000, 1_000 + FIRST_MEMBERS_MAX))
            await session.say(CreateGroup("all", [*people, 5_000]))
            assert await session.hear(Refusal) == Refusal(TOO_LARGE)
            await session.say(CreateGroup("all", people))
            assert (await session.hear(Done)).chat

    run(work())
