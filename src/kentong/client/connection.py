"""Stays connected: one link at a time, probes when it is silent, long polls where it must."""

import asyncio
import logging
import random
import sqlite3
from collections.abc import Callable, Sequence
from typing import Any, Final

from kentong.client.agenda import Agenda
from kentong.client.events import Ended, Event, Fenced, LinkChanged
from kentong.client.session import Left, Session
from kentong.client.store import Store
from kentong.client.sync import UnknownAlias
from kentong.client.transport import Link, Transport, Unreachable
from kentong.protocol.codec import encode, hello_to_token, join, split
from kentong.protocol.errors import ErrorCode, Malformed
from kentong.protocol.messages import Goodbye, HelloFlag

PROBE_S: Final = 1.5  # a probe is renewed after this, at first
PROBE_ROUND_TRIPS: Final = 6  # but gets the time that a new connection takes
PATIENT_PROBE_EVERY: Final = 4  # one in so many gets four times as long
PROBES_EAGER_S: Final = 120.0
PROBE_S_MAX: Final = 30.0
POLL_S: Final = 25.0  # how long the server may wait for news
POLLING_S: Final = 600.0  # until WebSockets are tried again where they never opened
UNOPENED_MAX: Final = 2  # WebSockets that didn't open though a probe was answered
RETRY_S_MIN: Final = 0.5
RETRY_S_MAX: Final = 60.0
SHUTDOWN_S: Final = 2.0  # unless the server says how long
FENCED_S: Final = 30.0  # standing back for another copy of this store, at first
FENCED_S_MAX: Final = 600.0

FINAL_CODES: Final = (
    ErrorCode.UNAUTHORISED,
    ErrorCode.SUSPENDED,
    ErrorCode.UNSUPPORTED_VERSION,
    ErrorCode.ORIGIN_FORBIDDEN,
)

log = logging.getLogger(__name__)

Answered = tuple[Session, list[bytes]]  # what an exchange brought


class Connection:
    """Runs sessions over a transport until the server ends it for good.

    `tell` is called with what happened, after it is in the store. Time is the running
    loop's; `now` gives seconds since 1970.
    """

    def __init__(
        self,
        store: Store,
        transport: Transport,
        tell: Callable[[Event], None],
        now: Callable[[], float],
        source: random.Random,
    ) -> None:
        self.agenda = Agenda()
        self._store = store
        self._transport = transport
        self._tell = tell
        self._now = now
        self._random = source
        self.online = False  # linked, and caught up
        self.ended: int | None = None  # ErrorCode: signed out, suspended
        self._woken = asyncio.Event()  # there may be something to send
        self._stirred = asyncio.Event()  # something was sent or heard
        self._must_probe = False
        self._unopened = 0
        self._polling_until = 0.0
        self._failures = 0
        self._fenced = 0

    def wake(self) -> None:
        """There is something to send: look at once."""
        self._woken.set()

    def doubt(self) -> None:
        """The network is back, or another one: try at once, and ask a link whether it lives."""
        self.agenda.doubted = self.online
        self._woken.set()

    async def run(self) -> None:
        """Stay connected until the server says it is over, or until cancelled."""
        while self.ended is None:
            delay, began = 0.0, self._loop_time()
            try:
                await self._connect()
            except Left as left:
                delay = self._after_goodbye(left.goodbye)
            except Unreachable:
                self._failures = 0 if self.online else self._failures + 1
                delay = self._backoff()
            except (Malformed, UnknownAlias, sqlite3.OperationalError) as error:
                log.warning("the connection can't go on: %s", type(error).__name__)
                lasted = self._loop_time() - began
                self._failures = 1 if lasted > RETRY_S_MAX else self._failures + 1
                delay = max(self._backoff(), RETRY_S_MIN)
            finally:
                self._set_online(online=False)
            if self.ended is None:
                await asyncio.sleep(delay)

    async def _connect(self) -> None:
        """One link from its beginning to its end."""
        probed, self._must_probe = self._must_probe, True
        if probed:
            self._finish(await self._probe(None))
        if self._loop_time() < self._polling_until:
            await self._poll()
            self._must_probe = False
            return
        session = self._session()
        try:
            await self._live(session)
        finally:
            self._count_unopened(session, probed or not self._must_probe)

    def _session(self, exchange: bool = False) -> Session:
        return Session(self._store, self.agenda, self._loop_time(), exchange)

    def _count_unopened(self, session: Session, was_reachable: bool) -> None:
        """WebSockets that don't open though probes are answered are blocked somewhere."""
        if session.welcomed:
            self._unopened = 0
        elif was_reachable:
            self._unopened += 1
        if self._unopened >= UNOPENED_MAX:
            self._unopened = 0
            self._polling_until = self._loop_time() + POLLING_S

    # -- A WebSocket --------------------------------------------------------------------

    async def _live(self, session: Session) -> None:
        """Over a WebSocket, until it ends or a probe beside it was answered."""
        link: asyncio.Future[Link] = asyncio.get_running_loop().create_future()
        tasks = [
            asyncio.ensure_future(self._read(session, link)),
            asyncio.ensure_future(self._write(session, link)),
        ]
        watching = asyncio.ensure_future(self._watch(session))
        try:
            await first_of([*tasks, watching])
        finally:
            session.wishes.ended(self._loop_time())
            if link.done():
                await link.result().close()
        if watching.done() and not watching.cancelled():
            self._must_probe = False
            self._finish(watching.result())

    async def _read(self, session: Session, opened: asyncio.Future[Link]) -> None:
        link = await self._transport.open(hello_to_token(session.hello()))
        opened.set_result(link)
        while True:
            self._take(session, await link.receive())

    async def _write(self, session: Session, opened: asyncio.Future[Link]) -> None:
        link = await asyncio.shield(opened)
        while True:
            self._woken.clear()
            now = self._loop_time()
            frames = session.outgoing(now)
            self._stirred.set()
            for frame in frames:
                await link.send(frame)
            if not frames:
                await self._wait(self._woken, session.wishes.next_due(now, session.listed) - now)

    async def _watch(self, session: Session) -> Answered:
        """Returns what a probe brought once the link has been silent for too long."""
        while True:
            self._stirred.clear()
            at = session.suspicious_at()
            left = float("inf") if at is None else at - self._loop_time()
            if left > 0:
                await self._wait(self._stirred, left)
                continue
            answered = await self._probe(session)
            if answered is not None:
                return answered

    def _take(self, session: Session, frame: bytes, is_link: bool = True) -> None:
        """A frame came, over a link that lasts or as part of the answer to a probe."""
        events = session.receive(frame, self._loop_time(), self._now())
        for event in events:
            self._tell(event)
        if is_link:
            self._set_online(session.caught_up)
        self._woken.set()
        self._stirred.set()

    def _set_online(self, online: bool) -> None:
        if online:
            self._fenced = 0
        if online != self.online:
            self.online = online
            self._tell(LinkChanged(online))

    # -- Exchanges by POST --------------------------------------------------------------

    async def _probe(self, beside: Session | None) -> Answered | None:
        """Ask by POST until it is answered; None: the link beside it spoke meanwhile."""
        began = self._loop_time()
        attempt = 0
        while True:
            session = self._session(exchange=True)
            body = join([encode(session.hello(HelloFlag.PROBE))])
            started = self._loop_time()
            limit = self._probe_s(attempt, started - began)
            answer = await self._post(body, limit, beside)
            if beside is not None and beside.last_heard > began:
                return None
            if answer is not None:
                return session, split(answer)
            attempt += 1
            rest = started + limit - self._loop_time()
            self._woken.clear()
            await self._wait(self._woken if beside is None else self._stirred, rest)
            if beside is not None and beside.last_heard > began:
                return None

    async def _post(self, body: bytes, limit: float, beside: Session | None) -> bytes | None:
        """The answer, if it came in time and the link beside it was silent."""
        posting = asyncio.ensure_future(self._transport.post(body))
        try:
            await first_of([posting, asyncio.ensure_future(self._heard(beside))], limit)
        except Unreachable:
            return None
        return None if posting.cancelled() else posting.result()

    async def _heard(self, session: Session | None) -> None:
        """Wait until a link speaks."""
        before = session.last_heard if session else 0.0
        while session is None or session.last_heard == before:
            self._stirred.clear()
            await self._stirred.wait()

    def _probe_s(self, attempt: int, elapsed: float) -> float:
        """How long a probe may take before it is renewed."""
        shortest = max(PROBE_S, PROBE_ROUND_TRIPS * (self.agenda.round_trip or 0.0))
        shortest *= 1 + self._random.random() / 4
        if elapsed > PROBES_EAGER_S:
            later = elapsed - PROBES_EAGER_S
            eased = min(PROBE_S_MAX, shortest + later / 8)
            return max(shortest, eased * (0.75 + self._random.random() / 4))
        return (
            shortest * 4 if attempt % PATIENT_PROBE_EVERY == PATIENT_PROBE_EVERY - 1 else shortest
        )

    def _finish(self, answered: Answered | None, is_link: bool = False) -> None:
        """What an exchange brought takes effect."""
        if answered is not None:
            session, frames = answered
            for frame in frames:
                self._take(session, frame, is_link)

    async def _poll(self) -> None:
        """Long polls, for some time."""
        while self._loop_time() < self._polling_until:
            session = self._session(exchange=True)
            self._woken.clear()
            # The first one is answered at once: whoever waits for a link has it then.
            flags = HelloFlag(0) if self.online else HelloFlag.PROBE
            frames = [encode(session.hello(flags)), *session.outgoing(self._loop_time())]
            posting = asyncio.ensure_future(self._transport.post(join(frames)))
            waits: list[asyncio.Future[Any]] = [posting]
            if not session.wishes.owed():  # then something to send may interrupt the wait
                waits.append(asyncio.ensure_future(self._woken.wait()))
            patience = POLL_S + self.agenda.patience_s(session.courier.pace.bytes_on_way)
            try:
                if not await first_of(waits, patience):
                    raise Unreachable("a long poll was not answered")
            finally:
                if posting.cancelled() or posting.exception():
                    session.wishes.ended(self._loop_time())
            if not posting.cancelled():
                self._finish((session, split(posting.result())), is_link=True)

    # -- Waiting ------------------------------------------------------------------------

    def _loop_time(self) -> float:
        return asyncio.get_running_loop().time()

    async def _wait(self, event: asyncio.Event, seconds: float) -> None:
        """Until the event is set, but no longer than so many seconds."""
        if seconds == float("inf"):
            await event.wait()
        elif seconds > 0:
            try:
                async with asyncio.timeout(seconds):
                    await event.wait()
            except TimeoutError:
                pass

    def _backoff(self) -> float:
        """After a failure that probing doesn't explain; nothing at first."""
        if self._failures <= 1:
            return 0.0
        longest = min(RETRY_S_MIN * float(2 ** min(self._failures, 10)), RETRY_S_MAX)
        return longest * (0.5 + self._random.random() / 2)

    def _after_goodbye(self, goodbye: Goodbye) -> float:
        """How long to stay away; sets `ended` when it is for good."""
        said = goodbye.retry_after_ms / 1_000
        if goodbye.code in FINAL_CODES:
            self.ended = goodbye.code
            self._tell(Ended(goodbye.code))
            return 0.0
        if goodbye.code == ErrorCode.FENCED:
            self._tell(Fenced())
            self._must_probe = False
            longest = min(FENCED_S * float(2**self._fenced), FENCED_S_MAX)
            self._fenced = min(self._fenced + 1, 10)
            return longest * (1 + self._random.random())
        if goodbye.code == ErrorCode.SHUTTING_DOWN:
            interval = said or SHUTDOWN_S
            return interval * (1 + self._random.random() / 2)
        self._failures += 1
        return said or max(self._backoff(), RETRY_S_MIN)


async def first_of(tasks: Sequence[asyncio.Future[Any]], seconds: float | None = None) -> bool:
    """Until one of the tasks ends, or the time is over; the others are stopped.

    Raises what the first one that ended raised. Returns whether one ended.
    """
    try:
        await asyncio.wait(tasks, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        ended = [task for task in tasks if task.done()]
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in ended:
        task.result()
    return bool(ended)
