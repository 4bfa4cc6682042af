"""What people do in stories: the phrases, and what each of them starts."""

from collections.abc import Awaitable, Callable

from kentong.protocol.messages import ReportReason
from tests.stories.cast import Device, Person
from tests.stories.scene import Scene, Untrue
from tests.stories.script import Link, Place

# -- The server and its operator ----------------------------------------------------------


async def start_server(scene: Scene, registration: str) -> None:
    await scene.start(registration)


async def restart_server(scene: Scene) -> None:
    await scene.start()
    for device in scene.devices.values():
        if device.is_plugged:
            await device.wait(device.messenger.wait_online())


async def suspend(scene: Scene, person: Person) -> None:
    await scene.world.administer("suspend", str(person.user))
    person.is_suspended = True


async def unsuspend(scene: Scene, person: Person) -> None:
    await scene.world.administer("unsuspend", str(person.user))
    person.is_suspended = False


async def make_sign_in_link(scene: Scene, person: Person) -> None:
    scene.sign_in_code = (await scene.world.administer("sign-in", str(person.user)))["code"]


# -- Joining and signing in ---------------------------------------------------------------


async def own_server(scene: Scene, newcomer: str) -> None:
    await scene.start_once()
    await scene.let_join(newcomer, await scene.world.owner_token())


async def join(scene: Scene, newcomer: str) -> None:
    await scene.let_join(newcomer, "")


async def join_by(scene: Scene, newcomer: str, link: Link) -> None:
    await scene.let_join(newcomer, scene.token(link))


async def know_each_other(scene: Scene, first: str, other: str) -> None:
    """The first owns the server, the other one comes by a link of theirs."""
    await own_server(scene, first)
    await make_link(scene, scene.devices[first])
    await join_by(scene, other, Link(first, is_old=False))
    await scene.chat(scene.devices[first], Place(peer=other))


async def begin_in_group(scene: Scene, names: list[str], title: str) -> None:
    """The first owns the server and the group, and has invited the others."""
    await own_server(scene, names[0])
    first = scene.devices[names[0]]
    await make_link(scene, first)
    for name in names[1:]:
        await join_by(scene, name, Link(names[0], is_old=False))
    others = [scene.devices[name] for name in names[1:]]
    await create_group(scene, first, title, [device.person for device in others])
    for device in (first, *others):
        await scene.chat(device, Place(title=title))


async def sign_in(scene: Scene, person: Person, thing: str) -> None:
    await scene.sign_in(person, f"{person.name}'s {thing}", person.code)


async def sign_in_by_operator(scene: Scene, person: Person, thing: str) -> None:
    """From then on that code is the person's."""
    person.code = scene.sign_in_code
    await sign_in(scene, person, thing)


async def sign_out(scene: Scene, who: Device) -> None:
    del scene.devices[who.name]
    await who.wait(scene.world.sign_out(who.messenger))
    await who.close()


async def revoke(scene: Scene, who: Device, thing: str) -> None:
    """`thing` is another own device."""
    other = scene.devices[f"{who.person.name}'s {thing}"]
    account = other.messenger.store.account
    assert account is not None
    await who.do(who.messenger.revoke_device(account.device))


# -- The app and the network --------------------------------------------------------------


async def go_offline(scene: Scene, who: Device) -> None:
    del scene
    await who.unplug()


async def come_online(scene: Scene, who: Device) -> None:
    del scene
    await who.plug()
    if who.is_open:
        await who.wait(who.messenger.flush())


async def close_app(scene: Scene, who: Device) -> None:
    del scene
    await who.close()


async def open_app(scene: Scene, who: Device) -> None:
    del scene
    await who.open()


async def look_at(scene: Scene, who: Device, place: Place) -> None:
    who.messenger.looks(True, [await scene.chat(who, place)])
    await who.be_heard()


async def look_away(scene: Scene, who: Device) -> None:
    del scene
    who.messenger.looks(False)
    await who.be_heard()


# -- Writing ------------------------------------------------------------------------------


async def send(scene: Scene, who: Device, text: str, place: Place) -> None:
    """To somebody for the first time: opens the direct chat."""
    chat = await open_chat(scene, who, place)
    who.sent[text] = await who.do(who.messenger.send_text(chat, text))


async def open_chat(scene: Scene, who: Device, place: Place) -> int:
    """The chat, made if it is not a group and not there yet."""
    peer = scene.person(place.peer).user if place.peer else 0
    found = who.find_chat(place, peer)
    if place.title or found is not None:
        return await scene.chat(who, place)
    ticket = await who.do(who.messenger.open_direct(peer))
    who.made[place] = ticket.ref
    return await ticket.accepted() if who.is_plugged else ticket.ref


async def send_many(scene: Scene, who: Device, count: int, place: Place) -> None:
    for number in range(1, count + 1):
        await send(scene, who, f"text {number}", place)


async def reply(scene: Scene, who: Device, text: str, to: str, place: Place) -> None:
    chat = await scene.chat(who, place)
    seq = await scene.seq(who, chat, to)
    who.sent[text] = await who.do(who.messenger.send_text(chat, text, seq))


async def edit(scene: Scene, who: Device, before: str, after: str, place: Place) -> None:
    chat = await scene.chat(who, place)
    seq = await scene.seq(who, chat, before)
    await who.do(who.messenger.edit_text(chat, seq, after))


async def delete(scene: Scene, who: Device, text: str, place: Place) -> None:
    chat = await scene.chat(who, place)
    seq = await scene.seq(who, chat, text)
    await who.do(who.messenger.delete_message(chat, seq))


async def read(scene: Scene, who: Device, place: Place) -> None:
    chat = await scene.chat(who, place)
    view = who.messenger.chat(chat)
    assert view is not None
    who.messenger.mark_read(chat, view.last_seq)


async def start_typing(scene: Scene, who: Device, place: Place) -> None:
    who.messenger.types(await scene.chat(who, place))


# -- Groups and links ---------------------------------------------------------------------


async def create_group(scene: Scene, who: Device, title: str, members: list[Person]) -> None:
    place = Place(title=title)
    users = [person.user for person in members]
    ticket = await who.do(who.messenger.create_group(title, users))
    who.made[place] = ticket.ref
    if who.is_plugged:
        scene.ids[title] = await ticket.accepted()


async def create_group_alone(scene: Scene, who: Device, title: str) -> None:
    await create_group(scene, who, title, [])


async def rename_group(scene: Scene, who: Device, place: Place, title: str) -> None:
    chat = await scene.chat(who, place)
    await who.do(who.messenger.rename_group(chat, title))


async def add_member(scene: Scene, who: Device, person: Person, place: Place) -> None:
    chat = await scene.chat(who, place)
    await who.do(who.messenger.add_member(chat, person.user))


async def remove_member(scene: Scene, who: Device, person: Person, place: Place) -> None:
    chat = await scene.chat(who, place)
    await who.do(who.messenger.remove_member(chat, person.user))


async def ban_member(scene: Scene, who: Device, person: Person, place: Place) -> None:
    chat = await scene.chat(who, place)
    await who.do(who.messenger.remove_member(chat, person.user, ban=True))


async def leave_group(scene: Scene, who: Device, place: Place) -> None:
    chat = await scene.chat(who, place)
    await who.do(who.messenger.leave_group(chat))


async def make_link(scene: Scene, who: Device) -> None:
    ticket = await who.do(who.messenger.make_invite())
    scene.links.setdefault(who.person.name, []).append(await ticket.accepted())


async def make_group_link(scene: Scene, who: Device, place: Place) -> None:
    chat = await scene.chat(who, place)
    ticket = await who.do(who.messenger.make_invite(chat))
    scene.links.setdefault(str(place), []).append(await ticket.accepted())


async def follow(scene: Scene, who: Device, link: Link) -> None:
    await who.do(who.messenger.join_by_invite(scene.token(link)))


# -- Oneself and others -------------------------------------------------------------------


async def take_name(scene: Scene, who: Device, name: str) -> None:
    del scene
    await who.do(who.messenger.set_name(name))


async def block(scene: Scene, who: Device, person: Person) -> None:
    del scene
    await who.do(who.messenger.block_user(person.user))


async def unblock(scene: Scene, who: Device, person: Person) -> None:
    del scene
    await who.do(who.messenger.block_user(person.user, blocked=False))


async def report_text(scene: Scene, who: Device, text: str, place: Place, reason: str) -> None:
    chat = await scene.chat(who, place)
    seq = await scene.seq(who, chat, text)
    await who.do(who.messenger.report(chat, seq, reason_named(reason)))


async def report_chat(scene: Scene, who: Device, place: Place, reason: str) -> None:
    chat = await scene.chat(who, place)
    await who.do(who.messenger.report(chat, reason=reason_named(reason)))


def reason_named(name: str) -> ReportReason:
    if name.upper() not in ReportReason.__members__:
        raise Untrue(f"{name} is no reason for a report")
    return ReportReason[name.upper()]


DEEDS: dict[str, Callable[..., Awaitable[None]]] = {
    "the server starts with registration {word}": start_server,
    "the server restarts": restart_server,
    "the operator suspends {person}": suspend,
    "the operator lets {person} back in": unsuspend,
    "the operator makes a sign-in link for {person}": make_sign_in_link,
    "{newcomer} owns the server": own_server,
    "{newcomer} joins": join,
    "{newcomer} joins by {link}": join_by,
    "{newcomer} and {newcomer} know each other": know_each_other,
    "{newcomers} are in {text}": begin_in_group,
    "{person} signs in on a {word}": sign_in,
    "{person} signs in on a {word} by the operator's link": sign_in_by_operator,
    "{who} signs out": sign_out,
    "{who} signs out the {word}": revoke,
    "{who} goes offline": go_offline,
    "{who} comes online": come_online,
    "{who} closes the app": close_app,
    "{who} opens the app": open_app,
    "{who} looks at {place}": look_at,
    "{who} looks away": look_away,
    "{who} sends {text} to {place}": send,
    "{who} sends {number} texts to {place}": send_many,
    "{who} replies {text} to {text} in {place}": reply,
    "{who} edits {text} to {text} in {place}": edit,
    "{who} deletes {text} in {place}": delete,
    "{who} reads {place}": read,
    "{who} types in {place}": start_typing,
    "{who} creates {text}": create_group_alone,
    "{who} creates {text} with {people}": create_group,
    "{who} renames {place} to {text}": rename_group,
    "{who} adds {person} to {place}": add_member,
    "{who} removes {person} from {place}": remove_member,
    "{who} bans {person} from {place}": ban_member,
    "{who} leaves {place}": leave_group,
    "{who} makes a link": make_link,
    "{who} makes a link to {place}": make_group_link,
    "{who} follows {link}": follow,
    "{who} takes the name {text}": take_name,
    "{who} blocks {person}": block,
    "{who} unblocks {person}": unblock,
    "{who} reports {text} in {place} as {word}": report_text,
    "{who} reports {place} as {word}": report_chat,
}
