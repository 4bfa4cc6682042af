"""Runs the cells: `python -m bench.slowlink [--quick] [measure …]`, one JSON object at the end.

Each cell is a process of its own; what it measured is kept in build/slowlink, so that a run that
was cut short goes on where it was (`--again` measures anew).
"""

import argparse
import asyncio
import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from bench.slowlink import cells
from bench.slowlink.cells import Cell
from bench.slowlink.stage import NoBrowser
from bench.slowlink.wire import NoLaboratory

KEPT = Path("build/slowlink")
AT_ONCE = 2  # the links are slow, not the cores
TRIES = 2


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.slowlink", description=__doc__)
    parser.add_argument("measures", nargs="*", help=f"of {', '.join(cells.MEASURES)}")
    parser.add_argument("--quick", action="store_true", help="few times, one seed each")
    parser.add_argument("--again", action="store_true", help="also what was measured before")
    parser.add_argument("--cell", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    wanted = cells.QUICK if options.quick else cells.FULL
    if options.cell is not None:
        print(json.dumps(asyncio.run(cells.run(wanted[options.cell]))))
        return
    try:
        measured = run(wanted, options)
    except (NoLaboratory, NoBrowser) as error:
        print(f"skipped: {error}", file=sys.stderr)
        return
    print(json.dumps(cells.figures(measured), indent=2))


def run(wanted: tuple[Cell, ...], options: argparse.Namespace) -> dict[Cell, cells.Result]:
    """Measure what is wanted and was not measured before."""
    KEPT.mkdir(parents=True, exist_ok=True)
    chosen = [
        number
        for number, cell in enumerate(wanted)
        if not options.measures or cell.measure in options.measures
    ]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        results = pool.map(lambda number: _measured(wanted[number], number, options), chosen)
        return {wanted[number]: result for number, result in zip(chosen, results, strict=True)}


def _measured(cell: Cell, number: int, options: argparse.Namespace) -> cells.Result:
    kept = KEPT / f"{cell.name}-{cell.times}.json"
    if not kept.exists() or options.again:
        flags = ["--quick"] if options.quick else []
        command = [sys.executable, "-m", "bench.slowlink", *flags, "--cell", str(number)]
        said = _output(command)
        kept.write_text(said)
    result: cells.Result = json.loads(kept.read_text())
    print(f"{cell.name}: {cells.figures({cell: result})}", file=sys.stderr, flush=True)
    return result


def _output(command: list[str]) -> str:
    for last in range(TRIES - 1, -1, -1):
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        if done.returncode == 0:
            return done.stdout
        why = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        if "NoLaboratory" in why or "NoBrowser" in why:
            raise NoLaboratory(why)
        if not last:
            raise RuntimeError(done.stderr)
    raise AssertionError


if __name__ == "__main__":
    main()
