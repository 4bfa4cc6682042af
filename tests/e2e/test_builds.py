"""A newer web client on the server, and what browsers need to install one."""

import re
import shutil
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Playwright, expect

import kentong
from tests.e2e import house
from tests.e2e.house import Server

WAITS = "waits for the new build"
DRAFT = "half a thought"


@pytest.fixture
def newer(tmp_path: Path) -> Path:
    """A copy of the program whose web client has another build's number."""
    folder = tmp_path / "newer"
    client = folder / "kentong" / "webclient"
    shutil.copytree(Path(kentong.__file__).parent, client.parent)
    found = re.search(r'data-build="(\d+)"', (client / "index.html").read_text())
    assert found
    for name in ("index.html", "build.json", "sw.js"):
        text, count = re.subn(
            rf"\b{found[1]}\b", str(int(found[1]) ^ 1), (client / name).read_text()
        )
        assert count > 0, name
        (client / name).write_text(text)
        for compressed in client.glob(f"{name}.*"):
            compressed.unlink()
    return folder


def test_new_build_takes_over_when_asked_and_loses_nothing(
    browser: Browser, server: Server, newer: Path
) -> None:
    anna, budi = house.pair(browser, server)
    house.write(anna, "before")
    house.expect_state(anna, "before", "Read")
    house.wait_for_worker(anna)
    build = anna.locator("html").get_attribute("data-build")
    server.stop()
    house.write(anna, WAITS)
    house.expect_state(anna, WAITS, "Waiting to be sent")
    anna.get_by_label("Message", exact=True).fill(DRAFT)
    anna.goto(f"{server.address}/#")
    expect(anna.get_by_text(DRAFT)).to_be_visible(timeout=house.WAIT_MS)
    anna.goto("about:blank")
    server.open(newer)
    anna.goto(server.address)
    expect(anna.locator("html")).to_have_attribute("data-build", build or "")
    house.expect_once(budi, "before", WAITS)
    anna.get_by_role("button", name="Reload").first.click()
    expect(anna.locator("html")).not_to_have_attribute("data-build", build or "")
    house.open_chat(anna, "Budi")
    house.expect_once(anna, "before", WAITS)
    house.expect_state(anna, WAITS, "Read")
    expect(anna.get_by_label("Message", exact=True)).to_have_value(DRAFT)


def test_browsers_would_install_it(
    playwright: Playwright, chromium_path: str, server: Server, tmp_path: Path
) -> None:
    context = house.launch_profile(playwright, chromium_path, tmp_path / "profile")
    page = context.pages[0]
    house.join(page, server.address, server.owner_token(), "Anna")
    house.wait_for_worker(page)
    assert house.command(page, "Page.getAppManifest")["errors"] == []
    assert house.command(page, "Page.getInstallabilityErrors")["installabilityErrors"] == []
    context.close()
