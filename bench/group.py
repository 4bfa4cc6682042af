"""A group of five hundred connected members; each delivery of a text counts."""

from pathlib import Path
from typing import Final

from bench import load, processes, town
from bench.device import Device, enter_all, framed
from bench.figures import Figure, bundle
from bench.processes import Place
from bench.town import Citizen
from kentong.protocol.codec import encode
from kentong.protocol.messages import SendText

MEMBERS: Final = 500
WRITERS: Final = 8
OUTSTANDING: Final = 16  # texts on their way, of all writers together
_ACCEPTED, _POSTED = 0x42, 0x4A


class Member(Device):
    """A member, who may write too."""

    def __init__(self, who: Citizen, room: "Room") -> None:
        super().__init__(who)
        self._room = room

    def live(self, payload: bytes) -> None:
        if payload[1] == _POSTED:
            self._room.finished += 1
        elif payload[1] == _ACCEPTED:
            self._room.answered += 1
        else:
            super().live(payload)

    def heard(self) -> None:
        self._room.go_on()


class Room:
    """A group as a load: a new text follows when an earlier one has reached everybody."""

    def __init__(self, chat: int, people: list[Citizen]) -> None:
        self.members = [Member(person, self) for person in people]
        self.finished = 0  # texts that members have received
        self.answered = 0
        self._writers = self.members[:WRITERS]
        self._frames = [framed(encode(SendText(chat, town.text()))) for _ in range(64)]
        self._sent = 0
        self._is_running = False

    @property
    def is_drained(self) -> bool:
        return self._arrived == self._sent

    def start(self) -> None:
        self._is_running = True
        self.go_on()

    def stop(self) -> None:
        self._is_running = False

    @property
    def _arrived(self) -> int:
        return min(self.answered, self.finished // (len(self.members) - 1))

    def go_on(self) -> None:
        """Write as many texts as may be on their way."""
        if not self._is_running:
            return
        for number in range(self._sent, self._arrived + OUTSTANDING):
            self._writers[number % WRITERS].transport.write(self._frames[number % 64])
            self._sent += 1


async def run(folder: Path, quick: bool) -> list[Figure]:
    """What telling a member costs."""
    member_count, seconds, times = (110, 1.0, 1) if quick else (MEMBERS, 5.0, 3)
    async with town.founding(folder) as engine:
        people = await town.settle(engine, member_count)
        chat = await town.gather(engine, "The big group", people)
        await town.live_through(engine, chat, people[0], town.Past(rows=1_000))
    async with processes.server(folder) as place:
        room = Room(chat, people)
        await enter_all(list(room.members), place)
        runs = [await _once(room, place, seconds) for _ in range(times)]
        for member in room.members:
            member.leave()
    return bundle(runs)


async def _once(room: Room, place: Place, seconds: float) -> dict[str, float]:
    span = await load.measure(room, place, seconds)
    return {
        "group500_cpu_us_per_delivery": span.server_us,
        "group500_deliveries_per_s": span.per_s,
        "group500_server_cores": span.server_cpu_s / span.seconds,
        "group500_generator_us_per_delivery": span.generator_us,
    }
