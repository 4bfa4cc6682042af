"""Run every check that needs no server, two at a time, and say which failed."""

import importlib.util
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from tools import programs
from tools.programs import ROOT

SIMULATION_SEEDS = 6
FOLDERS = ("src", "tests", "tools", "bench")


@dataclass(frozen=True)
class Outcome:
    """What a check said, how long it took, and whether it is content."""

    name: str
    passed: bool
    output: str
    seconds: float

    def __str__(self) -> str:
        verdict = "ok" if self.passed else "FAILED"
        return f"check: {self.name} {verdict} ({self.seconds:.1f} s)"


def checks() -> dict[str, list[str]]:
    """Each check's command line, by its name; the longest first."""
    module = [sys.executable, "-m"]
    commands = {
        "types": [*module, "mypy"],
        "simulation": [*module, "tests.sim", "--seeds", str(SIMULATION_SEEDS)],
        "tidy": [*module, "pytest", "-q", "--no-header", "-rN", "tests/tidy"],
        "imports": [str(programs.VENV / "bin" / "lint-imports"), "--cache-dir", "build/imports"],
        "lint": [*module, "ruff", "check", *FOLDERS],
        "format": [*module, "ruff", "format", "--check", *FOLDERS],
        "generated files": [*module, "tools.gen", "--check"],
    }
    if importlib.util.find_spec("tests.sim") is None:
        print("check: there is no simulation yet")
        del commands["simulation"]
    if (ROOT / "web" / "package.json").exists():
        commands["web"] = ["npm", "--prefix", "web", "run", "--silent", "check"]
    else:
        print("check: there is no web client yet")
    return commands


def run(name: str, command: list[str], environment: dict[str, str]) -> Outcome:
    started = time.monotonic()
    done = subprocess.run(
        command,
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return Outcome(name, done.returncode == 0, done.stdout, time.monotonic() - started)


def main() -> int:
    environment = programs.node_environment()
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        running = [pool.submit(run, *item, environment) for item in checks().items()]
        outcomes = [future.result() for future in running]
    for outcome in sorted(outcomes, key=lambda outcome: not outcome.passed):
        if not outcome.passed:
            print(f"\n{outcome.output.strip()}")
        print(outcome)
    return 0 if all(outcome.passed for outcome in outcomes) else 1


if __name__ == "__main__":
    sys.exit(main())
