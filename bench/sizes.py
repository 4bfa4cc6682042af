"""How many bytes a text takes: sent, acknowledged, received; WebSocket payload alone."""

import asyncio
from pathlib import Path
from typing import Final, NamedTuple

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
TEXTS: Final = 4


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
    both = in_direct + in_group
    return [  # the largest, in whatever chat
        Figure("send30_bytes", [max(text.sent for text in both)]),
        Figure("ack_bytes", [max(text.acknowledged for text in in_direct[1:] + in_group[1:])]),
        Figure("ack_first_bytes", [max(in_direct[0].acknowledged, in_group[0].acknowledged)]),
        Figure("receive30_bytes", [max(text.received for text in both)]),
        Figure("receive30_direct_bytes", [max(text.received for text in in_direct)]),
        Figure("delivered_mark_bytes", [max(text.mark for text in in_direct)]),
    ]


class Sizes(NamedTuple):
    """What one text took."""

    sent: int
    acknowledged: int
    received: int
    mark: int


async def _converse(ears: list[Ear], chat: int, place: Place, quick: bool) -> list[Sizes]:
    """A few texts; on the connection before them was none."""
    writer, reader = ears
    await enter_all([writer, reader], place)
    sizes: list[Sizes] = []
    for _ in range(2 if quick else TEXTS):
        await asyncio.sleep(PAUSE_S)
        sent = writer.say(SendText(chat, town.text()))
        answer = await writer.next(Accepted)
        pushed = await reader.next(Posted)
        posted = decode_from_server(pushed)
        assert isinstance(posted, Posted)
        mark = reader.say(Received([Delivered(chat, posted.seq)]))
        sizes.append(Sizes(sent, len(answer), len(pushed), mark))
    for ear in ears:
        ear.leave()
    return sizes
