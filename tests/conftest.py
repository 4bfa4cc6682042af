"""Fixtures that every test may ask for."""

import os
from collections.abc import Iterator

import pytest

from tests import postgres
from tools import programs


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The URL of a PostgreSQL server that lives as long as the tests.

    Without one the test is skipped, but never in CI: there it fails.
    """
    try:
        with postgres.server({"fsync": "off", "max_connections": "50"}) as url:
            yield url
    except postgres.NoPostgres:
        if os.environ.get("CI"):
            raise
        pytest.skip("no PostgreSQL: set KENTONG_TEST_POSTGRES_URL or install a server")


@pytest.fixture
def postgres_url(postgres_server: str) -> Iterator[str]:
    """The URL of an empty PostgreSQL database for this test alone."""
    with postgres.database(postgres_server) as url:
        yield url


@pytest.fixture(scope="session")
def chromium_path() -> str:
    """The Chromium that end-to-end tests drive."""
    path = programs.chromium()
    assert path is not None, "no Chromium: `make test` installs it, or set KENTONG_CHROMIUM"
    return path
