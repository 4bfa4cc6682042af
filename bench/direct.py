"""Two hundred pairs write to each other: stored, acknowledged and received counts."""

import asyncio
from pathlib import Path
from typing import Final

from bench import load, processes, town
from bench.device import Device, enter_all, framed
from bench.figures import Figure, bundle
from bench.processes import Place
from kentong.protocol.codec import decode_from_server, encode
from kentong.protocol.messages import Delivered, Posted, Received, SendText

PAIRS: Final = 200
OUTSTANDING: Final = 8
RECEIVED_EVERY_S: Final = 2.0  # how long a client gathers delivered marks
TEXTS: Final = 2_000
_ACCEPTED, _POSTED = 0x42, 0x4A
MODERATE_PER_S: Final = 200


class Sender(Device):
    """Who writes."""

    answered = 0

    def live(self, payload: bytes) -> None:
        if payload[1] == _ACCEPTED:
            self.answered += 1
        else:
            super().live(payload)

    def heard(self) -> None:
        self.pair.go_on()

    pair: "Pair"


class Receiver(Device):
    """Who reads, and says so now and then."""

    received = 0
    newest = b""
    pair: "Pair"

    def live(self, payload: bytes) -> None:
        if payload[1] == _POSTED:
            self.received += 1
            self.newest = payload
        else:
            super().live(payload)

    def heard(self) -> None:
        self.pair.go_on()


class Pair:
    """A sender, a receiver and their chat; at most `outstanding` texts are on their way."""

    def __init__(self, chat: int, sender: Sender, receiver: Receiver) -> None:
        self.chat = chat
        self.sender = sender
        self.receiver = receiver
        self.sent = 0
        self.outstanding = 0
        self._marked = b""
        self._frames = [framed(encode(SendText(chat, town.text()))) for _ in range(32)]
        sender.pair = receiver.pair = self

    @property
    def finished(self) -> int:
        """Texts that were acknowledged and received."""
        return min(self.sender.answered, self.receiver.received)

    def go_on(self) -> None:
        """Send as many as may be on their way."""
        count = self.outstanding - self.sent + self.finished
        if count > 0:
            first = self.sent
            self.sent += count
            frames = self._frames
            self.sender.transport.write(
                b"".join([frames[number % 32] for number in range(first, first + count)])
            )

    def say_received(self) -> None:
        """Tell how far the receiver is, if that is news."""
        newest = self.receiver.newest
        if newest is not self._marked:
            self._marked = newest
            posted = decode_from_server(newest)
            assert isinstance(posted, Posted)
            self.receiver.say(Received([Delivered(self.chat, posted.seq)]))


class Crowd:
    """All pairs, as one load."""

    def __init__(self, pairs: list[Pair]) -> None:
        self._pairs = pairs
        self._timers: list[asyncio.TimerHandle] = []

    @property
    def finished(self) -> int:
        return sum(pair.finished for pair in self._pairs)

    @property
    def is_drained(self) -> bool:
        return all(pair.sent == pair.finished for pair in self._pairs)

    def start(self) -> None:
        loop = asyncio.get_running_loop()
        for place, pair in enumerate(self._pairs):
            pair.outstanding = OUTSTANDING
            pair.go_on()
            after_s = RECEIVED_EVERY_S * (1 + place / len(self._pairs))
            self._timers.append(loop.call_later(after_s, self._mark, place))

    def stop(self) -> None:
        for pair in self._pairs:
            pair.outstanding = 0
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()

    def _mark(self, place: int) -> None:
        self._pairs[place].say_received()
        loop = asyncio.get_running_loop()
        self._timers[place] = loop.call_later(RECEIVED_EVERY_S, self._mark, place)


class Drip:
    """Texts at a steady rate, one pair after the other, and how long each takes."""

    def __init__(self, pairs: list[Pair]) -> None:
        self._pairs = pairs
        self._next = 0
        self._task: asyncio.Task[None] | None = None

    @property
    def finished(self) -> int:
        return sum(pair.finished for pair in self._pairs)

    @property
    def is_drained(self) -> bool:
        return all(pair.sent == pair.finished for pair in self._pairs)

    def start(self) -> None:
        self._task = asyncio.create_task(self._drip())

    def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
        for pair in self._pairs:
            pair.outstanding = 0

    async def _drip(self) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            pair = self._pairs[self._next % len(self._pairs)]
            self._next += 1
            pair.outstanding = 1
            pair.go_on()
            pair.outstanding = 0
            due += 1 / MODERATE_PER_S
            await asyncio.sleep(max(0.0, due - loop.time()))


async def run(folder: Path, quick: bool) -> list[Figure]:
    """The throughput of direct chats, and what a message costs."""
    pair_count, seconds, times = (20, 1.0, 1) if quick else (PAIRS, 5.0, 3)
    async with town.founding(folder) as engine:
        people = await town.settle(engine, 2 * pair_count)
        couples = list(zip(people[::2], people[1::2], strict=True))
        chats = await town.befriend(engine, couples)
    async with processes.server(folder) as place:
        pairs = [
            Pair(chat, Sender(writer), Receiver(reader))
            for chat, (writer, reader) in zip(chats, couples, strict=True)
        ]
        await enter_all([pair.sender for pair in pairs], place)
        await enter_all([pair.receiver for pair in pairs], place)
        runs = [await _once(pairs, place, seconds) for _ in range(times)]
        for pair in pairs:
            pair.sender.leave()
            pair.receiver.leave()
    return bundle(runs)


async def _once(pairs: list[Pair], place: Place, seconds: float) -> dict[str, float]:
    span = await load.measure(Crowd(pairs), place, seconds)
    steady = await load.measure(Drip(pairs), place, seconds)
    return {
        "direct_messages_per_s": span.per_s,
        "direct_cpu_us_per_message": span.server_us,
        "direct_server_cores": span.server_cpu_s / span.seconds,
        "direct_generator_us_per_message": span.generator_us,
        "direct_cpu_us_per_message_at_200_per_s": steady.server_us,
    }
