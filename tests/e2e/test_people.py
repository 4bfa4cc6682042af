"""Two browsers and a program write to each other."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, expect

from kentong.client import Messenger
from tests.e2e import house
from tests.e2e.house import Server


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


def test_text_is_never_taken_for_html(browser: Browser, server: Server) -> None:
    anna, budi = house.pair(browser, server)
    text = "<img src=x onerror=document.title='taken'> <b>&amp; not bold</b>"
    house.write(anna, text)
    house.expect_once(budi, text)
    for page in (anna, budi):
        assert page.locator(".bubble img, .bubble b, nav img").count() == 0
        assert page.title() != "taken"


def test_the_owners_pages_are_read_beside_the_worker(browser: Browser, server: Server) -> None:
    page = house.new_page(browser)
    house.join(page, server.address, server.owner_token(), "Anna")
    house.wait_for_worker(page)
    for name in ("Privacy", "Terms", "Contact"):
        page.goto(f"{server.address}/pages/{name.lower()}")
        expect(page.get_by_role("heading", name=name).first).to_be_visible()
