"""What is written can be changed, and both sides see the same."""

from playwright.sync_api import Browser, expect

from tests.e2e import house
from tests.e2e.house import Server, picture

SHEETS = {"Settings": "settings", "New group": "new", "Invite link": "invite"}
TOO_WIDE = """() => [...document.querySelectorAll("html, body, dialog, .sheet-body, .timeline")]
    .filter((box) => box.scrollWidth > box.clientWidth).map((box) => box.className)"""


def test_edit_and_delete_reach_the_other_side(browser: Browser, server: Server) -> None:
    anna, budi = house.pair(browser, server)
    house.write(anna, "first version")
    house.expect_once(budi, "first version")
    house.expect_state(anna, "first version", "Read")
    house.choose(anna, "first version", "Edit")
    anna.get_by_label("Message", exact=True).fill("second version")
    anna.get_by_role("button", name="Save", exact=True).click()
    house.expect_once(budi, "second version")
    expect(budi.locator(".bubble", has_text="second version")).to_contain_text("edited")
    expect(house.bubble(budi, "first version")).to_have_count(0)
    house.choose(anna, "second version", "Delete for everyone")
    anna.get_by_role("dialog").get_by_role("button", name="Delete for everyone").click()
    expect(budi.get_by_role("main").get_by_text("Anna deleted a message")).to_be_visible(
        timeout=house.WAIT_MS
    )
    expect(anna.get_by_role("main").get_by_text("You deleted a message")).to_be_visible(
        timeout=house.WAIT_MS
    )
    expect(house.bubble(budi, "second version")).to_have_count(0)


def test_message_is_delivered_when_fetched_and_read_when_seen(
    browser: Browser, server: Server
) -> None:
    anna, budi = house.pair(browser, server)
    budi.goto(f"{server.address}/#")
    house.write(anna, "look here")
    house.expect_state(anna, "look here", "Delivered")
    expect(budi.get_by_label("1 unread message")).to_be_visible(timeout=house.WAIT_MS)
    expect(budi).to_have_title("(1) Kentong")
    house.open_chat(budi, "Anna")
    house.expect_state(anna, "look here", "Read")
    expect(budi).to_have_title("Kentong", timeout=house.WAIT_MS)


def test_refused_message_says_why_in_words(browser: Browser, server: Server) -> None:
    anna, budi = house.pair(browser, server)
    house.write(anna, "in time")
    house.expect_state(anna, "in time", "Read")
    anna.context.set_offline(True)
    server.stop()
    house.write(anna, "too late")
    house.expect_state(anna, "too late", "Waiting to be sent")
    server.open()
    budi.get_by_role("heading", name="Anna").click()
    budi.get_by_role("button", name="Block").click()
    budi.get_by_role("dialog", name="Block Anna?").get_by_role("button", name="Block").click()
    expect(budi.get_by_text("You have blocked Anna.")).to_be_visible(timeout=house.WAIT_MS)
    anna.context.set_offline(False)
    expect(anna.get_by_text("Not sent: this person takes no messages from you")).to_be_visible(
        timeout=house.WAIT_MS
    )
    picture(anna, "failed")
    anna.get_by_role("button", name="Discard").click()
    expect(house.bubble(anna, "too late")).to_have_count(0)
    house.expect_once(budi, "in time")
    expect(house.bubble(budi, "too late")).to_have_count(0)


def test_presence_is_not_claimed_without_a_link(browser: Browser, server: Server) -> None:
    anna, budi = house.pair(browser, server)
    there = anna.locator(".subtitle", has_text="online")
    expect(there).to_be_visible(timeout=house.WAIT_MS)
    server.stop()
    expect(anna.get_by_text("No connection").first).to_be_visible(timeout=house.WAIT_MS)
    expect(there).to_have_count(0)
    server.open()
    for page in (budi, anna):
        expect(page.get_by_text("No connection")).to_have_count(0, timeout=house.WAIT_MS)
    expect(there).to_be_visible(timeout=house.WAIT_MS)


def test_320_pixels_never_scroll_sideways(browser: Browser, server: Server) -> None:
    anna, _ = house.pair(browser, server)
    house.write(anna, "w" * 200)
    house.expect_state(anna, "w" * 200, "Read")
    anna.set_viewport_size({"width": 320, "height": 568})
    assert anna.evaluate(TOO_WIDE) == []
    anna.get_by_role("heading", name="Budi").click()
    expect(anna.get_by_role("dialog")).to_be_visible(timeout=house.WAIT_MS)
    assert anna.evaluate(TOO_WIDE) == []
    for title, sheet in SHEETS.items():
        anna.goto(f"{server.address}/#/{sheet}")
        expect(anna.get_by_role("dialog", name=title)).to_be_visible(timeout=house.WAIT_MS)
        assert anna.evaluate(TOO_WIDE) == [], title
    anna.goto(f"{server.address}/#")
    expect(anna.get_by_role("dialog")).to_have_count(0)
    assert anna.evaluate(TOO_WIDE) == []
