"""The list of tombstones outside the database, so that a restored backup honours them."""

import os
from collections.abc import Iterable
from pathlib import Path

from kentong.server.model import Removed
from kentong.server.storage import messages
from kentong.server.storage.engine import Transaction


class RemovalLog:
    """An append-only file with one line of numbers for each removed row; no text.

    A line is on the disk before the commit that it belongs to. If that commit fails, the
    line stays: the removal had been decided, and is repeated by whoever asked for it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def add(self, removals: Iterable[Removed]) -> None:
        """Append lines and wait until they are on the disk. Raises OSError."""
        lines = "".join(" ".join(map(str, removed)) + "\n" for removed in removals)
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        descriptor = os.open(self._path, flags, 0o600)
        try:
            data = memoryview(("\n" + lines).encode())  # ends a line that a crash cut
            while data:
                data = data[os.write(descriptor, data) :]
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def entries(self) -> list[Removed]:
        """Every line that is whole."""
        if not self._path.exists():
            return []
        width = len(Removed._fields)
        lines = (line.split() for line in self._path.read_text("ascii").splitlines())
        return [
            Removed(*map(int, words))
            for words in lines
            if len(words) == width and all(word.isdigit() for word in words)
        ]

    def replay(self, tx: Transaction) -> int:
        """Remove again what an older copy still shows; returns how many rows."""
        return sum(messages.wipe_again(tx, removed) for removed in self.entries())
