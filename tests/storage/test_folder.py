"""The data folder is private, and belongs to one process at a time."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from kentong.server.storage.folder import DataFolder, FolderInUse
from kentong.server.storage.sqlite import SqliteDatabase
from kentong.server.storage.sqlite_files import Options
from tests.storage import town

TRY_TO_OPEN = """
import sys
from pathlib import Path
from kentong.server.storage.sqlite import SqliteDatabase
SqliteDatabase(Path(sys.argv[1]))
"""


def test_a_folder_is_private(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path / "deep" / "data")
    assert stat.S_IMODE(folder.path.stat().st_mode) == 0o700
    folder.close()


@pytest.mark.parametrize("mask", [0o000, 0o022])
def test_every_file_of_the_database_is_its_owners_alone(tmp_path: Path, mask: int) -> None:
    before = os.umask(mask)
    try:
        for _ in range(2):
            database = SqliteDatabase(tmp_path, Options(reserve_bytes=0))
            town.write(database, lambda tx: town.person(tx, "anna"))
            files = [path for path in tmp_path.iterdir() if path.is_file()]
            assert {path.name for path in files} > {"kentong.db", "kentong.db-wal", "lock"}
            assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
            database.close()
            (tmp_path / "kentong.db").chmod(0o644)  # as an older Kentong left it
    finally:
        os.umask(before)


def test_a_second_process_is_turned_away(tmp_path: Path) -> None:
    database = SqliteDatabase(tmp_path)
    command = [sys.executable, "-c", TRY_TO_OPEN, str(tmp_path)]
    tried = subprocess.run(command, capture_output=True, text=True, check=False)
    assert tried.returncode != 0
    assert f"The data folder {tmp_path} is in use by process" in tried.stderr
    database.close()
    subprocess.run(command, check=True)


def test_a_folder_is_free_again_after_failing_to_open(tmp_path: Path) -> None:
    database = SqliteDatabase(tmp_path)
    with pytest.raises(FolderInUse):
        SqliteDatabase(tmp_path)
    town.write(database, lambda tx: town.person(tx, "anna"))
    database.close()
    SqliteDatabase(tmp_path).close()
