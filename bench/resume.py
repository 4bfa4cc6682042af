"""A user comes back: how many bytes and round trips until everything new is there."""

import asyncio
from pathlib import Path
from typing import Final

from bench import processes, town
from bench.device import Device, Standing, enter_all
from bench.figures import Figure
from bench.processes import Place
from bench.sizes import PAST, PAUSE_S, Ear
from bench.town import Citizen
from kentong.protocol.codec import decode_from_server
from kentong.protocol.messages import (
    Accepted,
    ChatKind,
    Delivered,
    HeadFlag,
    Heads,
    Mark,
    Received,
    SendText,
)

DIRECTS: Final = 15
GROUPS: Final = 5
GROUP_MEMBERS: Final = 6
UNREAD: Final = (0, 0, 1, 1, 15)  # the chats, by their place, that get a text meanwhile
OUTBOX: Final = 2**52 + 1  # as long as they are
SENT: Final = 1_000  # commands, so far
MARK_TIMEOUT_S: Final = 15.0


class Homecomer(Device):
    """Waits for its cursor, as a client that stays for a while."""

    def __init__(self, who: Citizen, standing: Standing) -> None:
        super().__init__(who, standing)
        self.marked: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def live(self, payload: bytes) -> None:
        super().live(payload)
        message = decode_from_server(payload)
        if isinstance(message, Mark) and not self.marked.done():
            self.standing = self.standing._replace(cursor=message.cursor)
            self.marked.set_result(None)


async def run(folder: Path, quick: bool) -> list[Figure]:
    """Bytes and round trips of coming back, over TLS."""
    async with town.founding(folder) as engine:
        people = await town.settle(engine, 1 + DIRECTS + GROUPS * GROUP_MEMBERS)
        user, friends = people[0], people[1:]
        chats = await town.befriend(engine, [(user, friend) for friend in friends[:DIRECTS]])
        for number in range(GROUPS):
            start = DIRECTS + number * GROUP_MEMBERS
            others = friends[start : start + GROUP_MEMBERS]
            chats.append(await town.gather(engine, f"Group number {number}", [*others, user]))
        for chat in chats:
            await town.live_through(engine, chat, user, PAST)
        await town.remember_outbox(engine, user, OUTBOX, SENT)
    writers = [*friends[:DIRECTS], *(friends[DIRECTS + n * GROUP_MEMBERS] for n in range(GROUPS))]
    certificate = processes.make_certificate(folder)
    async with processes.server(folder, certificate) as place:
        first = Homecomer(user, Standing(outbox=OUTBOX, number=SENT + 1))
        await first.enter(place)
        first.leave()
        await _write(place, [(writers[at], chats[at]) for at in UNREAD])
        return await _come_back(place, user, first.standing)


async def _write(place: Place, texts: list[tuple[Citizen, int]]) -> None:
    for writer, chat in texts:
        ear = Ear(writer)
        await enter_all([ear], place)
        ear.say(SendText(chat, town.text()))
        await ear.next(Accepted)
        ear.leave()
    await asyncio.sleep(PAUSE_S)


async def _come_back(place: Place, user: Citizen, standing: Standing) -> list[Figure]:
    back = Homecomer(user, standing._replace(tail=20))
    await back.enter(place)
    flights = back.flights
    assert flights is not None
    heads = [head for page in back.news if isinstance(page, Heads) for head in page.heads]
    assert sum(head.unread for head in heads) == len(UNREAD), heads
    assert sum(len(head.rows) for head in heads) == len(UNREAD), heads
    assert {head.kind for head in heads} == {ChatKind.DIRECT, ChatKind.GROUP}
    marks = [
        Delivered(head.chat, head.last_seq) for head in heads if head.flags & HeadFlag.SHARED_MARKS
    ]
    mark_bytes = back.say(Received(marks))
    async with asyncio.timeout(MARK_TIMEOUT_S):
        await back.marked
    back.leave()
    again = Homecomer(user, back.standing)
    await again.enter(place)
    nothing = again.flights
    assert nothing is not None
    assert len(again.news) == 1, again.news
    again.leave()
    bytes_both_ways = flights.token_bytes + flights.up_bytes + flights.down_bytes
    return [
        Figure("resume_round_trips", [flights.round_trips]),
        Figure("resume_bytes", [bytes_both_ways]),
        Figure("resume_mark_bytes", [mark_bytes]),
        Figure("resume_nothing_new_bytes", [nothing.token_bytes + nothing.down_bytes]),
        Figure("upgrade_request_bytes", [nothing.request_bytes]),
    ]
