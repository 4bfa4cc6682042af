"""A proxy as some networks have it: HTTP passes, WebSockets don't."""

import asyncio
import contextlib
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator

PIECE_BYTES = 65_536


@contextlib.asynccontextmanager
async def without_websockets(port: int) -> AsyncIterator[int]:
    """The port of a proxy before a server on this machine."""
    serving: set[asyncio.Task[None]] = set()

    async def serve(reader: StreamReader, writer: StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        serving.add(task)
        try:
            await _pass(reader, writer, port)
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # nobody to serve any more
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield int(server.sockets[0].getsockname()[1])
    finally:
        server.close()
        for task in serving:
            task.cancel()
        await asyncio.gather(*serving, return_exceptions=True)


async def _pass(reader: StreamReader, writer: StreamWriter, port: int) -> None:
    head = await reader.readuntil(b"\r\n\r\n")
    if b"upgrade: websocket" in head.lower():
        return
    upstream, onward = await asyncio.open_connection("127.0.0.1", port)
    onward.write(head)
    try:
        ways = [
            asyncio.ensure_future(_copy(reader, onward)),
            asyncio.ensure_future(_copy(upstream, writer)),
        ]
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)
    finally:
        onward.close()


async def _copy(reader: StreamReader, writer: StreamWriter) -> None:
    with contextlib.suppress(OSError):  # one of the two has gone
        while piece := await reader.read(PIECE_BYTES):
            writer.write(piece)
            await writer.drain()
