"""`kentong` in processes of its own, as operators and people start it."""

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO

WAIT_S = 60
KENTONG = [sys.executable, "-m", "kentong.cli.main"]
LINK = re.compile(r"(http\S+)/#join=(\S+)")
UNHURRIED = (  # flags for what keeps people from flooding: it would slow tests down
    "--commands-per-minute=10000000",
    "--requests-per-minute=10000000",
    "--address-per-minute=10000000",
    "--sign-ins-per-minute=1000",
    "--signups-per-hour=1000",
    "--signups-per-address=1000",
)


class Program:
    """A running `kentong`, and all that it has said, whichever stream it said it on."""

    def __init__(self) -> None:
        self.said = ""
        self.process: subprocess.Popen[str] | None = None
        self._heard = threading.Condition()
        self._is_silent = True  # it says nothing more
        self._reading: threading.Thread | None = None

    def launch(self, *arguments: object, variables: Mapping[str, str] | None = None) -> None:
        """Start it, again if it was ended."""
        self.process = subprocess.Popen(
            [*KENTONG, *map(str, arguments)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=environment(variables),
        )
        assert self.process.stdout is not None
        self._is_silent = False
        self._reading = threading.Thread(target=self._read, args=[self.process.stdout])
        self._reading.start()

    def wait_said(self, pattern: str | re.Pattern[str], start: int = 0) -> re.Match[str]:
        """Wait until it says something like this, not looking at what it said up to `start`."""
        compiled = re.compile(pattern)

        def is_decided() -> bool:
            return self._is_silent or bool(compiled.search(self.said, start))

        with self._heard:
            self._heard.wait_for(is_decided, WAIT_S)
            found = compiled.search(self.said, start)
        assert found, f"{compiled.pattern!r} was not said: {self.said}"
        return found

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal and wait for the end; its exit status."""
        assert self.process is not None
        process, self.process = self.process, None
        process.send_signal(number)
        return self._ended(process)

    def wait_ended(self) -> int:
        """Wait until it ends by itself; its exit status."""
        assert self.process is not None
        process, self.process = self.process, None
        return self._ended(process)

    def kill(self) -> None:
        """End it at once, if it runs."""
        if self.process is not None:
            self.stop(signal.SIGKILL)

    def _ended(self, process: "subprocess.Popen[str]") -> int:
        try:
            status = process.wait(WAIT_S)
        finally:
            process.kill()  # no harm if it has ended
            if self._reading is not None:
                self._reading.join()
        return status

    def _read(self, output: IO[str]) -> None:
        with output:
            for line in output:
                with self._heard:
                    self.said += line
                    self._heard.notify_all()
        with self._heard:
            self._is_silent = True
            self._heard.notify_all()


class Server(Program):
    """`kentong serve`, on one port and over one folder for as long as the test."""

    def __init__(self, folder: Path, *flags: object) -> None:
        super().__init__()
        self.data = folder / "data"
        self.port = free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self.flags = flags
        self._said_before = 0

    def start(self, variables: Mapping[str, str] | None = None) -> None:
        """Start it; it is not up yet."""
        self._said_before = len(self.said)
        place = ["--host", "127.0.0.1", "--port", self.port, "--data", self.data]
        self.launch("serve", *place, "--disk-reserve-mib", 0, *self.flags, variables=variables)

    def wait_up(self) -> None:
        """Wait until it listens."""
        self.wait_said("Everything is kept in", self._said_before)

    def owner_link(self) -> tuple[str, str]:
        """The address and the token of the link that it printed for its owner."""
        found = self.wait_said(LINK, self._said_before)
        return found[1], found[2]

    def run(self, command: str, *arguments: object) -> str:
        """Run one of the operator's commands; what it printed."""
        done = kentong(command, "--data", self.data, *arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def invite_token(self) -> str:
        """One more invite, from the operator's tool."""
        found = LINK.search(self.run("admin", "invite"))
        assert found
        return found[2]


@contextlib.contextmanager
def serve(folder: Path, *flags: object) -> Iterator[Server]:
    """A server that is up, and killed at the end if it still runs."""
    server = Server(folder, *flags)
    try:
        server.start()
        server.wait_up()
        yield server
    finally:
        server.kill()


def kentong(
    *arguments: object, given: str = "", variables: Mapping[str, str] | None = None
) -> "subprocess.CompletedProcess[str]":
    """Run `kentong` to its end, with something on its standard input."""
    return subprocess.run(
        [*KENTONG, *map(str, arguments)],
        input=given,
        capture_output=True,
        text=True,
        timeout=WAIT_S,
        env=environment(variables),
        check=False,
    )


def sentence_of(done: "subprocess.CompletedProcess[str]", status: int = 2) -> str:
    """What a command that could not do it said: one sentence."""
    assert done.returncode == status, done
    assert "Traceback" not in done.stderr
    lines = [line for line in done.stderr.splitlines() if line.startswith("kentong")]
    assert len(lines) == 1, done.stderr
    return lines[0]


def environment(variables: Mapping[str, str] | None = None) -> dict[str, str]:
    """Ours, without settings of a server that we may look after, and with these variables."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("KENTONG_")}
    said_at_once = {"PYTHONIOENCODING": "utf-8", "PYTHONUNBUFFERED": "1"}
    return {**own, **said_at_once, **(variables or {})}


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
