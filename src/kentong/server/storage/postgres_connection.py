"""PostgreSQL as the engine needs it: connections, transactions, the schema in its types."""
# ruff: noqa: D102 - the abstract class says what a method promises

import hashlib
from functools import lru_cache
from typing import Any, NamedTuple

import psycopg

from kentong.server.storage.engine import SqlRow, SqlValue, Transaction

Connection = psycopg.Connection[Any]

CONNECT_TIMEOUT_S = 5
LOCK = 0x6B656E74  # any number that all nodes agree on: writers share it, who migrates has it
NODES = LOCK + 1  # every connection of a running node shares it
HISTORY = (
    "SELECT (SELECT value FROM meta WHERE key = 'base'), "
    "(SELECT value FROM meta WHERE key = 'epoch')"
)
WRITING = (
    "BEGIN ISOLATION LEVEL READ COMMITTED; "  # each statement sees what the lock waited for
    f"SELECT pg_advisory_xact_lock_shared({LOCK}); {HISTORY}"
)
READING = f"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; {HISTORY}"
PLACE = (
    "SELECT left(pg_walfile_name(pg_current_wal_lsn()), 8), 'meta'::regclass::oid::bigint, "
    "(SELECT oid::bigint FROM pg_database WHERE datname = current_database())"
)


class Times(NamedTuple):
    """How long our own transactions may take, in milliseconds."""

    idle: int = 10_000  # an open one holds back every device's cursor
    statement: int = 30_000
    lock: int = 5_000


PATIENT = Times(idle=3_600_000, statement=0, lock=60_000)  # for what copies a whole database


class History(NamedTuple):
    """What may change under a node: another one, a dump or a failover began anew."""

    offset: int  # what makes a clock of a transaction id
    epoch: int


class PostgresTransaction(Transaction):
    """A piece of work on a PostgreSQL connection.

    In a writing work each statement sees what is committed by then, so there a `cursor`
    is good only for what is read after it.
    """

    __slots__ = ("_clock", "_cursor", "_offset")

    for_update = " FOR UPDATE"

    def __init__(self, connection: Connection, offset: int) -> None:
        super().__init__()
        self._cursor = connection.cursor()  # one for all statements: it is dear to make
        self._offset = offset
        self._clock = 0

    @property
    def clock(self) -> int:
        if not self._clock:
            self._clock = self._offset + self._number("SELECT pg_current_xact_id()::text::bigint")
        return self._clock

    def cursor(self) -> int:
        return self._offset + self._number(
            "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint"
        )

    def lag(self) -> int:
        return self._number(
            "SELECT pg_snapshot_xmax(s)::text::bigint - pg_snapshot_xmin(s)::text::bigint "
            "FROM pg_current_snapshot() s"
        )

    def all(self, sql: str, *args: SqlValue) -> list[SqlRow]:
        return self._execute(sql, args).fetchall()

    def one(self, sql: str, *args: SqlValue) -> SqlRow | None:
        row: SqlRow | None = self._execute(sql, args).fetchone()
        return row

    def run(self, sql: str, *args: SqlValue) -> int:
        return self._execute(sql, args).rowcount

    def size_bytes(self) -> int:
        return self._number("SELECT pg_database_size(current_database())")

    def next_id(self, table: str) -> int:
        return self._number(
            "SELECT CASE WHEN is_called THEN last_value + 1 ELSE last_value END "  # noqa: S608
            f"FROM {table}_id_seq"
        )

    def set_next_id(self, table: str, next_id: int) -> None:
        self.wrote = True
        self._execute("SELECT setval(?::regclass, ?, false)", (f"{table}_id_seq", next_id))

    def _number(self, sql: str) -> int:
        row = self.one(sql)
        assert row is not None
        return int(row[0])

    def _execute(self, sql: str, args: tuple[SqlValue, ...]) -> psycopg.Cursor[Any]:
        if not sql.startswith("SELECT"):
            self.wrote = True
        return self._cursor.execute(_translated(sql), args)


def connect(url: str, times: Times) -> Connection:
    """A connection with our time limits, and commits that are on the disk."""
    connection = psycopg.connect(url, autocommit=True, connect_timeout=CONNECT_TIMEOUT_S)
    for setting in (
        f"SET idle_in_transaction_session_timeout = {times.idle}",
        f"SET statement_timeout = {times.statement}",
        f"SET lock_timeout = {times.lock}",
        "SET timezone = 'UTC'",
    ):
        connection.execute(setting.encode())
    durability = connection.execute("SHOW synchronous_commit").fetchone()
    if durability == ("off",):  # the server's owner may ask for more than "on", not for less
        connection.execute("SET synchronous_commit = on")
    return connection


def begin(connection: Connection, statements: str) -> History:
    """Begin a transaction, and read in the same round trip what it needs to know.

    Args:
        statements: WRITING or READING.
    """
    cursor = connection.execute(statements.encode())
    while cursor.nextset():
        pass
    row = cursor.fetchone()
    assert row is not None
    return History(*row)


def place(tx: Transaction) -> int:
    """A number for where the database lives: another one after a failover or a dump.

    It follows from the cluster and its timeline (a promoted standby begins a new one), and
    from what a dump does not keep: the numbers of the database and of the table `meta`.
    """
    may_ask = tx.one("SELECT has_function_privilege('pg_control_system()', 'EXECUTE')")
    cluster: SqlRow | None = None
    if may_ask == (True,):
        cluster = tx.one("SELECT system_identifier FROM pg_control_system()")
    facts = repr((cluster, tx.one(PLACE)))
    return int.from_bytes(hashlib.sha256(facts.encode()).digest()[:6], "big")


def drop(connection: Connection | None) -> None:
    """Close a connection if there is one."""
    if connection is not None:
        connection.close()


@lru_cache(maxsize=1_000)
def _translated(sql: str) -> bytes:
    return sql.replace("?", "%s").encode()
