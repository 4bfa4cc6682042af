"""The store's file: for one process, for its owner's eyes, and never half changed."""

import sqlite3
import stat
from pathlib import Path

import pytest

from kentong.client.database import SCHEMA_VERSION, StoreBusy, StoreTooNew
from kentong.client.store import Account, Store
from tests.unit.client.double import open_store


def test_a_second_process_is_kept_out(tmp_path: Path) -> None:
    store = open_store(tmp_path / "device.db")
    with pytest.raises(StoreBusy):
        open_store(tmp_path / "device.db")
    store.close()
    open_store(tmp_path / "device.db").close()


def test_the_files_are_for_their_owner_alone(tmp_path: Path) -> None:
    store = Store(tmp_path / "new" / "device.db")
    store.save_account(Account("https://example.org", "abc", 1, "secret"))
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "new").iterdir()}
    assert set(modes.values()) == {0o600}
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o700


def test_what_was_saved_is_there_after_closing(tmp_path: Path) -> None:
    account = Account("https://example.org", "abc", 1, "secret")
    store = Store(tmp_path / "device.db")
    outbox = store.outbox.id
    store.save_account(account)
    store.close()
    again = Store(tmp_path / "device.db")
    assert (again.account, again.outbox.id) == (account, outbox)


def test_a_store_of_a_later_version_is_refused(tmp_path: Path) -> None:
    open_store(tmp_path / "device.db").close()
    connection = sqlite3.connect(tmp_path / "device.db")
    connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    connection.close()
    with pytest.raises(StoreTooNew):
        open_store(tmp_path / "device.db")
