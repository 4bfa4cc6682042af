"""What subcommands of a device share: where its store is, and errors in words."""

import argparse
import asyncio
import os
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, Final

from kentong.client import (
    AlreadyJoined,
    ChatView,
    Messenger,
    NotJoined,
    StoreBusy,
    StoreTooNew,
    Unreachable,
)
from kentong.protocol.errors import ErrorCode, Refused

WORDS: Final = {
    ErrorCode.TOO_LARGE: "it is too large, or too many at once",
    ErrorCode.UNAUTHORISED: "this device was signed out; join again, or recover by your code",
    ErrorCode.RATE_LIMITED: "too much at once; try again later",
    ErrorCode.OVERLOADED: "the server is overloaded; try again later",
    ErrorCode.DISK_FULL: "the server's disk is full",
    ErrorCode.NOT_FOUND: "there is no such thing, or not for you",
    ErrorCode.FORBIDDEN: "your role does not allow that",
    ErrorCode.TEXT_EMPTY: "the text is empty",
    ErrorCode.TEXT_TOO_LONG: "the text is too long",
    ErrorCode.TEXT_INVALID: "the text has a NUL, which can't be kept",
    ErrorCode.NAME_INVALID: "a name has 1 to 64 visible characters",
    ErrorCode.TOO_MANY_DEVICES: "this account has too many devices",
    ErrorCode.NOT_REACHABLE: "this person takes no messages from you",
    ErrorCode.SUSPENDED: "your account is suspended",
    ErrorCode.INVITE_INVALID: "this invite is unknown, expired, used up or revoked",
    ErrorCode.REGISTRATION_CLOSED: "this server takes nobody new, or only by invite",
    ErrorCode.PROOF_INVALID: "the server did not accept the proof of work",
    ErrorCode.STRANGER_LIMIT: "a new account may write little to few strangers, until they answer",
    ErrorCode.CODE_INVALID: "this code is wrong, or a newer one took its place",
    ErrorCode.UNSUPPORTED_VERSION: "the server needs a newer kentong",
}


WAIT_S: Final = 10.0  # for the server, unless told otherwise


class Unclear(Exception):
    """What the user gave can't be used; the text says why."""


def add_store(parser: argparse.ArgumentParser) -> None:
    """The argument that says which device this is."""
    parser.add_argument(
        "--store",
        type=Path,
        default=default_store(),
        metavar="PATH",
        help="file of this device (default: %(default)s)",
    )


def default_store() -> Path:
    """The device's file in the user's data folder."""
    folder = os.environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return Path(folder) / "kentong" / "device.db"


def run_async(work: Coroutine[Any, Any, int]) -> int:
    """Run to the end; what goes wrong is said in words, on standard error."""
    try:
        return asyncio.run(work)
    except Refused as refused:
        say(in_words(refused.code))
    except NotJoined as error:
        say(f"nobody has joined with {error} yet: kentong join LINK --name NAME")
    except AlreadyJoined as error:
        say(f"{error} belongs to somebody already; name another file with --store")
    except (Unclear, StoreBusy, StoreTooNew) as error:
        say(str(error))
    except Unreachable as error:
        say(f"no connection: {error}")
    return 1


def say(sentence: str) -> None:
    """Tell the user something that is no output."""
    print(f"kentong: {sentence}", file=sys.stderr)


def in_words(code: int) -> str:
    """What an error code means to the user."""
    try:
        known = ErrorCode(code)
    except ValueError:
        return f"the server refused, with the unknown code {code}"
    return WORDS.get(known, known.name.lower().replace("_", " "))


async def wait_online(messenger: Messenger, seconds: float) -> bool:
    """Wait a while until everything missed is listed; whether it is. Raises Refused."""
    try:
        async with asyncio.timeout(seconds):
            await messenger.wait_online()
    except TimeoutError:
        return False
    return True


def find_chat(messenger: Messenger, wanted: str) -> ChatView:
    """The chat with this id, title or person's name. Raises Unclear."""
    chats = messenger.chats()
    found = [chat for chat in chats if str(chat.id) == wanted]
    found = found or [chat for chat in chats if chat.title == wanted]
    found = found or [chat for chat in chats if chat.title.casefold() == wanted.casefold()]
    if len(found) == 1:
        return found[0]
    if found:
        ids = ", ".join(str(chat.id) for chat in found)
        raise Unclear(f"more than one chat is called {wanted!r}; name one by its number: {ids}")
    names = ", ".join(f"{chat.title or 'notes'} ({chat.id})" for chat in chats[:20])
    raise Unclear(f"there is no chat called {wanted!r}; there are: {names or 'none yet'}")
