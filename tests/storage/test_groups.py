"""Works that share a commit don't share their failures."""

import asyncio
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import cast

import pytest

from kentong.protocol.errors import ErrorCode, Refused
from kentong.server.model import NewReport
from kentong.server.storage import accounts, reports
from kentong.server.storage.engine import (
    PATIENT_WORKS_MAX,
    Database,
    GroupedEngine,
    GroupResult,
    Outcome,
    Pending,
    ThreadLane,
    Transaction,
    Work,
)
from tests.storage import town

NOWHERE = cast("Transaction", None)  # for works that look at nothing


def add(name: str) -> Callable[[Transaction], int]:
    return lambda tx: town.person(tx, name).id


def refuse(tx: Transaction) -> None:
    tx.one("SELECT 1")
    raise Refused(ErrorCode.FORBIDDEN)


def write_and_fail(tx: Transaction) -> None:
    town.person(tx, "nobody")
    raise ValueError("after writing")


def break_a_rule(tx: Transaction) -> None:
    tx.run("INSERT INTO no_such_table (x) VALUES (1)")


def stumble(outcome: Outcome) -> None:
    raise RuntimeError("the caller's bug")


def names(tx: Transaction) -> list[str]:
    return [account.name for account in accounts.list_accounts(tx, 0, 100)]


@pytest.mark.parametrize("failing", [refuse, write_and_fail, break_a_rule])
def test_a_failing_work_hurts_nobody_else(
    database: Database, failing: Callable[[Transaction], None]
) -> None:
    result = database.run_group([add("anna"), failing, add("bob"), failing, add("cleo")])
    assert [outcome.error is None for outcome in result.outcomes] == [True, False] * 2 + [True]
    assert result.wrote
    assert town.read(database, names) == ["anna", "bob", "cleo"]


def test_a_group_that_only_read_announces_nothing(database: Database) -> None:
    assert not database.run_group([names, refuse]).wrote
    assert not database.run_group([write_and_fail]).wrote


def test_a_refusal_is_judged_by_what_was_committed(database: Database) -> None:
    """A work that saw rows which were undone later is run again."""

    def only_alone(tx: Transaction) -> int:
        if names(tx) != []:
            raise Refused(ErrorCode.FORBIDDEN)
        return town.person(tx, "first").id

    result = database.run_group([write_and_fail, only_alone])
    assert result.outcomes[1].error is None
    assert town.read(database, names) == ["first"]


def test_later_works_of_a_group_see_earlier_ones(database: Database) -> None:
    result = database.run_group([add("anna"), names])
    assert result.outcomes[1].result == ["anna"]


def test_a_reading_work_that_fails_hurts_nobody_else(database: Database) -> None:
    town.write(database, add("anna"))
    result = database.read_group([names, break_a_rule, refuse, names])
    assert [outcome.error is None for outcome in result.outcomes] == [True, False, False, True]
    assert result.outcomes[3].result == ["anna"]


def test_readers_can_not_write(database: Database) -> None:
    assert database.read_group([add("anna")]).outcomes[0].error is not None
    assert town.read(database, names) == []


def test_ids_are_never_used_again(database: Database) -> None:
    first = town.write(database, add("anna"))
    database.run_group([write_and_fail, add("bob")])
    town.write(database, lambda tx: tx.run("DELETE FROM users"))
    assert first == 65_537
    assert town.write(database, add("cleo")) > first + 1


def test_a_report_is_kept_as_it_was_said(database: Database) -> None:
    new = NewReport(1, 2, 3, 4, "why", "what", 5, 6)
    first = town.write(database, lambda tx: reports.add_report(tx, new))
    second = town.write(database, lambda tx: reports.add_report(tx, new))
    page = town.read(database, lambda tx: reports.list_reports(tx, first, 10))
    assert [(report.id, report.content) for report in page] == [(second, new)]


def test_an_engine_announces_each_commit_that_wrote(database: Database) -> None:
    async def scenario() -> tuple[int, list[int], list[str]]:
        engine = GroupedEngine(database)
        announced: list[int] = []
        engine.on_change = lambda: announced.append(1)
        with pytest.raises(Refused):
            await engine.write(refuse)
        quiet = len(announced)
        await asyncio.gather(*(engine.write(add(f"user {n}")) for n in range(50)))
        found = await engine.read(names)
        await stop(engine)
        return quiet, announced, found

    quiet, announced, found = asyncio.run(scenario())
    assert quiet == 0
    assert 1 <= len(announced) <= 50
    assert len(found) == 50


def test_a_cancelled_caller_does_not_stop_the_others(database: Database) -> None:
    async def scenario() -> list[str]:
        engine = GroupedEngine(database)
        tasks = [asyncio.create_task(engine.write(add(f"user {n}"))) for n in range(10)]
        await asyncio.sleep(0)
        tasks[3].cancel()
        done = await asyncio.gather(*tasks, return_exceptions=True)
        assert isinstance(done[3], asyncio.CancelledError)
        assert sum(isinstance(result, int) for result in done) == 9
        found = await engine.read(names)
        await stop(engine)
        return found

    assert len(asyncio.run(scenario())) == 10


def test_a_caller_that_fails_does_not_take_the_others_results(database: Database) -> None:
    async def scenario() -> tuple[int, int]:
        engine = GroupedEngine(database)
        announced: list[int] = []
        engine.on_change = lambda: announced.append(1)
        engine.post_write(add("anna"), stumble)
        found = await engine.write(add("bob"))
        await stop(engine)
        return found, len(announced)

    found, announced = asyncio.run(scenario())
    assert found > 0
    assert announced >= 1


def test_posted_works_report_in_order(database: Database) -> None:
    async def scenario() -> list[int]:
        engine = GroupedEngine(database)
        reported: list[int] = []
        for _ in range(30):
            engine.post_write(add("somebody"), lambda outcome: reported.append(outcome.result))
        await engine.write(add("the last one"))
        await stop(engine)
        return reported

    reported = asyncio.run(scenario())
    assert len(reported) == 30
    assert reported == sorted(reported)


def test_a_lane_outlives_a_failure_of_the_engine() -> None:
    async def scenario() -> None:
        calls: list[int] = []

        def run_group(works: Sequence[Work]) -> GroupResult:
            calls.append(len(works))
            if len(calls) == 1:
                raise RuntimeError("our bug")
            return GroupResult([Outcome("fine") for _ in works])

        arrived: asyncio.Queue[Outcome] = asyncio.Queue()
        lane = ThreadLane(run_group, lambda group, result: arrived.put_nowait(result.outcomes[0]))
        lane.put(Pending(refuse, lambda outcome: None))
        assert isinstance((await arrived.get()).error, RuntimeError)
        lane.put(Pending(refuse, lambda outcome: None))
        assert (await arrived.get()).result == "fine"
        await lane.close()

    asyncio.run(scenario())


def test_who_is_in_a_hurry_waits_for_few_patient_works() -> None:
    async def scenario() -> list[list[str]]:
        begun, go = threading.Event(), threading.Event()
        groups: list[list[str]] = []
        over = asyncio.Event()

        def run_group(works: Sequence[Work]) -> GroupResult:
            if not groups:
                begun.set()
                go.wait(10)
            groups.append([work(NOWHERE) for work in works])
            return GroupResult([Outcome() for _ in works])

        lane = ThreadLane(run_group, lambda group, result: group[-1].done(result.outcomes[-1]))

        def put(name: str, *, patient: bool) -> None:
            told = over.set if name == "last" else lambda: None
            lane.put(Pending(lambda tx: name, lambda outcome: told(), patient))

        put("first", patient=False)
        await asyncio.to_thread(begun.wait)
        for number in range(3 * PATIENT_WORKS_MAX):
            put(f"page {number}", patient=True)
        put("sign-in", patient=False)
        put("last", patient=True)
        go.set()
        await over.wait()
        await lane.close()
        return groups

    first, second, *later = asyncio.run(scenario())
    pages = [f"page {number}" for number in range(3 * PATIENT_WORKS_MAX)]
    assert first == ["first"]
    assert second == ["sign-in", *pages[:PATIENT_WORKS_MAX]]
    assert [name for group in later for name in group] == [*pages[PATIENT_WORKS_MAX:], "last"]
    assert all(len(group) <= PATIENT_WORKS_MAX for group in later)


def test_closing_finishes_what_waits(tmp_path: Path) -> None:
    from kentong.server.storage.opening import open_engine

    async def scenario() -> list[int]:
        engine = await open_engine(tmp_path)
        works = [engine.write(add(f"user {n}")) for n in range(20)]
        works += [engine.read(lambda tx: 0, patient=True) for _ in range(20)]
        waiting = asyncio.gather(*works)
        await asyncio.sleep(0)
        await engine.close()
        return await waiting

    assert len(asyncio.run(scenario())) == 40


async def stop(engine: GroupedEngine) -> None:
    """Close the lanes; the fixture closes the database."""
    await engine.close_lanes()
