"""An operator's server on PostgreSQL."""

import asyncio
import dataclasses
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("psycopg")

from kentong.cli.main import main
from kentong.client import Messenger
from kentong.client.events import StateReset
from kentong.client.stream import EventStream
from kentong.protocol.messages import Done, Goodbye, OpenDirect, Welcome
from kentong.server.app import CannotStart, open_storage
from kentong.server.features.administration import NotPossible, Wish
from tests.slow import machine
from tests.support.server import UNHURRIED, Server, serve
from tests.unit.http.inn import SETTINGS, inn, run


def test_server_on_postgres_is_looked_after_alike(tmp_path: Path, postgres_url: str) -> None:
    async def work() -> None:
        async with inn(tmp_path, database=postgres_url) as it:
            owner = await it.owner()
            session = await it.connect(owner["secret"])
            await session.hear(Welcome)
            await session.say(OpenDirect(0))
            await session.hear(Done)
            stats = await it.desk.answer("test", Wish("stats"))
            assert stats["accounts"] == 1
            assert stats["database_bytes"] > 1_000_000
            assert (await it.get("/health")).status == 200
            assert b"kentong_cursor_lag" in (await it.get("/metrics")).body
            with pytest.raises(NotPossible, match="is in the data folder"):
                await it.desk.answer("test", Wish("backup", file=str(tmp_path / "x.db")))
            with pytest.raises(NotPossible, match="not a usable backup"):
                await it.desk.answer("test", Wish("restore", file=str(tmp_path / "x.db")))
            await it.desk.answer("test", Wish("suspend", "Owner"))
            await session.hear(Goodbye)

    run(work())


def test_server_moves_to_postgres_and_back(tmp_path: Path, postgres_url: str) -> None:
    """By the operator's commands; devices stay signed in, and what they wrote stays."""
    embedded, grown = tmp_path / "embedded.db", tmp_path / "grown.db"

    async def story() -> None:
        with serve(tmp_path, *UNHURRIED) as it:
            _, token = it.owner_link()
            async with await Messenger.join(it.address, token, "Rina", tmp_path / "rina") as rina:
                chat = await (await rina.create_group("lunch", [])).accepted()
                code = rina.recovery_code
                await say(rina, chat, "embedded")
            await on_this_machine(it.run, "backup", embedded)
            assert it.stop() == 0
            await on_this_machine(it.run, "restore", embedded, "--database", postgres_url)
            start(it, "--database", postgres_url)
            async with Messenger.open(tmp_path / "rina") as rina:
                await say(rina, chat, "grown")
                await on_this_machine(it.run, "backup", grown)
                await say(rina, chat, "written after")
                reset = rina.events()
                await on_this_machine(it.run, "restore", grown)
                await next_of(reset, StateReset)
                await settle(rina)
                assert await said(it, code, chat) == ["embedded", "grown", "written after"]
            assert it.stop() == 0
            await on_this_machine(it.run, "backup", grown, "--database", postgres_url)
            await on_this_machine(it.run, "restore", grown)
            start(it)
            async with Messenger.open(tmp_path / "rina") as rina:
                await settle(rina)
                assert await said(it, code, chat) == ["embedded", "grown", "written after"]

    run(story())


def start(server: Server, *flags: str) -> None:
    server.flags = (*UNHURRIED, *flags)
    server.start()
    server.wait_up()


async def on_this_machine(command: Callable[..., str], *arguments: object) -> None:
    await asyncio.to_thread(command, *arguments)


async def say(person: Messenger, chat: int, text: str) -> None:
    await person.send_text(chat, text)
    await person.flush()


async def next_of(events: EventStream, kind: type) -> None:
    async for event in events:
        if isinstance(event, kind):
            return


async def settle(person: Messenger) -> None:
    """Wait until it has sent again what the server lost."""
    await person.wait_online()
    await person.flush()


async def said(server: Server, code: str, chat: int) -> list[str]:
    """What a device sees there that knew nothing before."""
    with tempfile.TemporaryDirectory() as folder:
        seen = await machine.as_new_device(server, code, Path(folder) / "new", [chat])
    return [row.text for row in seen[chat]]


def test_new_epoch_after_a_dump_was_loaded(tmp_path: Path, postgres_url: str) -> None:
    config = dataclasses.replace(SETTINGS, data=str(tmp_path), database=postgres_url)

    async def epoch() -> int:
        engine = await open_storage(config)
        await engine.close()
        return engine.epoch

    before = asyncio.run(epoch())
    flags = ["--data", str(tmp_path), "--database", postgres_url]
    assert main(["admin", *flags, "new-epoch"]) == 0
    assert asyncio.run(epoch()) != before


def test_postgres_that_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    url = "postgresql://nobody:hidden@127.0.0.1:1/nothing"
    config = dataclasses.replace(SETTINGS, data=str(tmp_path), database=url)
    with pytest.raises(CannotStart, match="PostgreSQL can't be reached") as found:
        asyncio.run(open_storage(config))
    assert "hidden" not in str(found.value)
