"""The storage suite runs on every engine."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kentong.server.storage.engine import Database
from kentong.server.storage.sqlite import SqliteDatabase
from kentong.server.storage.sqlite_files import Options

ENGINES = ("sqlite", "postgres")

OpenDatabase = Callable[[], Database]


@pytest.fixture(params=ENGINES)
def open_database(request: pytest.FixtureRequest, tmp_path: Path) -> OpenDatabase:
    """Opens the same database each time; SQLite's must be closed before it is opened again."""
    if request.param == "sqlite":
        return lambda: SqliteDatabase(tmp_path / "data", Options(reserve_bytes=0))
    from kentong.server.storage.postgres import PostgresDatabase

    url: str = request.getfixturevalue("postgres_url")
    folders = (tmp_path / f"node-{number}" for number in range(100))
    return lambda: PostgresDatabase(url, next(folders))


@pytest.fixture
def database(open_database: OpenDatabase) -> Iterator[Database]:
    opened = open_database()
    yield opened
    opened.close()


@pytest.fixture
def sqlite_database(tmp_path: Path) -> Iterator[SqliteDatabase]:
    opened = SqliteDatabase(tmp_path / "data", Options(reserve_bytes=0))
    yield opened
    opened.close()
