"""Run the tests: `python -m tools.test [--slow] [pytest's options]`."""

import json
import subprocess
import sys

from tools import programs
from tools.programs import ROOT

FOLDERS = ("tests/unit", "tests/storage", "tests/stories", "tests/e2e")
SLOW_FOLDERS = ("tests/slow",)


def pytest_folders(folders: tuple[str, ...], options: list[str]) -> int:
    """Run pytest on those folders that have tests, and say which have none."""
    present = [folder for folder in folders if any((ROOT / folder).rglob("test_*.py"))]
    for folder in folders:
        if folder not in present:
            print(f"test: {folder} has no tests yet", flush=True)
    if not present:
        return 0
    command = [sys.executable, "-m", "pytest", *present, *options]
    return subprocess.run(command, cwd=ROOT, check=False).returncode


def npm_test() -> int:
    """Run the web client's own tests, if it has any."""
    package = ROOT / "web" / "package.json"
    if not package.exists() or "test" not in json.loads(package.read_text()).get("scripts", {}):
        print("test: the web client has no tests of its own yet", flush=True)
        return 0
    try:
        programs.npm("test")
    except subprocess.CalledProcessError as error:
        return error.returncode
    return 0


def main(arguments: list[str]) -> int:
    if "--slow" in arguments:
        arguments.remove("--slow")
        return pytest_folders(SLOW_FOLDERS, arguments)
    return pytest_folders(FOLDERS, arguments) or npm_test()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
