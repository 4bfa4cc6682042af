"""Runs the benchmarks and prints one JSON object: `python -m bench [name …] [--quick]`."""

import argparse
import asyncio
import gc
import json
import platform
import subprocess
import sys
import tempfile
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

import uvloop

from bench import direct, group, idle, resume, sizes
from bench.figures import GOALS, Figure

Benchmark = Callable[[Path, bool], Awaitable[list[Figure]]]
BENCHMARKS: dict[str, Benchmark] = {
    "sizes": sizes.run,
    "resume": resume.run,
    "direct": direct.run,
    "group": group.run,
    "idle": idle.run,
    "idle_tls": idle.run_tls,
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="name", help=f"of {', '.join(BENCHMARKS)}")
    parser.add_argument(
        "--quick", action="store_true", help="small loads: only a test of the bench"
    )
    options = parser.parse_args()
    unknown = set(options.names) - set(BENCHMARKS)
    if unknown:
        parser.error(f"there is no {', '.join(sorted(unknown))}")
    figures = uvloop.run(run(options.names or list(BENCHMARKS), quick=options.quick))
    print(json.dumps(report(figures, quick=options.quick), indent=2))


async def run(names: list[str], *, quick: bool) -> list[Figure]:
    """The figures of these benchmarks, told to people on the way."""
    figures = []
    for name in names:
        say(f"{name} …")
        with tempfile.TemporaryDirectory(prefix="kentong-bench-") as folder:
            found = await BENCHMARKS[name](Path(folder), quick)
        gc.collect()
        for figure in found:
            say(line(figure))
        figures += found
        await asyncio.sleep(0.2)
    return figures


def report(figures: list[Figure], *, quick: bool) -> dict[str, object]:
    """One object: the figures, their goals, their spread, and where they come from."""
    goals = {
        figure.key: {"goal": str(goal), "met": goal.is_met(figure.median)}
        for figure in figures
        if (goal := GOALS.get(figure.key))
    }
    spread = {
        figure.key: [round(min(figure.values), 1), round(max(figure.values), 1)]
        for figure in figures
        if len(figure.values) > 1
    }
    return {
        **{figure.key: figure.median for figure in figures},
        "goals": goals,
        "missed": [key for key, goal in goals.items() if not goal["met"]],
        "spread": spread,
        "quick": quick,
        "about": about(),
    }


def about() -> dict[str, str]:
    """Where and when."""
    changed = bool(output("git", "status", "--porcelain", "--", "src", "bench"))
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": output("git", "rev-parse", "--short=12", "HEAD")
        + (" changed" if changed else ""),
        "machine": f"{output('nproc')} cores, {processor()}, {platform.platform()}",
        "python": platform.python_version(),
        "load_average": Path("/proc/loadavg").read_text().split()[0],
        "command": " ".join(["python", "-m", "bench", *sys.argv[1:]]),
    }


def processor() -> str:
    """What the kernel calls the processor."""
    for text in Path("/proc/cpuinfo").read_text().splitlines():
        if text.startswith("model name"):
            return text.partition(":")[2].strip()
    return platform.machine()


def output(*command: str) -> str:
    """What a program says; "" if there is no such program."""
    try:
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
    except OSError:
        return ""


def line(figure: Figure) -> str:
    """A figure for people."""
    goal = GOALS.get(figure.key)
    spread = f"  ({min(figure.values):.1f}-{max(figure.values):.1f})"
    verdict = f"  goal {goal}: {'met' if goal.is_met(figure.median) else 'MISSED'}" if goal else ""
    return f"  {figure.key:42} {figure.median:12,.1f}{spread if figure.values[1:] else ''}{verdict}"


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
