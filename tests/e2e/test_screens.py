"""Every screen is pictured into build/screens, on a phone and on a desktop, light and dark."""

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e import house, village
from tests.e2e.house import PHONE, Server, picture


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


@pytest.fixture
def anna(browser: Browser, server: Server) -> Page:
    """Anna's browser, with two days of talk to show."""
    page = house.new_page(browser)
    page.goto(f"{server.address}/#recover={village.settle(server)}")
    page.get_by_role("button", name="Sign in").click()
    expect(page.locator("a.chat-row")).to_have_count(5, timeout=house.WAIT_MS)
    return page


def test_screens_of_a_direct_chat(anna: Page, server: Server) -> None:
    house.open_chat(anna, "Citra")
    anna.get_by_label("Message", exact=True).fill("Half a thought")
    house.open_chat(anna, "Budi")
    expect(anna.get_by_text("Yesterday")).to_be_visible(timeout=house.WAIT_MS)
    picture(anna, "chat")
    anna.goto(f"{server.address}/#")
    picture(anna, "list")
    house.open_chat(anna, "Budi")
    house.bubble(anna, "With Citra").click(button="right")
    expect(anna.get_by_role("menu")).to_be_visible(timeout=house.WAIT_MS)
    picture(anna, "menu")
    anna.get_by_role("menuitem", name="Reply").click()
    house.write(anna, "With a reply to that")
    house.choose(anna, "With Citra", "Report")
    expect(anna.get_by_role("dialog", name="Report")).to_be_visible(timeout=house.WAIT_MS)
    picture(anna, "report")
    anna.get_by_role("button", name="Back").click()
    anna.get_by_role("heading", name="Budi").click()
    expect(anna.get_by_role("dialog", name="Budi")).to_be_visible(timeout=house.WAIT_MS)
    picture(anna, "person")


def test_screens_of_a_group(anna: Page, server: Server) -> None:
    anna.set_viewport_size(PHONE)
    house.open_chat(anna, village.GROUP)
    expect(anna.get_by_text("New messages")).to_be_visible(timeout=house.WAIT_MS)
    picture(anna, "unread")
    anna.get_by_role("button", name="Go to the newest message").click()
    picture(anna, "group")
    anna.get_by_role("heading", name=village.GROUP).click()
    expect(anna.get_by_role("dialog", name="Group")).to_be_visible(timeout=house.WAIT_MS)
    expect(anna.get_by_role("dialog").get_by_text("Dewi")).to_be_visible(timeout=house.WAIT_MS)
    picture(anna, "info")
    anna.goto(f"{server.address}/#/new")
    expect(anna.get_by_role("dialog").get_by_text("Dewi")).to_be_visible(timeout=house.WAIT_MS)
    picture(anna, "new-group")


def test_screens_of_trouble(anna: Page, server: Server) -> None:
    house.open_chat(anna, "Budi")
    house.expect_once(anna, "With Citra")
    server.stop()
    house.write(anna, "And the boat is at six")
    house.expect_state(anna, "And the boat is at six", "Waiting to be sent")
    expect(anna.get_by_text("message waiting").first).to_be_visible(timeout=house.WAIT_MS)
    picture(anna, "waiting")
    anna.set_viewport_size({"width": 320, "height": 568})
    anna.screenshot(path=house.SCREENS / "waiting-320.png")


@pytest.mark.parametrize("name", ["privacy", "terms", "contact"])
def test_screens_of_the_owners_pages(browser: Browser, server: Server, name: str) -> None:
    page = house.new_page(browser)
    page.goto(f"{server.address}/pages/{name}")
    expect(page.get_by_role("heading").first).to_be_visible(timeout=house.WAIT_MS)
    picture(page, name)
