"""Without a link: what is written waits, survives, and goes out once."""

import signal
from pathlib import Path

from playwright.sync_api import Browser, Playwright, expect

from tests.e2e import house
from tests.e2e.house import Server

WAITING = "Waiting to be sent"


def test_written_offline_and_reloaded_is_delivered_once(browser: Browser, server: Server) -> None:
    anna, budi = house.pair(browser, server)
    house.write(anna, "before")
    house.expect_state(anna, "before", "Read")
    house.wait_for_worker(anna)
    anna.context.set_offline(True)
    server.stop()
    house.write(anna, "in the tunnel")
    house.expect_state(anna, "in the tunnel", WAITING)
    expect(anna.get_by_text("No connection: 1 message waiting").first).to_be_visible(
        timeout=house.WAIT_MS
    )
    anna.reload()
    house.expect_once(anna, "before", "in the tunnel")
    house.expect_state(anna, "in the tunnel", WAITING)
    server.open()
    anna.context.set_offline(False)
    house.expect_once(budi, "before", "in the tunnel")
    house.expect_state(anna, "in the tunnel", "Read")
    house.expect_once(anna, "in the tunnel")


def test_server_killed_while_writing_loses_and_doubles_nothing(
    browser: Browser, server: Server
) -> None:
    anna, budi = house.pair(browser, server)
    texts = [f"no {number:02}" for number in range(12)]
    for number, text in enumerate(texts):
        house.write(anna, text)
        if number % 4 == 2:
            server.stop(signal.SIGKILL)
        if number % 4 == 3:
            server.open()
    house.expect_state(anna, texts[-1], "Read")
    for page in (anna, budi):
        house.expect_once(page, *texts)
        shown = page.locator(".bubble .text").all_inner_texts()
        assert [text.partition("\n")[0].strip()[:5] for text in shown] == texts


def test_browser_closed_and_opened_offline_then_online(
    playwright: Playwright, chromium_path: str, server: Server, tmp_path: Path
) -> None:
    profile = tmp_path / "profile"
    first = house.launch_profile(playwright, chromium_path, profile)
    page = first.pages[0]
    house.join(page, server.address, server.owner_token(), "Anna")
    page.get_by_role("button", name="New", exact=True).click()
    page.get_by_role("menuitem", name="Notes to self").click()
    house.write(page, "before")
    house.expect_state(page, "before", "Sent")
    house.wait_for_worker(page)
    server.stop()
    house.write(page, "waits on disk")
    house.expect_state(page, "waits on disk", WAITING)
    first.close()
    second = house.launch_profile(playwright, chromium_path, profile)
    page = second.pages[0]
    page.goto(server.address)
    house.open_chat(page, "Notes to self")
    house.expect_once(page, "before", "waits on disk")
    house.expect_state(page, "waits on disk", WAITING)
    server.open()
    house.expect_state(page, "waits on disk", "Sent")
    house.expect_once(page, "before", "waits on disk")
    second.close()


def test_worker_sends_what_waits_when_no_page_is_open(browser: Browser, server: Server) -> None:
    anna, budi = house.pair(browser, server)
    house.write(anna, "before")
    house.expect_state(anna, "before", "Read")
    house.wait_for_worker(anna)
    anna.reload()
    house.expect_once(anna, "before")
    server.stop()
    house.write(anna, "left behind")
    house.expect_state(anna, "left behind", WAITING)
    address = anna.url
    other = anna.context.new_page()
    anna.close()
    server.open()
    house.dispatch_sync(other, server.address, "outbox")
    house.expect_once(budi, "left behind")
    server.stop()
    other.goto(address)
    house.expect_once(other, "left behind")
    expect(other.locator(".row.own", has=house.bubble(other, "left behind"))).to_have_count(1)
    server.open()
    house.expect_once(other, "before", "left behind")
    house.expect_state(other, "left behind", "Read")


def test_words_of_the_reader_are_there_without_a_link(browser: Browser, server: Server) -> None:
    context = browser.new_context(locale="id-ID")
    page = context.new_page()
    page.goto(f"{server.address}/#join={server.owner_token()}")
    page.get_by_label("Nama Anda").fill("Anna")
    page.get_by_role("button", name="Bergabung").click()
    page.get_by_role("button", name="Sudah saya simpan").click()
    house.wait_for_worker(page)
    house.command(page, "Network.clearBrowserCache")
    server.stop()
    page.reload()
    expect(page.get_by_label("Cari obrolan")).to_be_visible(timeout=house.WAIT_MS)
    expect(page.get_by_text("Tidak ada koneksi").first).to_be_visible(timeout=house.WAIT_MS)
