"""People and programs on a terminal: `kentong join`, `send` and `listen` as real processes."""

import asyncio
import json
import re
import signal
import subprocess
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from kentong.client import Messenger
from tests.support.certificates import make_certificate
from tests.support.server import (
    KENTONG,
    UNHURRIED,
    Program,
    Server,
    environment,
    kentong,
    sentence_of,
    serve,
)

CODE = re.compile(r"write it down: (\S+)")


class Town(NamedTuple):
    """A server, and the stores of two people who have a chat with each other."""

    server: Server
    anna: Path
    bob: Path


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    folder = tmp_path_factory.mktemp("town")
    with serve(folder, *UNHURRIED) as server:
        yield settle(server, folder)


def settle(server: Server, folder: Path) -> Town:
    """Anna owns the server, Bob comes by a link of hers."""
    made = Town(server, folder / "anna.db", folder / "bob.db")
    address, token = server.owner_link()
    for name, store in (("Anna", made.anna), ("Bob", made.bob)):
        done = kentong("join", f"{address}/#join={token}", "--name", name, "--store", store)
        assert done.returncode == 0, done.stderr
        token = server.invite_token()
    return made


def send(store: Path, to: str, text: str, given: str = "") -> "subprocess.CompletedProcess[str]":
    return kentong("send", "--store", store, "--to", to, text, given=given)


def act(store: Path, work: Callable[[Messenger], Awaitable[None]]) -> None:
    """Do something that the command line does not offer."""

    async def run() -> None:
        async with Messenger.open(store) as messenger:
            await work(messenger)
            await messenger.flush()

    asyncio.run(run())


@pytest.fixture
def listener(town: Town) -> Iterator[Program]:
    """Anna's terminal, where she listens."""
    program = Program()
    try:
        program.launch("listen", "--store", town.anna, variables={"TZ": "UTC"})
        yield program
    finally:
        program.kill()


def test_version_is_said() -> None:
    assert re.fullmatch(r"kentong \d+\.\d+\.\d+\S*\n", kentong("--version").stdout)


# -- Joining ------------------------------------------------------------------------------


def test_who_joins_is_told_the_recovery_code_and_can_sign_in_by_it(
    town: Town, tmp_path: Path
) -> None:
    link = f"{town.server.address}/#join={town.server.invite_token()}"
    store = tmp_path / "deep" / "carol.db"
    done = kentong("join", link, "--name", "Carol", "--store", store)
    assert str(store) in done.stdout
    assert store.stat().st_mode & 0o077 == 0
    code = CODE.search(done.stdout)
    assert code
    again = tmp_path / "again.db"
    place = ["--recover", code[1], "--store", again]
    assert kentong("join", town.server.address, *place).returncode == 0
    assert send(again, "Anna", "I am back").returncode == 0


@pytest.mark.parametrize(
    ("link", "flags", "said"),
    [
        ("{address}/#join=unknown", ["--name", "Carol"], "this invite is unknown"),
        ("{address}/#join=unknown", [], "say who you are: --name NAME"),
        ("{address}", ["--name", "Carol"], "takes nobody new, or only by invite"),
        ("{address}", ["--recover", "AAAAA"], "this code is wrong"),
        ("lunch", ["--name", "Carol"], "a link begins with https:// or http://"),
        ("http://127.0.0.1:9/#join=x", ["--name", "Carol"], "no connection: http://127.0.0.1:9"),
    ],
)
def test_who_can_not_join_is_told_why(
    town: Town, tmp_path: Path, link: str, flags: list[str], said: str
) -> None:
    store = tmp_path / "carol.db"
    place = [link.format(address=town.server.address), *flags, "--store", store]
    assert said in sentence_of(kentong("join", *place), status=1)
    assert not store.exists()


def test_store_of_somebody_is_not_taken(town: Town) -> None:
    link = f"{town.server.address}/#join={town.server.invite_token()}"
    done = kentong("join", link, "--name", "Carol", "--store", town.anna)
    assert "belongs to somebody already" in sentence_of(done, status=1)


# -- Sending and listening ----------------------------------------------------------------


def test_listener_prints_each_text_as_a_line(town: Town, listener: Program) -> None:
    assert send(town.bob, "Anna", "12 o'clock?").returncode == 0
    listener.wait_said(r"(?m)^\d\d:\d\d \[Bob\] Bob: 12 o'clock\?$")
    assert send(town.bob, "anna", "-", given="a\x1b[2Jb\n").returncode == 0
    listener.wait_said(r"(?m)^\d\d:\d\d \[Bob\] Bob: a�\[2Jb$")  # a terminal takes no orders


def test_listener_prints_what_happens_in_a_group(town: Town, listener: Program) -> None:
    async def said(line: str) -> None:
        await asyncio.to_thread(listener.wait_said, line)

    async def plan(bob: Messenger) -> None:
        await bob.wait_online()
        (anna,) = [chat.peer for chat in bob.chats() if chat.title == "Anna"]
        group = await (await bob.create_group("lunch", [anna])).accepted()
        await said(r"\[lunch\] Bob made the group 'lunch'")
        seq = await (await bob.send_text(group, "12 o'clock")).accepted()
        await said(r"\[lunch\] Bob: 12 o'clock")
        await bob.edit_text(group, seq, "1 o'clock")
        await said(r"\[lunch\] Bob: 1 o'clock \(edited\)")
        await bob.delete_message(group, seq)
        await said(r"\[lunch\] message 2 was deleted")
        await bob.rename_group(group, "dinner")
        await said(r"\[dinner\] Bob renamed the group to 'dinner'")
        await bob.remove_member(group, anna)
        await said(r"you are not in chat \d+ any more")

    act(town.bob, plan)


def test_listener_for_programs_prints_json(town: Town) -> None:
    program = Program()
    try:
        program.launch("listen", "--json", "--store", town.anna)
        program.wait_said('{"event": "online"}')
        send(town.bob, "Anna", "für Programme")
        line = program.wait_said(r'(?m)^.*"für Programme".*$')[0]
    finally:
        program.kill()
    event = json.loads(line)
    assert event.keys() >= {"event", "chat", "seq", "at", "author", "text", "kind", "reply_to"}
    assert (event["event"], event["text"]) == ("posted", "für Programme")


def test_what_can_not_be_sent_is_said(town: Town, tmp_path: Path, listener: Program) -> None:
    chats = sentence_of(send(town.bob, "Nobody", "hi"), status=1)
    assert re.search(r"no chat called 'Nobody'; there are: .*Anna \(\d+\)", chats)
    assert "the text is empty" in sentence_of(send(town.bob, "Anna", " "), status=1)
    assert "too long" in sentence_of(send(town.bob, "Anna", "-", "x" * 4_001), status=1)
    nobody = sentence_of(send(tmp_path / "nobody.db", "Anna", "hi"), status=1)
    assert "kentong join LINK --name NAME" in nobody
    send(town.bob, "Anna", "are you listening?")
    listener.wait_said("are you listening")
    assert "another process" in sentence_of(send(town.anna, "Bob", "yes"), status=1)
    assert kentong("send", "--store", town.bob).returncode == 2


def test_offline_text_waits_and_leaves_with_the_next_command(tmp_path: Path) -> None:
    with serve(tmp_path) as server:
        _, anna, bob = settle(server, tmp_path)
        server.stop()
        for number in (1, 2):
            done = kentong("send", "--store", bob, "--to", "Anna", f"text {number}", "--wait", 0)
            assert done.returncode == 0
            assert f"the text is kept, {number} waiting" in done.stderr
        server.start()
        server.wait_up()
        assert send(bob, "Anna", "text 3").returncode == 0
        listener = Program()
        listener.launch("listen", "--store", anna)
        listener.wait_said("(?s)Bob: text 1\n.*Bob: text 2\n.*Bob: text 3\n")
        listener.kill()


# -- Ending -------------------------------------------------------------------------------


def test_interrupt_ends_a_listener_without_a_word(town: Town, listener: Program) -> None:
    send(town.bob, "Anna", "before the interrupt")
    listener.wait_said("before the interrupt")
    assert listener.stop(signal.SIGINT) == 130
    assert "Traceback" not in listener.said
    assert send(town.anna, "Bob", "it let go of its store").returncode == 0


def test_listener_ends_when_nobody_reads_its_output(town: Town) -> None:
    command = [*KENTONG, "listen", "--json", "--store", str(town.anna)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment()
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()  # as `head -1` does
        process.stdout.close()
        send(town.bob, "Anna", "is anybody there?")
        assert process.stderr.read() == ""
    assert process.returncode == 141


def test_listener_ends_when_its_device_is_signed_out(town: Town, tmp_path: Path) -> None:
    link = f"{town.server.address}/#join={town.server.invite_token()}"
    store = tmp_path / "dian.db"
    assert kentong("join", link, "--name", "Dian", "--store", store).returncode == 0
    listener = Program()
    listener.launch("listen", "--json", "--store", store)
    listener.wait_said("online")
    town.server.run("admin", "suspend", "Dian")
    assert listener.wait_ended() == 1
    assert "your account is suspended" in listener.said


# -- TLS ----------------------------------------------------------------------------------


def test_certificate_of_an_own_authority_is_named_by_a_variable(tmp_path: Path) -> None:
    certificate = make_certificate(tmp_path)
    flags = ["--tls-certificate", certificate.chain, "--tls-key", certificate.key]
    with serve(tmp_path, *flags) as server:
        address, token = server.owner_link()
        join = ["join", f"{address}/#join={token}", "--name", "Anna", "--store", tmp_path / "a.db"]
        assert "certificate verify failed" in sentence_of(kentong(*join), status=1)
        trust = {"SSL_CERT_FILE": str(certificate.chain)}
        assert kentong(*join, variables=trust).returncode == 0
        listener = Program()
        listener.launch("listen", "--json", "--store", tmp_path / "a.db", variables=trust)
        listener.wait_said('{"event": "online"}')
        listener.kill()
