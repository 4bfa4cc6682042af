"""Tabs, cleared storage, blocked WebSockets and plain HTTP: writing works all the same."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page, WebSocketRoute, expect

from tests.e2e import house
from tests.e2e.house import Server

ERASE = """() => indexedDB.databases().then((all) => Promise.all(all.map(({ name }) =>
    new Promise((resolve, reject) => {
        const request = indexedDB.deleteDatabase(name);
        request.onsuccess = () => resolve(true);
        request.onerror = () => reject(request.error);
    }))))"""


@pytest.mark.parametrize("end", [Page.close, house.kill], ids=["closed", "killed"])
def test_second_tab_takes_over_from_the_leading_one(
    browser: Browser, server: Server, end: Callable[[Page], None]
) -> None:
    anna, budi = house.pair(browser, server)
    second = anna.context.new_page()
    second.goto(anna.url)
    house.write(second, "from the tab that follows")
    house.expect_once(budi, "from the tab that follows")
    house.expect_once(anna, "from the tab that follows")
    end(anna)
    house.write(second, "from the tab that leads now")
    house.expect_once(budi, "from the tab that leads now")
    house.write(budi, "heard both")
    house.expect_once(second, "from the tab that follows", "heard both")


def test_second_tab_takes_over_when_the_leading_one_is_frozen(
    browser: Browser, server: Server
) -> None:
    anna, budi = house.pair(browser, server)
    second = anna.context.new_page()
    second.goto(anna.url)
    house.write(second, "both awake")
    house.expect_once(budi, "both awake")
    house.command(anna, "Page.setWebLifecycleState", state="frozen")
    house.write(second, "one sleeps")
    house.expect_once(budi, "one sleeps")
    house.write(budi, "good night")
    house.expect_once(second, "both awake", "one sleeps", "good night")
    house.command(anna, "Page.setWebLifecycleState", state="active")
    house.expect_once(anna, "both awake", "one sleeps", "good night")
    house.write(anna, "awake again")
    house.expect_once(budi, "awake again")


def test_cleared_storage_is_fetched_again_and_said(browser: Browser, server: Server) -> None:
    anna, budi = house.pair(browser, server)
    house.write(anna, "kept by the server")
    house.expect_state(anna, "kept by the server", "Read")
    chat = anna.url
    anna.goto(f"{server.address}/icon.svg")
    anna.evaluate(ERASE)
    anna.goto(chat)
    expect(anna.get_by_text("The browser had cleared its storage").first).to_be_visible(
        timeout=house.WAIT_MS
    )
    house.expect_once(anna, "kept by the server")
    house.write(anna, "after the loss")
    house.expect_once(budi, "kept by the server", "after the loss")


def test_where_websockets_are_blocked_messages_come_by_long_poll(
    browser: Browser, server: Server
) -> None:
    anna, budi = house.new_page(browser), house.new_page(browser)
    opened: list[str] = []

    def block(route: WebSocketRoute) -> None:
        opened.append(route.url)
        route.close()

    anna.context.route_web_socket("**/ws", block)
    house.join(anna, server.address, server.owner_token(), "Anna")
    house.join(budi, server.address, house.make_link(anna), "Budi")
    house.open_chat(anna, "Budi")
    house.open_chat(budi, "Anna")
    house.write(anna, "by poll")
    house.expect_once(budi, "by poll")
    house.write(budi, "to the poll")
    house.expect_once(anna, "to the poll")
    house.expect_state(anna, "by poll", "Read")
    assert opened


def test_plain_http_in_a_local_network_warns_and_works(browser: Browser, server: Server) -> None:
    address = f"http://lan.test:{server.port}"
    anna, budi = house.new_page(browser), house.new_page(browser)
    house.join(anna, address, server.owner_token(), "Anna")
    assert anna.evaluate("() => isSecureContext") is False
    expect(anna.get_by_text("This page came without encryption").first).to_be_visible(
        timeout=house.WAIT_MS
    )
    house.join(budi, address, house.make_link(anna), "Budi")
    house.open_chat(anna, "Budi")
    house.open_chat(budi, "Anna")
    house.write(anna, "over plain HTTP")
    house.expect_once(budi, "over plain HTTP")
    house.expect_state(anna, "over plain HTTP", "Read")
    second = anna.context.new_page()
    second.goto(anna.url)
    house.write(second, "without locks")
    anna.close()
    house.write(second, "still there")
    house.expect_once(budi, "without locks", "still there")
