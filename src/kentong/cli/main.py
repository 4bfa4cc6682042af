"""The command `kentong`: a table of subcommands, each a module loaded when it is used."""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from typing import Final, Protocol

INTERRUPTED: Final = 130  # as a shell has it for a program that SIGINT ended
UNREAD: Final = 141  # the same for SIGPIPE


class Subcommand(Protocol):
    """What each module of the table has."""

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Say which arguments there are."""

    def run(self, arguments: argparse.Namespace) -> int:
        """Do it; the exit status."""


def _serve() -> Subcommand:
    from kentong.cli import serve

    return serve


def _admin() -> Subcommand:
    from kentong.cli import admin

    return admin


def _backup() -> Subcommand:
    from kentong.cli import backup

    return backup


def _restore() -> Subcommand:
    from kentong.cli import restore

    return restore


def _join() -> Subcommand:
    from kentong.cli import join

    return join


def _send() -> Subcommand:
    from kentong.cli import send

    return send


def _listen() -> Subcommand:
    from kentong.cli import listen

    return listen


SUBCOMMANDS: Final[dict[str, tuple[str, Callable[[], Subcommand]]]] = {
    "serve": ("run a server", _serve),
    "admin": ("look after a server: invite, suspend, read reports", _admin),
    "backup": ("write a backup of a server's database", _backup),
    "restore": ("put a backup in place of a server's database", _restore),
    "join": ("follow an invite link and become somebody on this computer", _join),
    "send": ("send a text", _send),
    "listen": ("print messages as they come", _listen),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a subcommand; the exit status.

    0 done, 1 failed, 2 not understood, 130 interrupted, 141 nobody reads the output any more.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        try:
            return _run(given)
        finally:
            if sys.stdout is not None:
                sys.stdout.flush()  # here a reader that has gone is noticed in time
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what is left to say
        return UNREAD


def _run(given: list[str]) -> int:
    if given == ["--version"]:
        print(f"kentong {_version()}")
        return 0
    parser = make_parser(given[0] if given else "")
    parsed = parser.parse_args(given)
    _, load = SUBCOMMANDS[parsed.subcommand]
    return load().run(parsed)


def _version() -> str:
    import importlib.metadata  # slower to load than all the rest

    return importlib.metadata.version("kentong")


def make_parser(subcommand: str) -> argparse.ArgumentParser:
    """A parser that knows all subcommands, and the arguments of this one."""
    parser = argparse.ArgumentParser(prog="kentong", description="A small messenger.")
    parser.add_argument("--version", action="store_true", help="say which version this is, and end")
    parsers = parser.add_subparsers(dest="subcommand", required=True, metavar="SUBCOMMAND")
    for name, (sentence, load) in SUBCOMMANDS.items():
        added = parsers.add_parser(name, help=sentence, description=sentence)
        if name == subcommand:
            load().add_arguments(added)
    return parser


if __name__ == "__main__":
    sys.exit(main())
