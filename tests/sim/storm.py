"""One seed: people live through faults, then the weather clears and everything is checked."""

import asyncio
import logging
import random
import shutil
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

from kentong.protocol.codec import decode_from_server, encode, join, split
from kentong.protocol.errors import Refused
from kentong.protocol.messages import GetRange, Hello, HelloFlag, RowKind, Rows
from kentong.protocol.planted import NOTHING, Planted
from kentong.server.model import MemberState
from tests.sim import checks
from tests.sim.checks import Truth
from tests.sim.deeds import Deeds
from tests.sim.faults import Faults, Happened
from tests.sim.host import Host
from tests.sim.invariants import Broken, Complaints, Invariant
from tests.sim.loop import STEPS_MAX, SimulatedLoop
from tests.sim.network import SimulatedTransport, Weather
from tests.sim.phone import Phone
from tests.sim.scene import Scene
from tests.sim.village import Village

MINUTE_S = 60.0
LIVE_S = 240.0
CLEAR_S = 1_800.0  # after the storm everything must be right within this
TURNS_S = 7_200.0  # or within this where copies of a store have to take turns
LOOK_EVERY_S = 20.0
STORY_S = 20_000.0
RIGHTS_CHANGE = {
    "somebody is removed": (RowKind.LEFT, RowKind.REMOVED, RowKind.BANNED),
    "somebody comes back": (RowKind.ADDED, RowKind.JOINED),
}


class Storm:
    """Runs one seed. Raises Broken."""

    def __init__(self, seed: int, planted: frozenset[Planted], folder: Path) -> None:
        self.source = random.Random(seed)
        self.faults = Faults.drawn(self.source)
        self.scene = Scene.drawn(self.source)
        self.host = Host(folder / "server", self.source, Faults.none(), planted)
        self.host.settings.update(self.scene.rates)
        self.host.nodes_wanted = self.scene.nodes
        self.weather = Weather(self.source, Faults.none())
        self.village = Village(folder, self.host, self.weather, planted)
        self.backup = folder / "backup.db"
        self.complaints = Complaints()

    async def run(self) -> None:
        """The whole story."""
        await self.host.start()
        self.village.settle(self.scene)
        self.host.faults = self.weather.faults = self.faults
        for phone in self.village.phones:
            await phone.start()
        await asyncio.gather(
            Deeds(self.village).live(LIVE_S, self.scene.pause_s),
            self._often(self.faults.crashes_per_minute, self._crash_host),
            self._often(self.faults.client_crashes_per_minute, self._crash_phone),
            self._often(self.faults.reinstalls_per_minute, self._reinstall),
            self._often(self.faults.offline_per_minute, self._go_offline),
            self._often(self.faults.restores_per_minute, self._restore),
            self._often(self.faults.clones_per_minute, self._clone),
            self._often(self.faults.horizons_per_minute, self._turn_horizon),
            self._often(self.faults.full_disks_per_minute, self._fill_disk),
        )
        await self._clear_up()
        await self._check()

    async def _often(self, per_minute: float, fault: Callable[[], Awaitable[None]]) -> None:
        loop = asyncio.get_running_loop()
        until = loop.time() + LIVE_S
        while per_minute and loop.time() < until:
            await asyncio.sleep(self.source.expovariate(per_minute / MINUTE_S))
            if loop.time() < until:
                await fault()

    def _count(self, what: str, times: int = 1) -> None:
        self.host.happened[what] += times

    # -- Faults -------------------------------------------------------------------------

    async def _crash_host(self) -> None:
        if self.host.node is None:
            return
        self._count("the server crashes")
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
        self._count("a device crashes")
        await phone.stop()
        await asyncio.sleep(self.source.expovariate(1 / 10.0))
        await self._start_phone(phone)

    async def _start_phone(self, phone: Phone) -> None:
        if phone.messenger is None:
            await phone.start()

    async def _reinstall(self) -> None:
        phone = self.source.choice(self.village.phones)
        if phone.messenger is not None and self.host.node is not None:
            self._count("a device loses its store")
            await phone.reinstall(self.village.sign_in(phone.user))

    async def _go_offline(self) -> None:
        phone = self.source.choice(self.village.phones)
        self._count("a device is without network")
        phone.transport.online = False
        await asyncio.sleep(self.source.expovariate(1 / 30.0))
        phone.transport.online = True

    async def _restore(self) -> None:
        self.host.back_up(self.backup)
        await asyncio.sleep(self.source.expovariate(1 / 20.0))
        if self.backup.exists() and self.host.node is not None:
            self._count("an older backup is restored")
            await self.host.restore(self.backup)
            await self.village.sign_in_again()

    async def _fill_disk(self) -> None:
        self.host.set_room(self.source.choice((-1, 0)))
        await asyncio.sleep(self.source.expovariate(1 / 20.0))
        self.host.set_room(None)

    async def _turn_horizon(self) -> None:
        self._count("old removals are forgotten")
        self.host.turn_horizon()

    async def _clone(self) -> None:
        phones = self.village.phones
        pairs = [
            (phone, other)
            for phone in phones
            for other in phones
            if phone is not other and phone.user == other.user and other.messenger is not None
        ]
        if pairs:
            self._count("a device's store is copied")
            phone, other = self.source.choice(pairs)
            await phone.clone(other)

    # -- The end ------------------------------------------------------------------------

    async def _clear_up(self) -> None:
        """Wait, with nothing for anybody to do, until nothing changes any more."""
        self.host.faults = self.weather.faults = Faults.none()
        await self._start_host()
        for phone in self.village.phones:
            phone.transport.online = True
            await self._start_phone(phone)
            phone.running.network_changed()
        before: list[object] = []
        patience = TURNS_S if any(map(self.village.twins, self.village.phones)) else CLEAR_S
        for _ in range(int(patience / LOOK_EVERY_S)):
            await asyncio.sleep(LOOK_EVERY_S)
            now = [self._look(phone) for phone in self.village.phones]
            if now == before and all(map(self._is_done, self.village.phones)):
                return
            before = now
        waiting = [phone.name for phone in self.village.phones if not self._is_done(phone)]
        raise Broken(Invariant.SETTLES, f"after {patience:.0f} s these wait: {waiting}")

    def _look(self, phone: Phone) -> object:
        chats = sorted(phone.running.store.chats(), key=lambda chat: chat.id)
        return phone.running.own, chats

    def _is_done(self, phone: Phone) -> bool:
        messenger = phone.running
        waits = messenger.store.outbox.unanswered() or messenger.store.number("requeue")
        has_link = messenger.is_online or self.village.twins(phone)
        return bool(has_link and not waits)

    async def _check(self) -> None:
        if self.complaints.said:
            raise Broken(Invariant.SENSE, self.complaints.said[0])
        truth: Truth = await self.host.up.engine.read(checks.read_truth)
        for what, kinds in RIGHTS_CHANGE.items():
            self._count(what, checks.count_rows(truth, kinds))
        checks.written_counts(self.village, truth)
        checks.never_unfounded(self.village)
        rest = self.village.phones
        while rest:
            together = list({phone.secret: phone for phone in rest}.values())  # no twins
            rest = [phone for phone in rest if phone not in together]
            await self._compare(together)

    async def _compare(self, phones: list[Phone]) -> None:
        """What these devices know, with devices of the same people that start from nothing."""
        pairs: list[tuple[Phone, Phone]] = []
        for index, phone in enumerate(phones):
            for twin in self.village.twins(phone):
                await twin.stop()
                await phone.stop()  # it does not have to wait for its turn any more
            await self._start_phone(phone)
            pairs.append((phone, await self.village.newcomer(phone, f"newcomer{index}")))
        for phone, newcomer in pairs:
            await self._look_at_everything(newcomer)
            await self._look_at_everything(phone)
            await self._refused_to_the_gone(phone)
        await asyncio.sleep(MINUTE_S)
        truth: Truth = await self.host.up.engine.read(checks.read_truth)
        for phone, newcomer in pairs:
            checks.same_heads(phone.running, newcomer.running)
            checks.kept_is_true(phone, truth)
            checks.kept_is_true(newcomer, truth)
            await newcomer.remove()
            await phone.stop()

    async def _look_at_everything(self, phone: Phone) -> None:
        messenger = phone.running
        await self._soon(messenger.wait_online())
        for chat in messenger.chats():
            try:
                await self._soon(messenger.history(chat.id, 1, chat.last_seq))
            except Refused:
                what = f"{phone.name} shows chat {chat.id}, which it is refused"
                raise Broken(Invariant.RIGHTS, what) from None
            rows = messenger.rows(chat.id, 1, chat.last_seq)
            expected = list(range(max(chat.first_seq, 1), chat.last_seq + 1))
            if [row.seq for row in rows] != expected:
                what = f"history of {chat.id} has holes: {[row.seq for row in rows]}"
                raise Broken(Invariant.SAME, what)

    async def _soon(self, wait: Awaitable[object]) -> None:
        try:
            await asyncio.wait_for(wait, MINUTE_S)
        except TimeoutError:
            raise Broken(Invariant.SETTLES, "with a good network an answer never comes") from None

    async def _refused_to_the_gone(self, phone: Phone) -> None:
        """RIGHTS: who was removed asks for rows all the same, and gets none."""
        truth: Truth = await self.host.up.engine.read(checks.read_truth)
        transport = SimulatedTransport(self.host, self.weather, phone.secret)
        for (chat, user), (state, _) in truth.places.items():
            if user != phone.user or state == MemberState.ACTIVE:
                continue
            hello = Hello(1, 0, 0, 1, 1, flags=HelloFlag.PROBE)
            body = join([encode(hello), encode(GetRange(1, chat, 1, 100))])
            for frame in split(await transport.post(body)):
                if isinstance(decode_from_server(frame), Rows):
                    what = f"{phone.name} was removed from {chat} and is still served"
                    raise Broken(Invariant.RIGHTS, what)

    async def end(self) -> None:
        """Leave nothing behind."""
        for phone in self.village.phones:
            await phone.stop()
        self.host.remove()


def run_seed(seed: int, planted: frozenset[Planted] = NOTHING) -> Happened:
    """One seed from its beginning to its end; what happened. Raises Broken."""
    memory = Path("/dev/shm")
    folder = Path(tempfile.mkdtemp(prefix="sim-", dir=memory if memory.is_dir() else None))
    loop = SimulatedLoop()
    story = loop.create_task(_story(seed, planted, folder))
    loop.call_after_too_many_steps(story.cancel)
    try:
        return loop.run_until_complete(story)
    except asyncio.CancelledError:
        what = f"still busy after {STEPS_MAX} steps of the event loop"
        raise Broken(Invariant.SETTLES, what) from None
    finally:
        loop.close()
        shutil.rmtree(folder, ignore_errors=True)


async def _story(seed: int, planted: frozenset[Planted], folder: Path) -> Happened:
    storm = Storm(seed, planted, folder)
    log = logging.getLogger("kentong")
    log.addHandler(storm.complaints)
    try:
        async with asyncio.timeout(STORY_S):
            await storm.run()
        return storm.host.happened + storm.weather.happened
    except TimeoutError:
        raise Broken(Invariant.SETTLES, f"no end after {STORY_S:.0f} s") from None
    finally:
        log.removeHandler(storm.complaints)
        await storm.end()
        tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
