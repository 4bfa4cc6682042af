"""Everything that is done often can be done without a pointer."""

from playwright.sync_api import Browser, Page, expect

from tests.e2e import house
from tests.e2e.house import Server

NAMELESS = """() => [...document.querySelectorAll("button, a, input, textarea, select, [role]")]
    .filter((box) => box.checkVisibility() && !box.closest("[aria-hidden=true]"))
    .filter((box) => !(box.textContent.trim() || box.ariaLabel || box.labels?.length))
    .filter((box) => !["status", "group", "menu", "log"].includes(box.role))
    .map((box) => box.outerHTML.slice(0, 120))"""
SMALL = """() => [...document.querySelectorAll("button, a[href], input, select, textarea")]
    .filter((box) => box.checkVisibility({visibilityProperty: true, opacityProperty: true}))
    .map((box) => [box, (box.closest("label") ?? box).getBoundingClientRect()])
    .filter(([_, {width, height}]) => width < 44 || height < 44)
    .map(([box, {width, height}]) => `${width}x${height} ${box.outerHTML.slice(0, 100)}`)"""


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def test_one_joins_writes_answers_and_leaves_by_keys_alone(
    browser: Browser, server: Server
) -> None:
    anna, budi = house.new_page(browser), house.new_page(browser)
    house.join(anna, server.address, server.owner_token(), "Anna")
    budi.goto(f"{server.address}/#join={house.make_link(anna)}")
    expect(budi.get_by_label("Your name")).to_be_focused(timeout=house.WAIT_MS)
    budi.keyboard.type("Budi")
    press(budi, "Enter")
    code = budi.get_by_role("button", name="I have saved it")
    expect(code).to_be_visible(timeout=house.WAIT_MS)
    press(budi, "Tab", "Tab", "Enter")
    row = budi.get_by_role("link", name="Anna")
    expect(row).to_be_visible(timeout=house.WAIT_MS)
    press(budi, "Tab", "Tab", "Tab", "ArrowDown")
    expect(row).to_be_focused()
    press(budi, "Enter")
    expect(budi.get_by_label("Message", exact=True)).to_be_focused(timeout=house.WAIT_MS)
    budi.keyboard.type("by hand")
    press(budi, "Enter")
    house.open_chat(anna, "Budi")
    house.expect_once(anna, "by hand")
    house.expect_state(budi, "by hand", "Read")
    press(budi, "Shift+Tab", "ArrowUp")
    expect(house.bubble(budi, "by hand")).to_be_focused()
    press(budi, "Enter")
    expect(budi.get_by_role("menuitem", name="Reply")).to_be_focused(timeout=house.WAIT_MS)
    press(budi, "ArrowDown", "ArrowUp", "Enter")
    expect(budi.get_by_label("Message", exact=True)).to_be_focused(timeout=house.WAIT_MS)
    expect(budi.get_by_text("Reply to Budi")).to_be_visible(timeout=house.WAIT_MS)
    press(budi, "Escape")
    expect(budi.get_by_text("Reply to Budi")).to_have_count(0)
    press(budi, "Escape")
    expect(budi.get_by_role("main")).to_have_count(0)


def test_everything_has_a_name_and_room_for_a_finger(browser: Browser, server: Server) -> None:
    anna, _ = house.pair(browser, server)
    house.write(anna, "hello")
    house.expect_state(anna, "hello", "Read")
    anna.set_viewport_size(house.PHONE)
    house.touch(anna)
    problems = {}
    for place in ("#", anna.url.partition("/#")[2], "#/settings", "#/new", "#/invite"):
        anna.goto(f"{server.address}/#{place.strip('#')}")
        if "/" in place:
            expect(anna.get_by_role("dialog")).to_be_visible(timeout=house.WAIT_MS)
        problems[place] = [anna.evaluate(NAMELESS), anna.evaluate(SMALL)]
    assert not any(any(found) for found in problems.values()), problems
