"""The network: delays, silent and loud cuts, lost and repeated exchanges."""

import asyncio
import random
from collections.abc import Callable

from kentong.client.transport import Unreachable
from kentong.protocol.codec import token_to_hello
from kentong.protocol.limits import FRAME_BYTES_MAX
from kentong.protocol.messages import Hello
from kentong.server.features.sign_in import Credentials
from kentong.server.gateway import poll
from kentong.server.gateway.session import Session
from tests.sim.faults import Faults, Happened
from tests.sim.host import Host

HANDSHAKE_ROUND_TRIPS = 3
LATE_FRAME_S = 0.5  # on a good link it is a hundredth
LATE_S = 20.0  # how late a repeated exchange may come
IN_ORDER_S = 1e-6  # timers of the same moment fire in any order
DEAD_S = 300.0  # until the server drops a silent connection


class Weather:
    """What the network does now; shared by all who use it."""

    def __init__(self, source: random.Random, faults: Faults) -> None:
        self.source = source
        self.faults = faults
        self.happened = Happened()

    def delay_s(self) -> float:
        """How long one frame takes."""
        delay_s = self.source.expovariate(1 / self.faults.delay_s) / 2 + self.faults.delay_s / 2
        self.happened["a frame is late"] += delay_s > LATE_FRAME_S
        return delay_s

    def happens(self, rate: float, what: str = "") -> bool:
        """Whether something with this rate happens now; it is counted if it has a name."""
        happens = self.source.random() < rate
        if what:
            self.happened[what] += happens
        return happens


class ServerEnd:
    """The server's end of a connection: a `gateway.link.Link`."""

    has_credit = True

    def __init__(self, wire: "Wire") -> None:
        self.address = "192.0.2.1"
        self.ping_after_s = 0.0
        self.authenticated = False
        self._wire = wire

    @property
    def congested(self) -> bool:
        """As many frames are on their way as the network takes."""
        self._wire.note_full()
        return self._wire.is_full

    def send(self, frame: bytes) -> None:
        self._wire.to_client(frame)

    def send_many(self, frames: list[bytes]) -> None:
        for frame in frames:
            self.send(frame)

    def ask(self) -> None:
        self._wire.ask()

    def close(self, code: int = 1000, reason: str = "") -> None:
        self._wire.to_client(None)


class Wire:
    """One connection. Frames of a direction keep their order; after a cut nothing passes."""

    def __init__(self, host: Host, weather: Weather) -> None:
        self._loop = asyncio.get_running_loop()
        self._host = host
        self._weather = weather
        self._life = host.life
        self._inbox: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._due = [0.0, 0.0]  # of the last frame, by direction
        self._cut = [False, False]
        self._on_way = 0  # frames to the client
        self.session: Session | None = None
        self.online: Callable[[], bool] = lambda: True

    # The client's end: a `client.transport.Link`.

    async def send(self, frame: bytes) -> None:
        if self._is_down():
            raise Unreachable("reset")
        self._pass(0, self._at_server, frame)

    async def receive(self) -> bytes:
        frame = await self._inbox.get()
        if frame is None:
            raise Unreachable("closed")
        return frame

    async def close(self) -> None:
        self._cut = [True, True]
        self._loop.call_later(self._weather.delay_s(), self.end_at_server)

    @property
    def is_full(self) -> bool:
        """Whether the server should hold back."""
        return self._on_way >= self._weather.faults.frames_on_way

    def note_full(self) -> None:
        """The server looks whether it should hold back."""
        self._weather.happened["a device takes no more frames for now"] += self.is_full

    def to_client(self, frame: bytes | None) -> None:
        """Let a frame, or the end, travel down."""
        assert frame is None or len(frame) <= FRAME_BYTES_MAX
        if self._host.life == self._life:
            self._on_way += 1  # if it is cut, for good
            self._pass(1, self._at_client, frame)

    def ask(self) -> None:
        """Let a ping travel down and its pong back, behind all that was sent."""
        if self._host.life == self._life:
            self._pass(1, lambda _: self._pass(0, self._answered, None), None)

    def _answered(self, _: bytes | None) -> None:
        if self.session is not None and self._host.life == self._life:
            self.session.answered()

    def _at_client(self, frame: bytes | None) -> None:
        was_full = self.is_full
        self._on_way -= 1
        self._inbox.put_nowait(frame)
        if was_full and self.session is not None and self._host.life == self._life:
            self.session.writable()

    def _pass(self, way: int, arrive: Callable[[bytes | None], None], frame: bytes | None) -> None:
        weather = self._weather
        if not self.online():
            self._break(loudly=False)  # what is lost stays lost: nothing may follow it
        if self._cut[way]:
            return
        if weather.happens(weather.faults.cut, "a frame is lost and its connection with it"):
            self._break(loudly=weather.happens(0.5))
            return
        due = max(self._due[way] + IN_ORDER_S, self._loop.time() + weather.delay_s())
        self._due[way] = due
        self._loop.call_at(due, self._arrive, way, arrive, frame)

    def _arrive(
        self, way: int, arrive: Callable[[bytes | None], None], frame: bytes | None
    ) -> None:
        if not self.online():
            self._break(loudly=False)
        if not self._cut[way]:
            arrive(frame)

    def _at_server(self, frame: bytes | None) -> None:
        if self.session is not None and self._host.life == self._life and frame is not None:
            self.session.received(frame)

    def _is_down(self) -> bool:
        return self._host.life != self._life and self._weather.happens(0.5)

    def _break(self, *, loudly: bool) -> None:
        self._cut = [True, True]
        if loudly:
            self._inbox.put_nowait(None)
        self._loop.call_later(DEAD_S, self.end_at_server)

    def end_at_server(self) -> None:
        """The server notices that the connection is gone."""
        session, self.session = self.session, None
        if session is not None and self._host.life == self._life:
            session.closed()

    def arrive_at(self, hello: Hello, secret: str) -> None:
        """The upgrade request reached the server."""
        node = self._host.some_node()
        if node is None or self._cut[0]:
            return
        self.session = Session(node, ServerEnd(self), hello, secret)
        self.session.open()


class SimulatedTransport:
    """How one device reaches the host: a `client.transport.Transport`."""

    def __init__(self, host: Host, weather: Weather, secret: str) -> None:
        self._host = host
        self._weather = weather
        self._secret = secret
        self._exchanges = 0
        self.online = True

    async def open(self, token: str) -> Wire:
        weather = self._weather
        await asyncio.sleep(HANDSHAKE_ROUND_TRIPS * weather.delay_s())
        self._check()
        if weather.happens(weather.faults.blocked, "a WebSocket is not let through"):
            raise Unreachable("a proxy that knows no WebSockets")
        wire = Wire(self._host, weather)
        wire.online = lambda: self.online
        wire.arrive_at(token_to_hello(token), self._secret)
        return wire

    async def post(self, body: bytes) -> bytes:
        weather = self._weather
        await asyncio.sleep(HANDSHAKE_ROUND_TRIPS * weather.delay_s())
        self._check()
        if weather.happens(weather.faults.repeated, "an exchange is repeated"):
            task = asyncio.ensure_future(self._again(body))
            task.add_done_callback(lambda done: done.cancelled() or done.exception())
        answer = await self._exchange(body)
        if weather.happens(weather.faults.lost_answer, "an answer is lost") or not self.online:
            await asyncio.sleep(DEAD_S)
            raise Unreachable("no answer")
        await asyncio.sleep(weather.delay_s())
        return answer

    async def close(self) -> None:
        """Nothing is held."""

    async def _again(self, body: bytes) -> None:
        before = self._exchanges
        await asyncio.sleep(self._weather.source.random() * LATE_S)
        if self._host.node is not None:
            is_late = self._exchanges > before + 1  # the first one counts, too
            self._weather.happened["an exchange arrives behind a later one"] += is_late
            await self._exchange(body)

    async def _exchange(self, body: bytes) -> bytes:
        node, life = self._host.some_node(), self._host.life
        if node is None:
            raise Unreachable("refused")
        self._exchanges += 1
        credentials = Credentials(f"Bearer {self._secret}", None, None, "sim")
        exchanging = asyncio.ensure_future(poll.exchange(node, body, credentials, "192.0.2.1"))
        try:
            while not exchanging.done():
                await asyncio.wait([exchanging], timeout=1.0)
                if self._host.life != life:
                    raise Unreachable("reset")
        finally:
            exchanging.cancel()
        return exchanging.result()

    def _check(self) -> None:
        if not self.online or self._host.node is None:
            raise Unreachable("no network")
