"""The Makefile on a machine that lacks what it needs."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tools.programs import ROOT
from tools.setup import APT_LINE


@pytest.mark.parametrize("target", ["serve", "test", "check"])
@pytest.mark.parametrize("python", ["python3", "python3.99"])
def test_a_missing_python_is_named_in_one_sentence(
    tmp_path: Path, target: str, python: str
) -> None:
    make = shutil.which("make")
    assert make is not None
    done = subprocess.run(
        [make, "--no-print-directory", target, f"PYTHON={python}"],
        cwd=ROOT,
        env={"PATH": str(tmp_path)},  # where there is nothing
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    first, *rest = done.stderr.splitlines()
    assert first == f"{python} is missing; on Debian and Ubuntu: {APT_LINE}"
    assert all(line.startswith("make") for line in rest)
    assert done.stdout == ""
