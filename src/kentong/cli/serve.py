"""kentong serve: run a server until it is told to stop."""

import argparse
import asyncio
import contextlib
import gc
import logging
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from kentong.cli.links import show_link
from kentong.protocol.planted import NOTHING
from kentong.server import app, config, logs, one_cpu
from kentong.server.access import Caller, Context
from kentong.server.app import CannotStart, Server
from kentong.server.config import Config, ConfigError
from kentong.server.features import administration
from kentong.server.http.links import invite_link
from kentong.server.storage.engine import Transaction

log = logging.getLogger(__name__)

SENTENCE = "Run a server: web client, devices and everything else on one port."
WRONG_USE = 2
# Sessions and chats live long and hold no cycles, so looking through all of them to find
# garbage finds none, and costs everybody a pause of 100 ms at 10,000 connections. What the
# start made is left out for good, young objects are looked at rarely, old ones almost never.
GC_THRESHOLDS = (50_000, 20, 100)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """One flag for each setting."""
    config.add_flags(parser)


def run(arguments: argparse.Namespace) -> int:
    """Serve until SIGINT or SIGTERM. 0: stopped on request; 2: can't start, and why on stderr."""
    try:
        settings = config.load(vars(arguments))
        prepare_folder(Path(settings.data))
        with logs.logging_to_folder(settings), asyncio.Runner(loop_factory=_loop_factory()) as loop:
            loop.run(_serve(settings))
    except (ConfigError, CannotStart) as error:
        print(f"kentong serve: {error}", file=sys.stderr)
        return WRONG_USE
    return 0


def prepare_folder(path: Path) -> None:
    """Make the data folder, for the server's own user only. Raises CannotStart."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        (path / logs.FOLDER).mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise CannotStart(f"The data folder {path} can't be made: {error.strerror}.") from error


async def _serve(settings: Config) -> None:
    asyncio.get_running_loop().set_exception_handler(logs.note_loop_error)
    with _stop_signals() as stopped:
        async with app.running(settings) as server:
            await _greet(server)
            gc.collect()
            gc.freeze()
            gc.set_threshold(*GC_THRESHOLDS)
            settling = asyncio.create_task(_settle())
            await stopped.wait()
            settling.cancel()
            print("Stopping; devices keep what they write and come back by themselves.")


async def _settle() -> None:
    try:
        if one_cpu.can_settle():
            await one_cpu.keep(asyncio.sleep)
    except (OSError, ValueError) as error:  # a system that hides something, or forbids it
        log.info("not kept on one CPU: %s", error)


@contextlib.contextmanager
def _stop_signals() -> Iterator[asyncio.Event]:
    """An event for the first SIGINT or SIGTERM; the second one ends the process at once."""
    stopped, loop = asyncio.Event(), asyncio.get_running_loop()

    def stop(number: signal.Signals) -> None:
        stopped.set()
        loop.remove_signal_handler(number)

    numbers = (signal.SIGINT, signal.SIGTERM)
    for number in numbers:
        loop.add_signal_handler(number, stop, number)
    try:
        yield stopped
    finally:
        for number in numbers:
            loop.remove_signal_handler(number)


async def _greet(server: Server) -> None:
    node = server.node
    _say_where(server)

    def work(tx: Transaction) -> str:
        context = Context(tx, Caller(0, 0), int(time.time()), node.config, node.new_token, NOTHING)
        return administration.owner_token(context)

    token = await node.engine.write(work)
    if token:
        outward, *here = [invite_link(address, token) for address in server.addresses]
        print("\nNobody owns this server yet. Whoever opens this link first does:")
        for link in here:
            print(f"\n    {link}\n\nor, from another device in this network:")
        show_link(outward)
    else:
        print("To invite somebody: in the app, or with `kentong admin invite`.", flush=True)


def _say_where(server: Server) -> None:
    settings = server.node.config
    print("Kentong is running:")
    for address in server.addresses:
        print(f"    {address}")
    print(f"Everything is kept in {Path(settings.data).absolute()}")
    if not server.node.build:
        print("The web client is not built here; `make web` builds it.")
    if not settings.secure:
        print(_how_to_secure(server.port))


def _how_to_secure(port: int) -> str:
    return (
        "\nThis is plain HTTP: good for trying, but browsers keep nothing offline away from "
        "localhost,\nand others on the way can read along. For HTTPS, either\n"
        f"    put Caddy in front:  caddy reverse-proxy --from chat.example.org --to :{port}\n"
        "    and start with       --public-address https://chat.example.org "
        "--trusted-proxies 127.0.0.1,::1\n"
        "or use a certificate:    --tls-certificate chain.pem --tls-key key.pem\n"
        "(docs/operating/https.md says more)"
    )


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop]:
    try:
        import uvloop  # not on every system
    except ImportError:
        log.info("without uvloop messages take twice the work")
        return asyncio.new_event_loop
    return uvloop.new_event_loop
