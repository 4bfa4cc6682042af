"""An operator's days: start, invite, look after, back up, restore, stop; and what goes wrong."""

import json
import os
import pwd
import re
import signal
import sqlite3
import ssl
import subprocess
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from tests.support.certificates import make_certificate
from tests.support.server import (
    KENTONG,
    WAIT_S,
    Server,
    environment,
    free_port,
    kentong,
    sentence_of,
    serve,
)

Json = dict[str, Any]


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


def join(server: Server, name: str) -> Json:
    address, token = server.owner_link()
    status, joined = post(address, "join", {"token": token, "name": name, "cookie": False})
    assert status == 200
    return joined


def test_first_day_of_a_server(tmp_path: Path) -> None:
    with serve(tmp_path) as it:
        owner = join(it, "Rina")
        listed = it.run("admin", "accounts")
        assert re.search(rf"{owner['user']} .* 1 devices  Rina  owner", listed)
        assert it.invite_token()
        assert "accounts: 1" in it.run("admin", "stats")
        assert it.stop() == 0
        for word in ("For HTTPS", str(it.data), "Stopping"):
            assert word in it.said
        assert it.said.count("█") > 100  # the QR code
    with serve(tmp_path) as it:
        it.wait_said("To invite somebody")
        assert "#join=" not in it.said
        assert it.stop(signal.SIGINT) == 0


def test_owner_link_is_a_new_one_at_each_start_until_it_is_used(tmp_path: Path) -> None:
    links = list[tuple[str, str]]()
    for _ in range(2):
        with serve(tmp_path) as it:
            links.append(it.owner_link())
            assert it.stop() == 0
    assert links[0] != links[1]
    with serve(tmp_path) as it:
        join(it, "Rina")


def test_locked_out_owner_comes_back_by_a_link(tmp_path: Path) -> None:
    with serve(tmp_path) as it:
        owner = join(it, "Rina")
        said = it.run("admin", "sign-in", "Rina")
        found = re.search(r"(http\S+)/#recover=(\S+)", said)
        assert found
        status, joined = post(found[1], "recover", {"code": found[2], "cookie": False})
        assert (status, joined["user"]) == (200, owner["user"])
        audit = it.run("admin", "audit")
        assert re.search(rf"local:{os.getuid()}  sign-in  {owner['user']}", audit)
        assert found[2] not in audit


def test_backup_and_restore_with_and_without_a_server(tmp_path: Path) -> None:
    file = tmp_path / "backup.db"
    with serve(tmp_path) as it:
        join(it, "Rina")
        it.run("backup", file)
        assert file.stat().st_mode & 0o077 == 0
        for name in ("kentong.db", "elsewhere.db"):
            mistaken = kentong("backup", it.data / name, "--data", it.data)
            assert "is in the data folder" in sentence_of(mistaken)
        it.run("admin", "suspend", "Rina")
        assert " suspend " in it.run("admin", "audit")
        it.run("restore", file)
        assert " suspend " not in it.run("admin", "audit")  # all is as it was
        assert "suspended" in it.run("admin", "accounts")  # but nobody is let in again
        assert it.stop() == 0
    it.run("admin", "suspend", "Rina")
    assert "is in the data folder" in sentence_of(
        kentong("backup", it.data / "kentong.db", "--data", it.data)
    )
    (it.data / "kentong.db").write_bytes(b"damaged" * 1_000)
    assert "can't be opened" in sentence_of(kentong("admin", "--data", it.data, "accounts"))
    it.run("restore", file)
    assert re.search("Rina.*owner", it.run("admin", "accounts"))
    noise = tmp_path / "noise"
    noise.write_text("no database")
    assert "not a usable backup" in sentence_of(kentong("restore", noise, "--data", it.data))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can act for the server's user")
def test_what_root_restores_belongs_to_the_servers_user(tmp_path: Path) -> None:
    file = tmp_path / "backup.db"
    with serve(tmp_path) as it:
        it.run("backup", file)
    nobody = pwd.getpwnam("nobody").pw_uid
    for path in (it.data, *it.data.rglob("*")):
        os.chown(path, nobody, -1)
    it.run("restore", file)
    it.run("admin", "accounts")
    assert {path.stat().st_uid for path in it.data.iterdir()} == {nobody}


@pytest.mark.parametrize("buffered", ["", "1"])
def test_a_reader_that_has_gone_is_no_failure(tmp_path: Path, buffered: str) -> None:
    with serve(tmp_path) as it:
        join(it, "Rina")
        place = ["--data", it.data]
        for command in (
            ["admin", *place, "accounts"], ["admin", *place, "audit"], ["admin", *place, "stats"],
            ["admin", *place, "invite"], ["backup", *place, tmp_path / "backup.db"],
            ["admin", "--help"], ["--help"], ["--version"],
        ):  # fmt: skip
            unread, written = os.pipe()
            os.close(unread)
            done = subprocess.run(
                [*KENTONG, *map(str, command)],
                stdout=written,
                stderr=subprocess.PIPE,
                env=environment({"PYTHONUNBUFFERED": buffered}),
                check=False,
            )
            os.close(written)
            assert done.stderr == b"", command
            assert done.returncode == 141 or "--help" in command  # argparse looks away


def test_killed_server_starts_again_and_is_administered(tmp_path: Path) -> None:
    with serve(tmp_path) as it:
        join(it, "Rina")
        assert it.stop(signal.SIGKILL) == -signal.SIGKILL
    assert (it.data / "admin.sock").exists()  # nobody cleaned up
    assert "Rina" in it.run("admin", "accounts")
    with serve(tmp_path) as it:
        assert "Rina" in it.run("admin", "accounts")


# -- What goes wrong --------------------------------------------------------------------------


def test_second_server_is_told_what_is_in_its_way(tmp_path: Path) -> None:
    with serve(tmp_path) as it:
        place = ["--data", tmp_path / "other", "--host", "127.0.0.1", "--port", it.port]
        assert f"Port {it.port} is in use" in sentence_of(kentong("serve", *place))
        locked = kentong("serve", "--data", it.data, "--port", free_port())
        assert it.process
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
        it.stop()
    connection = sqlite3.connect(it.data / "kentong.db")
    connection.execute("UPDATE meta SET value = 99 WHERE key = 'schema_version'")
    connection.commit()
    connection.close()
    assert "schema 99" in sentence_of(kentong("serve", "--data", it.data))
    assert "schema 99" in sentence_of(kentong("admin", "--data", it.data, "stats"))


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


def test_tls_by_certificate_files(tmp_path: Path) -> None:
    certificate = make_certificate(tmp_path)
    trust = ssl.create_default_context(cafile=str(certificate.chain))
    flags = ["--tls-certificate", certificate.chain, "--tls-key", certificate.key]
    with serve(tmp_path, *flags) as it:
        address, token = it.owner_link()
        assert address.startswith("https://")
        assert "For HTTPS" not in it.said
        with urllib.request.urlopen(f"{address}/health", context=trust) as answer:
            assert answer.headers["Strict-Transport-Security"].startswith("max-age=")
        status, joined = post(address, "join", {"token": token, "name": "Rina"}, trust)
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
