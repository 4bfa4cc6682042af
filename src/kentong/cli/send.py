"""`kentong send`: one text, now or when there is a connection again."""

import argparse
import asyncio
import sys

from kentong.cli import device
from kentong.client import Messenger


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say which arguments there are."""
    parser.add_argument("--to", required=True, metavar="NAME_OR_CHAT", help="name or number")
    parser.add_argument("text", help="the text; - reads standard input")
    parser.add_argument(
        "--wait",
        type=float,
        default=device.WAIT_S,
        metavar="SECONDS",
        help="how long to wait for the server (default: %(default)s)",
    )
    device.add_store(parser)


def run(arguments: argparse.Namespace) -> int:
    """Do it; the exit status."""
    text = sys.stdin.read().rstrip("\n") if arguments.text == "-" else arguments.text
    return device.run_async(send(arguments, text))


async def send(arguments: argparse.Namespace, text: str) -> int:
    """Write the text down, then wait a while for the server to take it."""
    async with Messenger.open(arguments.store) as messenger:
        if not messenger.chats() and not await device.wait_online(messenger, arguments.wait):
            raise device.Unclear("no connection, and no chat is known here yet")
        chat = device.find_chat(messenger, arguments.to)
        ticket = await messenger.send_text(chat.id, text)
        try:
            async with asyncio.timeout(arguments.wait):
                await ticket.accepted()
        except TimeoutError:
            waiting = len(messenger.store.outbox.unanswered())
            device.say(
                f"no connection: the text is kept, {waiting} waiting; "
                "it leaves with the next `kentong send` or `kentong listen`"
            )
    return 0
