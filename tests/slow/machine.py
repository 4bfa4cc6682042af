"""A real server that tests may kill, and real devices beside it."""

import asyncio
import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from kentong.client import Messenger
from kentong.client.views import RowView
from kentong.protocol.messages import RowKind

WAIT_S = 60
PAGE_ROWS = 500
LINK = re.compile(r"http\S+/#join=(\S+)")
KENTONG = [sys.executable, "-m", "kentong.cli.main"]
UNHURRIED = {  # what keeps people from flooding would slow these tests down
    "commands-per-minute": 10_000_000,
    "requests-per-minute": 10_000_000,
    "address-per-minute": 10_000_000,
    "sign-ins-per-minute": 1_000,
    "signups-per-hour": 1_000,
    "signups-per-address": 1_000,
    "disk-reserve-mib": 0,
}


class Server:
    """`kentong serve` in a process of its own, on one port for as long as the test."""

    def __init__(self, folder: Path) -> None:
        self.data = folder / "data"
        self.said = folder / "said"
        self.port = free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it; it is not up yet."""
        flags = [part for name, n in UNHURRIED.items() for part in (f"--{name}", str(n))]
        place = ["--host", "127.0.0.1", "--port", str(self.port), "--data", str(self.data)]
        with self.said.open("ab") as said:
            self.process = subprocess.Popen(
                [*KENTONG, "serve", *place, *flags],
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
                env=environment(),
            )

    def is_up(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.said.read_text()
        try:
            with urllib.request.urlopen(f"{self.address}/health", timeout=5):
                return True
        except (urllib.error.URLError, OSError):
            return False

    def wait_up(self) -> None:
        end = time.monotonic() + WAIT_S
        while not self.is_up():
            assert time.monotonic() < end, self.said.read_text()
            time.sleep(0.05)

    def kill(self) -> None:
        if self.process is not None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait(WAIT_S)
            self.process = None

    def owner_token(self) -> str:
        """The invite that it printed for its owner."""
        end = time.monotonic() + WAIT_S
        while (found := LINK.search(self.said.read_text())) is None:
            assert time.monotonic() < end, self.said.read_text()
            time.sleep(0.05)
        return found[1]

    def run(self, command: str, *arguments: object) -> str:
        """Run one of the operator's commands: what it printed."""
        done = subprocess.run(
            [*KENTONG, command, "--data", str(self.data), *map(str, arguments)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=WAIT_S,
            env=environment(),
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


@contextlib.contextmanager
def serve(folder: Path) -> Iterator[Server]:
    """A server that is up, and killed at the end."""
    server = Server(folder)
    try:
        server.start()
        server.wait_up()
        yield server
    finally:
        server.kill()


def environment() -> dict[str, str]:
    own = {name: value for name, value in os.environ.items() if not name.startswith("KENTONG_")}
    return {**own, "PYTHONIOENCODING": "utf-8", "PYTHONUNBUFFERED": "1"}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


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
    token = server.owner_token()
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
