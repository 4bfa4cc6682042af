"""The addresses by which people reach this server, and links below them."""

import socket

from kentong.server.config import Config

EVERYWHERE = ("", "::", "0.0.0.0")  # noqa: S104 - compared with, not listened on
OUTSIDE = ("192.0.2.1", 9)  # an address for documentation: nothing is ever sent there


def addresses(config: Config, port: int) -> list[str]:
    """Where people find the web client, the best one for inviting somebody first."""
    if config.public_address:
        return [config.public_address.rstrip("/")]
    scheme = "https" if config.tls_certificate else "http"
    hosts = [host.strip() for host in config.host.split(",")]
    if set(hosts).isdisjoint(EVERYWHERE):
        return [f"{scheme}://{_in_url(host)}:{port}" for host in hosts]
    here = [f"{scheme}://localhost:{port}"]
    lan = lan_address()
    return [f"{scheme}://{lan}:{port}", *here] if lan else here


def invite_link(address: str, token: str) -> str:
    """The token stands behind `#`, so that no server or proxy ever sees it in an address."""
    return f"{address}/#join={token}"


def recovery_link(address: str, code: str) -> str:
    """Signs in the browser that opens it."""
    return f"{address}/#recover={code}"


def lan_address() -> str:
    """The IPv4 address that this machine has towards others; "" if it has none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(OUTSIDE)  # for datagrams this only chooses a route
        except OSError:
            return ""
        found = str(probe.getsockname()[0])
    return "" if found.startswith(("127.", "0.")) else found


def _in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host
