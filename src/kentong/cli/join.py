"""`kentong join`: become somebody on a server."""

import argparse

from kentong.cli import device
from kentong.client import Messenger
from kentong.client.account import split_link
from kentong.client.transport import is_address


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say which arguments there are."""
    parser.add_argument("link", help="invite link, or the address of a server open to all")
    parser.add_argument("--name", help="what others will see")
    parser.add_argument("--recover", metavar="CODE", help="sign in again by a recovery code")
    device.add_store(parser)


def run(arguments: argparse.Namespace) -> int:
    """Do it; the exit status."""
    return device.run_async(join(arguments))


async def join(arguments: argparse.Namespace) -> int:
    """Make the account, or a new device of one, and show the recovery code."""
    path = arguments.store
    address, purpose, secret = parts_of(arguments.link)
    code = arguments.recover or (secret if purpose == "recover" else "")
    if code:
        messenger = await Messenger.recover(address, code, path)
    elif arguments.name:
        messenger = await Messenger.join(address, secret, arguments.name, path)
    else:
        raise device.Unclear("say who you are: --name NAME")
    async with messenger:
        print(f"You are in. This device is kept in {path}")
        print(f"Recovery code, to sign in elsewhere; write it down: {messenger.recovery_code}")
        await device.wait_online(messenger, device.WAIT_S)  # what comes from now on is news
    return 0


def parts_of(link: str) -> tuple[str, str, str]:
    """(address, purpose, token) of a link; of a server's plain address the token is ""."""
    try:
        return split_link(link)
    except ValueError as error:
        if is_address(link):
            return link.partition("#")[0].rstrip("/"), "join", ""
        raise device.Unclear(str(error)) from None
