"""The data folder: private to its owner, used by one process at a time."""

import fcntl
import os
from pathlib import Path

DATABASE = "kentong.db"
LOCK = "lock"
REMOVALS = "removals.log"
PRIVATE = 0o700


class FolderInUse(Exception):
    """Another process uses the data folder."""

    def __init__(self, path: Path, owner: str) -> None:
        who = f"process {owner}" if owner else "another process"
        super().__init__(f"The data folder {path} is in use by {who}; stop that one first.")


class DataFolder:
    """A data folder that is ours until `close`; made if it isn't there.

    Raises FolderInUse.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir(mode=PRIVATE, parents=True, exist_ok=True)
        path.chmod(PRIVATE)
        self._lock = os.open(path / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            owner = os.read(self._lock, 32).decode("ascii", "replace").strip()
            os.close(self._lock)
            raise FolderInUse(path, owner) from None
        os.ftruncate(self._lock, 0)
        os.write(self._lock, f"{os.getpid()}\n".encode())

    @property
    def database(self) -> Path:
        """The file of the embedded database."""
        return self.path / DATABASE

    @property
    def removals(self) -> Path:
        """The list of tombstones, kept outside the database."""
        return self.path / REMOVALS

    def close(self) -> None:
        """Let others use the folder."""
        os.close(self._lock)


def before_schema(folder: Path, found: int) -> Path:
    """Where the database is kept as it was before its schema changed."""
    return folder / f"kentong-schema-{found}.db"


def sync_file(path: Path) -> None:
    """Wait until a file, or the list of files of a folder, is on the disk."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
