"""Administration: what the owner of a server may do, each use kept in the audit.

None of it reads chats: being an administrator gives no right to anybody's messages. A report
holds the one message that somebody who could read it has handed over.
"""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from kentong.server.access import Context
from kentong.server.features import invites, joining, sign_in
from kentong.server.model import Account, AuditEntry
from kentong.server.storage import accounts, audit, chats, devices, reports, totals
from kentong.server.storage import invites as stored_invites

LIMIT_MAX = 1_000  # entries of one listing
WEEK_S = 7 * 86_400

Answer = dict[str, Any]  # what JSON can hold
Entries = list[Answer]


class NotPossible(Exception):
    """It can't be done; the sentence is for the operator."""


class Wish(NamedTuple):
    """What an administrator asks for."""

    action: str
    account: str = ""  # id, or the exact name if only one has it
    after: int = 0  # of a listing: entries with an id above
    limit: int = 100
    file: str = ""  # of a backup


class Right(NamedTuple):
    """Something that only administrators may do."""

    sentence: str
    use: Callable[[Context, Wish], Answer]
    takes_account: bool = False


def perform(context: Context, actor: str, wish: Wish) -> Answer:
    """Use a right; who, what and to whom becomes part of the audit. Raises NotPossible.

    Args:
        actor: who asks, as the operating system knows them.
    """
    right = RIGHTS.get(wish.action)
    if right is None:
        raise NotPossible(f"There is no action {wish.action!r}.")
    if not 1 <= wish.limit <= LIMIT_MAX:
        raise NotPossible(f"limit is 1 … {LIMIT_MAX}.")
    answer = right.use(context, wish)
    target = str(_account(context, wish).id) if wish.account and right.takes_account else ""
    note(context, actor, wish.action, target or wish.file)
    return answer


def note(context: Context, actor: str, action: str, target: str = "") -> None:
    """Keep that somebody used a right."""
    audit.add_entry(context.tx, AuditEntry(context.now_s, actor, action, target))


def owner_token(context: Context) -> str:
    """A fresh token of the link by which the owner comes; "" if the server has an owner.

    Older ones end.
    """
    if accounts.first_admin(context.tx) is not None:
        return ""
    token = context.new_token()
    stored_invites.revoke_personal(context.tx, joining.OWNER_INVITE, context.now_s)
    stored_invites.add_invite(
        context.tx, invites.digest(token), joining.OWNER_INVITE, 0, context.now_s
    )
    return token


# -- The rights ---------------------------------------------------------------------------


def _invite(context: Context, wish: Wish) -> Answer:
    """The links that the account made itself go on."""
    if not wish.account:
        token = owner_token(context)
        if token:
            return {"token": token, "account": 0}
    account = _account(context, wish) if wish.account else accounts.first_admin(context.tx)
    assert account is not None
    if account.suspended_at:
        raise NotPossible(f"Account {account.id} is suspended: nobody could follow its links.")
    token = context.new_token()
    stored_invites.add_invite(context.tx, invites.digest(token), account.id, 0, context.now_s)
    return {"token": token, "account": account.id}


def _accounts(context: Context, wish: Wish) -> Answer:
    found = accounts.list_accounts(context.tx, wish.after, wish.limit)
    return {
        "accounts": [
            {**_shown(account), "devices": devices.count(context.tx, account.id)}
            for account in found
        ]
    }


def _devices(context: Context, wish: Wish) -> Answer:
    account = _account(context, wish)
    found = devices.devices_of(context.tx, account.id)
    return {"devices": _dictionaries(found, ("id", "name", "created_at", "seen_at"))}


def _suspend(context: Context, wish: Wish) -> Answer:
    account = _account(context, wish)
    if not account.suspended_at:
        _set_suspended(context, account, context.now_s)
    return {"account": account.id}


def _unsuspend(context: Context, wish: Wish) -> Answer:
    account = _account(context, wish)
    if account.suspended_at:
        _set_suspended(context, account, 0)
    return {"account": account.id}


def _set_suspended(context: Context, account: Account, at_s: int) -> None:
    """The account's sessions look and end; those who talk to it see that it can't be reached."""
    accounts.set_suspended(context.tx, account.id, at_s)
    chats.touch_directs(context.tx, account.id)


def _sign_in(context: Context, wish: Wish) -> Answer:
    """For the owner alone: a link into anybody else's account would be a way to their chats."""
    account = _account(context, wish)
    if not account.is_admin:
        raise NotPossible(
            f"Account {account.id} is not the owner's: only its own recovery code signs in there."
        )
    if account.suspended_at:
        raise NotPossible(f"Account {account.id} is suspended; unsuspend it first.")
    code = joining.new_recovery_code()
    accounts.set_recovery(context.tx, account.id, sign_in.digest(joining.plain_code(code)))
    return {"code": code, "account": account.id}


def _reports(context: Context, wish: Wish) -> Answer:
    found = reports.list_reports(context.tx, wish.after, wish.limit)
    return {"reports": [{"id": report.id, **report.content._asdict()} for report in found]}


def _stats(context: Context, wish: Wish) -> Answer:
    del wish
    recent = totals.people_since(context.tx, context.now_s - WEEK_S)
    return {**totals.totals(context.tx), "accounts_seen_in_7_days": recent}


def _audit(context: Context, wish: Wish) -> Answer:
    found = audit.list_entries(context.tx, wish.after, wish.limit)
    return {"audit": _dictionaries(found, ("id", "at", "actor", "action", "target"))}


def _nothing_more(context: Context, wish: Wish) -> Answer:
    """The database's engine does it; here it is only noted."""
    del context, wish
    return {}


RIGHTS: dict[str, Right] = {
    "invite": Right(
        "Make an invite link that leads to an account, to the owner's unless told otherwise; as "
        "long as there is no owner, the link by which the owner comes.",
        _invite,
        takes_account=True,
    ),
    "accounts": Right("List accounts: name, times, number of devices.", _accounts),
    "devices": Right("List an account's devices.", _devices, takes_account=True),
    "suspend": Right(
        "Suspend an account: its sessions end, nobody can write to it, nothing is deleted.",
        _suspend,
        takes_account=True,
    ),
    "unsuspend": Right("End a suspension.", _unsuspend, takes_account=True),
    "sign-in": Right(
        "Make a link that signs in a device of the owner's account, of no other; the owner's "
        "recovery code before it ends.",
        _sign_in,
        takes_account=True,
    ),
    "reports": Right("Read what people reported.", _reports),
    "stats": Right("Count accounts, devices, chats and rows.", _stats),
    "audit": Right("Read the audit.", _audit),
    "backup": Right("Write a backup of the database.", _nothing_more),
    "restore": Right("Put a backup in place of the database.", _nothing_more),
    "new-epoch": Right(
        "Begin another history, after a dump was loaded into PostgreSQL by hand.", _nothing_more
    ),
}


def _account(context: Context, wish: Wish) -> Account:
    if not wish.account:
        raise NotPossible("An account is needed: its id or name.")
    found = None
    if wish.account.isascii() and wish.account.isdecimal() and len(wish.account) < 16:
        found = accounts.account(context.tx, int(wish.account))
    named = [found] if found else accounts.accounts_named(context.tx, wish.account, 2)
    if not named:
        raise NotPossible(f"There is no account {wish.account!r}.")
    if len(named) > 1:
        raise NotPossible(f"Several accounts are called {wish.account!r}; name one by its id.")
    return named[0]


def _shown(account: Account) -> Answer:
    names = ("id", "name", "created_at", "suspended_at", "is_admin", "invited_by")
    return _dictionaries([account], names)[0]


def _dictionaries(found: Iterable[NamedTuple], names: Iterable[str]) -> Entries:
    return [{name: getattr(item, name) for name in names} for item in found]
