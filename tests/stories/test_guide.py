"""The programs of the guide are run as they are printed, one after the other."""

import re
import subprocess
import sys
from pathlib import Path

from tests.support.server import WAIT_S, Program, environment, kentong, serve
from tests.tidy.source import ROOT

PAGE = (ROOT / "docs" / "guide" / "programs.md").read_text()
JOIN, SEND, LISTEN, READ = re.findall(r"```python\n(.*?)```", PAGE, re.S)


def run(program: str, folder: Path, given: str = "") -> str:
    """Run a program of the guide to its end; what it printed."""
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=folder,
        input=given,
        capture_output=True,
        text=True,
        timeout=WAIT_S,
        env=environment(),
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_programs_of_the_guide_do_what_it_says(tmp_path: Path) -> None:
    with serve(tmp_path) as server:
        address, token = server.owner_link()
        assert "Keep this:" in run(JOIN, tmp_path, f"{address}/#join={token}\n")
        assert "stored as message 2" in run(SEND, tmp_path)
        assert "lunch Echo 12 o'clock?" in run(READ, tmp_path)
        link = f"{address}/#join={server.invite_token()}"
        hear_echo(tmp_path, link)


def hear_echo(folder: Path, link: str) -> None:
    """Somebody writes to the program that listens, and reads what it answers."""
    store = ["--store", folder / "budi.db"]
    kentong("join", link, "--name", "Budi", *store)
    listener = Program()
    echo = subprocess.Popen([sys.executable, "-c", LISTEN], cwd=folder, env=environment())
    try:
        assert kentong("send", "--to", "Echo", "is there anybody?", *store).returncode == 0
        listener.launch("listen", *store)
        listener.wait_said("Echo: is there anybody?")
    finally:
        listener.kill()
        echo.kill()
        echo.wait(WAIT_S)
