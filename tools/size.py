"""What the web client transfers, as a browser counts it: `python -m tools.size`.

A first account makes a group through the SDK; an empty profile opens the group's invite
link, gives a name, joins, opens the group. The first load ends when the composer of that
chat takes a letter. Bytes are those of bodies as they travel (brotli for files), without
headers; the WebSocket is no response with a body and is counted by itself. Worker,
manifest, icons and whatever is fetched within AFTERWARDS_S more make up `after_load_br`.
"""

import asyncio
import contextlib
import json
import os
import re
import socket
import sys
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

# The worker's own requests are events of the context only with this.
os.environ.setdefault("PW_EXPERIMENTAL_SERVICE_WORKER_NETWORK_EVENTS", "1")

from playwright.async_api import BrowserContext, Page, Request, async_playwright

from kentong.client import Messenger
from kentong.client.account import split_link
from tools import programs
from tools.programs import ROOT, VENV

START_S = 30.0
AFTERWARDS_S = 8.0  # the worker is registered and the second part of the words fetched by then
LINK = re.compile(r"http://\S+/#join=[\w-]+")
COUNTED_APART = re.compile(r"/(sw\.js|manifest\.webmanifest|icon[\w-]*\.\w+|favicon\.ico)")
UNSEEN = ("/sw.js", "/manifest.webmanifest")  # fetched by the browser itself, without an event
CLIENT = ROOT / "src" / "kentong" / "webclient"


class Loaded(NamedTuple):
    """One response."""

    path: str
    bytes: int
    is_first: bool


def main() -> int:
    """Print one JSON object; the exit status."""
    if programs.chromium() is None:
        print("size: no Chromium here; name one by KENTONG_CHROMIUM", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps(asyncio.run(measure(Path(folder))), indent=2))
    return 0


async def measure(folder: Path) -> dict[str, object]:
    """Serve, join, count."""
    async with server(folder) as owner_link:
        address, _, token = split_link(owner_link)
        async with await Messenger.join(address, token, "Owner", folder / "owner.db") as owner:
            group = await (await owner.create_group("Neighbours")).accepted()
            invite = await (await owner.make_invite(group)).accepted()
            loaded, sockets = await visit(f"{address}/#join={invite}")
    return figures(loaded, sockets)


def figures(loaded: list[Loaded], sockets: int) -> dict[str, object]:
    """The keys of `make size`."""
    first = [one for one in loaded if one.is_first]
    seen = {one.path for one in loaded}
    after = [one for one in loaded if not one.is_first]
    after += [
        Loaded(path, (CLIENT / f"{path[1:]}.br").stat().st_size, is_first=False)
        for path in UNSEEN
        if path not in seen
    ]
    return {
        "first_load_br": sum(one.bytes for one in first),
        "first_load_requests": len(first),
        "first_load_websockets": sockets,
        "after_load_br": sum(one.bytes for one in after),
        "after_load_requests": len(after),
        "total_br": total(CLIENT),
        "counted": "bodies as they travel, without headers; the WebSocket apart",
        "first_load": [[one.path, one.bytes] for one in first],
        "after_load": [[one.path, one.bytes] for one in after],
    }


def total(folder: Path) -> int:
    """Every file of the client, in brotli where there is that."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    plain = [path for path in files if path.suffix not in (".br", ".gz", ".zst")]
    return sum(
        min(
            file.stat().st_size
            for file in (path, path.with_name(f"{path.name}.br"))
            if file.exists()
        )
        for path in plain
        if path.name != "build.json"
    )


@contextlib.asynccontextmanager
async def server(folder: Path) -> AsyncIterator[str]:
    """A server as it is delivered; yields the link that it prints for its owner."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command: list[str | Path] = [
        VENV / "bin" / "kentong",
        "serve",
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
    ]
    process = await asyncio.create_subprocess_exec(
        *command,
        "--data",
        folder / "data",
        "--log-level",
        "warning",
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(START_S):
            link = await _printed_link(process)
        yield link
    finally:
        process.terminate()
        await process.communicate()


async def _printed_link(process: asyncio.subprocess.Process) -> str:
    assert process.stdout
    async for line in process.stdout:
        found = LINK.search(line.decode())
        if found:
            return found.group()
    raise RuntimeError("the server ended without printing its owner's link")


async def visit(link: str) -> tuple[list[Loaded], int]:
    """Join by a link in an empty profile; what was loaded, and how many WebSockets opened."""
    options = ["--no-sandbox"] if os.geteuid() == 0 else []
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=programs.chromium(), args=options
        )
        context = await browser.new_context(locale="en-GB")
        counter = Counter(context)
        page = await context.new_page()
        page.on("websocket", lambda _: counter.socket())
        await page.goto(link)
        await until_it_writes(page)
        counter.is_first = False
        sockets = counter.sockets
        await asyncio.sleep(AFTERWARDS_S)
        loaded = await counter.loaded()
        await browser.close()
    return loaded, sockets


async def until_it_writes(page: Page) -> None:
    """As a newcomer does it, in English."""
    await page.locator("form input").fill("Newcomer")
    await page.locator("form button.primary").click()
    await page.locator(".recovery").wait_for()
    await page.locator("button.primary").click()
    await page.locator(".panes").get_by_text("Neighbours").first.click()
    await page.locator(".composer textarea").fill("a")
    await page.locator(".composer button.send:enabled").wait_for()


class Counter:
    """Every response of a browser context, the worker's among them."""

    def __init__(self, context: BrowserContext) -> None:
        self.is_first = True
        self.sockets = 0
        self._ended: list[tuple[Request, bool]] = []
        context.on("requestfinished", lambda request: self._ended.append((request, self.is_first)))

    def socket(self) -> None:
        """One more WebSocket opened."""
        self.sockets += 1

    async def loaded(self) -> list[Loaded]:
        """What was transferred; what came from the browser's cache has no bytes."""
        found = []
        for request, is_first in self._ended:
            path = urlsplit(request.url).path
            size = max((await request.sizes())["responseBodySize"], 0)
            if size:
                found.append(Loaded(path, size, is_first and not COUNTED_APART.fullmatch(path)))
        return found


if __name__ == "__main__":
    sys.exit(main())
