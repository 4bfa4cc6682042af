"""`kentong listen`: messages as they come, for people or as JSON lines for programs."""

import argparse
import asyncio
import json
from datetime import UTC, datetime

from kentong.cli import device
from kentong.client import Messenger
from kentong.client.events import (
    ChatGone,
    Ended,
    Event,
    Fenced,
    LinkChanged,
    MessageDeleted,
    MessageEdited,
    MessagePosted,
)
from kentong.client.views import RowView
from kentong.protocol.errors import Refused
from kentong.protocol.messages import RowKind

NAME_S = 2.0  # how long to wait for somebody's name

SYSTEM_WORDS = {
    RowKind.CREATED: "made the group {text!r}",
    RowKind.RENAMED: "renamed the group to {text!r}",
    RowKind.JOINED: "joined",
    RowKind.ADDED: "added {subject}",
    RowKind.LEFT: "left",
    RowKind.REMOVED: "removed {subject}",
    RowKind.BANNED: "removed {subject} for good",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say which arguments there are."""
    parser.add_argument("--json", action="store_true", help="one JSON object for each event")
    device.add_store(parser)


def run(arguments: argparse.Namespace) -> int:
    """Do it; the exit status."""
    return device.run_async(listen(arguments))


async def listen(arguments: argparse.Namespace) -> int:
    """Print until interrupted, or until the device is signed out."""
    messenger = Messenger.open(arguments.store)
    events = messenger.events()
    async with messenger:
        async for event in events:
            if isinstance(event, MessagePosted | MessageEdited) and not arguments.json:
                await learn_names(messenger, event.row)
            line = as_json(event) if arguments.json else as_text(messenger, event)
            if line:
                print(line, flush=True)
            if isinstance(event, Fenced):
                device.say("another program uses a copy of this device; waiting")
            if isinstance(event, Ended):
                device.say(device.in_words(event.code))
                return 1
    return 0


async def learn_names(messenger: Messenger, row: RowView) -> None:
    """Ask who somebody is, for a moment; a number does as well."""
    users = [user for user in (row.author, row.subject) if user]
    try:
        async with asyncio.timeout(NAME_S):
            await messenger.people(users)
    except (TimeoutError, Refused):
        pass


def as_json(event: Event) -> str:
    """The event as one line for programs, "" for what they need not know."""
    match event:
        case MessagePosted(row) | MessageEdited(row):
            what = "posted" if isinstance(event, MessagePosted) else "edited"
            fields = {name: getattr(row, name) for name in ("chat", "seq", "at", "author")}
            more = {name: getattr(row, name) for name in ("kind", "text", "reply_to", "subject")}
            return json.dumps({"event": what, **fields, **more}, ensure_ascii=False)
        case MessageDeleted(chat, seq):
            return json.dumps({"event": "deleted", "chat": chat, "seq": seq})
        case ChatGone(chat):
            return json.dumps({"event": "gone", "chat": chat})
        case LinkChanged(online):
            return json.dumps({"event": "online" if online else "offline"})
        case _:
            return ""


def as_text(messenger: Messenger, event: Event) -> str:
    """The event as one line for people, "" for what they need not see."""
    match event:
        case MessagePosted(row):
            return f"{head_of(messenger, row)}{row_text(messenger, row)}"
        case MessageEdited(row):
            return f"{head_of(messenger, row)}{row_text(messenger, row)} (edited)"
        case MessageDeleted(chat, seq):
            return f"[{title_of(messenger, chat)}] message {seq} was deleted"
        case ChatGone(chat):
            return f"you are not in chat {chat} any more"
        case _:
            return ""


def head_of(messenger: Messenger, row: RowView) -> str:
    """When, where and who."""
    at = datetime.fromtimestamp(row.at, UTC).astimezone()
    return f"{at:%H:%M} [{title_of(messenger, row.chat)}] {name_of(messenger, row.author)}"


def row_text(messenger: Messenger, row: RowView) -> str:
    """What a row says."""
    if row.kind == RowKind.TEXT:
        return f": {printable(row.text)}"
    words = SYSTEM_WORDS.get(RowKind(row.kind), "") if row.kind in set(RowKind) else ""
    return " " + words.format(text=row.text, subject=name_of(messenger, row.subject))


def title_of(messenger: Messenger, chat: int) -> str:
    """What a chat is called."""
    view = messenger.chat(chat)
    return printable(view.title) if view and view.title else str(chat)


def name_of(messenger: Messenger, user: int) -> str:
    """What a person is called, as far as it is known here."""
    if user == messenger.own.user:
        return printable(messenger.own.name) or "you"
    person = messenger.store.person(user)
    return printable(person.name) if person else f"user {user}"


def printable(text: str) -> str:
    """The text without what could command a terminal."""
    return "".join(sign if sign.isprintable() or sign == "\n" else "�" for sign in text)
