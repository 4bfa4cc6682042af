"""An operator's server on PostgreSQL."""

import asyncio
import dataclasses
from pathlib import Path

import pytest

pytest.importorskip("psycopg")

from kentong.cli.main import main
from kentong.protocol.messages import Done, Goodbye, OpenDirect, Welcome
from kentong.server.app import CannotStart, open_storage
from kentong.server.features.administration import NotPossible, Wish
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
            with pytest.raises(NotPossible, match="pg_dump"):
                await it.desk.answer("test", Wish("backup", file=str(tmp_path / "x.db")))
            with pytest.raises(NotPossible, match="pg_restore"):
                await it.desk.answer("test", Wish("restore", file=str(tmp_path / "x.db")))
            await it.desk.answer("test", Wish("suspend", "Owner"))
            await session.hear(Goodbye)

    run(work())


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
