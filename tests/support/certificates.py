"""Certificates for this machine, good for two days."""

import subprocess
from pathlib import Path
from typing import NamedTuple

EC = "ec -pkeyopt ec_paramgen_curve:P-256"  # kinds of keys, as openssl names them
RSA = "rsa:2048"


class Certificate(NamedTuple):
    """A self-signed certificate: `chain` is at the same time the authority to trust."""

    chain: Path
    key: Path


def make_certificate(folder: Path, name: str = "localhost", kind: str = EC) -> Certificate:
    """Make one in a folder, perhaps in place of an older one."""
    made = Certificate(folder / "certificate.pem", folder / "key.pem")
    command = f"openssl req -x509 -nodes -days 2 -newkey {kind}"
    names = ["-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name},IP:127.0.0.1"]
    files = ["-keyout", str(made.key), "-out", str(made.chain)]
    subprocess.run([*command.split(), *names, *files], check=True, capture_output=True)
    return made
