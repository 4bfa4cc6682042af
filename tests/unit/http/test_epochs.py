"""Another history that somebody else began: devices are sent away and come back to it."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("psycopg")

from kentong.protocol.errors import ErrorCode
from kentong.protocol.limits import VERSION
from kentong.protocol.messages import Done, Goodbye, Heads, Hello, OpenDirect, Welcome, WelcomeFlag
from kentong.server.storage.engine import GroupedEngine
from kentong.server.storage.postgres import PostgresDatabase
from tests.unit.http.inn import OUTBOX, Inn, Json, inn, run


def begin_another_history(it: Inn) -> None:
    engine = it.node.engine
    assert isinstance(engine, GroupedEngine)
    assert isinstance(engine.database, PostgresDatabase)
    engine.database.new_epoch()


async def until(is_so: Callable[[], bool]) -> None:
    while not is_so():  # noqa: ASYNC110 - what we wait for happens in another thread
        await asyncio.sleep(0)


async def news_arrive(it: Inn, owner: Json) -> None:
    """One device hears what another one does."""
    _, second = await it.api("recover", {"code": owner["recovery_code"], "cookie": False})
    listener = await it.connect(second["secret"], Hello(VERSION, 0, 0, 5, 1))
    await listener.hear(Welcome)
    await listener.hear(Heads)
    speaker = await it.connect(owner["secret"], Hello(VERSION, 0, 0, 6, 1))
    await speaker.hear(Welcome)
    await speaker.say(OpenDirect(0))
    await speaker.hear(Done)
    await listener.hear(Heads)


def test_another_node_begins_another_history(tmp_path: Path, postgres_url: str) -> None:
    async def work() -> None:
        async with (
            inn(tmp_path / "a", database=postgres_url) as it,
            inn(tmp_path / "b", database=postgres_url) as other,
        ):
            owner = await it.owner()
            session = await it.connect(owner["secret"])
            epoch = (await session.hear(Welcome)).epoch
            cursor = (await session.hear(Heads)).cursor
            await asyncio.to_thread(begin_another_history, other)
            goodbye = await session.hear(Goodbye)  # noticed by the feeder, in a second
            assert goodbye.code == ErrorCode.SHUTTING_DOWN
            assert it.node.engine.epoch == other.node.engine.epoch != epoch
            back = await it.connect(owner["secret"], Hello(VERSION, epoch, cursor, OUTBOX, 1))
            again = await back.hear(Welcome)
            assert again.flags & WelcomeFlag.RESET
            assert again.epoch == it.node.engine.epoch
            await until(lambda: it.node.hub.cursor > 0)
            await news_arrive(it, owner)

    run(work())
