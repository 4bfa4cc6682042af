"""What stands at the ends of the link: a server with people in its database, and a browser."""

import asyncio
import base64
import contextlib
import hashlib
import os
import secrets
import signal
import subprocess
import sys
import tempfile
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final, NamedTuple

from playwright.async_api import BrowserContext, Playwright, ViewportSize, async_playwright

from bench import processes, town
from bench.processes import Certificate
from bench.slowlink.places import Lab, laboratory
from bench.slowlink.profiles import Profile
from bench.slowlink.wire import SERVER
from bench.town import Citizen
from kentong.server.features.invites import digest
from kentong.server.storage import invites
from tools import programs

PORT: Final = 8443
ADDRESS: Final = f"https://{SERVER}:{PORT}"
START_TIMEOUT_S: Final = 60.0
PATIENCE_MS: Final = 180_000  # for what a page shows; links are slow here
PHONE: Final = ViewportSize(width=360, height=640)


class NoBrowser(Exception):
    """There is no Chromium on this machine."""


class Town(NamedTuple):
    """Who lives on the server before a person comes."""

    host: Citizen  # whose invite link the person follows
    invite: str  # its token


class Server:
    """A `kentong serve` at its end of the link."""

    def __init__(self, lab: Lab, data: Path, certificate: Certificate) -> None:
        self._lab = lab
        self._data = data
        self._certificate = certificate
        self._process: Process | None = None

    async def start(self) -> None:
        """Start it, and wait until it listens."""
        settings = processes.SETTINGS | {
            "host": SERVER,
            "port": str(PORT),
            "data": str(self._data),
            "tls_certificate": str(self._certificate.chain),
            "tls_key": str(self._certificate.key),
        }
        variables = {f"KENTONG_{name.upper()}": value for name, value in settings.items()}
        self._lab.enter("server")
        try:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "kentong.cli.main", "serve"),
                cwd=processes.ROOT,
                env=os.environ | variables,
                stdout=subprocess.DEVNULL,
            )
        finally:
            self._lab.enter("person")
        await self._until_it_listens(self._process)

    async def _until_it_listens(self, process: Process) -> None:
        """Read off the kernel: no packet may cross the link for this."""
        async with asyncio.timeout(START_TIMEOUT_S):
            while not _listens(process.pid):
                if process.returncode is not None:
                    raise RuntimeError("the server ended before it listened")
                await asyncio.sleep(0.05)

    async def end(self, number: signal.Signals = signal.SIGTERM) -> None:
        """Send it a signal, and wait for its end."""
        if self._process is not None and self._process.returncode is None:
            self._process.send_signal(number)
            await self._process.wait()


class Stage(NamedTuple):
    """What a cell of the matrix works with. This process lives at the person's end."""

    lab: Lab
    server: Server
    town: Town
    playwright: Playwright
    folder: Path
    key_hash: str  # of the server's certificate, which the browser is told to trust

    @contextlib.asynccontextmanager
    async def browser(self, name: str = "profile") -> AsyncIterator[BrowserContext]:
        """A browser; one of the same name again has what it kept."""
        path = programs.chromium()
        if path is None:
            raise NoBrowser
        context = await self.playwright.chromium.launch_persistent_context(
            self.folder / name,
            executable_path=path,
            args=[
                *programs.CHROMIUM_FLAGS,
                f"--ignore-certificate-errors-spki-list={self.key_hash}",
            ],
            locale="en-US",
            viewport=PHONE,
        )
        context.set_default_timeout(PATIENCE_MS)
        try:
            yield context
        finally:
            await context.close()


@contextlib.asynccontextmanager
async def stage(profile: Profile, seed: int = 1) -> AsyncIterator[Stage]:
    """A running server with a town in it, the link, and a browser to come. Raises NoLaboratory."""
    with tempfile.TemporaryDirectory(prefix="kentong-slowlink-") as name:
        folder = Path(name)
        certificate = processes.make_certificate(folder, SERVER)
        (folder / "data").mkdir()
        town_ = await _found(folder / "data")
        async with (
            laboratory(profile, seed) as lab,
            _serving(lab, folder / "data", certificate) as server,
            async_playwright() as playwright,
        ):
            yield Stage(lab, server, town_, playwright, folder, _key_hash(certificate))


@contextlib.asynccontextmanager
async def _serving(lab: Lab, data: Path, certificate: Certificate) -> AsyncIterator[Server]:
    server = Server(lab, data, certificate)
    await server.start()
    try:
        yield server
    finally:
        await server.end()


def _listens(process: int) -> bool:
    listening = f":{PORT:04X} 00000000:0000 0A "
    return listening in Path(f"/proc/{process}/net/tcp").read_text()


async def _found(data: Path) -> Town:
    async with town.founding(data) as engine:
        (host,) = await town.settle(engine, 1)
        token = secrets.token_urlsafe(15)
        await engine.write(lambda tx: invites.add_invite(tx, digest(token), host.user, 0, 1))
    return Town(host, token)


def _key_hash(certificate: Certificate) -> str:
    """SHA-256 of the public key as browsers write it."""
    public = ["openssl", "x509", "-in", str(certificate.chain), "-pubkey", "-noout"]
    pem = subprocess.run(public, check=True, capture_output=True).stdout
    plain = ["openssl", "pkey", "-pubin", "-outform", "der"]
    key = subprocess.run(plain, check=True, capture_output=True, input=pem).stdout
    return base64.b64encode(hashlib.sha256(key).digest()).decode()
