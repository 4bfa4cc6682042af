"""What a person does in the browser, and what is seen there, timed by the page's own clock."""

import time
from typing import Final

from playwright.async_api import Page, expect

from bench.slowlink.stage import ADDRESS, PATIENCE_MS

# Types a text and sends it; the time until its bubble has a tick, in milliseconds.
_SEND: Final = """(text) => new Promise((resolve) => {
  const area = document.querySelector("textarea");
  area.value = text;
  area.dispatchEvent(new InputEvent("input", { bubbles: true }));
  const began = performance.now();
  const look = () => {
    const bubbles = [...document.querySelectorAll(".row.own .text")];
    const mine = bubbles.findLast((bubble) => bubble.textContent.includes(text));
    if (!mine?.querySelector(".tick.sent, .tick.delivered, .tick.read")) return;
    observer.disconnect();
    resolve(performance.now() - began);
  };
  const observer = new MutationObserver(look);
  observer.observe(document.body, { subtree: true, childList: true, attributes: true });
  area.closest("form").requestSubmit();
})"""


async def join(page: Page, token: str, name: str = "Guest") -> float:
    """Follow an invite link up to a composer that takes a text; seconds from opening it."""
    began = time.monotonic()
    await page.goto(f"{ADDRESS}/#join={token}", wait_until="commit")
    await page.get_by_label("Your name").fill(name)
    await page.get_by_role("button", name="Join", exact=True).click()
    await page.get_by_role("button", name="I have saved it").click()
    await page.locator("a.chat-row").first.click()
    await expect(page.locator("textarea")).to_be_visible(timeout=PATIENCE_MS)
    return time.monotonic() - began


async def send(page: Page, text: str) -> float:
    """Write a text; seconds until it is seen that the server has it."""
    took_ms: float = await page.evaluate(_SEND, text)
    return took_ms / 1_000
