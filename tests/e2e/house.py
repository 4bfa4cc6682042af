"""A real server and real browsers, for tests that watch them from outside."""

import contextlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from playwright.sync_api import (
    Browser,
    BrowserContext,
    Error,
    Locator,
    Page,
    Playwright,
    ViewportSize,
    expect,
)

from tests.support import server as programs
from tools.programs import CHROMIUM_FLAGS

WAIT_S = 30
WAIT_MS = WAIT_S * 1000
LOOK_S = 0.05
SCREENS = Path("build/screens")
PHONE = ViewportSize(width=360, height=640)
DESKTOP = ViewportSize(width=1280, height=800)
FLAGS = [*CHROMIUM_FLAGS, "--host-resolver-rules=MAP lan.test 127.0.0.1"]


class Server(programs.Server):
    """A server for browsers: they keep apart what has another name than 127.0.0.1."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, "--signups-per-address=20")  # everybody lives at one address
        self.folder = folder
        self.address = f"http://localhost:{self.port}"

    def open(self, program: Path | None = None) -> None:
        """Start it and wait until it is up; by default this checkout's `program`."""
        self.start({"PYTHONPATH": str(program)} if program else None)
        self.wait_up()

    def owner_token(self) -> str:
        """The invite that it printed for its owner."""
        return self.owner_link()[1]


@contextlib.contextmanager
def serve(folder: Path) -> Iterator[Server]:
    server = Server(folder)
    try:
        server.open()
        yield server
    finally:
        server.kill()


def until(is_true: Callable[[], bool], what: str) -> None:
    """Wait for what no library call waits for."""
    end = time.monotonic() + WAIT_S
    while not is_true():
        assert time.monotonic() < end, f"not within {WAIT_S} s: {what}"
        time.sleep(LOOK_S)  # two cores are shared with a server and a browser


def launch(playwright: Playwright, path: str) -> Browser:
    return playwright.chromium.launch(executable_path=path, args=FLAGS)


def launch_profile(playwright: Playwright, path: str, profile: Path) -> BrowserContext:
    """A browser that remembers when it is closed and opened again."""
    context = playwright.chromium.launch_persistent_context(
        profile, executable_path=path, args=FLAGS, locale="en-US"
    )
    context.set_default_timeout(WAIT_MS)
    return context


def new_page(browser: Browser) -> Page:
    """A page in a browser profile of its own."""
    context = browser.new_context(locale="en-US")
    context.set_default_timeout(WAIT_MS)
    return context.new_page()


# -- What a person does ------------------------------------------------------------------


def join(page: Page, address: str, token: str, name: str) -> None:
    """Open an invite link, pick a name, keep the code."""
    page.goto(f"{address}/#join={token}")
    page.get_by_label("Your name").fill(name)
    page.get_by_role("button", name="Join", exact=True).click()
    page.get_by_role("button", name="I have saved it").click()
    expect(page.get_by_label("Search chats")).to_be_visible(timeout=WAIT_MS)


def make_link(page: Page) -> str:
    """An invite to oneself, from the menu: its token."""
    page.get_by_role("button", name="New", exact=True).click()
    page.get_by_role("menuitem", name="Invite link").click()
    page.get_by_role("button", name="Make link").click()
    token = page.locator("output.recovery").inner_text().partition("#join=")[2]
    page.get_by_role("dialog").get_by_role("button", name="Back").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    return token


def open_chat(page: Page, title: str) -> None:
    page.locator("a.chat-row", has=page.locator(".title", has_text=title)).first.click()
    expect(page.get_by_role("main", name=title)).to_be_visible(timeout=WAIT_MS)


def write(page: Page, text: str) -> None:
    page.get_by_label("Message", exact=True).fill(text)
    page.get_by_role("button", name="Send", exact=True).click()


def bubble(page: Page, text: str) -> Locator:
    """The bubbles that say exactly this."""
    return page.locator(".bubble", has=page.locator(".text", has_text=text))


def expect_once(page: Page, *texts: str) -> None:
    for text in texts:
        expect(bubble(page, text)).to_have_count(1, timeout=WAIT_MS)


def expect_state(page: Page, text: str, state: str) -> None:
    """`state` is the label of the tick: Waiting to be sent, Sent, Delivered or Read."""
    tick = bubble(page, text).get_by_label(state, exact=True)
    expect(tick).to_be_visible(timeout=WAIT_MS)


def choose(page: Page, text: str, action: str) -> None:
    """Open the menu of a message and choose from it."""
    bubble(page, text).click(button="right")
    page.get_by_role("menuitem", name=action).click()


def command(page: Page, name: str, **details: str) -> dict[str, Any]:
    """The answer of the browser's own tools to one command."""
    tools = page.context.new_cdp_session(page)
    answer: dict[str, Any] = tools.send(name, details)
    return answer


def wait_for_worker(page: Page) -> None:
    """Until the service worker keeps the page for times without a link."""
    page.evaluate("() => navigator.serviceWorker.ready.then(() => true)")
    page.wait_for_function("() => navigator.serviceWorker.controller !== null")


def pair(browser: Browser, server: Server) -> tuple[Page, Page]:
    """Anna, who owns the server, and Budi, who came by her link, in their chat."""
    anna, budi = new_page(browser), new_page(browser)
    join(anna, server.address, server.owner_token(), "Anna")
    join(budi, server.address, make_link(anna), "Budi")
    open_chat(anna, "Budi")
    open_chat(budi, "Anna")
    return anna, budi


def kill(page: Page) -> None:
    """Kill the process behind a page."""
    with page.expect_event("crash"), contextlib.suppress(Error):
        page.goto("chrome://crash")


def dispatch_sync(page: Page, address: str, tag: str) -> None:
    """What a browser does for its workers when there is a network again."""
    tools = page.context.new_cdp_session(page)
    known: list[dict[str, str]] = []
    tools.on(
        "ServiceWorker.workerRegistrationUpdated",
        lambda event: known.extend(event["registrations"]),
    )
    tools.send("ServiceWorker.enable")

    def is_told() -> bool:
        page.evaluate("() => true")  # lets events come
        return any(one["scopeURL"].startswith(address) for one in known)

    until(is_told, "the browser tells of the worker")
    number = next(one["registrationId"] for one in known if one["scopeURL"].startswith(address))
    tools.send(
        "ServiceWorker.dispatchSyncEvent",
        {"origin": address, "registrationId": number, "tag": tag, "lastChance": False},
    )


def touch(page: Page, *, enabled: bool = True) -> None:
    """Whether the page is used by fingers."""
    tools = page.context.new_cdp_session(page)
    tools.send("Emulation.setTouchEmulationEnabled", {"enabled": enabled})


def picture(page: Page, name: str) -> None:
    """The page as it is now, on a phone and on a desktop, light and dark."""
    SCREENS.mkdir(parents=True, exist_ok=True)
    for size, viewport in {"phone": PHONE, "desktop": DESKTOP}.items():
        touch(page, enabled=viewport is PHONE)
        page.set_viewport_size(viewport)
        for theme in ("light", "dark"):
            page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
            page.screenshot(path=SCREENS / f"{name}-{size}-{theme}.png")
