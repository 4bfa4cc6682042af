"""The browser is killed at random moments: each text that it showed arrives once, in order."""

import asyncio
import contextlib
import os
import random
import signal
import threading
import time
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from playwright.sync_api import BrowserContext, Error, Page, Playwright, sync_playwright

from kentong.client import Messenger
from tests.slow import machine
from tests.support.server import WAIT_S, Server

T = TypeVar("T")

KILLS = int(os.environ.get("BROWSER_KILLS", "20"))
LIVES_S = 2.0  # a browser lives up to so long after its chat is open
KILLED_YOUNG = 4  # one browser in so many dies while it opens
WAIT_MS = WAIT_S * 1_000
FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]


def processes_of(profile: Path) -> list[int]:
    """The browser with this profile, and everything it started."""
    parents: dict[int, int] = {}
    found: set[int] = set()
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            number = int(folder.name)
            stat = (folder / "stat").read_text().rpartition(")")[2].split()
            parents[number] = int(stat[1])
            if f"--user-data-dir={profile}".encode() in (folder / "cmdline").read_bytes():
                found.add(number)
    while more := {n for n, parent in parents.items() if parent in found} - found:
        found |= more
    return sorted(found)


def kill(profile: Path) -> None:
    for number in processes_of(profile):
        with contextlib.suppress(ProcessLookupError):
            os.kill(number, signal.SIGKILL)


def opened(playwright: Playwright, path: str, profile: Path) -> tuple[BrowserContext, Page]:
    context = playwright.chromium.launch_persistent_context(
        profile, executable_path=path, args=FLAGS, locale="en-US"
    )
    context.set_default_timeout(WAIT_MS)
    return context, context.pages[0]


def join(page: Page, address: str, token: str) -> None:
    page.goto(f"{address}/#join={token}")
    page.get_by_label("Your name").fill("Ben")
    page.get_by_role("button", name="Join", exact=True).click()
    page.get_by_role("button", name="I have saved it").click()
    page.locator("a.chat-row", has_text="lunch").first.wait_for()


def write_until_dead(
    page: Page, address: str, killer: threading.Timer, shown: list[str], tried: list[str]
) -> None:
    """Open the chat and write; `shown` are the texts that it showed."""
    is_young = random.randrange(KILLED_YOUNG) == 0
    if is_young:
        killer.start()
    with contextlib.suppress(Error):
        page.goto(address)
        page.locator("a.chat-row", has_text="lunch").first.click()
        page.get_by_label("Message", exact=True).wait_for()
        if not is_young:
            killer.start()
        while True:
            text = f"text {len(tried) + 1}."
            page.get_by_label("Message", exact=True).fill(text)
            tried.append(text)
            page.get_by_role("button", name="Send", exact=True).click()
            page.locator(".bubble .text", has_text=text).first.wait_for()
            shown.append(text)


async def invite(server: Server, folder: Path) -> str:
    """A link into the group "lunch", whose owner then goes away."""
    (anna,) = await machine.join(server, folder, ["anna"])
    chat = await (await anna.create_group("lunch")).accepted()
    token = await (await anna.make_invite(chat)).accepted()
    await anna.close()
    return token


async def arrived(folder: Path, last: str) -> list[str]:
    """The texts in "lunch", once the last one is among them."""
    async with Messenger.open(folder / "anna.db") as anna:
        await anna.wait_online()
        (chat,) = [view.id for view in anna.chats() if view.title == "lunch"]
        for _ in range(WAIT_S):
            found = [row.text for row in await machine.texts(anna, chat)]
            if last in found:
                return found
            await asyncio.sleep(1)
    raise AssertionError(f"{last} did not arrive: {found[-3:]}")


def in_thread(work: Coroutine[None, None, T]) -> T:
    """Run it beside Playwright, which has a loop of its own in this thread."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result()


def test_nothing_is_lost_or_doubled_when_the_browser_is_killed(
    tmp_path: Path, chromium_path: str
) -> None:
    began, profile = time.monotonic(), tmp_path / "profile"
    shown: list[str] = []
    tried: list[str] = []
    with machine.serve(tmp_path) as server, sync_playwright() as playwright:
        token = in_thread(invite(server, tmp_path))
        context, page = opened(playwright, chromium_path, profile)
        join(page, server.address, token)
        context.close()
        for _ in range(KILLS):
            context, page = opened(playwright, chromium_path, profile)
            killer = threading.Timer(random.uniform(0, LIVES_S), kill, [profile])
            write_until_dead(page, server.address, killer, shown, tried)
            killer.join()
            with contextlib.suppress(Error):
                context.close()
        context, page = opened(playwright, chromium_path, profile)
        page.goto(server.address)
        found = in_thread(arrived(tmp_path, shown[-1]))
        context.close()
    assert len(set(found)) == len(found)
    assert [text for text in found if text in set(shown)] == shown
    assert found == [text for text in tried if text in set(found)]
    print(f"\n{KILLS} kills, {len(tried)} texts tried, {len(shown)} shown, {len(found)} arrived,")
    print(f"{time.monotonic() - began:.0f} s")
