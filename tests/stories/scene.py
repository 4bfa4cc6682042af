"""What a story has so far: a server, people, their devices, links, and chats by name."""

from kentong.protocol.errors import ErrorCode
from tests.stories.cast import Device, Person
from tests.stories.script import Link, Place, Value
from tests.stories.worlds import World


class Untrue(Exception):
    """What a story says is not so."""


class Scene:
    """Finds what a line of a story names."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.people: dict[str, Person] = {}
        self.devices: dict[str, Device] = {}
        self.links: dict[str, list[str]] = {}  # tokens, by person or by quoted title
        self.ids: dict[str, int] = {}  # of groups, by title
        self.sign_in_code = ""  # from the operator
        self.refusal = ""  # what the running step must be refused with
        self._is_started = False

    # -- The server ---------------------------------------------------------------------

    async def start(self, registration: str = "invite") -> None:
        """Start the server, or start it again."""
        if self._is_started:
            await self.world.stop()
        await self.world.start(registration)
        self._is_started = True

    async def start_once(self) -> None:
        """Start the server unless it runs."""
        if not self._is_started:
            await self.start()

    async def end(self) -> None:
        """Close everything."""
        for device in self.devices.values():
            await device.close()
        await self.world.stop()

    # -- People and devices -------------------------------------------------------------

    async def let_join(self, name: str, token: str) -> None:
        """Somebody new comes, with a first device. Raises Refused."""
        await self.start_once()
        if name in self.people:
            raise Untrue(f"{name} has joined before")
        file = self.world.folder / f"{name}.db"
        user, code = await self.world.join(token, name, file)
        self.people[name] = Person(name, user, code)
        await self.add_device(Device(self.world, self.people[name], name, file))

    async def sign_in(self, person: Person, name: str, code: str) -> Device:
        """A further device, which begins with nothing. Raises Refused."""
        file = self.world.folder / f"{name.replace(chr(39), '-')}.db"
        await self.world.recover(code, file)
        device = Device(self.world, person, name, file)
        await self.add_device(device)
        return device

    async def add_device(self, device: Device) -> None:
        self.devices[device.name] = device
        await device.open()

    def devices_of(self, person: Person) -> list[Device]:
        """Those that are not signed out."""
        own = [device for device in self.devices.values() if device.person is person]
        return [device for device in own if not device.has_ended]

    # -- What a line names --------------------------------------------------------------

    def resolve(self, slot: str, value: Value) -> Device | Person | list[Person] | Value:
        """What stands in a slot of a phrase."""
        match slot, value:
            case "who", str(name):
                return self._device(name)
            case "person", str(name):
                return self.person(name)
            case "people", list(names):
                return [self.person(name) for name in names]
            case _:
                return value

    def person(self, name: str) -> Person:
        """Somebody who has joined."""
        if name not in self.people:
            raise Untrue(f"{name} has not joined")
        return self.people[name]

    def _device(self, name: str) -> Device:
        if name not in self.devices:
            raise Untrue(f"there is no device {name}: {', '.join(self.devices)}")
        return self.devices[name]

    def token(self, link: Link) -> str:
        """The token of a link that somebody made."""
        made = self.links.get(link.target, [])
        if len(made) < 1 + link.is_old:
            raise Untrue(f"nobody made that link of {link.target}")
        return made[-1 - link.is_old]

    async def chat(self, device: Device, place: Place) -> int:
        """The chat on this device, as soon as it knows it.

        Where the line must be refused it may be one that the device must not know.
        """
        peer = self.person(place.peer).user if place.peer else 0
        found = device.find_chat(place, peer)
        if found is None and self.refusal and place.title in self.ids:
            return self.ids[place.title]
        if found is None:
            await device.until(lambda: device.find_chat(place, peer) is not None)
            found = device.find_chat(place, peer)
        assert found is not None
        if place.title and found > 0:
            self.ids[place.title] = found
        return found

    async def seq(self, device: Device, chat: int, text: str) -> int:
        """Where a text stands, or what stands for one that still waits."""
        ticket = device.sent.get(text)
        if ticket is not None and not device.is_plugged:
            return ticket.ref

        async def is_there() -> bool:
            await device.load(chat)
            return bool(device.find_text(chat, text))

        await device.until_seen(is_there)
        found = device.find_text(chat, text)
        if len(found) != 1:
            raise Untrue(f"{text!r} stands there {len(found)} times")
        return found[0]


def code_named(name: str) -> ErrorCode:
    """An error code of the protocol by its name."""
    if name not in ErrorCode.__members__:
        raise Untrue(f"the protocol has no error code {name}")
    return ErrorCode[name]
