"""A clock that jumps and a network with weather: links fall silent, posts get lost."""

import asyncio
import selectors
from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from kentong.client.transport import Unreachable
from kentong.protocol.codec import decode_from_client, join, split, token_to_hello
from kentong.protocol.messages import Goodbye, Heads, Hello, Welcome
from tests.unit.client.double import Connection, Double

R = TypeVar("R")
WAY_S = 0.1  # from one side to the other


class JumpingSelector(selectors.DefaultSelector):
    """Instead of waiting it moves the clock."""

    now = 0.0

    def select(self, timeout: float | None = None) -> list[Any]:
        if timeout is None:
            raise RuntimeError("everybody waits, and nothing will ever happen")
        self.now += timeout
        found: list[Any] = super().select(0)
        return found


class JumpingLoop(asyncio.SelectorEventLoop):
    """An event loop in which an hour takes no time."""

    def __init__(self) -> None:
        self.jumping = JumpingSelector()
        super().__init__(self.jumping)

    def time(self) -> float:
        return self.jumping.now


def run(work: Callable[[], Coroutine[Any, Any, R]]) -> R:
    """Run it on a clock that jumps."""
    with asyncio.Runner(loop_factory=JumpingLoop) as runner:
        return runner.run(work())


async def later(seconds: float) -> None:
    """So much later, though nobody waits."""
    loop = asyncio.get_running_loop()
    reached = loop.create_future()
    loop.call_later(seconds, reached.set_result, None)
    await reached


class Weather:
    """A Transport to the double. What is lost is lost without a sound."""

    def __init__(self, server: Double) -> None:
        self.server = server
        self.is_up = True
        self.websockets_blocked = False
        self.goodbye: Goodbye | None = None  # said to the next who comes
        self.posts = 0
        self.links: list[SimulatedLink] = []
        self.waiting: list[asyncio.Event] = []

    async def _travel(self) -> None:
        await later(WAY_S)
        while not self.is_up:  # a lost packet: no sound, whatever happens later
            await later(3_600)

    def stir(self) -> None:
        """The server has news."""
        for event in self.waiting:
            event.set()

    async def open(self, token: str) -> "SimulatedLink":
        if self.websockets_blocked:
            await later(WAY_S)
            raise Unreachable("a proxy does not let WebSockets through")
        await self._travel()
        link = SimulatedLink(self, Connection(self.server, token_to_hello(token)))
        if self.goodbye is not None:
            link.connection.said = [self.goodbye]
            self.goodbye = None
        self.links.append(link)
        link.flush()
        return link

    async def post(self, body: bytes) -> bytes:
        self.posts += 1
        await self._travel()
        first, *frames = split(body)
        hello = decode_from_client(first)
        assert isinstance(hello, Hello)
        connection = Connection(self.server, hello)
        for frame in frames:
            connection.receive(frame)
        is_quiet = all(isinstance(said, Welcome | Heads) for said in connection.said)
        if (
            not hello.flags
            and is_quiet
            and not any(isinstance(said, Heads) and said.heads for said in connection.said)
        ):
            await self._news()
            connection = Connection(self.server, hello)
        await self._travel()
        return join(connection.take())

    async def _news(self) -> None:
        event = asyncio.Event()
        self.waiting.append(event)
        try:
            async with asyncio.timeout(25):
                await event.wait()
        except TimeoutError:
            pass
        finally:
            self.waiting.remove(event)

    async def close(self) -> None:
        for link in self.links:
            await link.close()


class SimulatedLink:
    """A Link that loses what is sent while the network is down, and everything after."""

    def __init__(self, weather: Weather, connection: Connection) -> None:
        self.connection = connection
        self.is_broken = False
        self._weather = weather
        self._on_way: deque[bytes] = deque()
        self._frames: asyncio.Queue[bytes | None] = asyncio.Queue()

    def flush(self) -> None:
        """What the server says travels."""
        for frame in self.connection.take():
            self._deliver(frame)

    def _deliver(self, frame: bytes) -> None:
        loop = asyncio.get_running_loop()
        if self._weather.is_up and not self.is_broken:
            self._on_way.append(frame)
            loop.call_later(WAY_S, self._arrive)
        else:
            self.is_broken = True

    def _arrive(self) -> None:
        """Timers of one moment have no order; frames of one link do."""
        self._frames.put_nowait(self._on_way.popleft())

    def end(self) -> None:
        """The server's side is closed."""
        self._frames.put_nowait(None)

    async def send(self, frame: bytes) -> None:
        if not self._weather.is_up:
            self.is_broken = True
        if not self.is_broken:
            self.connection.receive(frame)
            self.flush()

    async def receive(self) -> bytes:
        frame = await self._frames.get()
        if frame is None:
            raise Unreachable("closed")
        return frame

    async def close(self) -> None:
        self.is_broken = True


def push(link: SimulatedLink, *messages: Any) -> None:  # noqa: ANN401 - any message
    """The server says something by itself."""
    for message in messages:
        link.connection.said.append(message)
    link.flush()
