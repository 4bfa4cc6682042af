"""A peer that takes nothing is dropped, a slow one is served."""

import asyncio
from collections.abc import Callable

import pytest
import uvloop

from kentong.server.http.stalls import PatientProtocol

STALL_S = 0.02
WAIT_S = 20
LONG = bytes(4_000_000)  # more than the kernel takes in one go


class Sender(asyncio.Protocol):
    """Sends a lot to whoever comes, and notes what happens to it."""

    def __init__(self, size: int = len(LONG)) -> None:
        self.lost = asyncio.Event()
        self.paused = 0
        self._size = size

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert hasattr(transport, "write")
        transport.write(LONG[: self._size])

    def pause_writing(self) -> None:
        self.paused += 1

    def resume_writing(self) -> None:
        self.paused -= 1

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost.set()


class Pipe(asyncio.Transport):
    """A transport that says how much waits in it, question by question."""

    def __init__(self, sizes: list[int]) -> None:
        super().__init__()
        self.sizes = sizes
        self.aborted = asyncio.Event()

    def get_write_buffer_size(self) -> int:
        return self.sizes.pop(0)

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        assert high == 0

    def write(self, data: bytes | bytearray | memoryview) -> None:
        assert data

    def abort(self) -> None:
        self.aborted.set()


@pytest.fixture(params=[asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def runner(request: pytest.FixtureRequest) -> asyncio.Runner:
    """A runner of either loop."""
    factory: Callable[[], asyncio.AbstractEventLoop] = request.param
    return asyncio.Runner(loop_factory=factory)


def test_peer_that_takes_nothing_is_dropped(runner: asyncio.Runner) -> None:
    async def work() -> None:
        loop, sender = asyncio.get_running_loop(), Sender()
        server = await loop.create_server(lambda: PatientProtocol(sender, STALL_S), "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        _, writer = await asyncio.open_connection("127.0.0.1", port, limit=1_000)
        await sender.lost.wait()
        writer.close()
        server.close()
        await server.wait_closed()

    with runner:
        runner.run(asyncio.wait_for(work(), WAIT_S))


def test_progress_gives_more_time(runner: asyncio.Runner) -> None:
    async def work() -> None:
        # Asked when it is paused, then at each look; and again where the watch goes on.
        pipe = Pipe([100, 60, 60, 59, 59, 59])
        protocol = PatientProtocol(Sender(), STALL_S)
        protocol.connection_made(pipe)
        protocol.pause_writing()
        await pipe.aborted.wait()
        assert pipe.sizes == []

    with runner:
        runner.run(asyncio.wait_for(work(), WAIT_S))


def test_nobody_is_watched_when_nothing_waits(runner: asyncio.Runner) -> None:
    async def work() -> None:
        pipe, sender = Pipe([100]), Sender()
        protocol = PatientProtocol(sender, STALL_S)
        protocol.connection_made(pipe)
        protocol.pause_writing()
        protocol.resume_writing()
        asking = asyncio.get_running_loop().call_later(2 * STALL_S, sender.lost.set)
        await sender.lost.wait()  # the watch would have looked meanwhile
        assert asking.cancelled() is False
        assert (sender.paused, pipe.aborted.is_set()) == (0, False)

    with runner:
        runner.run(asyncio.wait_for(work(), WAIT_S))
