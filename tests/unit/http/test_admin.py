"""Administration: rights, the audit, the socket."""

import asyncio
import json
import stat
from pathlib import Path

import pytest

from kentong.protocol.errors import ErrorCode
from kentong.protocol.limits import VERSION
from kentong.protocol.messages import (
    Done,
    Goodbye,
    Heads,
    Hello,
    MakeInvite,
    OpenDirect,
    Report,
    SendText,
    Welcome,
    WelcomeFlag,
)
from kentong.server.features.administration import RIGHTS, NotPossible, Wish
from kentong.server.http.admin import SOCKET, socket_path, wish_of
from tests.unit.http.inn import OUTBOX, Inn, Json, Session, inn, run


async def ask_socket(folder: Path, body: bytes) -> tuple[int, Json]:
    with socket_path(folder) as path:
        reader, writer = await asyncio.open_unix_connection(path)
    head = f"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {len(body)}\r\n\r\n"
    writer.write(head.encode() + body)
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    top, _, rest = answer.partition(b"\r\n\r\n")
    return int(top.split()[1]), json.loads(rest)


async def grant(it: Inn, wish: Wish) -> Json:
    return await it.desk.answer("test", wish)


async def refusal(it: Inn, wish: Wish) -> str:
    with pytest.raises(NotPossible) as found:
        await grant(it, wish)
    return str(found.value)


async def tell(session: Session, command: MakeInvite | OpenDirect | SendText | Report) -> Done:
    await session.say(command)
    return await session.hear(Done)


def test_socket_answers_its_own_user_only(tmp_path: Path) -> None:
    async def work() -> None:
        folder = tmp_path / ("deep" * 30)  # longer than a socket's path may be
        async with inn(folder) as it:
            assert stat.S_IMODE((folder / SOCKET).stat().st_mode) == 0o600
            assert stat.S_IMODE(folder.stat().st_mode) == 0o700
            status, answer = await ask_socket(folder, b'{"action": "stats"}')
            assert (status, answer["accounts"], answer["devices_connected"]) == (200, 0, 0)
            assert answer["addresses"] == [it.address]
        assert not (folder / SOCKET).exists()

    run(work())


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{",
        b'{"action": "fly"}',
        b'{"action": 1}',
        b'{"action": "stats", "after": "1"}',
        b'{"action": "stats", "after": true}',
        b'{"action": "stats", "limit": 0}',
        b'{"action": "stats", "more": 1}',
        b"[" * 60_000,
        b" " * 70_000,
    ],
    ids=range(11),
)
def test_what_the_socket_does_not_understand_is_a_sentence(tmp_path: Path, body: bytes) -> None:
    async def work() -> None:
        async with inn(tmp_path):
            status, answer = await ask_socket(tmp_path, body)
            assert status == 400
            assert answer["error"].endswith(".")

    run(work())


def test_every_use_of_a_right_is_in_the_audit(tmp_path: Path) -> None:
    async def work() -> None:
        async with inn(tmp_path) as it:
            owner = await it.owner()
            code = owner["recovery_code"]
            used = [name for name in RIGHTS if name not in ("backup", "restore", "new-epoch")]
            for name in used:
                await grant(it, Wish(name, "Owner" if RIGHTS[name].takes_account else ""))
            entries = (await grant(it, Wish("audit")))["audit"]
            assert [entry["action"] for entry in entries] == used
            for entry in entries:
                whom = str(owner["user"]) if RIGHTS[entry["action"]].takes_account else ""
                assert (entry["actor"], entry["target"]) == ("test", whom)
                assert code not in json.dumps(entry)
            page = (await grant(it, Wish("audit", after=2, limit=3)))["audit"]
            assert [entry["id"] for entry in page] == [3, 4, 5]

    run(work())


def test_what_was_refused_is_not_done_and_not_in_the_audit(tmp_path: Path) -> None:
    async def work() -> None:
        async with inn(tmp_path) as it:
            owner = await it.owner()
            other = await grant(it, Wish("invite"))
            await it.join("Owner", other["token"])
            assert await refusal(it, Wish("suspend", "Nobody")) == "There is no account 'Nobody'."
            assert "Several accounts" in await refusal(it, Wish("suspend", "Owner"))
            assert "needed" in await refusal(it, Wish("devices"))
            await grant(it, Wish("suspend", str(owner["user"])))
            for name in ("sign-in", "invite"):
                assert "suspended" in await refusal(it, Wish(name, str(owner["user"])))
            entries = (await grant(it, Wish("audit")))["audit"]
            assert [entry["action"] for entry in entries] == ["invite", "suspend"]

    run(work())


def test_sign_in_replaces_the_recovery_code(tmp_path: Path) -> None:
    async def work() -> None:
        async with inn(tmp_path) as it:
            owner = await it.owner()
            answer = await grant(it, Wish("sign-in", str(owner["user"])))
            status, _ = await it.api("recover", {"code": owner["recovery_code"]})
            assert status == 400
            status, joined = await it.api("recover", {"code": answer["code"], "cookie": False})
            assert (status, joined["user"]) == (200, owner["user"])

    run(work())


def test_nobody_but_the_owner_is_signed_in_by_the_administration(tmp_path: Path) -> None:
    async def work() -> None:
        async with inn(tmp_path) as it:
            await it.owner()
            budi = await it.join("Budi", (await grant(it, Wish("invite")))["token"])
            assert "not the owner's" in await refusal(it, Wish("sign-in", str(budi["user"])))
            code = {"code": budi["recovery_code"], "cookie": False}
            assert (await it.api("recover", code))[0] == 200  # it still is theirs
            entries = (await grant(it, Wish("audit")))["audit"]
            assert [entry["action"] for entry in entries] == ["invite"]

    run(work())


def test_invites_of_the_administration_lead_to_an_account(tmp_path: Path) -> None:
    async def work() -> None:
        async with inn(tmp_path) as it:
            first = await grant(it, Wish("invite"))
            assert first["account"] == 0
            owner = await it.join("Rina", first["token"])
            second = await grant(it, Wish("invite"))
            third = await grant(it, Wish("invite", "Rina"))
            assert second["account"] == third["account"] == owner["user"]
            budi = await it.join("Budi", second["token"])  # an earlier link goes on
            session = await it.connect(budi["secret"])
            heads = await session.hear(Heads)
            assert [head.title for head in heads.heads] == ["Rina"]

    run(work())


def test_reports_hold_what_was_handed_over_and_no_more(tmp_path: Path) -> None:
    async def work() -> None:
        async with inn(tmp_path) as it:
            owner = await it.owner()
            session = await it.connect(owner["secret"])
            token = (await tell(session, MakeInvite(0))).text
            budi = await it.connect((await it.join("Budi", token))["secret"])
            chat = (await budi.hear(Heads)).heads[0].chat
            for text in ("private words", "reported words"):
                await budi.say(SendText(chat, text))
            await session.say(Report(chat, 2, 1, "please look"))
            await session.hear(Done)
            (report,) = (await grant(it, Wish("reports")))["reports"]
            assert (report["excerpt"], report["text"]) == ("reported words", "please look")
            everything = [await grant(it, Wish(name)) for name in ("accounts", "stats", "audit")]
            assert "words" not in json.dumps(everything)

    run(work())


def test_wishes_have_the_types_of_their_fields() -> None:
    assert wish_of({"action": "audit", "after": 3}) == Wish("audit", after=3)
    for wrong in (None, 1, {"action": None}, {"action": "audit", "limit": 1.0}, {"x": 1}):
        with pytest.raises(NotPossible):
            wish_of(wrong)


# -- Backup and restore while it runs ---------------------------------------------------------


def test_restored_server_goes_on_with_another_history(tmp_path: Path) -> None:
    async def work() -> None:
        backup = str(tmp_path / "backup.db")
        async with inn(tmp_path / "data") as it:
            owner = await it.owner()
            session = await it.connect(owner["secret"])
            welcome = await session.hear(Welcome)
            await grant(it, Wish("backup", file=backup))
            chat = (await tell(session, OpenDirect(0))).chat
            for number in range(20):  # the clock runs ahead of the backup
                await session.say(SendText(chat, f"lost {number}"))
            before = await it.node.engine.read(lambda tx: tx.cursor())

            await grant(it, Wish("restore", file=backup))
            goodbye = await session.hear(Goodbye)
            assert goodbye.code == ErrorCode.SHUTTING_DOWN
            assert 500 <= goodbye.retry_after_ms <= 5_000
            assert it.node.engine.epoch != welcome.epoch
            assert it.node.hub.cursor < before
            assert not it.node.sessions

            hello = Hello(VERSION, welcome.epoch, before, OUTBOX, 22)
            back = await it.connect(owner["secret"], hello)
            again = await back.hear(Welcome)
            assert again.flags & WelcomeFlag.RESET
            assert again.epoch == it.node.engine.epoch
            await live_news_arrive(it, owner)
            entries = (await grant(it, Wish("audit")))["audit"]
            assert [entry["action"] for entry in entries] == ["backup", "restore"]

    run(work())


async def live_news_arrive(it: Inn, owner: Json) -> None:
    """A second device hears what the first one does."""
    _, second = await it.api("recover", {"code": owner["recovery_code"], "cookie": False})
    listener = await it.connect(second["secret"], Hello(VERSION, 0, 0, 5, 1))
    await listener.hear(Welcome)
    await listener.hear(Heads)
    speaker = await it.connect(owner["secret"], Hello(VERSION, 0, 0, 6, 1))
    await tell(speaker, OpenDirect(0))
    await listener.hear(Heads)


def test_what_is_no_backup_changes_nothing(tmp_path: Path) -> None:
    async def work() -> None:
        noise = tmp_path / "noise"
        noise.write_bytes(b"SQLite format 3\0" + bytes(2_000))
        async with inn(tmp_path / "data") as it:
            owner = await it.owner()
            session = await it.connect(owner["secret"])
            await session.hear(Welcome)
            epoch = it.node.engine.epoch
            for file in (noise, tmp_path / "nothing", tmp_path):
                assert str(file) in await refusal(it, Wish("restore", file=str(file)))
            assert it.node.engine.epoch == epoch
            assert len(it.node.sessions) == 1
            assert (await tell(session, OpenDirect(0))).chat
            folder = str(tmp_path / "no folder" / "backup.db")
            assert folder in await refusal(it, Wish("backup", file=folder))

    run(work())


def test_new_epoch_is_for_a_stopped_postgres(tmp_path: Path) -> None:
    async def work() -> None:
        async with inn(tmp_path) as it:
            assert await refusal(it, Wish("new-epoch")) == "Stop the server first."

    run(work())
