"""The table of commands, requests and notices: who handles each, and what it costs."""

from collections.abc import Callable
from typing import Any, NamedTuple

from kentong.protocol import messages as wire
from kentong.protocol.messages import Command, Message, Notice, Request
from kentong.server.access import Context
from kentong.server.features import (
    devices,
    directs,
    groups,
    invites,
    marks,
    members,
    messages,
    outbox,
    people,
)


class Route(NamedTuple):
    """A handler, and how many tokens of the caller's rate one call takes."""

    handle: Callable[[Context, Any], Any]
    cost: float = 1
    people: Callable[[Any], int] | None = None  # how many of them are looked up one by one


PERSON_COST = 0.5
PEOPLE_PAID_MAX = 200  # who names more is refused anyway


COMMANDS: dict[type[Command], Route] = {
    wire.SendText: Route(messages.send_text),
    wire.EditText: Route(messages.edit_text),
    wire.DeleteMessage: Route(messages.delete_message),
    wire.OpenDirect: Route(directs.open_direct, 2),
    wire.CreateGroup: Route(groups.create_group, 10, lambda group: len(group.members)),
    wire.RenameGroup: Route(groups.rename_group, 2),
    wire.AddMember: Route(groups.add_member, 2),
    wire.RemoveMember: Route(groups.remove_member, 2),
    wire.LeaveGroup: Route(groups.leave_group),
    wire.JoinByInvite: Route(invites.join_by_invite, 4),
    wire.MakeInvite: Route(invites.make_invite, 4),
    wire.BlockUser: Route(people.block_user),
    wire.Report: Route(people.report, 4),
    wire.SetName: Route(people.set_name, 10),
    wire.RevokeDevice: Route(devices.revoke_device),
}

# GetHeads and GetRange are answered in bulk by the session itself, through delivery.
REQUESTS: dict[type[Request], Route] = {
    wire.GetPeople: Route(people.get_people, 2, lambda request: len(request.users)),
    wire.GetMembers: Route(members.get_members, 2),
    wire.GetDevices: Route(devices.get_devices),
    wire.GetOutbox: Route(outbox.get_outbox),
    wire.GetInvite: Route(invites.get_invite, 4),
}
BULK_REQUESTS: tuple[type[Request], ...] = (wire.GetHeads, wire.GetRange)

MARKS: dict[type[Notice], Route] = {
    wire.Read: Route(marks.read),
    wire.Received: Route(marks.received),
}


def take_command(context: Context, frame: bytes, command: Command) -> outbox.Taken:
    """Let a numbered command take effect exactly once. Raises Refused: not now."""
    return outbox.take(context, frame, command, COMMANDS[type(command)].handle)


def answer(context: Context, request: Request) -> Message:
    """Answer a request. Raises Refused."""
    result: Message = REQUESTS[type(request)].handle(context, request)
    return result


def cost(message: Message) -> float:
    """What a message takes of its sender's rate."""
    kind: Any = type(message)  # each table has keys of its own type
    route = COMMANDS.get(kind) or REQUESTS.get(kind) or MARKS.get(kind)
    if route is None:
        return 1
    if route.people is None:
        return route.cost
    return route.cost + PERSON_COST * min(route.people(message), PEOPLE_PAID_MAX)
