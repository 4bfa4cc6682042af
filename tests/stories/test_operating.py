"""An operator's days: start, invite, look after, back up, restore, stop; and what goes wrong."""

import contextlib
import json
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

WAIT_S = 30
KENTONG = [sys.executable, "-m", "kentong.cli.main"]
LINK = re.compile(r"(http\S+)/#join=(\S+)")
Json = dict[str, Any]


class Running:
    """A server in a process of its own."""

    def __init__(self, process: subprocess.Popen[str], folder: Path) -> None:
        self.process = process
        self.folder = folder
        self.said = ""

    def read_until(self, word: str) -> str:
        """What it says up to a line with this word."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.said += line
            if word in line:
                return line
        raise AssertionError(f"it ended after: {self.said}")

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        assert self.process.stdout is not None
        self.said += self.process.stdout.read()  # to its end
        return self.process.wait(WAIT_S)


@contextlib.contextmanager
def serve(folder: Path, *flags: str, port: int | None = None) -> Iterator[Running]:
    port = free_port() if port is None else port
    command = [*KENTONG, "serve", "--data", str(folder), "--host", "127.0.0.1", "--port", str(port)]
    process = subprocess.Popen(
        [*command, "--disk-reserve-mib", "0", *flags],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=environment(),
    )
    try:
        yield Running(process, folder)
    finally:
        process.kill()
        process.communicate()


def environment() -> dict[str, str]:
    own = {name: value for name, value in os.environ.items() if not name.startswith("KENTONG_")}
    return {**own, "PYTHONIOENCODING": "utf-8", "PYTHONUNBUFFERED": "1"}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def kentong(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*KENTONG, *map(str, arguments)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=WAIT_S,
        env=environment(),
        check=False,
    )


def sentence_of(done: subprocess.CompletedProcess[str]) -> str:
    """What a command that could not do it said: one sentence, and status 2."""
    assert done.returncode == 2, done
    assert "Traceback" not in done.stderr
    lines = [line for line in done.stderr.splitlines() if line.startswith("kentong ")]
    assert len(lines) == 1, done.stderr
    return lines[0]


def post(
    address: str, name: str, body: Json, context: ssl.SSLContext | None = None
) -> tuple[int, Json]:
    request = urllib.request.Request(
        f"{address}/api/{name}",
        json.dumps(body).encode(),
        {"Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=WAIT_S, context=context) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


def join(running: Running, name: str) -> Json:
    running.read_until("#join=")
    found = LINK.search(running.said)
    assert found
    status, joined = post(found[1], "join", {"token": found[2], "name": name, "cookie": False})
    assert status == 200
    return joined


def test_first_day_of_a_server(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with serve(data) as it:
        owner = join(it, "Rina")
        listed = kentong("admin", "--data", data, "accounts")
        assert re.search(rf"{owner['user']} .* 1 devices  Rina  owner", listed.stdout)
        invited = kentong("admin", "--data", data, "invite")
        assert LINK.search(invited.stdout)
        assert "accounts: 1" in kentong("admin", "--data", data, "stats").stdout
        assert it.stop() == 0
        for word in ("For HTTPS", str(data), "Stopping"):
            assert word in it.said
        assert it.said.count("█") > 100  # the QR code
    with serve(data) as it:
        it.read_until("To invite somebody")
        assert "#join=" not in it.said
        assert it.stop(signal.SIGINT) == 0


def test_owner_link_is_a_new_one_at_each_start_until_it_is_used(tmp_path: Path) -> None:
    links = []
    for _ in range(2):
        with serve(tmp_path) as it:
            links.append(LINK.search(it.read_until("#join=")))
            assert it.stop() == 0
    first, second = (found[2] for found in links if found)
    assert first != second
    with serve(tmp_path) as it:
        join(it, "Rina")


def test_locked_out_owner_comes_back_by_a_link(tmp_path: Path) -> None:
    with serve(tmp_path) as it:
        owner = join(it, "Rina")
        said = kentong("admin", "--data", tmp_path, "sign-in", "Rina").stdout
        found = re.search(r"(http\S+)/#recover=(\S+)", said)
        assert found
        status, joined = post(found[1], "recover", {"code": found[2], "cookie": False})
        assert (status, joined["user"]) == (200, owner["user"])
        audit = kentong("admin", "--data", tmp_path, "audit").stdout
        assert re.search(rf"local:{os.getuid()}  sign-in  {owner['user']}", audit)
        assert found[2] not in audit


def test_backup_and_restore_with_and_without_a_server(tmp_path: Path) -> None:
    data, file = tmp_path / "data", tmp_path / "backup.db"
    with serve(data) as it:
        join(it, "Rina")
        assert kentong("backup", file, "--data", data).returncode == 0
        assert file.stat().st_mode & 0o077 == 0
        assert kentong("admin", "--data", data, "suspend", "Rina").returncode == 0
        assert kentong("restore", file, "--data", data).returncode == 0
        assert "suspended" not in kentong("admin", "--data", data, "accounts").stdout
        assert it.stop() == 0
    assert kentong("admin", "--data", data, "suspend", "Rina").returncode == 0
    (data / "kentong.db").write_bytes(b"damaged" * 1_000)
    assert "can't be opened" in sentence_of(kentong("admin", "--data", data, "accounts"))
    assert kentong("restore", file, "--data", data).returncode == 0
    assert "Rina  owner" in kentong("admin", "--data", data, "accounts").stdout
    noise = tmp_path / "noise"
    noise.write_text("no database")
    assert "not a usable backup" in sentence_of(kentong("restore", noise, "--data", data))


def test_killed_server_starts_again_and_is_administered(tmp_path: Path) -> None:
    with serve(tmp_path) as it:
        join(it, "Rina")
        assert it.stop(signal.SIGKILL) == -signal.SIGKILL
    assert (tmp_path / "admin.sock").exists()  # nobody cleaned up
    assert "Rina" in kentong("admin", "--data", tmp_path, "accounts").stdout
    with serve(tmp_path) as it:
        it.read_until("To invite somebody")
        assert "Rina" in kentong("admin", "--data", tmp_path, "accounts").stdout


# -- What goes wrong --------------------------------------------------------------------------


def test_second_server_is_told_what_is_in_its_way(tmp_path: Path) -> None:
    port = free_port()
    with serve(tmp_path / "one", port=port) as it:
        it.read_until("#join=")
        used = kentong("serve", "--data", tmp_path / "two", "--host", "127.0.0.1", "--port", port)
        assert f"Port {port} is in use" in sentence_of(used)
        locked = kentong("serve", "--data", tmp_path / "one", "--port", free_port())
        assert f"is in use by process {it.process.pid}" in sentence_of(locked)


@pytest.mark.parametrize(
    ("flags", "word"),
    [
        (["--port", "web"], "a whole number"),
        (["--port", "70000"], "between"),
        (["--registration", "maybe"], "invite, open or closed"),
        (["--tls-certificate", "x"], "go together"),
        (["--tls-certificate", "/nowhere", "--tls-key", "/nowhere"], "/nowhere can't be read"),
        (["--trusted-proxies", "here"], "trusted_proxies"),
        (["--public-address", "chat.example.org"], "https://"),
        (["--host", "192.0.2.1"], "can't be listened on"),
        (["--config", "/nowhere/kentong.toml"], "is not there"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_setting_is_a_sentence(tmp_path: Path, flags: list[str], word: str) -> None:
    done = kentong("serve", "--data", tmp_path / "data", "--port", free_port(), *flags)
    assert word in sentence_of(done)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("port = ", "kentong.toml"),
        ("prot = 1", "no setting 'prot'"),
        ("port = 0.5", "a whole number"),
        ("port = true", "a whole number"),
        ("port = [1]", "a whole number"),
        ("host = 1", "in quotes"),
    ],
)
def test_wrong_settings_file_is_a_sentence(tmp_path: Path, text: str, word: str) -> None:
    (tmp_path / "kentong.toml").write_text(text)
    assert word in sentence_of(kentong("serve", "--data", tmp_path))


def test_folder_that_can_not_be_made_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert "can't be made" in sentence_of(kentong("serve", "--data", tmp_path / "file" / "data"))


def test_newer_database_is_left_alone(tmp_path: Path) -> None:
    with serve(tmp_path) as it:
        it.read_until("#join=")
        it.stop()
    import sqlite3

    connection = sqlite3.connect(tmp_path / "kentong.db")
    connection.execute("UPDATE meta SET value = 99 WHERE key = 'schema_version'")
    connection.commit()
    connection.close()
    assert "schema 99" in sentence_of(kentong("serve", "--data", tmp_path))
    assert "schema 99" in sentence_of(kentong("admin", "--data", tmp_path, "stats"))


def test_administration_of_nothing_is_a_sentence(tmp_path: Path) -> None:
    nowhere = tmp_path / "nowhere"
    for command in (["admin", "stats"], ["backup", "x"], ["restore", "x"]):
        assert "no data folder" in sentence_of(
            kentong(*command[:1], "--data", nowhere, *command[1:])
        )
    assert not nowhere.exists()
    assert "no database" in sentence_of(kentong("admin", "--data", tmp_path, "stats"))
    assert list(tmp_path.iterdir()) == []


# -- TLS --------------------------------------------------------------------------------------


def make_certificate(certificate: Path, key: Path) -> None:
    command = "openssl req -x509 -nodes -days 2 -newkey ec -pkeyopt ec_paramgen_curve:P-256"
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"]
    files = ["-keyout", str(key), "-out", str(certificate)]
    subprocess.run([*command.split(), *names, *files], check=True, capture_output=True)


def test_tls_by_certificate_files(tmp_path: Path) -> None:
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    make_certificate(certificate, key)
    trust = ssl.create_default_context(cafile=str(certificate))
    flags = ["--tls-certificate", str(certificate), "--tls-key", str(key)]
    with serve(tmp_path / "data", *flags) as it:
        found = LINK.search(it.read_until("#join="))
        assert found
        assert found[1].startswith("https://")
        assert "For HTTPS" not in it.said
        with urllib.request.urlopen(f"{found[1]}/health", context=trust) as answer:
            assert answer.headers["Strict-Transport-Security"].startswith("max-age=")
        status, joined = post(found[1], "join", {"token": found[2], "name": "Rina"}, trust)
        assert (status, "secret" in joined) == (200, False)
        assert it.stop() == 0


def test_files_that_are_no_certificate_are_a_sentence(tmp_path: Path) -> None:
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    certificate.write_text("nothing")
    key.write_text("nothing")
    done = kentong(
        "serve", "--data", tmp_path / "data", "--tls-certificate", certificate, "--tls-key", key
    )
    assert "no certificate with its key" in sentence_of(done)
