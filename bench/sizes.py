"""How many bytes a text takes: sent, acknowledged, received; WebSocket payload alone."""

import asyncio
from pathlib import Path
from typing import Final

from bench import processes, town
from bench.device import Device, enter_all
from bench.figures import Figure
from bench.processes import Place
from bench.town import Citizen, Past
from kentong.protocol.codec import decode_from_server
from kentong.protocol.messages import Accepted, Delivered, Posted, Received, SendText

PAST: Final = Past(rows=1_000, changes=1_000)  # as many marks as rows, about
PAUSE_S: Final = 2.0  # between two texts of a conversation, at least
TIMEOUT_S: Final = 10.0
TEXTS: Final = 3


class Ear(Device):
    """Keeps what it hears."""

    def __init__(self, who: Citizen) -> None:
        super().__init__(who)
        self.frames: asyncio.Queue[bytes] = asyncio.Queue()

    def live(self, payload: bytes) -> None:
        super().live(payload)
        self.frames.put_nowait(payload)

    async def next(self, kind: type) -> bytes:
        """The next message of a kind."""
        async with asyncio.timeout(TIMEOUT_S):
            while True:
                frame = await self.frames.get()
                if isinstance(decode_from_server(frame), kind):
                    return frame


async def run(folder: Path, quick: bool) -> list[Figure]:
    """The bytes of one text, of its acknowledgement and of its delivery."""
    async with town.founding(folder) as engine:
        people = await town.settle(engine, 103)
        direct = (await town.befriend(engine, [(people[0], people[1])]))[0]
        group = await town.gather(engine, "A group", people)
        for chat in (direct, group):
            await town.live_through(engine, chat, people[1], PAST)
    async with processes.server(folder) as place:
        ears = [Ear(person) for person in people[:2]]
        in_direct = await _converse(ears, direct, place, quick)
        ears = [Ear(person) for person in people[:2]]
        in_group = await _converse(ears, group, place, quick)
    keys = ("send30_bytes", "ack_bytes", "receive30_bytes")
    figures = [
        Figure(key, [max(here, there)])  # the larger one, in whatever chat
        for key, here, there in zip(keys, in_direct, in_group, strict=False)
    ]
    mark = in_direct[3]
    return [
        *figures,
        Figure("receive30_direct_bytes", [in_direct[2]]),
        Figure("delivered_mark_bytes", [mark]),
    ]


async def _converse(ears: list[Ear], chat: int, place: Place, quick: bool) -> tuple[int, ...]:
    """(sent, acknowledged, received, mark): the largest of each of a few texts."""
    writer, reader = ears
    await enter_all([writer, reader], place)
    sizes: list[tuple[int, ...]] = []
    for _ in range(1 if quick else TEXTS):
        await asyncio.sleep(PAUSE_S)
        sent = writer.say(SendText(chat, town.text()))
        answer = await writer.next(Accepted)
        pushed = await reader.next(Posted)
        posted = decode_from_server(pushed)
        assert isinstance(posted, Posted)
        mark = reader.say(Received([Delivered(chat, posted.seq)]))
        sizes.append((sent, len(answer), len(pushed), mark))
    for ear in ears:
        ear.leave()
    return tuple(map(max, zip(*sizes, strict=True)))
