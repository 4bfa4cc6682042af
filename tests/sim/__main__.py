"""`python -m tests.sim --seeds 300`: many seeds, on all processors; a failing one is named."""

import argparse
import concurrent.futures
import os
import sys
import time
import traceback

from kentong.protocol.planted import NOTHING, Planted
from tests.sim.invariants import Broken
from tests.sim.storm import run_seed


def attempt(seed: int, planted: frozenset[Planted] = NOTHING) -> str:
    """What a seed breaks, "" if nothing."""
    try:
        run_seed(seed, planted)
    except Broken as broken:
        return str(broken)
    except Exception:  # noqa: BLE001 - whatever it is, it is what the simulation looks for
        return traceback.format_exc()
    return ""


def main() -> int:
    """Run the seeds that the arguments name."""
    parser = argparse.ArgumentParser(prog="python -m tests.sim", description=__doc__)
    parser.add_argument("--seeds", type=int, default=300, help="how many")
    parser.add_argument("--first", type=int, default=1, help="the first one")
    parser.add_argument("--bug", choices=[bug.name for bug in Planted], help="plant a bug")
    arguments = parser.parse_args()
    planted = frozenset({Planted[arguments.bug]}) if arguments.bug else NOTHING
    began = time.monotonic()
    seeds = range(arguments.first, arguments.first + arguments.seeds)
    failed = 0
    with concurrent.futures.ProcessPoolExecutor(os.cpu_count()) as pool:
        for seed, problem in zip(
            seeds, pool.map(attempt, seeds, [planted] * len(seeds)), strict=True
        ):
            if problem:
                failed += 1
                print(f"seed {seed}: {problem}", file=sys.stderr, flush=True)
    took = time.monotonic() - began
    print(f"{len(seeds) - failed} seeds passed, {failed} failed, in {took:.0f} s")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
