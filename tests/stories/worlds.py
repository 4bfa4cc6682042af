"""Where stories happen: in simulated time, or over real sockets on either database."""

import abc
import asyncio
import contextlib
import dataclasses
import random
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from kentong.client.messenger import Messenger
from kentong.client.store import Account, Own, Store
from kentong.client.transport import NetworkTransport, Transport
from kentong.protocol.planted import NOTHING, Planted
from kentong.server import app
from kentong.server.access import Caller
from kentong.server.features import administration, joining, sign_in
from kentong.server.features.joining import Wanted
from kentong.server.http.admin import desk_of
from kentong.server.node import Node
from kentong.server.storage import devices
from kentong.server.storage.engine import Transaction
from tests.sim.faults import Faults
from tests.sim.host import Host
from tests.sim.loop import SimulatedLoop
from tests.sim.network import SimulatedTransport, Weather
from tests.stories.cast import Cable
from tests.unit.http.inn import SETTINGS

SIMULATED_PATIENCE_S = 600.0
REAL_PATIENCE_S = 30.0
OWNER = Caller(0, 0)


class World(abc.ABC):
    """A server, and a way to it for each device."""

    patience_s: float  # how long something that must happen may take

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    @abc.abstractmethod
    def node(self) -> Node:
        """The running server."""

    @abc.abstractmethod
    async def start(self, registration: str) -> None:
        """Start the server, with whatever it kept."""

    @abc.abstractmethod
    async def stop(self) -> None:
        """End it, however that happens here. Safe to repeat."""

    @abc.abstractmethod
    async def join(self, token: str, name: str, file: Path) -> tuple[int, str]:
        """Open an account with its first device in a file: user id and recovery code."""

    @abc.abstractmethod
    async def recover(self, code: str, file: Path) -> None:
        """Sign a device in by a recovery code."""

    @abc.abstractmethod
    async def sign_out(self, messenger: Messenger) -> None:
        """Have the server forget a device."""

    @abc.abstractmethod
    def open_messenger(self, file: Path) -> tuple[Messenger, Cable]:
        """The app over a device's file, and what connects it."""

    async def owner_token(self) -> str:
        """The token of the link by which the server's owner comes."""
        node = self.node

        def work(tx: Transaction) -> str:
            return administration.owner_token(node.context(tx, OWNER))

        return await node.engine.write(work)

    async def administer(self, action: str, account: str = "") -> administration.Answer:
        """Do what `kentong admin` does. Raises NotPossible."""
        wish = administration.Wish(action, account)
        return await desk_of(self.node, 0).answer("story", wish)

    async def settle(self) -> None:
        """Let everything be told that was committed before."""
        for _ in range(2):  # a pass that runs now may have read too early
            self.node.feeder.wake()
            await self.node.engine.read(lambda tx: None)


class SimulatedWorld(World):
    """The cores of server and SDK in one process; hours pass in seconds. A stop is a crash."""

    patience_s = SIMULATED_PATIENCE_S

    def __init__(self, folder: Path, planted: frozenset[Planted] = NOTHING) -> None:
        super().__init__(folder)
        self._source = random.Random(0)
        self._planted = planted
        self._weather = Weather(self._source, Faults.none())
        self._host = Host(folder / "data", self._source, Faults.none(), planted)

    @property
    def node(self) -> Node:
        assert self._host.node is not None
        return self._host.node

    async def start(self, registration: str) -> None:
        self._host.settings["registration"] = registration
        await self._host.start()

    async def stop(self) -> None:
        self._host.crash()

    async def join(self, token: str, name: str, file: Path) -> tuple[int, str]:
        wanted = Wanted(token, name, "simulated", proven=True)
        joined = await self._write(lambda tx: joining.join(self.node.context(tx, OWNER), wanted))
        self._keep(joined, name, file)
        return joined.user_id, joined.recovery_code

    async def recover(self, code: str, file: Path) -> None:
        context = self.node.context
        joined = await self._write(
            lambda tx: joining.recover(context(tx, OWNER), code, "simulated")
        )
        self._keep(joined, "", file)

    async def sign_out(self, messenger: Messenger) -> None:
        account = messenger.store.account
        assert account is not None
        secret_hash, now_s = sign_in.digest(account.secret), int(self.node.now())

        def work(tx: Transaction) -> None:
            device = devices.device_by_secret(tx, secret_hash)
            assert device is not None
            sign_in.sign_out(tx, device, now_s)

        await self.node.engine.write(work)

    async def _write(self, work: Callable[[Transaction], joining.Joined]) -> joining.Joined:
        return await self.node.engine.write(work)

    def _keep(self, joined: joining.Joined, name: str, file: Path) -> None:
        instance = self.node.engine.instance
        store = Store(file, durable=False, random_source=self._source)
        with store.transaction():
            store.save_account(Account("sim", instance, joined.device_id, joined.secret))
            store.save_own(Own(joined.user_id, name))
        store.close()

    def open_messenger(self, file: Path) -> tuple[Messenger, Cable]:
        store = Store(file, self._planted, durable=False, random_source=self._source)
        assert store.account is not None
        cable = Cable(SimulatedTransport(self._host, self._weather, store.account.secret))
        return Messenger(store, cable, self._host.now, self._source), cable


class SocketWorld(World):
    """A server on a real port and the SDK as it ships. A stop is polite."""

    patience_s = REAL_PATIENCE_S

    def __init__(self, folder: Path, database: str = "") -> None:
        super().__init__(folder)
        self._config = dataclasses.replace(SETTINGS, data=str(folder / "data"), database=database)
        self._running = contextlib.AsyncExitStack()
        self._server: app.Server | None = None

    @property
    def node(self) -> Node:
        assert self._server is not None
        return self._server.node

    async def start(self, registration: str) -> None:
        self._config = dataclasses.replace(self._config, registration=registration)
        Path(self._config.data).mkdir(mode=0o700, exist_ok=True)  # noqa: ASYNC240 - at once
        self._server = await self._running.enter_async_context(app.running(self._config))
        self._config = dataclasses.replace(self._config, port=self._server.port)

    async def stop(self) -> None:
        await self._running.aclose()

    @property
    def _address(self) -> str:
        return f"http://127.0.0.1:{self._config.port}"

    async def join(self, token: str, name: str, file: Path) -> tuple[int, str]:
        messenger = await Messenger.join(self._address, token, name, file)
        user = messenger.own.user
        await messenger.close()
        return user, messenger.recovery_code

    async def recover(self, code: str, file: Path) -> None:
        messenger = await Messenger.recover(self._address, code, file)
        await messenger.close()

    async def sign_out(self, messenger: Messenger) -> None:
        await messenger.sign_out()

    def open_messenger(self, file: Path) -> tuple[Messenger, Cable]:
        store = Store(file)
        assert store.account is not None
        transport: Transport = NetworkTransport(store.account.address, store.account.secret)
        cable = Cable(transport)
        return Messenger(store, cable), cable


def run_simulated(work: Awaitable[None]) -> None:
    """Run a story where time passes only when everybody waits."""
    loop = SimulatedLoop()
    try:
        loop.run_until_complete(_alone(work))
    finally:
        loop.close()


async def _alone(work: Awaitable[None]) -> None:
    """Await the work, then end what the simulated network still has on its way."""
    try:
        await work
    finally:
        tasks: set[asyncio.Task[Any]] = asyncio.all_tasks()  # of whatever result
        tasks.discard(asyncio.current_task())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
