"""Fixtures that every test may ask for."""

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kentong.server.storage.engine import Database
from kentong.server.storage.postgres import PostgresDatabase
from kentong.server.storage.sqlite import SqliteDatabase
from kentong.server.storage.sqlite_files import Options
from tests import postgres
from tools import programs

ENGINES = ("sqlite", "postgres")

# In a job in the background it is ignored, and would be by every program started here.
signal.signal(signal.SIGINT, signal.default_int_handler)

OpenDatabase = Callable[[], Database]


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


@pytest.fixture(params=ENGINES)
def open_database(request: pytest.FixtureRequest, tmp_path: Path) -> OpenDatabase:
    """Opens the same database each time; SQLite's must be closed before it is opened again."""
    if request.param == "sqlite":
        return lambda: SqliteDatabase(tmp_path / "data", Options(reserve_bytes=0))
    url: str = request.getfixturevalue("postgres_url")
    folders = (tmp_path / f"node-{number}" for number in range(100))
    return lambda: PostgresDatabase(url, next(folders))


@pytest.fixture
def database(open_database: OpenDatabase) -> Iterator[Database]:
    opened = open_database()
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def chromium_path() -> str:
    """The Chromium that end-to-end tests drive."""
    path = programs.chromium()
    assert path is not None, "no Chromium: `make test` installs it, or set KENTONG_CHROMIUM"
    return path
