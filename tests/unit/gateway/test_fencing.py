"""Two connections of one device: the newer one is told, the older one may still deliver."""

from pathlib import Path

from kentong.protocol.errors import ErrorCode
from kentong.protocol.messages import (
    Accepted,
    CreateGroup,
    Done,
    Goodbye,
    MakeInvite,
    Ping,
    Pong,
    Posted,
    RowKind,
    SendText,
)
from kentong.server.features import sign_in
from kentong.server.gateway import session as sessions
from kentong.server.node import start_node
from kentong.server.storage import devices, messages
from kentong.server.storage.engine import Transaction
from tests.unit.gateway.house import Run, until
from tests.unit.gateway.line import OUTBOX, Device, Place, place, quiet


async def group(it: Place, device: Device) -> int:
    device.say(CreateGroup("lunch", []))
    (done,) = await device.hear(Done)
    return done.chat


async def texts(it: Place, chat: int) -> list[str]:
    rows = await it.node.engine.read(lambda tx: messages.latest(tx, chat, 1, 100))
    return [row.text for row in rows if row.kind == RowKind.TEXT]


def test_what_the_older_one_still_sends_takes_effect_once(tmp_path: Path, run: Run) -> None:
    async def work() -> None:
        async with place(tmp_path, "anna") as it:
            older = await it.connect("anna")
            chat = await group(it, older)
            newer = await it.connect("anna", number=2)
            (goodbye,) = await older.hear(Goodbye)
            assert goodbye.code == ErrorCode.FENCED
            told = len(older.line.said)
            older.say(SendText(chat, "late"), Ping(), SendText(chat, "later"))
            await quiet(it.node)
            assert await texts(it, chat) == ["late", "later"]
            newer.say(SendText(chat, "late"), SendText(chat, "later"))
            answers = await newer.hear(Accepted, 2)
            assert len(answers) == 2
            assert await texts(it, chat) == ["late", "later"]
            assert len(older.line.said) == told
            assert not older.line.heard(Pong)
            assert not older.line.is_closed

    run(work())


def test_the_older_one_is_told_nothing(tmp_path: Path, run: Run) -> None:
    async def work() -> None:
        async with place(tmp_path, "anna") as it:
            older = await it.connect("anna", outbox=1)
            chat = await group(it, older)
            newer = await it.connect("anna", outbox=2)
            await older.hear(Goodbye)
            older.say(SendText(chat, "from the other outbox"))
            await newer.hear(Posted)
            assert not older.line.heard(Posted)
            assert it.node.hub.users[it.people["anna"]] == [newer.session]

    run(work())


def test_a_copy_of_the_device_on_another_node_is_told_what_the_first_wrote(
    tmp_path: Path, run: Run
) -> None:
    """Nobody fences it there, and its outbox has the same id."""

    async def work() -> None:
        async with place(tmp_path, "anna") as it:
            device = await it.connect("anna")
            chat = await group(it, device)
            await it.fed()
            other = Place(start_node(it.node.config, it.node.engine))
            await other.node.feeder.start()
            copied = await other.connect("anna", number=2)
            device.say(SendText(chat, "hello"))
            await device.hear(Accepted)
            await it.fed()
            await other.fed()
            (posted,) = await copied.hear(Posted)
            assert (posted.text, posted.outbox, posted.number) == ("hello", OUTBOX, 2)
            assert not device.line.heard(Posted)
            other.node.feeder.stop()
            copied.session.closed()

    run(work())


def test_it_ends_after_a_while(tmp_path: Path, run: Run) -> None:
    async def work() -> None:
        async with place(tmp_path, "anna") as it:
            older = await it.connect("anna")
            chat = await group(it, older)
            kept_s, sessions.FENCED_S = sessions.FENCED_S, 0.01
            try:
                await it.connect("anna", number=2)
                await until(lambda: older.line.is_closed)
            finally:
                sessions.FENCED_S = kept_s
            older.say(SendText(chat, "much too late"))
            await quiet(it.node)
            assert await texts(it, chat) == []
            assert len(older.line.heard(Goodbye)) == 1
            assert older.session not in it.node.sessions

    run(work())


def test_a_signed_out_device_delivers_nothing_more(tmp_path: Path, run: Run) -> None:
    async def work() -> None:
        async with place(tmp_path, "anna") as it:
            older = await it.connect("anna")
            chat = await group(it, older)
            newer = await it.connect("anna", number=2)
            await older.hear(Goodbye)

            def revoke(tx: Transaction) -> None:
                device = devices.device_by_secret(tx, sign_in.digest("anna"))
                assert device is not None
                sign_in.sign_out(tx, device, 1)

            await it.node.engine.write(revoke)
            older.say(SendText(chat, "stolen"), MakeInvite(0))
            (goodbye,) = await newer.hear(Goodbye)
            assert goodbye.code == ErrorCode.UNAUTHORISED
            await quiet(it.node)
            assert await texts(it, chat) == []

    run(work())


def test_another_history_ends_the_older_one_too(tmp_path: Path, run: Run) -> None:
    async def work() -> None:
        async with place(tmp_path, "anna") as it:
            older = await it.connect("anna")
            await it.connect("anna")
            await older.hear(Goodbye)
            it.node.end_all(ErrorCode.SHUTTING_DOWN)
            assert older.line.is_closed
            assert not it.node.sessions

    run(work())
