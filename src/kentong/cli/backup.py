"""kentong backup: write a consistent copy of the database, also while the server runs."""

import argparse
import sys
from pathlib import Path

from kentong.cli import office
from kentong.server.features.administration import Wish


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The file, and where the server is."""
    parser.add_argument("file", type=Path, help="where to write; an older file is replaced")
    office.add_flags(parser)


def run(arguments: argparse.Namespace) -> int:
    """0: the backup is complete and on the disk; 2: there is none, and why on stderr."""
    file = arguments.file.absolute()
    try:
        office.ask(arguments, Wish("backup", file=str(file)))
    except office.FAILURES as error:
        print(f"kentong backup: {error}", file=sys.stderr)
        return 2
    print(f"Wrote {file}. It holds people's messages: keep it where only you can read it.")
    return 0
