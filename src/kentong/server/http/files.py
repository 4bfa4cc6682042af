"""The files of the built web client, from memory: the whole client is some hundred kilobytes."""

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple

from aiohttp import web

from kentong.server.config import Config
from kentong.server.http.headers import document_headers, plain

FOLDER: Final = Path(__file__).parents[2] / "webclient"
INDEX: Final = "/index.html"
WORKER: Final = "/sw.js"
BUILD: Final = "build.json"  # the build's number, which index.html says to the client

FOR_EVER: Final = "public, max-age=31536000, immutable"  # the name holds a hash
ASK_FIRST: Final = "no-cache"
FOR_A_DAY: Final = "public, max-age=86400"
TYPES: Final = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".webmanifest": "application/manifest+json",
    ".json": "application/json",
    ".txt": "text/plain; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".webp": "image/webp",
    ".ico": "image/x-icon",
}
IMAGES: Final = {".svg", ".png", ".webp", ".ico"}
SIBLINGS: Final = {".br": "br", ".zst": "zstd", ".gz": "gzip"}
_STYLE: Final = re.compile(rb"<style>(.*?)</style>", re.DOTALL)
UNBUILT: Final = (
    "The web client is not built here. In a checkout: make web, then start the server again."
)


class Encoded(NamedTuple):
    """A file as it travels."""

    body: bytes
    etag: str


class Asset(NamedTuple):
    """A file in every encoding that there is; "" is the plain one."""

    content_type: str
    cache: str
    encodings: dict[str, Encoded]


def load(folder: Path = FOLDER) -> dict[str, Asset]:
    """Every file of the client by its path, `/index.html` among them; nothing if it isn't built."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != BUILD)
    return {
        f"/{path.relative_to(folder).as_posix()}": _asset(folder, path)
        for path in paths
        if path.suffix in TYPES
    }


def build_number(folder: Path = FOLDER) -> int:
    """The build's number as clients say it in their hello; 0 if there is none."""
    try:
        found = json.loads((folder / BUILD).read_text())["build"]
    except (OSError, ValueError, KeyError, TypeError):
        return 0
    return found if isinstance(found, int) and 0 < found <= 0xFFFF else 0


def _asset(folder: Path, path: Path) -> Asset:
    encodings = {"": path.read_bytes()}
    for suffix, name in SIBLINGS.items():
        sibling = path.with_name(path.name + suffix)
        if sibling.is_file():
            encodings[name] = sibling.read_bytes()
    tag = hashlib.sha256(encodings[""]).hexdigest()[:16]
    hashed = path.relative_to(folder).parts[0] == "assets"
    cache = FOR_EVER if hashed else FOR_A_DAY if path.suffix in IMAGES else ASK_FIRST
    return Asset(
        TYPES[path.suffix],
        cache,
        {
            name: Encoded(body, f'"{tag}-{name}"' if name else f'"{tag}"')
            for name, body in encodings.items()
        },
    )


class WebClient:
    """Serves the files."""

    def __init__(self, config: Config, assets: Mapping[str, Asset]) -> None:
        self._config = config
        self._assets = assets
        self._styles = style_hashes(assets[INDEX]) if INDEX in assets else []

    def routes(self) -> list[web.RouteDef]:
        """What is served; anything else is not there."""
        if INDEX not in self._assets:
            return [web.get("/", self._unbuilt)]
        return [web.get(path, self._file) for path in ("/", *self._assets)]

    async def _file(self, request: web.Request) -> web.Response:
        path = INDEX if request.path == "/" else request.path
        asset = self._assets[path]
        name = choose(request.headers.get("Accept-Encoding", ""), asset)
        body, etag = asset.encodings[name]
        headers = {"Cache-Control": asset.cache, "ETag": etag}
        if len(asset.encodings) > 1:
            headers["Vary"] = "Accept-Encoding"
        if path.endswith(".html") or path == WORKER:
            headers |= document_headers(request, self._config, self._styles)
        if path == WORKER:
            headers["Service-Worker-Allowed"] = "/"
        if knows(request.headers.get("If-None-Match", ""), etag):
            return web.Response(status=304, headers=headers)
        if name:
            headers["Content-Encoding"] = name
        headers["Content-Type"] = asset.content_type
        return web.Response(body=body, headers=headers)

    async def _unbuilt(self, request: web.Request) -> web.Response:
        return plain(503, UNBUILT, document_headers(request, self._config))


def style_hashes(page: Asset) -> list[str]:
    """The styles inside a page, as a Content-Security-Policy names what it allows."""
    styles = _STYLE.findall(page.encodings[""].body)
    digests = [hashlib.sha256(style).digest() for style in styles]
    return [f"sha256-{base64.b64encode(digest).decode()}" for digest in digests]


def choose(accepted: str, asset: Asset) -> str:
    """The shortest encoding that is accepted (RFC 9110 §12.5.3); "" for none."""
    allowed = {name for name, quality in _qualities(accepted).items() if quality > 0}
    fitting = {"", *(allowed & asset.encodings.keys())}
    return min(fitting, key=lambda name: len(asset.encodings[name].body))


def _qualities(accepted: str) -> dict[str, float]:
    found = {}
    for part in accepted.lower().split(","):
        name, _, parameters = part.partition(";")
        quality = parameters.replace(" ", "").removeprefix("q=") or "1"
        try:
            found[name.strip()] = float(quality)
        except ValueError:
            found[name.strip()] = 0.0
    return found


def knows(condition: str, etag: str) -> bool:
    """Whether an If-None-Match names this state of the file, which then needn't travel."""
    tags = {tag.strip().removeprefix("W/") for tag in condition.split(",")}
    return etag in tags or "*" in tags
