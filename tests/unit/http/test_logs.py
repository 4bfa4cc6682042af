"""The log: useful, turned over, and without anything that people wrote."""

import dataclasses
import json
import logging
from pathlib import Path

import pytest

from kentong.protocol.errors import ErrorCode, Refused
from kentong.protocol.limits import VERSION
from kentong.protocol.messages import (
    Accepted,
    CreateGroup,
    Done,
    GetPeople,
    Hello,
    MakeInvite,
    OpenDirect,
    People,
    RenameGroup,
    Report,
    SendText,
    SetName,
)
from kentong.server import logs
from kentong.server.config import Config
from kentong.server.features.administration import RIGHTS, Wish
from kentong.server.logs import JsonLines, ShortLines, logging_to_folder
from tests.unit.http.inn import SETTINGS, Inn, inn, run

MARK = "Zebrafinch"  # in everything that people write here


def config_of(folder: Path, log_mib: int = 1, log_files: int = 5) -> Config:
    return dataclasses.replace(
        SETTINGS, data=str(folder), log_level="debug", log_mib=log_mib, log_files=log_files
    )


def log_text(folder: Path) -> str:
    return "".join(path.read_text() for path in (folder / "log").iterdir())


async def live(it: Inn) -> list[str]:
    """Do everything that there is once, well and badly; returns the secrets that were used."""
    token = await it.owner_token()
    owner = await it.join(f"{MARK} owner", token)
    session = await it.connect(owner["secret"])
    await session.say(MakeInvite(0))
    invite = (await session.hear(Done)).text
    await session.say(CreateGroup(f"{MARK} group"))
    group = (await session.hear(Done)).chat
    for command in (RenameGroup(group, f"{MARK} renamed"), SetName(f"{MARK} too")):
        await session.say(command)
        await session.hear(Done)
    await session.say(SendText(group, f"{MARK} text"))
    await session.hear(Accepted)
    await session.say(Report(group, 1, 1, f"{MARK} reason"))
    await session.say(OpenDirect(0))
    await session.say(GetPeople(1, [owner["user"]]))
    await session.hear(People)
    guest = await it.join(f"{MARK} guest", invite)
    secrets = [token, invite]
    for joined in (owner, guest):
        secrets += [joined["secret"], joined["recovery_code"]]
    for name in ("policy", "invite", "challenge", "join", "recover", "signout", MARK):
        bad = {"token": MARK, "code": MARK, "name": MARK, "device": MARK}
        answer = await it.ask("POST", f"/api/{name}", json=bad, headers={"Cookie": MARK})
        assert answer.status
    for path in ("/", f"/{MARK}", f"/pages/{MARK}", "/metrics", "/health", "/sync", "/ws"):
        for method in ("GET", "POST"):
            await it.ask(method, path, data=MARK, headers={"Authorization": f"Bearer {MARK}"})
    for name in list(RIGHTS)[:-3]:  # the last three have no answer of their own
        answer_ = await it.desk.answer("test", Wish(name, f"{MARK} too"))
        secrets += [str(answer_[key]) for key in ("token", "code") if key in answer_]
    await it.connect(MARK, Hello(VERSION, 0, 0, 1, 1))
    return secrets


async def fail(it: Inn) -> None:
    """Bugs of ours, whose errors quote what people wrote."""

    async def broken(work: object) -> None:
        raise ValueError(f"{MARK} inside") from KeyError(MARK)

    it.node.engine.write = broken  # type: ignore[method-assign, assignment]
    assert (await it.ask("POST", "/api/recover", json={"code": MARK})).status == 500


def test_nothing_that_people_wrote_is_logged(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    used: list[str] = []

    async def work() -> None:
        async with inn(tmp_path) as it:
            used.extend(await live(it))
            await fail(it)

    tmp_path.joinpath("log").mkdir()
    with logging_to_folder(config_of(tmp_path)):
        run(work())
    text = log_text(tmp_path) + capfd.readouterr().err
    assert "an HTTP request failed" in text
    assert "account 65537 opened" in text
    assert len(used) > 6
    for secret in [MARK, "127.0.0.1", *used]:
        assert secret not in text


def record(name: str, message: object, *args: object) -> logging.LogRecord:
    return logging.LogRecord(name, logging.ERROR, "", 1, message, args, None)


def test_of_a_library_only_the_constant_part_is_kept() -> None:
    found = ShortLines().format(record("aiohttp.server", "Error from %s\nmore", MARK))
    assert found == "error: Error from %s"
    assert MARK not in ShortLines().format(record("asyncio", f"it said {MARK}"))
    assert ShortLines().format(record("kentong.x", "port %d\nis", 7)) == "error: port 7 is"


def test_error_is_its_kind_and_place_and_its_causes() -> None:
    try:
        try:
            raise OSError(28, "No space left on device")
        except OSError as error:
            raise ValueError(MARK) from error
    except ValueError as error:
        entry = record("kentong.x", "it failed")
        entry.exc_info = (type(error), error, error.__traceback__)
    line = json.loads(JsonLines().format(entry))
    assert (line["level"], line["from"], line["what"]) == ("error", "kentong.x", "it failed")
    first, second = line["errors"]
    assert (first["kind"], first["text"]) == ("ValueError", "")
    assert "test_logs.py" in first["frames"][-1]
    assert (second["kind"], second["text"]) == ("OSError", "[Errno 28] No space left on device")
    assert ShortLines().format(entry).startswith("error: it failed (ValueError at ")


def test_refusal_is_logged_with_its_code() -> None:
    assert logs.kind(Refused(ErrorCode.DISK_FULL, MARK)) == "Refused DISK_FULL"
    assert logs.harmless(Refused(ErrorCode.DISK_FULL, MARK)) == ""


def test_log_is_turned_over(tmp_path: Path) -> None:
    log = logging.getLogger("kentong.test")
    with logging_to_folder(config_of(tmp_path, log_mib=1, log_files=2)):
        for _ in range(40):
            log.debug("x" * 100_000)
    sizes = {path.name: path.stat().st_size for path in (tmp_path / "log").iterdir()}
    assert sizes.keys() == {"kentong.log", "kentong.log.1", "kentong.log.2"}
    assert max(sizes.values()) <= 2**20
    assert not logging.getLogger().handlers or all(
        not isinstance(handler, logging.FileHandler)
        or Path(handler.baseFilename).parent != tmp_path / "log"
        for handler in logging.getLogger().handlers
    )
