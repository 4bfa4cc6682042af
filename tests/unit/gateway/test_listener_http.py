"""HTTP on the port that WebSockets use too."""

import asyncio
import ssl

from tests.unit.gateway.house import LONG_BYTES, Run, house, until
from tests.unit.gateway.test_handshake import head


async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *pieces: bytes) -> bytes:
    """Send a request in pieces, each in its own packet; return the body of the answer."""
    for piece in pieces:
        writer.write(piece)
        await writer.drain()
        await asyncio.sleep(0)
    top = await reader.readuntil(b"\r\n\r\n")
    assert top.startswith(b"HTTP/1.1 200 ")
    length = next(line for line in top.split(b"\r\n") if line.lower().startswith(b"content-length"))
    return await reader.readexactly(int(length.split(b":")[1]))


def test_http_keeps_alive_and_takes_a_body_in_pieces(run: Run) -> None:
    async def work() -> None:
        async with house() as it:
            reader, writer = await it.connect()
            get = b"GET /a HTTP/1.1\r\nHost: x\r\n\r\n"
            assert await ask(reader, writer, get) == b"/a "
            post = b"POST /b HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\n\r\n"
            assert await ask(reader, writer, post + b"12", b"34", b"56") == b"/b 123456"
            assert await ask(reader, writer, get[:9], get[9:]) == b"/a "
            assert it.listener.crowd.total == 1
            await it.leave()
            await until(lambda: it.listener.crowd.total == 0)

    run(work())


def test_first_request_in_pieces_with_a_body_behind_it(run: Run) -> None:
    async def work() -> None:
        async with house() as it:
            reader, writer = await it.connect()
            post = b"POST /b HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\n1234"
            pieces = [bytes((byte,)) for byte in post]
            assert await ask(reader, writer, *pieces) == b"/b 1234"

    run(work())


def test_http_over_tls(run: Run, contexts: tuple[ssl.SSLContext, ssl.SSLContext]) -> None:
    async def work() -> None:
        async with house(context=contexts[0]) as it:
            reader, writer = await it.connect(contexts[1])
            get = b"GET /a HTTP/1.1\r\nHost: x\r\n\r\n"
            assert await ask(reader, writer, get) == b"/a "
            assert await ask(reader, writer, get) == b"/a "

    run(work())


def test_gateway_path_without_an_upgrade_is_http(run: Run) -> None:
    async def work() -> None:
        async with house() as it:
            reader, writer = await it.connect()
            assert await ask(reader, writer, head({"Upgrade": None})) == b"/ws "

    run(work())


def test_long_answer_waits_for_its_reader(run: Run) -> None:
    async def work() -> None:
        async with house() as it:
            reader, writer = await it.connect()
            get = b"GET /long HTTP/1.1\r\nHost: x\r\n\r\n"
            assert len(await ask(reader, writer, get)) == LONG_BYTES

    run(work())


def test_client_that_closes_its_direction_gets_no_more(run: Run) -> None:
    async def work() -> None:
        async with house() as it:
            reader, writer = await it.connect()
            get = b"GET /a HTTP/1.1\r\nHost: x\r\n\r\n"
            assert await ask(reader, writer, get) == b"/a "
            writer.write_eof()
            assert await reader.read() == b""

    run(work())
