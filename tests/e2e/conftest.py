"""Fixtures of end-to-end tests: a fresh server for each, one browser for all."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Playwright, sync_playwright

from tests.e2e import house


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="session")
def browser(playwright: Playwright, chromium_path: str) -> Iterator[Browser]:
    started = house.launch(playwright, chromium_path)
    yield started
    started.close()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[house.Server]:
    with house.serve(tmp_path) as started:
        yield started
