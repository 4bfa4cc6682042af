"""The server as a process of its own, and what the kernel says of it."""

import asyncio
import contextlib
import os
import signal
import socket
import ssl
import subprocess
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import NamedTuple

HOST = "127.0.0.1"
START_TIMEOUT_S = 30.0
STOP_TIMEOUT_S = 30.0
# Limits are raised so that one address may bring all the load; all else is as delivered.
SETTINGS = {
    "host": HOST,
    "log_level": "warning",
    "commands_per_minute": "10000000",
    "requests_per_minute": "10000000",
    "address_per_minute": "10000000",
    "connections_per_address": "1000000",
    "connections_max": "1000000",
}
ROOT = Path(__file__).resolve().parent.parent


class Certificate(NamedTuple):
    """A certificate made for one run."""

    chain: Path
    key: Path


class Place(NamedTuple):
    """Where a server listens, and which process it is."""

    port: int
    process: int
    tls: ssl.SSLContext | None = None

    def cpu_s(self) -> float:
        """CPU that the server and its children have used, in user and in system mode."""
        return sum(map(_cpu_s, _family(self.process)))

    def pss_bytes(self) -> int:
        """Memory of the server and its children, shared pages divided by their users."""
        return sum(map(_pss_bytes, _family(self.process)))


@contextlib.asynccontextmanager
async def server(data: Path, certificate: Certificate | None = None) -> AsyncIterator[Place]:
    """A server over a data folder, until the block ends."""
    port = _free_port()
    settings = SETTINGS | {"data": str(data), "port": str(port)}
    tls = None
    if certificate is not None:
        settings |= {"tls_certificate": str(certificate.chain), "tls_key": str(certificate.key)}
        tls = ssl.create_default_context(cafile=str(certificate.chain))
    environment = os.environ | {f"KENTONG_{key.upper()}": value for key, value in settings.items()}
    process = await asyncio.create_subprocess_exec(
        *_command(), env=environment, cwd=ROOT, stdout=subprocess.DEVNULL
    )
    try:
        await _until_it_listens(process, port)
        yield Place(port, process.pid, tls)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(process.wait(), STOP_TIMEOUT_S)
        except TimeoutError:
            process.kill()
            await process.wait()


def make_certificate(folder: Path, host: str = HOST) -> Certificate:
    """A self-signed ECDSA P-256 certificate for this machine. Raises OSError without openssl."""
    certificate = Certificate(folder / "certificate.pem", folder / "key.pem")
    command = "openssl req -x509 -nodes -days 2 -newkey ec -pkeyopt ec_paramgen_curve:P-256"
    names = ["-subj", "/CN=localhost", "-addext", f"subjectAltName=IP:{host}"]
    files = ["-keyout", str(certificate.key), "-out", str(certificate.chain)]
    subprocess.run([*command.split(), *names, *files], check=True, capture_output=True)
    return certificate


def own_cpu_s() -> float:
    """CPU that this process, which makes the load, has used."""
    return _cpu_s(os.getpid())


def _command() -> list[str]:
    return [str(Path(sys.executable).with_name("kentong")), "serve"]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


async def _until_it_listens(process: Process, port: int) -> None:
    async with asyncio.timeout(START_TIMEOUT_S):
        while process.returncode is None:
            try:
                _, writer = await asyncio.open_connection(HOST, port)
            except ConnectionRefusedError:
                await asyncio.sleep(0.05)
                continue
            writer.close()
            return
    raise RuntimeError("the server ended before it listened")


def _family(process: int) -> Iterator[int]:
    """A process and everything it started."""
    yield process
    for task in Path(f"/proc/{process}/task").iterdir():
        for child in (task / "children").read_text().split():
            yield from _family(int(child))


def _cpu_s(process: int) -> float:
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _pss_bytes(process: int) -> int:
    for line in Path(f"/proc/{process}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError("the kernel does not tell the PSS")
