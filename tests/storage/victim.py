"""A process that stores texts until it is killed, and says what was acknowledged."""

import sys
from pathlib import Path

from kentong.server.storage import devices
from kentong.server.storage.engine import Database, Transaction
from kentong.server.storage.sqlite import SqliteDatabase
from kentong.server.storage.sqlite_files import Options
from tests.storage import town

GROUP = 7


def start(tx: Transaction) -> tuple[int, int, int]:
    anna = town.person(tx, "anna")
    device = devices.add_device(tx, anna.id, b"secret", "phone", town.NOW_S)
    return town.group(tx, "", [anna]).id, anna.id, device.id


def opened(url: str, folder: Path) -> Database:
    if not url:
        return SqliteDatabase(folder, Options(reserve_bytes=0))
    from kentong.server.storage.postgres import PostgresDatabase

    return PostgresDatabase(url, folder)


def say(*numbers: int) -> None:
    sys.stdout.write(" ".join(map(str, numbers)) + "\n")
    sys.stdout.flush()


def main(url: str, folder: str) -> None:
    database = opened(url, Path(folder))
    chat_id, user_id, device_id = town.write(database, start)
    say(chat_id, device_id)
    number = 0
    while True:
        numbers = range(number + 1, number + 1 + GROUP)
        works = [
            lambda tx, n=n: (town.command(tx, chat_id, user_id, device_id, n), tx.clock)
            for n in numbers
        ]
        outcomes = database.run_group(works).outcomes
        assert all(outcome.error is None for outcome in outcomes), outcomes
        number += GROUP
        say(number, *outcomes[-1].result)


if __name__ == "__main__":
    main(*sys.argv[1:])
