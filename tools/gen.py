"""Write every generated file: `python -m tools.gen`; `--check` only says which are stale.

A producer is a module in tools/ with a function `files()` that returns the text of
each file by its path in the checkout. It reads sources only, so that the same commit
gives the same files everywhere.
"""

import importlib
import sys

from tools.programs import ROOT

PRODUCERS = ("tools.notices", "tools.generate", "tools.reference", "tools.architecture")


def produced() -> dict[str, str]:
    """The text of every generated file, by its path in the checkout."""
    texts: dict[str, str] = {}
    for producer in PRODUCERS:
        texts |= importlib.import_module(producer).files()
    return texts


def stale(texts: dict[str, str]) -> list[str]:
    """The paths whose file is missing or says something else."""
    return [
        path
        for path, text in texts.items()
        if not (ROOT / path).is_file() or (ROOT / path).read_text() != text
    ]


def main(arguments: list[str]) -> int:
    texts = produced()
    paths = stale(texts)
    if "--check" in arguments:
        for path in paths:
            print(f"{path} is stale: run `make gen`")
        return 1 if paths else 0
    for path in paths:
        (ROOT / path).parent.mkdir(parents=True, exist_ok=True)
        (ROOT / path).write_text(texts[path])
        print(f"wrote {path}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
