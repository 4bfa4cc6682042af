"""Who is in a group, page by page."""

from kentong.protocol.limits import PEOPLE_MAX
from kentong.protocol.messages import GetMembers, Member, Members
from kentong.server import access
from kentong.server.access import Context
from kentong.server.model import MemberState
from kentong.server.rules.rights import Action
from kentong.server.storage import accounts, members


def get_members(context: Context, request: GetMembers) -> Members:
    """A page of a group's members, or of its banned. Raises Refused(NOT_FOUND, FORBIDDEN)."""
    action = Action.SEE_BANNED if request.banned else Action.SEE_MEMBERS
    place = access.look(context, request.chat, action)
    state = MemberState.BANNED if request.banned else MemberState.ACTIVE
    found = members.page(context.tx, place.chat.id, request.after, PEOPLE_MAX + 1, state)
    page = found[:PEOPLE_MAX]
    names = accounts.names(context.tx, [member.user_id for member in page])
    return Members(
        request.request,
        [
            Member(member.user_id, names[member.user_id], member.role, request.banned)
            for member in page
        ],
        int(len(found) > PEOPLE_MAX),
    )
