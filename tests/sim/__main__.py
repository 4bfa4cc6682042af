"""`python -m tests.sim --seeds 300`: many seeds, on all processors; a failing one is named."""

import argparse
import concurrent.futures
import os
import sys
import time
import traceback

from kentong.protocol.planted import NOTHING, Planted
from tests.sim.faults import EXPECTED, Happened
from tests.sim.invariants import Broken
from tests.sim.storm import run_seed

ENOUGH_SEEDS = 100  # in so many each fault happens


def attempt(seed: int, planted: frozenset[Planted] = NOTHING) -> tuple[str, Happened]:
    """What a seed breaks, "" if nothing, and what happened in it."""
    try:
        return "", run_seed(seed, planted)
    except Broken as broken:
        return str(broken), Happened()
    except Exception:  # noqa: BLE001 - whatever it is, it is what the simulation looks for
        return traceback.format_exc(), Happened()


def arguments() -> argparse.Namespace:
    """What was asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.sim", description=__doc__)
    parser.add_argument("--seeds", type=int, default=300, help="how many")
    parser.add_argument("--first", type=int, default=1, help="the first one")
    parser.add_argument("--bug", choices=[bug.name for bug in Planted], help="plant a bug")
    parser.add_argument("--processes", type=int, default=os.cpu_count(), help="at once")
    return parser.parse_args()


def tell_what_happened(times: Happened, in_seeds: Happened) -> list[str]:
    """Print how often each fault happened, and in how many seeds; those that never did."""
    for what in EXPECTED:
        print(f"{times[what]:9,} times in {in_seeds[what]:5,} seeds: {what}")
    return [what for what in EXPECTED if not times[what]]


def main() -> int:
    """Run the seeds that the arguments name."""
    wanted = arguments()
    planted = frozenset({Planted[wanted.bug]}) if wanted.bug else NOTHING
    began = time.monotonic()
    seeds = range(wanted.first, wanted.first + wanted.seeds)
    failed = 0
    times, in_seeds = Happened(), Happened()
    with concurrent.futures.ProcessPoolExecutor(wanted.processes) as pool:
        found = pool.map(attempt, seeds, [planted] * len(seeds))
        for seed, (problem, happened) in zip(seeds, found, strict=True):
            times.update(happened)
            in_seeds.update((+happened).keys())
            if problem:
                failed += 1
                print(f"seed {seed}: {problem}", file=sys.stderr, flush=True)
    missing = tell_what_happened(times, in_seeds)
    took = time.monotonic() - began
    print(f"{len(seeds) - failed} seeds passed, {failed} failed, in {took:.0f} s")
    if missing and len(seeds) >= ENOUGH_SEEDS:
        print(f"never happened: {', '.join(missing)}", file=sys.stderr)
        failed += 1
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
