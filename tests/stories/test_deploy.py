"""The samples for operators, run in front of a server: what goes through them and what must not."""

import contextlib
import http.client
import json
import shutil
import ssl
import subprocess
from collections.abc import Callable, Iterator
from email.message import Message
from pathlib import Path
from typing import NamedTuple

import pytest
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from kentong.protocol.codec import decode_from_server, encode, hello_to_token
from kentong.protocol.limits import SUBPROTOCOL, VERSION
from kentong.protocol.messages import Done, Hello, OpenDirect, Welcome
from tests.support.certificates import Certificate, make_certificate
from tests.support.server import WAIT_S, Server, environment, free_port
from tests.tidy.source import ROOT

DEPLOY = ROOT / "deploy"
NGINX_AROUND = """
daemon off;
pid {folder}/pid;
error_log stderr;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/sample;
}}
"""
CADDY_AROUND = """{
    admin off
    http_port %d
}
"""


class Ports(NamedTuple):
    """Where a proxy listens, and the server behind it."""

    plain: int
    secure: int
    server: int


def replaced(name: str, changes: dict[str, str]) -> str:
    """A sample, with what stands for an operator's own names replaced by ours."""
    text = (DEPLOY / name).read_text()
    for before, after in changes.items():
        assert before in text
        text = text.replace(before, after)
    return text


def nginx_command(folder: Path, ports: Ports, certificate: Certificate) -> list[str]:
    live = "/etc/letsencrypt/live/chat.example.org"
    changes = {
        "127.0.0.1:8765": f"127.0.0.1:{ports.server}",
        "listen 80;": f"listen 127.0.0.1:{ports.plain};",
        "listen [::]:80;": "",
        "listen 443 ": f"listen 127.0.0.1:{ports.secure} ",
        "listen [::]:443 ssl http2;": "",
        f"{live}/fullchain.pem": str(certificate.chain),
        f"{live}/privkey.pem": str(certificate.key),
    }
    (folder / "sample").write_text(replaced("nginx.conf", changes))
    (folder / "nginx.conf").write_text(NGINX_AROUND.format(folder=folder))
    return ["nginx", "-c", str(folder / "nginx.conf"), "-e", "stderr"]


def caddy_command(folder: Path, ports: Ports, certificate: Certificate) -> list[str]:
    changes = {
        "127.0.0.1:8765": f"127.0.0.1:{ports.server}",
        "chat.example.org {": f"https://127.0.0.1:{ports.secure} {{\n"
        f"\ttls {certificate.chain} {certificate.key}",
    }
    text = CADDY_AROUND % ports.plain + replaced("Caddyfile", changes)
    (folder / "Caddyfile").write_text(text)
    return ["caddy", "run", "--adapter", "caddyfile", "--config", str(folder / "Caddyfile")]


class Answer(NamedTuple):
    """What came back over HTTP."""

    status: int
    headers: Message
    body: bytes


def asked(
    connection: http.client.HTTPConnection, method: str, path: str, body: object = None
) -> Answer:
    with contextlib.closing(connection):
        headers = {"Content-Type": "application/json"} if body is not None else {}
        connection.request(method, path, json.dumps(body) if body is not None else None, headers)
        with connection.getresponse() as response:
            return Answer(response.status, response.headers, response.read())


class Front(NamedTuple):
    """A proxy that runs, in front of a server that runs."""

    ports: Ports
    server: Server
    trust: ssl.SSLContext

    def ask(self, method: str, path: str, body: object = None) -> Answer:
        """A request over HTTPS."""
        connection = http.client.HTTPSConnection(
            "127.0.0.1", self.ports.secure, timeout=WAIT_S, context=self.trust
        )
        return asked(connection, method, path, body)

    def join(self, name: str, *, cookie: bool) -> Answer:
        _, token = self.server.owner_link()
        return self.ask("POST", "/api/join", {"token": token, "name": name, "cookie": cookie})


@pytest.fixture(params=[nginx_command, caddy_command], ids=["nginx", "caddy"])
def front(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Front]:
    command: Callable[[Path, Ports, Certificate], list[str]] = request.param
    server = Server(tmp_path, "--trusted-proxies", "127.0.0.1", "--public-address")
    ports = Ports(free_port(), free_port(), server.port)
    certificate = make_certificate(tmp_path)
    line = command(tmp_path, ports, certificate)
    if shutil.which(line[0]) is None:
        pytest.skip(f"no {line[0]}: install it with `apt install {line[0]}`")
    server.flags = (*server.flags, f"https://127.0.0.1:{ports.secure}")
    made = Front(ports, server, ssl.create_default_context(cafile=str(certificate.chain)))
    with contextlib.ExitStack() as stack:
        stack.callback(server.kill)
        server.start()
        server.wait_up()
        stack.enter_context(proxy(line, tmp_path, made))
        yield made


@contextlib.contextmanager
def proxy(line: list[str], folder: Path, front: Front) -> Iterator[None]:
    """Run a proxy until the block ends; it is up when it answers."""
    said = folder / "proxy-said"
    with said.open("w") as output:
        process = subprocess.Popen(
            line, cwd=folder, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
            env=environment({"HOME": str(folder), "XDG_DATA_HOME": str(folder)}),
        )  # fmt: skip
    try:
        while not answers(front):
            assert process.poll() is None, said.read_text()
        yield
    finally:
        process.terminate()
        process.wait(WAIT_S)


def answers(front: Front) -> bool:
    try:
        return front.ask("GET", "/health").status == http.client.OK
    except OSError:
        return False


def test_websocket_goes_through(front: Front) -> None:
    joined = json.loads(front.join("Rina", cookie=False).body)
    token = hello_to_token(Hello(VERSION, 0, 0, outbox=77, number=1))
    with connect(
        f"wss://127.0.0.1:{front.ports.secure}/ws",
        ssl=front.trust,
        subprotocols=[Subprotocol(SUBPROTOCOL), Subprotocol(token)],
        additional_headers={"Authorization": f"Bearer {joined['secret']}"},
        compression=None,
    ) as socket:
        heard = [decode_from_server(bytes(socket.recv(WAIT_S, decode=False)))]
        assert isinstance(heard[0], Welcome)
        socket.send(encode(OpenDirect(0)))
        while not isinstance(heard[-1], Done):
            heard.append(decode_from_server(bytes(socket.recv(WAIT_S, decode=False))))


def test_server_knows_that_browsers_come_over_https(front: Front) -> None:
    answer = front.join("Rina", cookie=True)
    assert answer.status == http.client.OK
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("__Host-kentong-")
    assert "Secure" in cookie
    page = front.ask("GET", "/")
    assert page.status == http.client.OK
    assert page.headers["Strict-Transport-Security"].startswith("max-age=")


def test_metrics_stay_here(front: Front) -> None:
    assert front.ask("GET", "/metrics").status == http.client.NOT_FOUND


def test_plain_http_is_sent_to_https(front: Front) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", front.ports.plain, timeout=WAIT_S)
    answer = asked(connection, "GET", "/terms")
    assert answer.status in (http.client.MOVED_PERMANENTLY, http.client.PERMANENT_REDIRECT)
    assert answer.headers["Location"].startswith("https://")


def test_unit_for_systemd_is_understood(tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("no systemd-analyze: this is no machine with systemd")
    kentong = shutil.which("true")
    unit = tmp_path / "kentong.service"
    unit.write_text(replaced("kentong.service", {"/opt/kentong/bin/kentong": str(kentong)}))
    done = subprocess.run(
        ["systemd-analyze", "verify", str(unit)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
