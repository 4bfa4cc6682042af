"""Bodies of requests: what comes too slowly is given up."""

import asyncio
import gzip
from pathlib import Path

import pytest

from tests.unit.http.inn import inn, run


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
