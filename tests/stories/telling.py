"""Performs a story, and checks how every story must end."""

from kentong.client.views import RowView
from kentong.protocol.errors import Refused
from kentong.protocol.messages import ChatKind
from tests.stories.cast import Device, Person
from tests.stories.deeds import DEEDS
from tests.stories.scene import Scene, Untrue
from tests.stories.script import Step
from tests.stories.sights import SIGHTS, rows_of
from tests.stories.worlds import World

PHRASES = DEEDS | SIGHTS


async def perform(world: World, steps: list[Step]) -> None:
    """Do and see everything in its order. Raises StoryError at the line that is not so."""
    scene = Scene(world)
    try:
        for step in steps:
            await take(scene, step)
        await end_well(scene, steps[-1])
    finally:
        await scene.end()


async def take(scene: Scene, step: Step) -> None:
    """One step. Raises StoryError."""
    scene.refusal = step.refusal
    try:
        values = map(scene.resolve, step.slots, step.values)
        await PHRASES[step.phrase](scene, *values)
    except Refused as refused:
        if refused.code.name != step.refusal:
            raise step.error(f"it is refused: {refused.code.name}") from refused
        return
    except Untrue as untrue:
        raise step.error(str(untrue)) from untrue
    except TimeoutError as error:
        raise step.error(f"it never came to this\n{pictures(scene)}") from error
    if step.refusal:
        raise step.error("it is not refused")


async def end_well(scene: Scene, last: Step) -> None:
    """State + updates = fresh state.

    Everybody comes online and sends what waits. Then whoever was there all the time shows the
    same as a device that knew nothing.
    """
    try:
        for device in list(scene.devices.values()):
            if not device.has_ended and not device.person.is_suspended:
                await bring_back(device)
    except TimeoutError as error:
        said = f"this was the last line; not everybody came back\n{pictures(scene)}"
        raise last.error(said) from error
    for person in scene.people.values():
        if not person.is_suspended:
            await compare(scene, person, last)


async def bring_back(device: Device) -> None:
    """Online, with nothing left to send."""
    if not device.is_open:
        await device.open()
    await device.plug()
    await device.wait(device.messenger.flush())


async def compare(scene: Scene, person: Person, last: Step) -> None:
    """A new device of a person, beside those that they have."""
    known = scene.devices_of(person)
    fresh = await scene.sign_in(person, f"{person.name}'s newcomer", person.code)
    for device in known:

        async def is_same(device: Device = device) -> bool:
            for one in (fresh, device):
                for chat in one.messenger.chats():
                    await one.load(chat.id)
            return shown(fresh) == shown(device)

        try:
            await device.until_seen(is_same)
        except TimeoutError as error:
            raise last.error(
                f"this was the last line; {device.name} and a new device differ\n"
                f"{pictures(scene, [device, fresh])}"
            ) from error


def pictures(scene: Scene, devices: list[Device] | None = None) -> str:
    """What devices show, for whoever looks why a story failed."""
    lines = list[str]()
    for device in devices or scene.devices.values():
        lines += [f"  {device.name}: {'' if device.is_open else 'closed'}"]
        if device.is_open:
            lines += [f"    {line}" for line in shown(device)]
    return "\n".join(lines)


def shown(device: Device) -> list[str]:
    """Everything that the app can show, as lines that can be compared."""
    messenger = device.messenger
    lines = [f"{messenger.own}"]
    for chat in sorted(messenger.chats(), key=lambda chat: chat.id):
        lines.append(
            f"{ChatKind(chat.kind).name.lower()} {chat.id} {chat.title!r} peer {chat.peer}: "
            f"rows {chat.first_seq} to {chat.last_seq} in version {chat.version}, "
            f"{chat.unread} unread, read to {chat.read_seq}, others read to {chat.peer_read_seq}, "
            f"have {chat.peer_delivered_seq}, role {chat.role}, {chat.member_count} members, "
            f"flags {chat.flags & ~2}"  # RESET speaks of a change, not of a state
        )
        lines += [f"    {row_line(row)}" for row in rows_of(device, chat.id)]
    return lines


def row_line(row: RowView) -> str:
    """A row, with whatever about it differs from the most simple one."""
    marks = f"{' edited' * row.edited}{' cut' * row.cut}"
    about = f" to {row.reply_to}" * bool(row.reply_to) + f" about {row.subject}" * bool(row.subject)
    return f"{row.seq} at {row.at} by {row.author} kind {row.kind}: {row.text!r}{about}{marks}"
