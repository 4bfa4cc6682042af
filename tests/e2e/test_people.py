"""Two browsers and a program write to each other; every screen is pictured."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

from kentong.client import Messenger
from tests.e2e import house
from tests.e2e.house import Server

SCREENS = Path("build/screens")
SIZES = {
    "phone": ViewportSize(width=360, height=640),
    "desktop": ViewportSize(width=1280, height=800),
}


class Robot:
    """One SDK client on an event loop of its own, as Playwright keeps this thread's."""

    def __init__(self, messenger: Messenger, loop: asyncio.AbstractEventLoop) -> None:
        self._messenger = messenger
        self._loop = loop

    def say(self, title: str, text: str) -> None:
        """Post to the chat of this title and wait for the answer."""
        asyncio.run_coroutine_threadsafe(self._say(title, text), self._loop).result(house.WAIT_S)

    def heard(self) -> list[str]:
        return asyncio.run_coroutine_threadsafe(self._heard(), self._loop).result(house.WAIT_S)

    async def _say(self, title: str, text: str) -> None:
        events = self._messenger.events()
        while not (found := [c for c in self._messenger.chats() if c.title == title]):
            await anext(events)
        ticket = await self._messenger.send_text(found[0].id, text)
        await ticket.accepted()

    async def _heard(self) -> list[str]:
        rows = [
            row
            for chat in self._messenger.chats()
            for row in self._messenger.rows(chat.id, 1, chat.last_seq)
        ]
        return [row.text for row in rows if row.author != self._messenger.own.user]


@contextmanager
def robot(server: Server, token: str, name: str) -> Iterator[Robot]:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    async def begin() -> Messenger:
        path = server.folder / f"{name}.db"
        messenger = await Messenger.join(server.address, token, name, path)
        return await messenger.__aenter__()

    messenger = asyncio.run_coroutine_threadsafe(begin(), loop).result(house.WAIT_S)
    try:
        yield Robot(messenger, loop)
    finally:
        asyncio.run_coroutine_threadsafe(messenger.close(), loop).result(house.WAIT_S)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def picture(page: Page, name: str) -> None:
    """The page as it is now, on a phone and on a desktop, light and dark."""
    SCREENS.mkdir(parents=True, exist_ok=True)
    for size, viewport in SIZES.items():
        page.set_viewport_size(viewport)
        for theme in ("light", "dark"):
            page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
            page.screenshot(path=SCREENS / f"{name}-{size}-{theme}.png")


def test_two_browsers_and_a_program_write_to_each_other(browser: Browser, server: Server) -> None:
    anna, budi = house.pair(browser, server)
    anna.get_by_role("button", name="Back").or_(anna.locator("nav")).first.wait_for()
    with robot(server, house.make_link(anna), "Citra") as citra:
        citra.say("Anna", "Selamat pagi from a program")
        house.open_chat(anna, "Citra")
        house.expect_once(anna, "Selamat pagi from a program")
        house.write(anna, "Welcome, program")
        house.until(lambda: "Welcome, program" in citra.heard(), "the program hears Anna")
        house.open_chat(anna, "Budi")
        house.write(anna, "Hi Budi")
        house.write(budi, "Hi Anna")
        house.expect_once(anna, "Hi Budi", "Hi Anna")
        house.expect_once(budi, "Hi Budi", "Hi Anna")
        assert citra.heard().count("Welcome, program") == 1


@pytest.mark.parametrize("hash_and_name", ["#", "#/settings", "#/new", "#/invite"])
def test_screens_beside_the_chats(browser: Browser, server: Server, hash_and_name: str) -> None:
    page = house.new_page(browser)
    house.join(page, server.address, server.owner_token(), "Anna")
    page.goto(f"{server.address}/{hash_and_name}")
    name = hash_and_name.strip("#/") or "empty"
    if name != "empty":
        expect(page.get_by_role("dialog")).to_be_visible(timeout=house.WAIT_MS)
    picture(page, name)


def test_screens_of_joining(browser: Browser, server: Server) -> None:
    page = house.new_page(browser)
    page.goto(server.address)
    expect(page.get_by_text("By invitation only")).to_be_visible(timeout=house.WAIT_MS)
    picture(page, "closed")
    page.goto("about:blank")
    page.goto(f"{server.address}/#join=nothing-like-this")
    expect(page.get_by_text("does not work any more")).to_be_visible(timeout=house.WAIT_MS)
    picture(page, "invalid")
    page.goto("about:blank")
    page.goto(f"{server.address}/#join={server.owner_token()}")
    page.get_by_label("Your name").fill("Anna")
    picture(page, "join")
    page.get_by_role("button", name="Join", exact=True).click()
    expect(page.get_by_role("button", name="I have saved it")).to_be_visible(timeout=house.WAIT_MS)
    picture(page, "code")


def test_screens_of_chats(browser: Browser, server: Server) -> None:
    anna, budi = house.pair(browser, server)
    talk(anna, budi)
    picture(anna, "chat")
    house.bubble(anna, "Rice, eggs and chilli").click(button="right")
    expect(anna.get_by_role("menu")).to_be_visible(timeout=house.WAIT_MS)
    picture(anna, "menu")
    anna.keyboard.press("Escape")
    server.stop()
    house.write(anna, "And the boat is at six")
    house.expect_state(anna, "And the boat is at six", "Waiting to be sent")
    expect(anna.get_by_text("message waiting").first).to_be_visible(timeout=house.WAIT_MS)
    picture(anna, "waiting")
    anna.goto(f"{server.address}/#")
    expect(anna.get_by_role("link")).to_have_count(1)
    picture(anna, "list")


def talk(anna: Page, budi: Page) -> None:
    """A short conversation that both have seen."""
    house.write(anna, "Are you going to the market tomorrow?")
    house.expect_once(budi, "Are you going to the market tomorrow?")
    house.write(budi, "Yes, before seven 🌅")
    house.write(budi, "Shall I bring you something?")
    house.expect_once(anna, "Shall I bring you something?")
    house.write(anna, "Rice, eggs and chilli, please. The small red ones, if Ibu Sari has them.")
    house.write(anna, "👍")
    house.expect_once(budi, "👍")
    house.write(budi, "She will. The signal is weak there, so write early.")
    house.expect_once(anna, "She will. The signal is weak there, so write early.")
    house.write(anna, "Then it waits and goes out by itself")
    house.expect_state(anna, "Then it waits and goes out by itself", "Read")
