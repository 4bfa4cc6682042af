"""The web client's files: encodings, caching, what a browser is allowed to do with them."""

import gzip
import json
from pathlib import Path

import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer

from kentong.server.config import Config
from kentong.server.http import files
from kentong.server.http.files import WebClient, choose, knows
from tests.unit.http.inn import run

SCRIPT = b"let everything = 'shorter when compressed';" * 20


@pytest.fixture
def client(tmp_path: Path) -> Path:
    """A small web client as the build leaves it."""
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text('<html data-build="7">')
    (tmp_path / "sw.js").write_text("worker")
    (tmp_path / "manifest.webmanifest").write_text("{}")
    (tmp_path / "icon.svg").write_text("<svg/>")
    (tmp_path / "build.json").write_text('{"build":7}\n')
    (tmp_path / "assets" / "main-x1.js").write_bytes(SCRIPT)
    (tmp_path / "assets" / "main-x1.js.gz").write_bytes(gzip.compress(SCRIPT))
    (tmp_path / "assets" / "main-x1.js.br").write_bytes(b"shortest")
    return tmp_path


class Visit:
    """Asks a server of these files alone."""

    def __init__(self, http: ClientSession, address: str) -> None:
        self._http = http
        self._address = address

    async def get(self, path: str, **headers: str) -> web.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        async with self._http.get(self._address + path, headers=named) as answer:
            body = await answer.read()
            return web.Response(status=answer.status, body=body, headers=answer.headers)


async def visit(folder: Path, config: Config, look: object) -> None:
    site = web.Application()
    site.router.add_routes(WebClient(config, files.load(folder)).routes())
    async with TestServer(site) as server, ClientSession(auto_decompress=False) as http:
        await look(Visit(http, str(server.make_url("")).rstrip("/")))  # type: ignore[operator]


def test_hashed_files_are_kept_for_ever_others_asked_for(client: Path) -> None:
    async def look(it: Visit) -> None:
        for path, cache, kind in (
            ("/", "no-cache", "text/html"),
            ("/index.html", "no-cache", "text/html"),
            ("/sw.js", "no-cache", "text/javascript"),
            ("/manifest.webmanifest", "no-cache", "application/manifest+json"),
            ("/assets/main-x1.js", files.FOR_EVER, "text/javascript"),
            ("/icon.svg", files.FOR_A_DAY, "image/svg+xml"),
        ):
            answer = await it.get(path)
            assert (answer.status, answer.headers["Cache-Control"]) == (200, cache), path
            assert answer.headers["Content-Type"].partition(";")[0] == kind

    run(visit(client, Config(), look))


def test_only_files_of_the_client_are_served(client: Path) -> None:
    (client / "secret.pem").write_text("key")

    async def look(it: Visit) -> None:
        for path in ("/build.json", "/secret.pem", "/assets/main-x1.js.gz", "/../pyproject.toml"):
            assert (await it.get(path)).status == 404
            assert (await it.get(f"/assets/..{path}")).status == 404

    run(visit(client, Config(), look))


def test_shortest_encoding_that_is_accepted_travels(client: Path) -> None:
    async def look(it: Visit) -> None:
        for accepted, encoding in (
            ("gzip, deflate, br, zstd", "br"),
            ("gzip", "gzip"),
            ("br;q=0, gzip;q=0.5", "gzip"),
            ("identity", None),
            ("br;q=wrong", None),
        ):
            answer = await it.get("/assets/main-x1.js", Accept_Encoding=accepted)
            assert answer.headers.get("Content-Encoding") == encoding
            assert answer.headers["Vary"] == "Accept-Encoding"

    run(visit(client, Config(), look))


def test_file_that_is_known_does_not_travel_again(client: Path) -> None:
    async def look(it: Visit) -> None:
        first = await it.get("/", Accept_Encoding="br")
        etag = first.headers["ETag"]
        for condition in (etag, f'"other", W/{etag}', "*"):
            again = await it.get("/", Accept_Encoding="br", If_None_Match=condition)
            assert (again.status, again.body) == (304, b"")
            assert again.headers["ETag"] == etag
        assert (await it.get("/", If_None_Match='"other"')).status == 200

    run(visit(client, Config(), look))


def test_encodings_of_a_file_have_tags_of_their_own(client: Path) -> None:
    asset = files.load(client)["/assets/main-x1.js"]
    tags = [encoded.etag for encoded in asset.encodings.values()]
    assert len(set(tags)) == 3
    assert knows(tags[0], tags[0])
    assert not knows("", tags[0])
    assert choose("", asset) == ""


def test_policy_lets_nothing_in_from_elsewhere(client: Path) -> None:
    async def look(it: Visit) -> None:
        for path in ("/", "/sw.js"):
            headers = (await it.get(path, Host="chat.example.org")).headers
            policy = dict(
                part.strip().split(" ", 1) for part in headers["Content-Security-Policy"].split(";")
            )
            assert policy == {
                "default-src": "'none'",
                "script-src": "'self'",
                "style-src": "'self'",
                "img-src": "'self' data: blob:",
                "connect-src": "'self' wss://chat.example.org",
                "manifest-src": "'self'",
                "worker-src": "'self'",
                "frame-ancestors": "'none'",
                "base-uri": "'none'",
                "form-action": "'none'",
            }
            assert headers["Referrer-Policy"] == "no-referrer"
            assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
            assert "camera=()" in headers["Permissions-Policy"]
        assert (await it.get("/sw.js")).headers["Service-Worker-Allowed"] == "/"
        assert "Content-Security-Policy" not in (await it.get("/assets/main-x1.js")).headers

    run(visit(client, Config(public_address="https://chat.example.org"), look))


@pytest.mark.parametrize("host", ["a b", "x;script-src *", "a,b", "[::1", "ä.example"])
def test_odd_host_never_becomes_part_of_the_policy(client: Path, host: str) -> None:
    async def look(it: Visit) -> None:
        answer = await it.get("/", Host=host)
        if answer.status == 200:  # aiohttp may refuse it first
            assert "connect-src 'self';" in answer.headers["Content-Security-Policy"]

    run(visit(client, Config(), look))


def test_plain_http_may_open_plain_websockets(client: Path) -> None:
    async def look(it: Visit) -> None:
        policy = (await it.get("/", Host="192.0.2.7:8765")).headers["Content-Security-Policy"]
        assert "connect-src 'self' ws://192.0.2.7:8765 wss://192.0.2.7:8765;" in policy

    run(visit(client, Config(), look))


def test_without_a_built_client_the_page_says_how_to_build_it(tmp_path: Path) -> None:
    async def look(it: Visit) -> None:
        answer = await it.get("/")
        assert answer.status == 503
        assert answer.body is not None
        assert b"make web" in bytes(answer.body)  # type: ignore[arg-type]

    run(visit(tmp_path / "nothing", Config(), look))


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ('{"build":7}', 7),
        ("", 0),
        ("[]", 0),
        ("{}", 0),
        ('{"build":"7"}', 0),
        ('{"build":65536}', 0),
        ('{"build":-1}', 0),
    ],
)
def test_build_number_is_sixteen_bits_or_none(tmp_path: Path, text: str, number: int) -> None:
    (tmp_path / "build.json").write_text(text)
    assert files.build_number(tmp_path) == number
    assert files.build_number(tmp_path / "nothing") == 0


def test_build_number_is_what_the_page_says() -> None:
    """Of the client that is built here, if one is."""
    if not (files.FOLDER / "build.json").exists():
        pytest.skip("the web client is not built")
    number = json.loads((files.FOLDER / "build.json").read_text())["build"]
    assert f'data-build="{number}"' in (files.FOLDER / "index.html").read_text()
    assert files.build_number() == number
