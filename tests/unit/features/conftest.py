"""A village for each test, on every engine."""

import pytest

from kentong.server.storage.engine import Database
from tests.unit.features.village import Village


@pytest.fixture
def village(database: Database) -> Village:
    made = Village(database)
    made.settle("anna", "budi", "citra", "dewi")
    return made
