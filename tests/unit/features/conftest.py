"""A village for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.features.village import Village


@pytest.fixture
def village(tmp_path: Path) -> Iterator[Village]:
    made = Village(tmp_path / "data")
    made.settle("anna", "budi", "citra", "dewi")
    yield made
    made.database.close()
