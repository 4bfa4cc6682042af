"""Write requirements/*.lock: every version and hash of what pyproject.toml asks for.

Existing pins stay as they are where they still fit; `--upgrade` takes the newest.
"""

import os
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "requirements"
INDEX = "https://pypi.org/simple"
HEADER = "# Written by `make lock` from pyproject.toml. Don't edit.\n"


def wanted() -> dict[str, list[str]]:
    """What each lock file has to satisfy, by the lock's name, in the order of making."""
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text())
    project, groups = pyproject["project"], pyproject["dependency-groups"]
    runtime = project["dependencies"]
    postgres = project["optional-dependencies"]["postgres"]
    return {
        "build": groups["build"],
        "runtime": runtime,
        "dev": [*runtime, *postgres, *groups["dev"]],
        "node": groups["node"],
        "postgres-server": groups["postgres-server"],
    }


def compile_lock(name: str, requirements: list[str], options: list[str]) -> None:
    """Resolve against the public index alone, whatever this machine's pip is set to."""
    lock = FOLDER / f"{name}.lock"
    hidden = ("PIP_FIND_LINKS", "PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL")
    environment = {key: value for key, value in os.environ.items() if key not in hidden}
    if name == "dev":
        options = [*options, f"--constraint={FOLDER / 'runtime.lock'}"]
    subprocess.run(
        [sys.executable, "-m", "piptools", "compile", "--quiet", "--generate-hashes"]
        + ["--no-config", "--no-header", "--no-annotate", "--strip-extras", "--allow-unsafe"]
        + ["--no-emit-index-url", "--no-emit-trusted-host", "--no-emit-find-links"]
        + [f"--index-url={INDEX}", f"--output-file={lock}", *options, "-"],
        input="\n".join(requirements),
        text=True,
        check=True,
        env=environment | {"PIP_CONFIG_FILE": os.devnull},
        cwd=ROOT,
    )
    lock.write_text(HEADER + lock.read_text())


if __name__ == "__main__":
    for lock_name, lock_requirements in wanted().items():
        compile_lock(lock_name, lock_requirements, sys.argv[1:])
