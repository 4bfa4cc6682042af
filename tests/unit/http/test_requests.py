"""Requests as strangers send them: slow, broken off, or none at all."""

import asyncio
import gzip
import logging
from pathlib import Path

import pytest

from kentong.protocol.errors import ErrorCode
from tests.unit.http.inn import Inn, inn, run

NONSENSE = (
    b"GET / HTTP/1.1\r\nHost: x\r\nno header at all\r\n\r\n",
    b"GET / HTTP/9.9.9\r\nHost: x\r\n\r\n",
    b"G@T / HTTP/1.1\r\nHost: x\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
)
HALVES = (
    b"Content-Length: 100\r\n\r\nhalf of it",
    b"Transfer-Encoding: chunked\r\n\r\n40\r\nhalf of it",
)
BROKEN_CHUNK = b"Transfer-Encoding: chunked\r\n\r\nnot a size\r\n"


async def send(it: Inn, data: bytes, *, hang_up: bool = False) -> bytes:
    """The answer to some bytes, up to its end."""
    reader, writer = await asyncio.open_connection("127.0.0.1", it.server.port)
    writer.write(data)
    if hang_up:
        writer.write_eof()
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    return answer


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/sync", "application/vnd.kentong"),
        ("/api/join", "application/json"),
    ],
)
def test_body_that_does_not_come_is_given_up(tmp_path: Path, path: str, kind: str) -> None:
    async def work() -> None:
        async with inn(tmp_path, stall_timeout_s=0) as it:
            reader, writer = await asyncio.open_connection("127.0.0.1", it.server.port)
            head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: {kind}\r\n"
            writer.write(f"{head}Content-Length: 20\r\n\r\nhalf of it".encode())
            answer = await reader.readuntil(b"\r\n\r\n")
            assert answer.startswith(b"HTTP/1.1 408 ")
            assert b"Connection: close" in answer
            writer.close()
            await writer.wait_closed()

    run(work())


def test_compressed_body_is_not_unpacked(tmp_path: Path) -> None:
    async def work() -> None:
        async with inn(tmp_path) as it:
            headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
            answer = await it.ask("POST", "/api/policy", data=b"{}", headers=headers)
            assert answer.status == 200  # taken as it is
            bomb = gzip.compress(b" " * 10_000_000, 9)[:8_000]
            answer = await it.ask("POST", "/api/policy", data=bomb, headers=headers)
            assert answer.status == 400

    run(work())


@pytest.mark.parametrize("data", NONSENSE)
def test_what_is_no_http_counts_for_its_address_and_is_no_news(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, data: bytes
) -> None:
    caplog.set_level(logging.INFO)

    async def work() -> None:
        async with inn(tmp_path, address_per_minute=5) as it:
            for _ in range(5):
                assert (await send(it, data)).startswith(b"HTTP/1.0 400 ")
            assert it.node.counts["http_unreadable"] == 5
            assert (await it.get("/metrics")).status == 429

    run(work())
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert "aiohttp" not in caplog.text


def test_a_proxy_is_not_blamed_for_what_strangers_send(tmp_path: Path) -> None:
    async def work() -> None:
        async with inn(tmp_path, address_per_minute=5, trusted_proxies="127.0.0.1") as it:
            for _ in range(10):
                await send(it, NONSENSE[0])
            assert (await it.get("/metrics")).status == 200

    run(work())


@pytest.mark.parametrize("rest", [*HALVES, BROKEN_CHUNK])
@pytest.mark.parametrize(
    "head",
    [
        b"POST /sync HTTP/1.1\r\nHost: x\r\nContent-Type: application/vnd.kentong\r\n",
        b"POST /api/join HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n",
    ],
)
def test_half_a_body_is_no_failure_of_ours(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, head: bytes, rest: bytes
) -> None:
    async def work() -> None:
        async with inn(tmp_path) as it:
            await send(it, head + rest, hang_up=True)
            while not it.node.counts:  # noqa: ASYNC110 - it is on its way
                await asyncio.sleep(0)
            await it.get("/health")
            assert it.node.counts["internal_errors"] == 0

    run(work())
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


def test_headers_that_make_no_sense_are_refused(tmp_path: Path) -> None:
    async def work() -> None:
        async with inn(tmp_path, metrics_token="secret") as it:
            status, body = await it.api("policy", {}, Origin="http://[::1")
            assert (status, body["error"]) == (403, ErrorCode.ORIGIN_FORBIDDEN)
            head = b"POST /api/signout HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            for header in (b"Authorization: Bearer \xff\xfe", b"Authorization: Bearer \xc3\xa4"):
                body_of_it = b"\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"
                answer = await send(it, head + header + body_of_it)
                assert answer.startswith(b"HTTP/1.1 401 "), answer
                head_of_get = b"GET /metrics HTTP/1.1\r\nHost: elsewhere\r\n"
                answer = await send(it, head_of_get + header + b"\r\nConnection: close\r\n\r\n")
                assert answer.startswith(b"HTTP/1.1 404 "), answer
            assert it.node.counts["internal_errors"] == 0

    run(work())
