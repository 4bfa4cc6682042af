"""What people see in stories: the phrases, and how long each is looked for.

What must come true is waited for. What must not be there is looked for after everything that
happened before was told.
"""

from collections.abc import Awaitable, Callable

from kentong.client.events import Ended, PersonTypes
from kentong.client.views import ChatView, RowView
from kentong.protocol.codec import decode_from_server, encode, join, split
from kentong.protocol.errors import ErrorCode, Refused
from kentong.protocol.limits import VERSION
from kentong.protocol.messages import (
    Failed,
    GetRange,
    Goodbye,
    Hello,
    HelloFlag,
    ReportReason,
    Role,
    RowKind,
    Rows,
)
from tests.stories.cast import Device, Person
from tests.stories.deeds import reason_named
from tests.stories.scene import Scene, Untrue, code_named
from tests.stories.script import Link, Place

ROWS_MAX = 100  # asked for at once

# -- Texts --------------------------------------------------------------------------------


async def see(scene: Scene, who: Device, text: str, author: Person, place: Place) -> None:
    """Once, and not edited."""
    row = await find_row(scene, who, text, place)
    expect(row.author, author.user)
    expect(row.edited, False)


async def see_edited(scene: Scene, who: Device, text: str, author: Person, place: Place) -> None:
    row = await find_row(scene, who, text, place)
    expect(row.author, author.user)
    expect(row.edited, True)


async def see_from(scene: Scene, who: Device, text: str, author: Person) -> None:
    """In the direct chat with the author."""
    await see(scene, who, text, author, Place(peer=author.name))


async def see_reply(scene: Scene, who: Device, text: str, to: str, place: Place) -> None:
    row = await find_row(scene, who, text, place)
    answered = await find_row(scene, who, to, place)
    expect(row.reply_to, answered.seq)


async def see_nothing(scene: Scene, who: Device, place: Place) -> None:
    """The chat is there, without a text."""
    await see_texts(scene, who, [], place)


async def see_texts(scene: Scene, who: Device, texts: list[str], place: Place) -> None:
    """All texts of the chat, in this order."""
    chat = await scene.chat(who, place)

    async def is_seen() -> bool:
        await who.load(chat)
        return texts_of(who, chat) == texts

    await settle(scene, who)
    await who.until_seen(is_seen)


async def see_no(scene: Scene, who: Device, text: str, place: Place) -> None:
    """Neither before nor now on: what is told later is found by a device that starts anew."""
    chat = await scene.chat(who, place)
    await settle(scene, who)

    async def is_away() -> bool:
        await who.load(chat)
        return text not in texts_of(who, chat)

    await who.until_seen(is_away)


async def see_deleted(scene: Scene, who: Device, count: int, place: Place) -> None:
    chat = await scene.chat(who, place)

    async def is_seen() -> bool:
        await who.load(chat)
        return sum(row.is_deleted for row in rows_of(who, chat)) == count

    await who.until_seen(is_seen)


async def find_row(scene: Scene, who: Device, text: str, place: Place) -> RowView:
    chat = await scene.chat(who, place)
    seq = await scene.seq(who, chat, text)
    (row,) = who.messenger.rows(chat, seq, seq)
    return row


def rows_of(who: Device, chat: int) -> list[RowView]:
    view = who.messenger.chat(chat)
    return who.messenger.rows(chat, 1, view.last_seq) if view else []


def texts_of(who: Device, chat: int) -> list[str]:
    return [row.text for row in rows_of(who, chat) if row.kind == RowKind.TEXT]


async def find_in_history(
    scene: Scene, who: Device, span: tuple[int, int], place: Place, texts: list[str]
) -> None:
    """What stands from one position to another, both included."""
    first, last = span
    chat = await scene.chat(who, place)
    rows = await who.wait(who.messenger.history(chat, first, last))
    expect([row.seq for row in rows], list(range(first, last + 1)))
    expect([row.text for row in rows], texts)


async def ask_server(scene: Scene, who: Device, place: Place) -> None:
    """Past the app, which may know better: the server itself is asked for rows."""
    hello = Hello(VERSION, 0, 0, outbox=1, number=1, flags=HelloFlag.PROBE)
    asked = GetRange(1, scene.ids[place.title], 1, ROWS_MAX)
    body = await who.wait(who.exchange(join([encode(hello), encode(asked)])))
    answers = [decode_from_server(frame) for frame in split(body)]
    for answer in answers:
        if isinstance(answer, Failed | Goodbye):
            raise Refused(ErrorCode(answer.code))
    if not any(isinstance(answer, Rows) for answer in answers):
        raise Untrue(f"the server answered {answers}")


# -- Marks, and what waits ----------------------------------------------------------------


async def see_mark(scene: Scene, who: Device, text: str, mark: str, place: Place) -> None:
    row = await find_row(scene, who, text, place)

    def is_marked() -> bool:
        view = who.messenger.chat(row.chat)
        assert view is not None
        reached = {"delivered": view.peer_delivered_seq, "read": view.peer_read_seq}
        if mark not in reached:
            raise Untrue(f"a text is delivered or read, not {mark}")
        return view.shares_marks and reached[mark] >= row.seq

    await who.until(is_marked)


async def have_unread(scene: Scene, who: Device, count: int, place: Place) -> None:
    chat = await scene.chat(who, place)
    await settle(scene, who)
    await until_chat(who, chat, lambda view: view.unread == count)


async def wait_to_send(scene: Scene, who: Device, text: str) -> None:
    del scene
    expect(who.sent[text].key in [command.key for command in who.messenger.waiting()], True)


async def have_sent(scene: Scene, who: Device, text: str) -> None:
    del scene
    await who.wait(who.sent[text].accepted())


async def hear_refusal(scene: Scene, who: Device, text: str, code: str) -> None:
    """What was written offline is refused later, and kept to be shown."""
    del scene
    try:
        await who.wait(who.sent[text].accepted())
    except Refused as refused:
        expect(refused.code, code_named(code))
    else:
        raise Untrue("it was accepted")
    (kept,) = (one for one in who.messenger.waiting() if one.key == who.sent[text].key)
    expect(kept.error, code_named(code))


# -- Who is there -------------------------------------------------------------------------


async def see_typing(scene: Scene, who: Device, person: Person, place: Place) -> None:
    """Since the last time that a line looked for it."""
    event = PersonTypes(await scene.chat(who, place), person.user)
    await who.until(lambda: event in who.heard)
    who.heard.remove(event)


async def see_no_typing(scene: Scene, who: Device) -> None:
    await settle(scene, who)
    expect([event for event in who.heard if isinstance(event, PersonTypes)], [])


async def see_online(scene: Scene, who: Device, person: Person) -> None:
    del scene
    await who.until(lambda: who.is_present.get(person.user) is True)


async def see_offline(scene: Scene, who: Device, person: Person) -> None:
    del scene
    await who.until(lambda: who.is_present.get(person.user) is False)


async def be_sent_away(scene: Scene, who: Device, code: str) -> None:
    del scene
    await who.until(lambda: Ended(code_named(code)) in who.heard)


# -- Groups -------------------------------------------------------------------------------


async def be_in(scene: Scene, who: Device, place: Place) -> None:
    await scene.chat(who, place)


async def not_be_in(scene: Scene, who: Device, place: Place) -> None:
    """Nothing of the chat is left on the device."""
    chat = scene.ids.get(place.title, 0)
    await settle(scene, who)
    await who.until(lambda: who.messenger.chat(chat) is None)
    expect(who.messenger.rows(chat, 1, ROWS_MAX), [])


async def own_group(scene: Scene, who: Device, place: Place) -> None:
    chat = await scene.chat(who, place)
    await until_chat(who, chat, lambda view: view.role == Role.OWNER)


async def find_members(scene: Scene, who: Device, people: list[Person], place: Place) -> None:
    """Asked of the server, and counted in the head."""
    chat = await scene.chat(who, place)
    found = await who.wait(who.messenger.members(chat))
    expect({member.user for member in found}, {person.user for person in people})
    await until_chat(who, chat, lambda view: view.member_count == len(people))


async def find_banned(scene: Scene, who: Device, people: list[Person], place: Place) -> None:
    chat = await scene.chat(who, place)
    found = await who.wait(who.messenger.members(chat, banned=True))
    expect({member.user for member in found}, {person.user for person in people})


async def see_system_row(
    scene: Scene, who: Device, kind: RowKind, people: list[Person], place: Place
) -> None:
    """What the server wrote: somebody did something, perhaps to somebody."""
    author, *subjects = (person.user for person in people)
    chat = await scene.chat(who, place)

    async def is_seen() -> bool:
        await who.load(chat)
        return any(
            (row.kind, row.author, row.subject) == (kind, author, *(subjects or [0]))
            for row in rows_of(who, chat)
        )

    await who.until_seen(is_seen)


def seen_alone(kind: RowKind) -> Callable[..., Awaitable[None]]:
    async def see_it(scene: Scene, who: Device, author: Person, place: Place) -> None:
        await see_system_row(scene, who, kind, [author], place)

    return see_it


def seen_done_to(kind: RowKind) -> Callable[..., Awaitable[None]]:
    async def see_it(
        scene: Scene, who: Device, author: Person, subject: Person, place: Place
    ) -> None:
        await see_system_row(scene, who, kind, [author, subject], place)

    return see_it


# -- People, links, devices, reports ------------------------------------------------------


async def know_as(scene: Scene, who: Device, person: Person, name: str) -> None:
    """As the title of the direct chat, or as oneself."""
    if person is who.person:
        await who.until(lambda: who.messenger.own.name == name)
        return
    chat = await scene.chat(who, Place(peer=person.name))
    await until_chat(who, chat, lambda view: view.title == name)


async def not_reach(scene: Scene, who: Device, person: Person) -> None:
    chat = await scene.chat(who, Place(peer=person.name))
    await until_chat(who, chat, lambda view: view.is_unreachable)


async def reach(scene: Scene, who: Device, person: Person) -> None:
    chat = await scene.chat(who, Place(peer=person.name))
    await until_chat(who, chat, lambda view: not view.is_unreachable)


async def preview(scene: Scene, who: Device, link: Link, title: str) -> None:
    found = await who.wait(who.messenger.invite(scene.token(link)))
    expect(found.title, title)


async def have_devices(scene: Scene, who: Device, count: int) -> None:
    del scene
    expect(len(await who.wait(who.messenger.devices())), count)


async def read_report(scene: Scene, reporter: Person, author: Person, text: str, why: str) -> None:
    """The newest report, with the text as it was."""
    reports = (await scene.world.administer("reports"))["reports"]
    if not reports:
        raise Untrue("nobody has reported anything")
    newest = reports[-1]
    expect(newest["excerpt"], text)
    expect(newest["reporter_id"], reporter.user)
    expect(newest["author_id"], author.user)
    expect(ReportReason(newest["reason"]), reason_named(why))


async def count_reports(scene: Scene, count: int) -> None:
    expect(len((await scene.world.administer("reports"))["reports"]), count)


# -- Looking ------------------------------------------------------------------------------


def expect(found: object, told: object) -> None:
    if found != told:
        raise Untrue(f"{found!r} is there, not {told!r}")


async def settle(scene: Scene, who: Device) -> None:
    """Let a device hear everything that happened before."""
    if who.is_plugged:
        await scene.world.settle()
        await who.wait(who.messenger.devices())


async def until_chat(who: Device, chat: int, is_so: Callable[[ChatView], bool]) -> None:
    def is_true() -> bool:
        view = who.messenger.chat(chat)
        return view is not None and is_so(view)

    await who.until(is_true)


SIGHTS: dict[str, Callable[..., Awaitable[None]]] = {
    "{who} sees {text} from {person}": see_from,
    "{who} sees {text} from {person} in {place}": see,
    "{who} sees {text} from {person} in {place}, edited": see_edited,
    "{who} sees {text} as a reply to {text} in {place}": see_reply,
    "{who} sees {texts} and no other text in {place}": see_texts,
    "{who} sees no text in {place}": see_nothing,
    "{who} sees no {text} in {place}": see_no,
    "{who} sees {number} deleted in {place}": see_deleted,
    "{who} looks up {span} in {place} and finds {texts}": find_in_history,
    "{who} asks the server for {place}": ask_server,
    "{who} sees {text} as {word} in {place}": see_mark,
    "{who} has {number} unread in {place}": have_unread,
    "{who} still waits to send {text}": wait_to_send,
    "{who} has sent {text}": have_sent,
    "{who} hears that {text} is refused: {code}": hear_refusal,
    "{who} sees {person} type in {place}": see_typing,
    "{who} sees no typing": see_no_typing,
    "{who} sees {person} online": see_online,
    "{who} sees {person} offline": see_offline,
    "{who} is sent away: {code}": be_sent_away,
    "{who} is in {place}": be_in,
    "{who} is not in {place}": not_be_in,
    "{who} owns {place}": own_group,
    "{who} finds {people} in {place}": find_members,
    "{who} finds {people} banned from {place}": find_banned,
    "{who} sees {person} create {place}": seen_alone(RowKind.CREATED),
    "{who} sees {person} rename {place}": seen_alone(RowKind.RENAMED),
    "{who} sees {person} join {place}": seen_alone(RowKind.JOINED),
    "{who} sees {person} leave {place}": seen_alone(RowKind.LEFT),
    "{who} sees {person} add {person} to {place}": seen_done_to(RowKind.ADDED),
    "{who} sees {person} remove {person} from {place}": seen_done_to(RowKind.REMOVED),
    "{who} sees {person} ban {person} from {place}": seen_done_to(RowKind.BANNED),
    "{who} knows {person} as {text}": know_as,
    "{who} can reach {person}": reach,
    "{who} can not reach {person}": not_reach,
    "{who} asks where {link} leads and reads {text}": preview,
    "{who} has {number} devices": have_devices,
    "the operator reads that {person} reported {person} for {text} as {word}": read_report,
    "the operator reads {number} reports": count_reports,
}
