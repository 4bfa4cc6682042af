"""What one running server shares between its connections."""

import asyncio
import contextlib
import dataclasses
import random
import secrets
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from kentong.protocol.errors import ErrorCode, Refused
from kentong.protocol.planted import NOTHING, Planted
from kentong.server.access import Caller, Context
from kentong.server.config import Config
from kentong.server.delivery.feeder import Feeder
from kentong.server.delivery.hub import Hub
from kentong.server.rules.rates import Rates
from kentong.server.storage.engine import Engine, Outcome, Transaction

BURST = 10  # minutes' worth of commands that an account may save up
RETURN_MS = (500, 5_000)  # devices that were sent away come back spread over this time
BEGIN_AGAIN_S = 1.0  # between two tries to read where another history stands


class Ending(Protocol):
    """A session, as far as the node cares."""

    def end(self, code: ErrorCode, retry_after_ms: int = 0) -> None:
        """Say why it is over, and close."""


@dataclasses.dataclass(slots=True)
class Limits:
    """The rates in force, by account and by address."""

    commands: Rates
    requests: Rates
    notices: Rates
    addresses: Rates
    sign_ins: Rates
    sign_ups: Rates  # without an invite, of the whole server
    address_sign_ups: Rates
    invite_joins: Rates  # by inviter

    @classmethod
    def of(cls, config: Config) -> "Limits":
        """As the settings say."""
        per_minute = config.commands_per_minute
        hourly, address_hourly = config.signups_per_hour, config.signups_per_address
        inviter_hourly = config.joins_per_inviter
        return cls(
            Rates(per_minute, per_minute * BURST),
            Rates(config.requests_per_minute, config.requests_per_minute),
            Rates(config.requests_per_minute, config.requests_per_minute),
            Rates(config.address_per_minute, config.address_per_minute),
            Rates(config.sign_ins_per_minute, config.sign_ins_per_minute),
            Rates(hourly / 60, hourly),
            Rates(address_hourly / 60, address_hourly),
            Rates(inviter_hourly / 60, inviter_hourly),
        )


@dataclasses.dataclass(slots=True)
class Node:
    """One running server."""

    config: Config
    engine: Engine
    hub: Hub
    feeder: Feeder
    limits: Limits
    build: int = 0  # of the web client that is served
    now: Callable[[], float] = time.time
    new_token: Callable[[], str] = lambda: secrets.token_urlsafe(15)
    planted: frozenset[Planted] = NOTHING
    counts: Counter[str] = dataclasses.field(default_factory=Counter)
    reads: Counter[int] = dataclasses.field(default_factory=Counter)  # under way, by user
    sessions: set[Ending] = dataclasses.field(default_factory=set)  # those that are open

    def context(self, tx: Transaction, caller: Caller) -> Context:
        """What a handler works with."""
        return Context(tx, caller, int(self.now()), self.config, self.new_token, self.planted)

    def end_all(self, code: ErrorCode) -> None:
        """End every session; the devices come back by and by."""
        for session in list(self.sessions):
            session.end(code, random.randint(*RETURN_MS))

    async def restore(self, source: Path) -> None:
        """Put a backup in place of everything while the server runs.

        All devices are sent away and come back to the new epoch. Raises as Engine.restore;
        then nothing happened.
        """
        await self.engine.restore(source)
        # What was read and written before reports before these, lane by lane; after them
        # nobody can be told anything of the history that is gone.
        with contextlib.suppress(Refused):  # no room to write: it waited in line all the same
            await self.engine.write(lambda tx: None)
        cursor = await self.engine.read(lambda tx: tx.cursor())
        await self.engine.read(lambda tx: None, patient=True)
        self.end_all(ErrorCode.SHUTTING_DOWN)
        self.feeder.begin(cursor)

    def begin_again(self) -> None:
        """Send all devices away: another history began elsewhere, and is read from now on."""
        self.end_all(ErrorCode.SHUTTING_DOWN)
        self.feeder.pause()

        def done(outcome: Outcome) -> None:
            if outcome.error is None:
                self.feeder.begin(outcome.result)
            else:
                asyncio.get_running_loop().call_later(BEGIN_AGAIN_S, self.begin_again)

        self.engine.post_read(lambda tx: tx.cursor(), done)


def start_node(config: Config, engine: Engine, planted: frozenset[Planted] = NOTHING) -> Node:
    """A node over an engine; its feeder is still to be started."""
    hub = Hub()
    feeder = Feeder(engine, hub, planted)
    node = Node(config, engine, hub, feeder, Limits.of(config), planted=planted)
    hub.presences.now = lambda: node.now()  # noqa: PLW0108 - the clock of a node may be replaced
    return node
