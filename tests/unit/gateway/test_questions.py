"""Whoever asks for much gets it bit by bit, and pays for it."""

import asyncio
import threading
from pathlib import Path

from kentong.protocol import codec
from kentong.protocol.errors import ErrorCode
from kentong.protocol.limits import BULK_WINDOW_BYTES_MIN, FRAME_BYTES_MAX, HEADS_MAX, VERSION
from kentong.protocol.messages import (
    Accepted,
    CreateGroup,
    Done,
    Failed,
    GetDevices,
    GetHeads,
    GetPeople,
    GetRange,
    Got,
    Heads,
    Hello,
    HelloFlag,
    Message,
    OpenDirect,
    Row,
    Rows,
    SendText,
)
from kentong.server import routes
from kentong.server.gateway.session import Session as ServerSession
from tests.unit.http.inn import OUTBOX, WAIT_S, Inn, Session, inn, run

LONG = "\N{CLOUD WITH RAIN}" * 4_000  # the longest text there is, in bytes
PLAIN = Hello(VERSION, 0, 0, OUTBOX, 1, flags=HelloFlag.NO_INFLATE)
ASKED = 64


async def note_down(it: Inn, secret: str, texts: list[str]) -> tuple[Session, int]:
    """A device that has written notes, and their chat."""
    device = await it.connect(secret, PLAIN)
    await device.say(OpenDirect(0))
    chat = (await device.hear(Done)).chat
    for text in texts:
        await device.say(SendText(chat, text))
        await device.hear(Accepted)
    return device, chat


def sessions(it: Inn) -> list[ServerSession]:
    return [session for session in it.node.sessions if isinstance(session, ServerSession)]


def test_answers_are_read_as_they_are_taken(tmp_path: Path) -> None:
    async def work() -> None:
        async with inn(tmp_path) as it:
            owner = await it.owner()
            device, chat = await note_down(it, owner["secret"], [LONG] * 2)
            (session,) = sessions(it)
            assert session.news is not None
            bulk = session.news.bulk
            for request in range(ASKED):
                await device.say(GetRange(request, chat, 1, 2))
            await device.say(GetDevices(ASKED))
            pages: list[Message] = []
            while not pages or not isinstance(pages[-1], Failed):
                pages.append(await device.hear(Message))  # 64 are open: one more fails
            assert bulk.waiting + bulk.on_way < BULK_WINDOW_BYTES_MIN + FRAME_BYTES_MAX
            rows: list[Row] = []
            while len(rows) < 2 * ASKED:
                page = pages.pop(0) if pages else await device.hear(Rows)
                if not isinstance(page, Rows):
                    continue
                rows += codec.unpack_rows(page.packed, page.deflated)
                assert bulk.waiting < FRAME_BYTES_MAX
                await device.say(Got(len(codec.encode(page))))
            assert {row.text for row in rows} == {LONG}

    run(work())


def test_each_page_costs_as_much_as_a_request(tmp_path: Path) -> None:
    async def work() -> None:
        async with inn(tmp_path, requests_per_minute=6) as it:
            owner = await it.owner()
            device, chat = await note_down(it, owner["secret"], [LONG] * 8)
            await device.say(GetRange(1, chat, 1, 8))
            more = 1
            while more:
                page = await device.hear(Rows)
                more = page.more
                await device.say(Got(len(codec.encode(page))))
            await device.say(GetRange(2, chat, 1, 1))
            failed = await device.hear(Failed)
            assert failed.code == ErrorCode.RATE_LIMITED
            assert failed.retry_after_ms > 0

    run(work())


def test_a_chat_asked_for_twice_is_answered_once(tmp_path: Path) -> None:
    async def work() -> None:
        async with inn(tmp_path) as it:
            owner = await it.owner()
            device, chat = await note_down(it, owner["secret"], [])
            await device.say(GetHeads(1, [chat] * HEADS_MAX))
            page = Heads(0)
            while page.request != 1:
                page = await device.hear(Heads)
            assert [head.chat for head in page.heads] == [chat]

    run(work())


def test_all_devices_of_an_account_together_have_few_reads_under_way(tmp_path: Path) -> None:
    async def work() -> None:
        async with inn(tmp_path, outstanding_max=4) as it:
            owner = await it.owner()
            body = {"code": owner["recovery_code"], "cookie": False}
            other = (await it.api("recover", body))[1]
            one = await it.connect(owner["secret"], PLAIN)
            two = await it.connect(other["secret"], PLAIN)
            await one.hear(Heads)
            await two.hear(Heads)
            over = threading.Event()
            holding = asyncio.ensure_future(it.node.engine.read(lambda tx: over.wait(WAIT_S)))
            for request in range(3):
                await one.say(GetDevices(request))
            await one.say(GetRange(9, 0, 1, 1))  # waits its turn, too
            await one.say(GetDevices(3))
            assert (await one.hear(Failed)).request == 3
            await two.say(GetDevices(1))
            await two.say(GetDevices(2))
            assert (await two.hear(Failed)).code == ErrorCode.TOO_MANY_REQUESTS
            over.set()
            await holding
            while it.node.reads:  # noqa: ASYNC110 - what we wait for happens in a thread
                await asyncio.sleep(0)

    run(work())


def test_what_names_many_people_costs_more() -> None:
    assert routes.cost(GetPeople(1, [1] * 100)) > 5 * routes.cost(GetPeople(1, [1]))
    assert routes.cost(CreateGroup("", [1] * 200)) > 5 * routes.cost(CreateGroup("", [1]))
    assert routes.cost(CreateGroup("", [1] * 60_000)) == routes.cost(CreateGroup("", [1] * 200))
