"""kentong restore: put a backup in place of the database, also while the server runs."""

import argparse
import sys
from pathlib import Path

from kentong.cli import office
from kentong.server.features.administration import Wish
from kentong.server.storage.copies import REPLACED


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The file, and where the server is."""
    parser.add_argument("file", type=Path, help="a file that `kentong backup` wrote")
    office.add_flags(parser)


def run(arguments: argparse.Namespace) -> int:
    """0: the backup is in place; 2: everything is as it was, and why on stderr."""
    file = arguments.file.absolute()
    try:
        office.ask(arguments, Wish("restore", file=str(file)))
    except office.FAILURES as error:
        print(f"kentong restore: {error}", file=sys.stderr)
        return 2
    print(
        f"Restored {file}. Devices take everything anew and send again what the backup lacks. "
        f"What was replaced is kept in the data folder as {REPLACED}."
    )
    return 0
