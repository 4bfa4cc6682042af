"""What a device is told when it takes less than there is: credit, stale chats, limits."""

from itertools import pairwise
from pathlib import Path

from kentong.protocol.codec import encode
from kentong.protocol.errors import ErrorCode
from kentong.protocol.limits import BULK_WINDOW_BYTES_MAX, BULK_WINDOW_BYTES_MIN
from kentong.protocol.messages import (
    Accepted,
    CreateGroup,
    Done,
    Failed,
    GetRange,
    Goodbye,
    Got,
    Heads,
    Posted,
    Resync,
    Rows,
    SendText,
)
from kentong.server.gateway.bulk import Bulk
from kentong.server.gateway.news import ASK_AFTER_BYTES, PUSHED_BYTES_MAX, STALE_MAX
from tests.unit.gateway.house import Run, until
from tests.unit.gateway.line import Device, Place, place, quiet

ACKNOWLEDGED = 100_000  # bytes, more than was sent


class Sink:
    """Keeps what is sent."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []

    def send(self, frame: bytes) -> None:
        self.sent.append(frame)


def test_the_window_follows_the_rate_of_acknowledgements() -> None:
    sink = Sink()
    bulk = Bulk(sink)
    for _ in range(1_000):
        bulk.put(bytes(1_024), 0.0)
    assert len(sink.sent) == BULK_WINDOW_BYTES_MIN // 1_024
    now_s, windows = 0.0, [bulk.window]
    while bulk.waiting and len(windows) < 20:
        now_s += 0.1  # all that is on its way arrives within 0.1 s
        bulk.got(bulk.on_way, now_s)
        windows.append(bulk.window)
    assert all(after <= 2 * before for before, after in pairwise(windows))
    assert windows[1] == 2 * windows[0]
    assert max(windows) <= BULK_WINDOW_BYTES_MAX
    assert windows[-1] > 16 * windows[0]


def test_the_window_of_a_slow_link_stays_small() -> None:
    sink = Sink()
    bulk = Bulk(sink)
    for _ in range(100):
        bulk.put(bytes(1_024), 0.0)
    now_s = 0.0
    for _ in range(20):
        now_s += 0.4  # 1 KiB in 0.4 s: 20 kbit/s
        bulk.got(1_024, now_s)
        assert bulk.window <= 2 * BULK_WINDOW_BYTES_MIN
        assert bulk.on_way <= bulk.window + 1_024


def test_more_is_acknowledged_than_was_sent() -> None:
    bulk = Bulk(Sink())
    bulk.put(bytes(100), 0.0)
    bulk.got(1_000_000, 1.0)
    assert (bulk.on_way, bulk.idle) == (0, True)


async def groups(device: Device, count: int) -> list[int]:
    for number in range(count):
        device.say(CreateGroup(f"{number}", []))
    return [done.chat for done in await device.hear(Done, count)]


async def two_devices(it: Place, count: int) -> tuple[Device, Device, list[int]]:
    """One that speaks in so many groups, and one of the same person that listens."""
    speaker = await it.connect("anna", outbox=1)
    chats = await groups(speaker, count)
    await it.add_device("anna", "tablet")
    listener = await it.connect("tablet", outbox=2)
    await settled(listener)
    return speaker, listener, chats


async def settled(device: Device, *, forgets: bool = True) -> None:
    """Acknowledge the listing until it ends."""
    while not any(page.cursor and not page.more for page in device.line.heard(Heads)):
        count = len(device.line.heard(Heads))
        device.say(Got(ACKNOWLEDGED))
        await device.hear(Heads, count + 1)
    device.say(Got(ACKNOWLEDGED))
    if forgets:
        device.line.said.clear()


async def speak(it: Place, speaker: Device, chats: list[int], text: str = "hello") -> None:
    before = len(speaker.line.heard(Accepted))
    for number, chat in enumerate(chats, start=1):
        speaker.say(SendText(chat, text))
        await speaker.hear(Accepted, before + number)
    await it.fed()


def test_a_congested_chat_comes_as_state_when_there_is_room(tmp_path: Path, run: Run) -> None:
    async def work() -> None:
        async with place(tmp_path, "anna") as it:
            speaker, listener, (chat,) = await two_devices(it, 1)
            listener.line.congested = True
            await speak(it, speaker, [chat] * 3)
            await quiet(it.node)
            assert listener.line.said == []
            listener.line.congested = False
            listener.session.writable()
            (page,) = await listener.hear(Heads)
            assert [(head.chat, head.last_seq) for head in page.heads] == [(chat, 4)]
            listener.say(Got(ACKNOWLEDGED))
            await speak(it, speaker, [chat])
            (posted,) = await listener.hear(Posted)
            assert posted.seq == 5

    run(work())


def test_many_stale_chats_are_listed_anew(tmp_path: Path, run: Run) -> None:
    async def work() -> None:
        async with place(tmp_path, "anna") as it:
            speaker, listener, chats = await two_devices(it, STALE_MAX + 5)
            listener.line.congested = True
            await speak(it, speaker, chats[:STALE_MAX])
            assert not listener.line.heard(Resync)
            await speak(it, speaker, chats[STALE_MAX:])
            assert len(listener.line.heard(Resync)) == 1
            listener.line.congested = False
            listener.session.writable()
            listed: set[int] = set()
            while not any(page.cursor and not page.more for page in listener.line.heard(Heads)):
                count = len(listener.line.heard(Heads))
                await listener.hear(Heads, count + 1)
                listener.say(Got(ACKNOWLEDGED))
            for page in listener.line.heard(Heads):
                listed.update(head.chat for head in page.heads if head.last_seq == 2)
            assert listed == set(chats)

    run(work())


def test_what_changes_between_two_pages_is_told_by_its_head(tmp_path: Path, run: Run) -> None:
    """It is in no page: a frame that builds on its head would speak of an unknown chat."""

    async def work() -> None:
        async with place(tmp_path, "anna") as it:
            speaker = await it.connect("anna", outbox=1)
            chats = await groups(speaker, 3 * STALE_MAX)
            await it.add_device("anna", "tablet")
            await it.fed()
            listener = await it.connect("tablet", outbox=2)
            await quiet(it.node)
            listed = {head.chat for page in listener.line.heard(Heads) for head in page.heads}
            assert chats[0] not in listed
            it.node.feeder.pause()
            speaker.say(SendText(chats[0], "hello"))
            await speaker.hear(Accepted)
            await settled(listener)
            it.node.feeder.begin(it.node.hub.cursor)
            await it.fed()
            (page,) = await listener.hear(Heads)
            assert [(head.chat, head.last_seq) for head in page.heads] == [(chats[0], 2)]
            assert not listener.line.heard(Posted)
            listener.say(Got(ACKNOWLEDGED))
            await speak(it, speaker, [chats[0]])
            await listener.hear(Posted)

    run(work())


def test_what_the_device_writes_between_two_pages_is_told_by_its_head(
    tmp_path: Path, run: Run
) -> None:
    """Its own row is not pushed, but what comes behind it would build on it."""

    async def work() -> None:
        async with place(tmp_path, "anna") as it:
            chats = await groups(await it.connect("anna", outbox=1), 3 * STALE_MAX)
            await it.add_device("anna", "tablet")
            await it.fed()
            writer = await it.connect("tablet", outbox=2)
            await quiet(it.node)
            listed = {head.chat for page in writer.line.heard(Heads) for head in page.heads}
            assert chats[0] not in listed
            await speak(it, writer, chats[:1])
            await settled(writer, forgets=False)
            heads = [head for page in writer.line.heard(Heads) for head in page.heads]
            assert [head.last_seq for head in heads if head.chat == chats[0]] == [2]

    run(work())


def test_what_was_pushed_is_asked_about_and_then_held_back(tmp_path: Path, run: Run) -> None:
    async def work() -> None:
        async with place(tmp_path, "anna") as it:
            speaker, listener, (chat,) = await two_devices(it, 1)
            await speak(it, speaker, [chat] * 5, "x" * 1_000)
            assert listener.line.asked == 1
            await speak(it, speaker, [chat] * 15, "x" * 1_000)
            pushed = sum(len(encode(posted)) for posted in listener.line.heard(Posted))
            assert PUSHED_BYTES_MAX <= pushed < PUSHED_BYTES_MAX + 1_100
            assert listener.line.asked == 1, "one question at a time"
            assert not listener.line.heard(Heads)
            listener.session.answered()  # what was pushed before the question is there
            assert pushed - ASK_AFTER_BYTES < PUSHED_BYTES_MAX
            (page,) = await listener.hear(Heads)
            assert page.heads[0].last_seq == 21
            assert listener.line.asked == 2

    run(work())


def test_too_many_unanswered_commands_end_the_session(tmp_path: Path, run: Run) -> None:
    async def work() -> None:
        async with place(tmp_path, "anna") as it:
            anna = await it.connect("anna")
            (chat,) = await groups(anna, 1)
            texts = [SendText(chat, f"{number}") for number in range(257)]
            anna.say(*texts[:256])
            assert not anna.line.heard(Goodbye)
            anna.say(texts[256])
            (goodbye,) = anna.line.heard(Goodbye)
            assert goodbye.code == ErrorCode.TOO_MANY_REQUESTS
            back = await it.connect("anna", number=2)
            back.say(*texts[:256])
            answers = await back.hear(Accepted, 256)
            assert len(answers) == 256, "what had been taken took effect"

    run(work())


def test_too_many_unanswered_requests_are_refused(tmp_path: Path, run: Run) -> None:
    async def work() -> None:
        async with place(tmp_path, "anna") as it:
            anna = await it.connect("anna")
            (chat,) = await groups(anna, 1)
            anna.say(*(GetRange(number, chat, 1, 1) for number in range(1, 66)))
            (failed,) = anna.line.heard(Failed)
            assert (failed.request, failed.code) == (65, ErrorCode.TOO_MANY_REQUESTS)
            while len(anna.line.heard(Rows)) < 64:
                anna.say(Got(ACKNOWLEDGED))
                await quiet(it.node)
            anna.say(GetRange(66, chat, 1, 1), Got(ACKNOWLEDGED))
            await until(lambda: any(rows.request == 66 for rows in anna.line.heard(Rows)))

    run(work())
