"""A real server that tests may kill, and real devices beside it."""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from pathlib import Path

from kentong.client import Messenger
from kentong.client.views import RowView
from kentong.protocol.messages import RowKind
from tests.support import server as support
from tests.support.server import UNHURRIED, WAIT_S, Server

PAGE_ROWS = 500


def serve(folder: Path) -> contextlib.AbstractContextManager[Server]:
    """A server that is up, and killed at the end."""
    return support.serve(folder, *UNHURRIED)


async def until(is_true: Callable[[], bool], what: str) -> None:
    """Wait for what nothing tells."""
    for _ in range(WAIT_S * 100):
        if is_true():
            return
        await asyncio.sleep(0.01)
    raise AssertionError(f"not within {WAIT_S} s: {what}")


async def join(server: Server, folder: Path, names: list[str]) -> list[Messenger]:
    """These people, each with one connected device; the first one owns the server."""
    people: list[Messenger] = []
    _, token = server.owner_link()
    for name in names:
        person = await Messenger.join(server.address, token, name, folder / f"{name}.db")
        people.append(await person.__aenter__())
        await person.wait_online()
        if len(people) == 1:
            token = await (await person.make_invite()).accepted()
    return people


async def as_new_device(
    server: Server, code: str, file: Path, chats: Sequence[int]
) -> dict[int, list[RowView]]:
    """The texts of chats as a device sees them that knew nothing before."""
    async with await Messenger.recover(server.address, code, file) as messenger:
        await messenger.wait_online()
        return {chat: await texts(messenger, chat) for chat in chats}


async def texts(messenger: Messenger, chat: int) -> list[RowView]:
    """Every text of a chat, from its beginning."""
    view = messenger.chat(chat)
    assert view is not None
    rows: list[RowView] = []
    for first in range(1, view.last_seq + 1, PAGE_ROWS):
        rows += await messenger.history(chat, first, first + PAGE_ROWS - 1)
    return [row for row in rows if row.kind == RowKind.TEXT]
