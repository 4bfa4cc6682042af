"""A database of one engine, for what only it has."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from kentong.server.storage.sqlite import SqliteDatabase
from kentong.server.storage.sqlite_files import Options


@pytest.fixture
def sqlite_database(tmp_path: Path) -> Iterator[SqliteDatabase]:
    opened = SqliteDatabase(tmp_path / "data", Options(reserve_bytes=0))
    yield opened
    opened.close()
