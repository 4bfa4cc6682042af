"""A real server on a free port, and guests who ask it over HTTP and WebSockets."""

import asyncio
import dataclasses
import gc
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import aiohttp
from aiohttp import ClientSession, ClientWebSocketResponse

from kentong.protocol import codec
from kentong.protocol.limits import SUBPROTOCOL, VERSION
from kentong.protocol.messages import Hello, Message
from kentong.server import app
from kentong.server.access import Caller, Context
from kentong.server.app import Server
from kentong.server.config import Config
from kentong.server.features import administration
from kentong.server.http.admin import Desk, desk_of
from kentong.server.storage.engine import Transaction

WAIT_S = 60
OUTBOX = 77
SETTINGS = Config(
    host="127.0.0.1",
    port=0,
    disk_reserve_mib=0,
    shutdown_s=1,
    sign_ins_per_minute=1_000,
    signups_per_address=100,
    signups_per_hour=100,
    proof_bits=4,
)
M = TypeVar("M", bound=Message)
Json = dict[str, Any]


def run(work: Coroutine[None, None, None]) -> None:
    asyncio.run(asyncio.wait_for(work, WAIT_S))
    gc.collect()  # what was not closed complains now, in its own test


@dataclasses.dataclass
class Answer:
    """What came back."""

    status: int
    headers: Any  # aiohttp's, which knows no case
    body: bytes


class Session:
    """A device on a WebSocket."""

    def __init__(self, socket: ClientWebSocketResponse) -> None:
        self._socket = socket

    async def say(self, message: Message) -> None:
        await self.say_bytes(codec.encode(message))

    async def say_bytes(self, frame: bytes) -> None:
        await self._socket.send_bytes(frame)

    async def end(self) -> int:
        """The code with which the server closes; what it says before is dropped."""
        async for _ in self._socket:
            pass
        return self._socket.close_code or 0

    async def leave(self) -> None:
        await self._socket.close()

    async def hear(self, kind: type[M]) -> M:
        """The next message of this kind; others before it are dropped."""
        last: Message | None = None
        while True:
            frame = await self._socket.receive()
            assert frame.type == aiohttp.WSMsgType.BINARY, f"{kind.__name__} instead of {last}"
            last = codec.decode_from_server(frame.data)
            if isinstance(last, kind):
                return last


class Inn:
    """A running server with a client that keeps no cookies."""

    def __init__(self, server: Server, http: ClientSession, scheme: str) -> None:
        self.server = server
        self.node = server.node
        self.http = http
        self.address = f"{scheme}://127.0.0.1:{server.port}"

    @property
    def desk(self) -> Desk:
        return desk_of(self.node, self.server.port)

    async def get(self, path: str, **headers: str) -> Answer:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.ask("GET", path, headers=named)

    async def ask(self, method: str, path: str, **more: Any) -> Answer:  # noqa: ANN401 - as aiohttp
        async with self.http.request(method, self.address + path, **more) as answer:
            return Answer(answer.status, answer.headers, await answer.read())

    async def api(self, name: str, body: object, **headers: str) -> tuple[int, Json]:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        async with self.http.post(f"{self.address}/api/{name}", json=body, headers=named) as found:
            return found.status, await found.json()

    async def sync(self, secret: str, *messages: Message | bytes) -> list[Message]:
        """What is said to messages, the first of them a hello, in one POST."""
        frames = [item if isinstance(item, bytes) else codec.encode(item) for item in messages]
        return await self.sync_body(secret, codec.join(frames))

    async def sync_body(self, secret: str, body: bytes) -> list[Message]:
        headers = {"Content-Type": "application/vnd.kentong", "Authorization": f"Bearer {secret}"}
        answer = await self.ask("POST", "/sync", data=body, headers=headers)
        assert answer.status == 200
        return [codec.decode_from_server(frame) for frame in codec.split(answer.body)]

    async def owner_token(self) -> str:
        def work(tx: Transaction) -> str:
            node = self.node
            now = int(node.now())
            context = Context(tx, Caller(0, 0), now, node.config, node.new_token, frozenset())
            return administration.owner_token(context)

        return await self.node.engine.write(work)

    async def join(self, name: str, token: str) -> Json:
        """Join as a program does: the secret comes in the answer."""
        status, joined = await self.api("join", {"name": name, "token": token, "cookie": False})
        assert status == 200, joined
        return joined

    async def owner(self) -> Json:
        return await self.join("Owner", await self.owner_token())

    async def connect(self, secret: str, hello: Hello | None = None, token: str = "") -> Session:
        token = token or codec.hello_to_token(hello or Hello(VERSION, 0, 0, OUTBOX, 1))
        socket = await self.http.ws_connect(
            f"{self.address}/ws",
            protocols=(SUBPROTOCOL, token),
            headers={"Authorization": f"Bearer {secret}"},
        )
        return Session(socket)


@asynccontextmanager
async def inn(folder: Path, **settings: str | int) -> AsyncIterator[Inn]:
    changes: dict[str, Any] = settings
    config = dataclasses.replace(SETTINGS, data=str(folder), **changes)
    jar = aiohttp.DummyCookieJar()
    scheme = "https" if config.tls_certificate else "http"
    connector = aiohttp.TCPConnector(ssl=False)  # certificates are made for the test
    async with (
        app.running(config) as server,
        ClientSession(cookie_jar=jar, connector=connector, auto_decompress=False) as http,
    ):
        yield Inn(server, http, scheme)
