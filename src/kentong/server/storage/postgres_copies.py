"""The content of a PostgreSQL database, to and from a file as the embedded engine has it."""

import functools
import sqlite3
from pathlib import Path
from typing import NamedTuple

from psycopg import sql

from kentong.server.storage import meta
from kentong.server.storage.folder import sync_file
from kentong.server.storage.migrations import statements, steps
from kentong.server.storage.postgres_connection import Connection, PostgresTransaction, place
from kentong.server.storage.sqlite_files import NoClock, SqliteTransaction, read_only, write_whole

ROWS_AT_ONCE = 500  # in memory, whatever the size of a table
WITHOUT_JOURNAL = ("journal_mode = OFF", "synchronous = OFF")  # a file that fails is thrown away


class Table(NamedTuple):
    """A table that both engines have."""

    name: str
    columns: tuple[str, ...]
    gives_ids: bool  # ids that are never used again


def save(connection: Connection, target: Path) -> None:
    """Write all that the connection's transaction sees into a file, row by row.

    The file is what a backup of the embedded database is, with the schema that was found.
    The transaction must see one state throughout. Raises OSError, sqlite3.Error, psycopg.Error.
    """
    write_whole(target, functools.partial(_fill, connection))


def load(connection: Connection, source: Path) -> None:
    """Put a file's content in place of all that is in the database, row by row.

    Both have today's schema, nobody else writes, and the caller commits. Readers go on with
    what was there: the rows are deleted, since a truncated table looks empty to them. Clocks
    and ids go on above those of both. Raises sqlite3.Error, psycopg.Error.
    """
    file = read_only(source)
    try:
        here = PostgresTransaction(connection, 0)
        there = SqliteTransaction(file.execute, NoClock(0))
        offset = meta.fact(here, meta.CLOCK_OFFSET)
        found = _tables(file)
        for table in found:
            _push(file, connection, table)
        above = meta.fact(there, meta.CLOCK) + 1
        meta.set_fact(here, meta.CLOCK_OFFSET, max(offset, above - here.clock))
        meta.set_fact(here, meta.PLACE, place(here))
        for name in _giving_ids(found):  # last: a counter is not set back when all else is undone
            here.set_next_id(name, max(here.next_id(name), there.next_id(name)))
    finally:
        file.close()


def _fill(connection: Connection, path: Path) -> None:
    path.touch(mode=0o600)
    file = sqlite3.connect(path, isolation_level=None)
    try:
        for setting in WITHOUT_JOURNAL:
            file.execute(f"PRAGMA {setting}")
        file.execute("BEGIN")
        _copy_into(file, connection)
        file.execute("COMMIT")
    finally:
        file.close()
    sync_file(path)


def _copy_into(file: sqlite3.Connection, connection: Connection) -> None:
    here = PostgresTransaction(connection, 0)
    there = SqliteTransaction(file.execute, NoClock(0))
    for step in steps(0)[: meta.fact(here, meta.SCHEMA_VERSION)]:
        for statement in statements(step.sql):
            file.execute(statement)
    found = _tables(file)
    for table in found:
        _pull(connection, file, table)
    for name in _giving_ids(found):
        there.set_next_id(name, here.next_id(name))
    meta.set_fact(there, meta.CLOCK, max(_last_clock(here), _largest_clock(file, found)))
    for key in (meta.CLOCK_OFFSET, meta.PLACE):
        meta.set_fact(there, key, 0)


def _last_clock(tx: PostgresTransaction) -> int:
    """No row that was written here, and that the transaction sees, has a clock above."""
    row = tx.one("SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint")
    assert row is not None
    return meta.fact(tx, meta.CLOCK_OFFSET) + int(row[0]) - 1


def _largest_clock(file: sqlite3.Connection, tables: list[Table]) -> int:
    """Of all rows; a dump that was just loaded brings clocks that are ahead of ours."""
    largest = 0
    for table in tables:
        if "clock" in table.columns:
            (found,) = file.execute(f"SELECT max(clock) FROM {table.name}").fetchone()  # noqa: S608
            largest = max(largest, found or 0)
    return largest


def _tables(file: sqlite3.Connection) -> list[Table]:
    """In the order in which they were made."""
    made = file.execute(
        "SELECT name, sql LIKE '%AUTOINCREMENT%' FROM sqlite_schema "
        "WHERE type = 'table' AND name NOT LIKE 'sqlite~_%' ESCAPE '~' ORDER BY rowid"
    ).fetchall()
    return [Table(name, _columns(file, name), bool(gives_ids)) for name, gives_ids in made]


def _columns(file: sqlite3.Connection, table: str) -> tuple[str, ...]:
    return tuple(name for (name,) in file.execute("SELECT name FROM pragma_table_info(?)", [table]))


def _giving_ids(tables: list[Table]) -> list[str]:
    return [table.name for table in tables if table.gives_ids]


def _pull(connection: Connection, file: sqlite3.Connection, table: Table) -> None:
    names = ", ".join(table.columns)
    marks = ", ".join("?" for _ in table.columns)
    file.execute(f"DELETE FROM {table.name}")  # noqa: S608 - what the schema itself put there
    with connection.cursor(name=f"copy_of_{table.name}") as rows:
        rows.itersize = ROWS_AT_ONCE
        rows.execute(_composed("SELECT {columns} FROM {table}", table))
        file.executemany(f"INSERT INTO {table.name} ({names}) VALUES ({marks})", rows)  # noqa: S608


def _push(file: sqlite3.Connection, connection: Connection, table: Table) -> None:
    connection.execute(_composed("DELETE FROM {table}", table))
    rows = file.execute(f"SELECT {', '.join(table.columns)} FROM {table.name}")  # noqa: S608
    with (
        connection.cursor() as cursor,
        cursor.copy(_composed("COPY {table} ({columns}) FROM STDIN", table)) as copy,
    ):
        for row in rows:
            copy.write_row(row)


def _composed(statement: str, table: Table) -> sql.Composed:
    columns = sql.SQL(", ").join(map(sql.Identifier, table.columns))
    return sql.SQL(statement).format(table=sql.Identifier(table.name), columns=columns)
