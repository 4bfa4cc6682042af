"""Stopping: everybody is told to come back, and nobody is waited for too long."""

import asyncio
import dataclasses
from pathlib import Path

import aiohttp
import pytest

from kentong.protocol.errors import ErrorCode
from kentong.protocol.limits import SUBPROTOCOL, VERSION
from kentong.protocol.messages import Goodbye, Hello, Message, Welcome
from kentong.server import app
from kentong.server.config import Config
from kentong.server.http import admin
from tests.unit.http.inn import OUTBOX, SETTINGS, Inn, run


def test_devices_are_told_to_come_back_at_different_times(tmp_path: Path) -> None:
    async def work() -> None:
        config = dataclasses.replace(SETTINGS, data=str(tmp_path), poll_wait_s=60)
        async with aiohttp.ClientSession() as http:
            goodbyes, polling = await say_goodbye(config, http)
            assert {goodbye.code for goodbye in goodbyes} == {ErrorCode.SHUTTING_DOWN}
            waits = {goodbye.retry_after_ms for goodbye in goodbyes}
            assert len(waits) > 1
            assert all(500 <= wait <= 5_000 for wait in waits)
            assert isinstance((await polling)[-1], Goodbye)

    run(work())


async def say_goodbye(
    config: Config, http: aiohttp.ClientSession
) -> tuple[list[Goodbye], "asyncio.Task[list[Message]]"]:
    """What five devices hear when the server stops; and a sixth one that polls."""
    async with app.running(config) as server:
        it = Inn(server, http, "http")
        owner = await it.owner()
        secrets = []
        for _ in range(6):
            body = {"code": owner["recovery_code"], "cookie": False}
            secrets.append((await it.api("recover", body))[1]["secret"])
        sessions = [await it.connect(secret) for secret in secrets[1:]]
        for session in sessions:
            await session.hear(Welcome)
        cursor = await it.node.engine.read(lambda tx: tx.cursor())
        hello = Hello(VERSION, it.node.engine.epoch, cursor, OUTBOX, 1)
        polling = asyncio.create_task(it.sync(secrets[0], hello))
        hearing = [asyncio.create_task(session.hear(Goodbye)) for session in sessions]
        while len(it.node.hub.users[owner["user"]]) < len(secrets):  # noqa: ASYNC110 - a socket
            await asyncio.sleep(0)
    return await asyncio.gather(*hearing), polling


def test_peer_that_does_not_answer_is_not_waited_for(tmp_path: Path) -> None:
    async def work() -> None:
        config = dataclasses.replace(SETTINGS, data=str(tmp_path), shutdown_s=0)
        async with app.running(config) as server:
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            writer.write(b"POST /sync HTTP/1.1\r\nHost: x\r\n")  # and no more
            upgrade = f"GET /ws HTTP/1.1\r\nSec-WebSocket-Protocol: {SUBPROTOCOL}\r\n"
            other = await asyncio.open_connection("127.0.0.1", server.port)
            other[1].write(upgrade.encode())
            await writer.drain()
        for one in (writer, other[1]):
            one.close()
        assert await reader.read() == b""

    run(work())


def test_half_requests_are_given_up_when_the_time_is_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(admin, "BODY_WAIT_S", 3_600)
    head = "Host: x\r\nContent-Type: application/vnd.kentong\r\nContent-Length: 9\r\n\r\nhalf"

    async def work() -> None:
        config = dataclasses.replace(
            SETTINGS, data=str(tmp_path), shutdown_s=0, stall_timeout_s=3_600
        )
        async with app.running(config) as server:
            remote = await asyncio.open_connection("127.0.0.1", server.port)
            remote[1].write(f"POST /sync HTTP/1.1\r\n{head}".encode())
            local = await asyncio.open_unix_connection(tmp_path / admin.SOCKET)
            local[1].write(f"POST / HTTP/1.1\r\n{head}".encode())
            while server.node.counts["http_requests"] == 0:  # noqa: ASYNC110 - a socket
                await asyncio.sleep(0)
        for reader, writer in (remote, local):
            assert await reader.read() == b""
            writer.close()

    run(work())
