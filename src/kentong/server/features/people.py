"""People: names, blocking, reports."""

from kentong.protocol.errors import ErrorCode, Refused
from kentong.protocol.limits import PEOPLE_MAX, REASON_CHARS_MAX
from kentong.protocol.messages import (
    BlockUser,
    Done,
    GetPeople,
    People,
    Person,
    Report,
    ReportReason,
    SetName,
)
from kentong.server import access
from kentong.server.access import Context
from kentong.server.model import NewReport
from kentong.server.rules import texts
from kentong.server.rules.rights import Action
from kentong.server.storage import accounts, chats, members, reports


def set_name(context: Context, command: SetName) -> Done:
    """Change the caller's name; the heads of their direct chats move. Raises NAME_INVALID."""
    name = texts.shown_name(command.name, context.config.name_chars_max)
    accounts.set_name(context.tx, context.caller.user_id, name)
    chats.touch_directs(context.tx, context.caller.user_id)
    return Done()


def block_user(context: Context, command: BlockUser) -> Done:
    """Take no more messages from somebody, or take them again.

    The head of their direct chat moves: it says whether the other one can be reached.

    Raises: Refused(NOT_FOUND): a stranger. Refused(TOO_MANY_BLOCKED).
    """
    caller = context.caller.user_id
    if command.blocked:
        access.knows(context, command.user)
        if command.user == caller:
            raise Refused(ErrorCode.NOT_FOUND)
        if len(accounts.blocked_by(context.tx, caller)) >= context.config.blocked_max:
            raise Refused(ErrorCode.TOO_MANY_BLOCKED)
    direct = chats.direct(context.tx, chats.direct_key(caller, command.user))
    if direct is not None:
        chats.lock(context.tx, direct.id)  # before anything of the people, as everywhere
    change = accounts.block if command.blocked else accounts.unblock
    if change(context.tx, caller, command.user) and direct is not None:
        chats.touch(context.tx, direct.id, members=True)
    return Done()


def report(context: Context, command: Report) -> Done:
    """Tell the server's owner about a message, or a whole chat (seq 0).

    Raises: Refused(NOT_FOUND, FORBIDDEN), Refused(TEXT_TOO_LONG, TEXT_INVALID).
    """
    if len(command.text) > REASON_CHARS_MAX:
        raise Refused(ErrorCode.TEXT_TOO_LONG)
    texts.check_storable(command.text)
    place = access.look(context, command.chat, Action.REPORT)
    excerpt, author = "", 0
    if command.seq:
        row = access.text_row(context, place, command.seq, command.at)
        excerpt, author = row.text, row.author_id
    known = command.reason in set(ReportReason)
    reports.add_report(
        context.tx,
        NewReport(
            context.caller.user_id, place.chat.id, command.seq,
            command.reason if known else ReportReason.OTHER,
            command.text, excerpt, author, context.now_s,
        ),
    )  # fmt: skip
    return Done()


def get_people(context: Context, request: GetPeople) -> People:
    """Names of those the caller shares a chat with, or whose rows they can see.

    Raises Refused(TOO_LARGE): more than PEOPLE_MAX.
    """
    caller = context.caller.user_id
    if len(request.users) > PEOPLE_MAX:
        raise Refused(ErrorCode.TOO_LARGE)
    wanted = sorted(set(request.users))
    known = [user_id for user_id in wanted if members.ever_shared_chat(context.tx, caller, user_id)]
    names = accounts.names(context.tx, known)
    people = [Person(user_id, name) for user_id, name in sorted(names.items())]
    return People(request.request, people)
