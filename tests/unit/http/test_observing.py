"""Health, metrics, and what strangers learn: nothing."""

import re
from pathlib import Path

import pytest

from kentong.protocol.errors import ErrorCode, Refused
from kentong.protocol.messages import Goodbye, Welcome
from kentong.server.http.observing import COUNTERS
from tests.unit.http.inn import inn, run

LINE = re.compile(r"[a-z_]+(?:\{[^}]*\})? -?[0-9.e+-]+|# (?:HELP|TYPE) .*")


def test_health_answers_while_the_database_does(tmp_path: Path) -> None:
    async def work() -> None:
        async with inn(tmp_path) as it:
            answer = await it.get("/health")
            assert (answer.status, answer.body) == (200, b'{"status": "ok"}')

            async def away(work: object) -> None:
                raise Refused(ErrorCode.OVERLOADED, "the database is away")

            it.node.engine.read = away  # type: ignore[method-assign, assignment]
            answer = await it.get("/health")
            assert (answer.status, answer.body) == (503, b'{"status": "unavailable"}')

    run(work())


def test_health_is_told_however_often_its_address_asks(tmp_path: Path) -> None:
    async def work() -> None:
        async with inn(tmp_path, address_per_minute=1) as it:
            assert [(await it.get("/metrics")).status for _ in range(2)] == [200, 429]
            for _ in range(5):
                assert (await it.get("/health")).status == 200

    run(work())


def test_failure_of_ours_is_counted_and_not_explained(tmp_path: Path) -> None:
    async def work() -> None:
        async with inn(tmp_path) as it:

            async def broken(work: object) -> None:
                raise ValueError("something about the inside")

            it.node.engine.write = broken  # type: ignore[method-assign, assignment]
            answer = await it.ask("POST", "/api/recover", json={"code": "x"})
            assert (answer.status, answer.body) == (500, b"Our fault\n")
            assert it.node.counts["internal_errors"] == 1

    run(work())


def test_metrics_are_prometheus_text(tmp_path: Path) -> None:
    async def work() -> None:
        async with inn(tmp_path) as it:
            owner = await it.owner()
            session = await it.connect(owner["secret"])
            await session.hear(Welcome)
            answer = await it.get("/metrics")
            lines = answer.body.decode().splitlines()
            assert all(LINE.fullmatch(line) for line in lines)
            values = dict(line.split() for line in lines if not line.startswith("#"))
            assert {f"kentong_{name}_total" for name in COUNTERS} < values.keys()
            assert float(values["kentong_sessions"]) == 1
            assert float(values["kentong_accounts_opened_total"]) == 1
            assert float(values["kentong_cursor_lag"]) == 0
            assert float(values["kentong_database_bytes"]) > 0
            assert float(values["process_resident_memory_bytes"]) > 0

    run(work())


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Forwarded-For": "192.0.2.1"},
        {"Forwarded": "for=192.0.2.1"},
        {"Host": "chat.example.org"},
        {"Host": "127.0.0.1.example.org"},
        {"Host": "[::"},
        {"Authorization": "Bearer wrong"},
        {"Authorization": "Bearer ", "Via": "1.1 proxy"},
    ],
    ids=str,
)
def test_metrics_are_hidden_from_what_a_proxy_brings(
    tmp_path: Path, headers: dict[str, str]
) -> None:
    async def work() -> None:
        async with inn(tmp_path, metrics_token="right") as it:
            via_proxy = {"Via": "1.1 proxy", **headers}
            assert (await it.ask("GET", "/metrics", headers=via_proxy)).status in {400, 404}
            if "Authorization" not in headers:
                assert (await it.ask("GET", "/metrics", headers=headers)).status in {400, 404}
            good = {**headers, "Host": "chat.example.org", "Authorization": "Bearer right"}
            assert (await it.ask("GET", "/metrics", headers=good)).status == 200

    run(work())


def test_unknown_is_not_found_without_details(tmp_path: Path) -> None:
    async def work() -> None:
        async with inn(tmp_path) as it:
            for path in ("/nothing", "/.git/config", "/data/kentong.db", "/api", "/%00", "/ws"):
                answer = await it.get(path)
                assert (answer.status, answer.body) == (404, b"Not Found\n")
                assert "Server" not in answer.headers
                assert answer.headers["X-Content-Type-Options"] == "nosniff"
            answer = await it.get("/api/join")
            assert (answer.status, answer.headers["Allow"]) == (405, "POST")

    run(work())


def test_one_address_asks_only_so_often(tmp_path: Path) -> None:
    async def work() -> None:
        async with inn(tmp_path, address_per_minute=3) as it:
            for _ in range(3):
                assert (await it.get("/metrics")).status == 200
            answer = await it.get("/metrics")
            assert (answer.status, answer.headers["Retry-After"]) == (429, "20")
            said = await it.sync_body("", b"")
            assert isinstance(said[0], Goodbye)
            assert said[0].code == ErrorCode.RATE_LIMITED
            assert said[0].retry_after_ms > 0

    run(work())


def test_people_behind_one_trusted_proxy_are_told_apart(tmp_path: Path) -> None:
    async def work() -> None:
        settings: dict[str, str | int] = {"trusted_proxies": "127.0.0.0/8", "address_per_minute": 1}
        async with inn(tmp_path, **settings) as it:
            for address, status in (
                ("192.0.2.1", 404),
                ("192.0.2.1", 429),
                ("192.0.2.2", 404),
                ("2001:db8::1", 404),
                ("2001:db8::2", 429),
                ("2001:db8:0:1::1", 404),
            ):
                assert (await it.get("/nothing", X_Forwarded_For=address)).status == status

    run(work())


def test_reading_the_lag_never_writes(tmp_path: Path) -> None:
    async def work() -> None:
        async with inn(tmp_path) as it:
            before = await it.node.engine.read(lambda tx: tx.cursor())
            for _ in range(3):
                await it.get("/metrics")
            assert await it.node.engine.read(lambda tx: tx.cursor()) == before

    run(work())
