"""The bench itself: it runs to its end and leaves out nothing that is promised."""

import json
import subprocess
import sys

from bench.figures import GOALS
from tests.tidy.source import ROOT

TIMEOUT_S = 300
REPORTED = {"idle_tls_bytes_per_connection", "upgrade_request_bytes", "about", "goals", "missed"}


def test_bench_prints_every_key() -> None:
    command = [sys.executable, "-m", "bench", "--quick"]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=TIMEOUT_S, check=False
    )
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert set(GOALS) | REPORTED <= set(report)
    assert set(report["goals"]) == set(GOALS)
