"""One seed: people live through faults, then the weather clears and everything is checked."""

import asyncio
import random
import shutil
import tempfile
from pathlib import Path

from kentong.client.messenger import Messenger
from kentong.protocol.codec import decode_from_server, encode, join, split
from kentong.protocol.messages import GetRange, Hello, HelloFlag, Rows
from kentong.protocol.planted import NOTHING, Planted
from kentong.server.model import MemberState
from tests.sim import checks
from tests.sim.checks import Broken, Truth
from tests.sim.faults import Faults
from tests.sim.host import Host
from tests.sim.loop import SimulatedLoop
from tests.sim.network import SimulatedTransport, Weather
from tests.sim.people import Phone, Village

LIVE_S = 240.0
CLEAR_S = 1_800.0  # after the storm everything must be right within this
MINUTE_S = 60.0


class Storm:
    """Runs one seed. Raises Broken."""

    def __init__(self, seed: int, planted: frozenset[Planted], folder: Path) -> None:
        self.source = random.Random(seed)
        self.faults = Faults.drawn(self.source)
        self.host = Host(folder / "server", self.source, Faults.none(), planted)
        self.weather = Weather(self.source, Faults.none())
        self.village = Village(folder, self.host, self.weather, self.source, planted)
        self.backup = folder / "backup.db"
        self.clones = 0

    async def run(self) -> None:
        """The whole story."""
        await self.host.start()
        await self.village.settle(people=3, phones=self.source.choice((1, 2)))
        self.host.faults = self.weather.faults = self.faults
        deeds = [
            self.village.live(LIVE_S, self.source.choice((0.3, 2.0))),
            self._often(self.faults.crashes_per_minute, self._crash_host),
            self._often(self.faults.client_crashes_per_minute, self._crash_phone),
            self._often(self.faults.offline_per_minute, self._go_offline),
            self._often(self.faults.restores_per_minute, self._restore),
            self._often(self.faults.clones_per_minute, self._clone),
        ]
        await asyncio.gather(*deeds)
        await self._clear_up()
        await self._check()

    async def _often(self, per_minute: float, deed: object) -> None:
        loop = asyncio.get_running_loop()
        until = loop.time() + LIVE_S
        while per_minute and loop.time() < until:
            await asyncio.sleep(self.source.expovariate(per_minute / MINUTE_S))
            if loop.time() < until:
                await deed()  # type: ignore[operator]

    # -- Faults -------------------------------------------------------------------------

    async def _crash_host(self) -> None:
        if self.host.node is None:
            return
        self.host.crash()
        await asyncio.sleep(self.source.expovariate(1 / 5.0))
        await self._start_host()

    async def _start_host(self) -> None:
        if self.host.node is None:
            await self.host.start()

    async def _crash_phone(self) -> None:
        phone = self.source.choice(self.village.phones)
        if phone.messenger is None:
            return
        await phone.stop()
        await asyncio.sleep(self.source.expovariate(1 / 10.0))
        await self._start_phone(phone)

    async def _start_phone(self, phone: Phone) -> None:
        if phone.messenger is None:
            await phone.start()

    async def _go_offline(self) -> None:
        phone = self.source.choice(self.village.phones)
        phone.transport.online = False
        await asyncio.sleep(self.source.expovariate(1 / 30.0))
        phone.transport.online = True

    async def _restore(self) -> None:
        self.host.back_up(self.backup)
        await asyncio.sleep(self.source.expovariate(1 / 20.0))
        if self.backup.exists() and self.host.node is not None:
            await self.host.restore(self.backup)

    async def _clone(self) -> None:
        phone, other = self.source.sample(self.village.phones, 2)
        if phone.messenger is None or other.messenger is None or phone.user != other.user:
            return
        phone.ever_cloned = other.ever_cloned = True
        self.clones += 1
        await phone.clone(other)

    # -- The end ------------------------------------------------------------------------

    async def _clear_up(self) -> None:
        self.host.faults = self.weather.faults = Faults.none()
        await self._start_host()
        for phone in self.village.phones:
            phone.transport.online = True
            await self._start_phone(phone)
            assert phone.messenger is not None
            phone.messenger.network_changed()
        await asyncio.sleep(CLEAR_S)

    async def _check(self) -> None:
        checks.nothing_waits(self.village)
        node = self.host.node
        assert node is not None
        truth: Truth = await node.engine.read(checks.read_truth)
        checks.once(self.village, truth)
        checks.kept_survives_a_restore(self.village, truth)
        for index, phone in enumerate(self.village.phones):
            checks.kept_is_true(phone, truth)
            await self._refused_to_the_gone(phone, truth)
            newcomer = await self.village.newcomer(phone, f"newcomer{index}")
            veteran, fresh = phone.messenger, newcomer.messenger
            assert veteran is not None
            assert fresh is not None
            await self._look_at_everything(fresh)
            await self._look_at_everything(veteran)
            await asyncio.sleep(MINUTE_S)
            checks.same_heads(veteran, fresh)
            truth = await node.engine.read(checks.read_truth)
            checks.kept_is_true(phone, truth)
            checks.kept_is_true(newcomer, truth)
            await newcomer.stop()

    async def _look_at_everything(self, messenger: Messenger) -> None:
        await asyncio.wait_for(messenger.wait_online(), MINUTE_S)
        for chat in messenger.chats():
            rows = await asyncio.wait_for(messenger.history(chat.id, 1, chat.last_seq), MINUTE_S)
            expected = list(range(max(chat.first_seq, 1), chat.last_seq + 1))
            if [row.seq for row in rows] != expected:
                raise Broken(f"history of {chat.id} has holes: {[row.seq for row in rows]}")

    async def _refused_to_the_gone(self, phone: Phone, truth: Truth) -> None:
        """Who was removed asks for rows all the same, and gets none."""
        transport = SimulatedTransport(self.host, self.weather, phone.secret)
        for (chat, user), (state, _) in truth.places.items():
            if user != phone.user or state == MemberState.ACTIVE:
                continue
            hello = Hello(1, 0, 0, 1, 1, flags=HelloFlag.PROBE)
            body = join([encode(hello), encode(GetRange(1, chat, 1, 100))])
            for frame in split(await transport.post(body)):
                if isinstance(decode_from_server(frame), Rows):
                    raise Broken(f"{phone.name} was removed from {chat} and is still served")

    async def end(self) -> None:
        """Leave nothing behind."""
        for phone in self.village.phones:
            await phone.stop()
        self.host.remove()


def run_seed(seed: int, planted: frozenset[Planted] = NOTHING) -> None:
    """One seed from its beginning to its end. Raises Broken."""
    memory = Path("/dev/shm")
    folder = Path(tempfile.mkdtemp(prefix="sim-", dir=memory if memory.is_dir() else None))
    loop = SimulatedLoop()
    try:
        loop.run_until_complete(_story(seed, planted, folder))
    finally:
        loop.close()
        shutil.rmtree(folder, ignore_errors=True)


async def _story(seed: int, planted: frozenset[Planted], folder: Path) -> None:
    storm = Storm(seed, planted, folder)
    try:
        await storm.run()
    finally:
        await storm.end()
        tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
