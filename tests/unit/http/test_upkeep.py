"""The horizon: removals are forgotten when they are old, and not before."""

import asyncio
from pathlib import Path

from kentong.protocol.limits import VERSION
from kentong.protocol.messages import (
    Accepted,
    DeleteMessage,
    Done,
    Heads,
    Hello,
    OpenDirect,
    SendText,
    Welcome,
    WelcomeFlag,
)
from kentong.server.storage import meta
from kentong.server.storage.engine import Transaction
from kentong.server.storage.horizon import DAY_S
from kentong.server.upkeep import keep_up, turn_horizon
from tests.unit.http.inn import Inn, Json, inn, run

START_S = 20_000 * DAY_S


async def horizon_of(it: Inn) -> int:
    return await it.node.engine.read(meta.horizon)


async def revisions(it: Inn) -> int:
    def count(tx: Transaction) -> int:
        row = tx.one("SELECT count(*) FROM revisions")
        assert row is not None
        return int(row[0])

    return await it.node.engine.read(count)


async def remove_something(it: Inn, owner: Json, outbox: int) -> None:
    session = await it.connect(owner["secret"], Hello(VERSION, 0, 0, outbox, 1))
    await session.say(OpenDirect(0))
    chat = (await session.hear(Done)).chat
    await session.say(SendText(chat, "away with it"))
    seq = (await session.hear(Accepted)).seq
    await session.say(DeleteMessage(chat, seq))
    await session.hear(Done)


def test_removals_are_kept_for_so_many_days(tmp_path: Path) -> None:
    async def work() -> None:
        async with inn(tmp_path, horizon_days=3) as it:
            it.node.now = lambda: START_S
            owner = await it.owner()
            cursor = await it.node.engine.read(lambda tx: tx.cursor())
            await remove_something(it, owner, 1)
            for day in range(1, 4):
                it.node.now = lambda day=day: START_S + day * DAY_S  # type: ignore[misc]
                await turn_horizon(it.node)
                await turn_horizon(it.node)  # safe to repeat
                if day == 1:
                    await remove_something(it, owner, 2)
                assert await revisions(it) == (2 if day else 1)
            assert await horizon_of(it) == 0
            it.node.now = lambda: START_S + 4 * DAY_S
            await turn_horizon(it.node)
            assert await revisions(it) == 1  # that of the first day is forgotten
            epoch = it.node.engine.epoch
            back = await it.connect(owner["secret"], Hello(VERSION, epoch, cursor, 3, 1))
            assert (await back.hear(Welcome)).flags & WelcomeFlag.HORIZON
            assert (await back.hear(Heads)).heads
            fresh = await it.node.engine.read(lambda tx: tx.cursor())
            here = await it.connect(owner["secret"], Hello(VERSION, epoch, fresh, 3, 1))
            assert not (await here.hear(Welcome)).flags & WelcomeFlag.HORIZON

    run(work())


def test_days_without_the_server_do_not_matter(tmp_path: Path) -> None:
    async def work() -> None:
        async with inn(tmp_path, horizon_days=3) as it:
            it.node.now = lambda: START_S
            await turn_horizon(it.node)
            await remove_something(it, await it.owner(), 1)
            it.node.now = lambda: START_S + 100 * DAY_S
            await turn_horizon(it.node)
            # The mark of the first day lies below the removal: nobody knows how old that is.
            assert await revisions(it) == 1
            it.node.now = lambda: START_S + 103 * DAY_S
            await turn_horizon(it.node)
            assert await revisions(it) == 0

    run(work())


def test_answers_to_a_device_that_was_signed_out_go_the_day_after(tmp_path: Path) -> None:
    def count(tx: Transaction) -> int:
        row = tx.one("SELECT count(*) FROM answers")
        assert row is not None
        return int(row[0])

    async def work() -> None:
        async with inn(tmp_path) as it:
            it.node.now = lambda: START_S
            owner = await it.owner()
            await remove_something(it, owner, 1)
            await it.api("signout", {}, Authorization=f"Bearer {owner['secret']}")
            for day, answers in ((1, 3), (2, 0)):
                it.node.now = lambda day=day: START_S + day * DAY_S  # type: ignore[misc]
                await turn_horizon(it.node)
                assert await it.node.engine.read(count) == answers

    run(work())


def test_upkeep_survives_what_goes_wrong(tmp_path: Path) -> None:
    async def work() -> None:
        async with inn(tmp_path) as it:
            passes = asyncio.Semaphore(0)

            async def sleep(seconds: float) -> None:
                assert seconds > 0
                passes.release()
                await asyncio.sleep(0)

            def broken() -> float:
                raise ValueError("no clock")

            it.node.now = broken
            upkeep = asyncio.create_task(keep_up(it.node, sleep))
            for _ in range(3):
                await passes.acquire()
            upkeep.cancel()
            await asyncio.gather(upkeep, return_exceptions=True)

    run(work())
