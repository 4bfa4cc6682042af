"""What was acknowledged is there after a SIGKILL, and clocks don't go back."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from kentong.server.model import StoredRow
from kentong.server.storage import chats, messages, outboxes
from kentong.server.storage.engine import Database
from tests.conftest import ENGINES
from tests.storage import town, victim

KILLED_AFTER = (1, 5, 23)  # acknowledged groups


@pytest.fixture(params=ENGINES)
def url(request: pytest.FixtureRequest) -> str:
    if request.param == "sqlite":
        return ""
    found: str = request.getfixturevalue("postgres_url")
    return found


@pytest.mark.parametrize("groups", KILLED_AFTER)
def test_acknowledged_rows_survive_a_kill(url: str, tmp_path: Path, groups: int) -> None:
    folder = tmp_path / "data"
    command = [sys.executable, "-m", "tests.storage.victim", url, str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        chat_id, device_id = numbers(process.stdout.readline)
        acknowledged, seq, clock = 0, 0, 0
        for _ in range(groups):
            acknowledged, seq, clock = numbers(process.stdout.readline)
        process.kill()
    database = victim.opened(url, folder)
    check(database, chat_id, seq, clock)
    last = town.read(database, lambda tx: outboxes.last_number(tx, device_id, town.OUTBOX))
    database.close()
    assert last >= acknowledged


def check(database: Database, chat_id: int, seq: int, clock: int) -> None:
    chat = town.read(database, lambda tx: chats.chat(tx, chat_id))
    assert chat is not None
    rows = town.read(
        database, lambda tx: messages.range_rows(tx, chat_id, (1, chat.last_seq), 0, 10**6)
    )
    assert chat.last_seq == len(rows) >= seq
    assert list(map(place, rows)) == [(n, n, f"text {n}") for n in range(1, len(rows) + 1)]
    assert town.read(database, lambda tx: tx.cursor()) > chat.clock >= clock
    assert town.write(database, lambda tx: town.group(tx, "", []).clock) > chat.clock


def place(row: StoredRow) -> tuple[int, int, str]:
    return row.seq, row.number, row.text


def numbers(readline: Callable[[], str]) -> list[int]:
    return [int(word) for word in readline().split()]
