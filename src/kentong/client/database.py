"""The SQLite file of one device: opened, locked, and changed in whole transactions."""

import contextlib
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

SCHEMA_VERSION: Final = 1

OUTBOX_TABLE: Final = """
CREATE {temporary} TABLE IF NOT EXISTS outbox (
  key INTEGER PRIMARY KEY AUTOINCREMENT,  -- order of writing, never changes
  outbox INTEGER NOT NULL,
  number INTEGER NOT NULL,
  frame BLOB NOT NULL,
  written_at INTEGER NOT NULL,
  answer BLOB,  -- NULL: none yet
  answered_at INTEGER NOT NULL DEFAULT 0,
  discarded INTEGER NOT NULL DEFAULT 0,
  UNIQUE (outbox, number)
);
"""

_SCHEMA: Final = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value NOT NULL) WITHOUT ROWID;
CREATE TABLE heads (
  chat INTEGER PRIMARY KEY,
  alias INTEGER NOT NULL,
  clock INTEGER NOT NULL,
  kind INTEGER NOT NULL,
  flags INTEGER NOT NULL,
  last_seq INTEGER NOT NULL,
  changes INTEGER NOT NULL,
  unread INTEGER NOT NULL,
  read_seq INTEGER NOT NULL,
  title TEXT NOT NULL,
  peer INTEGER NOT NULL,
  peer_read_seq INTEGER NOT NULL,
  peer_delivered_seq INTEGER NOT NULL,
  role INTEGER NOT NULL,
  member_count INTEGER NOT NULL,
  first_seq INTEGER NOT NULL,
  read_wanted INTEGER NOT NULL DEFAULT 0,  -- own read mark that the server may not know
  told_seq INTEGER NOT NULL DEFAULT 0,  -- announced to the program up to here
  listed INTEGER NOT NULL DEFAULT 1  -- 0: a listing of everything has not named it yet
);
CREATE INDEX heads_alias ON heads (alias);
CREATE TABLE rows (
  chat INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  at INTEGER NOT NULL,
  author INTEGER NOT NULL,
  text TEXT NOT NULL,
  kind INTEGER NOT NULL,
  reply_to INTEGER NOT NULL,
  edited INTEGER NOT NULL,
  cut INTEGER NOT NULL,
  subject INTEGER NOT NULL,
  PRIMARY KEY (chat, seq)
) WITHOUT ROWID;
CREATE TABLE windows (
  chat INTEGER NOT NULL,
  first INTEGER NOT NULL,
  last INTEGER NOT NULL,
  as_of INTEGER NOT NULL,
  PRIMARY KEY (chat, first)
) WITHOUT ROWID;
CREATE TABLE people (user INTEGER PRIMARY KEY, name TEXT NOT NULL);
"""


class StoreBusy(Exception):
    """Another process has this store open."""


class StoreTooNew(Exception):
    """A newer Kentong wrote this store."""


class Database:
    """One open file. Statements are short; they block the caller.

    A change is durable when `transaction` ends. Closing does nothing else than letting
    go, so that a crash at any moment leaves what the last transaction left.
    """

    def __init__(self, path: Path, durable: bool = True, memory_outbox: bool = False) -> None:
        """Open or make the file (0600), for this process alone.

        `durable` False leaves out the flush to disk, for simulations.

        Raises:
            StoreBusy, StoreTooNew.
        """
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.chmod(0o600)
        self._depth = 0
        self._connection = sqlite3.connect(path, timeout=0, isolation_level=None)
        try:
            self._prepare(durable, memory_outbox)
        except BaseException as error:
            self._connection.close()
            if isinstance(error, sqlite3.OperationalError) and "locked" in str(error):
                raise StoreBusy(f"{path} is in use by another process") from None
            raise

    def _prepare(self, durable: bool, memory_outbox: bool) -> None:
        self.run("PRAGMA locking_mode = EXCLUSIVE")
        self.run("PRAGMA journal_mode = WAL")
        self.run(f"PRAGMA synchronous = {'FULL' if durable else 'OFF'}")
        self.run("PRAGMA secure_delete = ON")  # a deleted text leaves the disk, too
        with self.transaction():
            version = self.all("PRAGMA user_version")[0][0]
            if version > SCHEMA_VERSION:
                raise StoreTooNew(f"the store has schema {version}, this program {SCHEMA_VERSION}")
            if version == 0:
                self._execute_all(_SCHEMA)
                self.run(f"PRAGMA user_version = {SCHEMA_VERSION}")
            self._execute_all(OUTBOX_TABLE.format(temporary="TEMP" if memory_outbox else ""))

    def _execute_all(self, script: str) -> None:
        for statement in script.split(";\n"):
            if statement.strip():
                self.run(statement)

    def close(self) -> None:
        """Let go of the file. Safe to repeat."""
        self._connection.close()

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """Everything inside takes effect together, or, when it raises, not at all.

        A transaction inside another one is part of it.
        """
        if self._depth == 0:
            self.run("BEGIN IMMEDIATE")
        self._depth += 1
        try:
            yield
            if self._depth == 1:
                self.run("COMMIT")
        except BaseException:
            if self._depth == 1 and self._connection.in_transaction:
                self.run("ROLLBACK")
            raise
        finally:
            self._depth -= 1

    def all(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Every row of the result."""
        return self._connection.execute(sql, parameters).fetchall()

    def one(self, sql: str, parameters: Sequence[Any] = ()) -> tuple[Any, ...] | None:
        """The first row of the result, if there is one."""
        row: tuple[Any, ...] | None = self._connection.execute(sql, parameters).fetchone()
        return row

    def run(self, sql: str, parameters: Sequence[Any] = ()) -> int:
        """Run a statement; the id of the row it inserted last, else 0."""
        return self._connection.execute(sql, parameters).lastrowid or 0

    def run_many(self, sql: str, parameters: Sequence[Sequence[Any]]) -> None:
        """Run a statement once for each row of parameters."""
        self._connection.executemany(sql, parameters)
