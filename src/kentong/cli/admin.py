"""kentong admin: look after a server. Each subcommand is a right, each use of it audited."""

import argparse
import sys
from collections.abc import Callable
from datetime import UTC, datetime

from kentong.cli import office
from kentong.cli.links import show_link
from kentong.protocol.messages import ReportReason
from kentong.server.features.administration import LIMIT_MAX, RIGHTS, Answer, Wish
from kentong.server.http.links import invite_link, recovery_link

LISTINGS = ("accounts", "reports", "audit")
ELSEWHERE = ("backup", "restore")  # subcommands of their own
Show = Callable[[Answer], None]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """A subcommand for each right."""
    office.add_flags(parser)
    parsers = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    for name, right in RIGHTS.items():
        if name in ELSEWHERE:
            continue
        added = parsers.add_parser(name, help=right.sentence, description=right.sentence)
        office.add_flags(added)  # before or behind the action
        if right.takes_account:
            count = "?" if name == "invite" else None
            added.add_argument(
                "account", nargs=count, default="", help="id, or the name if only one has it"
            )
        if name in LISTINGS:
            added.add_argument("--after", type=int, default=0, help="entries above this id only")
            added.add_argument(
                "--limit", type=int, default=100, help=f"how many, 1 to {LIMIT_MAX}; default 100"
            )


def run(arguments: argparse.Namespace) -> int:
    """0: done; 2: not possible, and why on stderr."""
    given = vars(arguments)
    wish = Wish(
        arguments.action,
        **{name: given[name] for name in ("account", "after", "limit") if name in given},
    )
    try:
        answer = office.ask(arguments, wish)
    except office.FAILURES as error:
        print(f"kentong admin: {error}", file=sys.stderr)
        return 2
    SHOWS[arguments.action](answer)
    return 0


def _invite(answer: Answer) -> None:
    if answer["account"] == 0:
        print("Nobody owns this server yet. Whoever opens this link first does:")
    else:
        print(f"Whoever opens this link may join, and meets account {answer['account']}:")
    show_link(invite_link(answer["addresses"][0], answer["token"]))


def _sign_in(answer: Answer) -> None:
    print(f"This link signs a device of account {answer['account']} in. Hand it over safely:")
    show_link(recovery_link(answer["addresses"][0], answer["code"]))
    print(f"Their recovery code from now on: {answer['code']}")


def _accounts(answer: Answer) -> None:
    for account in answer["accounts"]:
        marks = ["owner"] * account["is_admin"] + ["suspended"] * bool(account["suspended_at"])
        print(
            f"{account['id']:>8}  {_day(account['created_at'])}  {account['devices']:>3} devices  "
            f"{_printable(account['name'])}  {', '.join(marks)}".rstrip()
        )


def _devices(answer: Answer) -> None:
    for device in answer["devices"]:
        print(
            f"{device['id']:>8}  since {_day(device['created_at'])}  "
            f"seen {_day(device['seen_at'])}  {_printable(device['name'])}"
        )


def _reports(answer: Answer) -> None:
    for report in answer["reports"]:
        what = f"message {report['seq']}" if report["seq"] else "the whole chat"
        print(
            f"{report['id']}  {_minute(report['created_at'])}  "
            f"{ReportReason(report['reason']).name.lower()}: {what} in chat {report['chat_id']}, "
            f"by account {report['author_id'] or '?'}, reported by {report['reporter_id']}"
        )
        for label in ("excerpt", "text"):
            if report[label]:
                print(f"    {label}: {_printable(report[label])}")


def _audit(answer: Answer) -> None:
    for entry in answer["audit"]:
        print(
            f"{entry['id']}  {_minute(entry['at'])}  {entry['actor']}  {entry['action']}  "
            f"{_printable(entry['target'])}".rstrip()
        )


def _stats(answer: Answer) -> None:
    for name, value in answer.items():
        if isinstance(value, int):
            print(f"{name.replace('_', ' ')}: {value:,}")


def _suspended(answer: Answer) -> None:
    print(f"Account {answer['account']} is suspended; its devices are signed off.")


def _unsuspended(answer: Answer) -> None:
    print(f"Account {answer['account']} is no longer suspended.")


def _new_epoch(answer: Answer) -> None:
    del answer
    print("Devices will take everything anew, and send again what the database lacks.")


SHOWS: dict[str, Show] = {
    "invite": _invite,
    "accounts": _accounts,
    "devices": _devices,
    "suspend": _suspended,
    "unsuspend": _unsuspended,
    "sign-in": _sign_in,
    "reports": _reports,
    "stats": _stats,
    "audit": _audit,
    "new-epoch": _new_epoch,
}


def _printable(text: str) -> str:
    """What people wrote, without what would steer the terminal."""
    return "".join(character if character.isprintable() else " " for character in text)


def _day(at_s: int) -> str:
    return datetime.fromtimestamp(at_s, UTC).strftime("%Y-%m-%d")


def _minute(at_s: int) -> str:
    return datetime.fromtimestamp(at_s, UTC).strftime("%Y-%m-%d %H:%M")
