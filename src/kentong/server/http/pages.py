"""Privacy, terms and contact: plain texts of the server's owner, shown as simple pages."""

import asyncio
import html
import itertools
import re
from importlib import resources
from pathlib import Path
from typing import Final

from aiohttp import web

from kentong.server.config import Config
from kentong.server.http.headers import document_headers, plain

NAMES: Final = ("privacy", "terms", "contact")
CHARS_MAX: Final = 200_000
EMPTY: Final = "\n"  # the kind of a line that parts blocks
STYLE_PATH: Final = "/pages/style.css"
_LINK: Final = re.compile(r"https?://[^\s<>\"']*[^\s<>\"'.,;:!?)]")
_PAGE: Final = """<!doctype html>
<html>
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="stylesheet" href="{style}">
<link rel="icon" href="/icon.svg" type="image/svg+xml">
</head>
<body>
<main>
{body}
</main>
<nav><a href="/">Kentong</a>{links}</nav>
</body>
</html>
"""


def add_templates(folder: Path, horizon_days: int) -> None:
    """Put an honest first text where the owner has none; theirs are never touched."""
    folder.mkdir(exist_ok=True)
    for name in NAMES:
        path = folder / f"{name}.txt"
        if not path.exists():
            text = resources.files(__package__).joinpath("templates", f"{name}.txt")
            path.write_text(text.read_text("utf-8").replace("{horizon_days}", str(horizon_days)))


class Pages:
    """Serves the owner's texts; a change shows at once."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._folder = Path(config.data) / "pages"
        self._style = resources.files(__package__).joinpath("templates", "style.css").read_text()

    def routes(self) -> list[web.RouteDef]:
        """What is served."""
        return [
            web.get(STYLE_PATH, self._serve_style),
            *(web.get(f"/pages/{name}", self._serve_page) for name in NAMES),
        ]

    async def _serve_page(self, request: web.Request) -> web.Response:
        name = request.path.rpartition("/")[2]
        try:
            text = await asyncio.to_thread(_read, self._folder / f"{name}.txt")
        except (OSError, UnicodeDecodeError):
            return plain(404, "This page has not been written.")
        headers = {"Cache-Control": "no-cache", **document_headers(request, self._config)}
        return web.Response(text=render(text, name), content_type="text/html", headers=headers)

    async def _serve_style(self, request: web.Request) -> web.Response:
        del request
        headers = {"Cache-Control": "public, max-age=86400"}
        return web.Response(text=self._style, content_type="text/css", headers=headers)


def _read(path: Path) -> str:
    with path.open(encoding="utf-8") as file:
        return file.read(CHARS_MAX)


def render(text: str, name: str) -> str:
    """A page: `#` and `##` lines are headings, `-` lines a list, empty lines part paragraphs.

    Everything is escaped; whole addresses become links.
    """
    others = "".join(
        f' · <a href="/pages/{other}">{other.capitalize()}</a>' for other in NAMES if other != name
    )
    lines = (line.strip() for line in text.splitlines())
    body = "\n".join(
        _block(kind, [line.removeprefix(kind).strip() for line in block])
        for kind, block in itertools.groupby(lines, _kind)
        if kind != EMPTY
    )
    return _PAGE.format(title=name.capitalize(), style=STYLE_PATH, body=body, links=others)


def _kind(line: str) -> str:
    marker = line.partition(" ")[0]
    return marker if marker in ("#", "##", "-") else "" if line else EMPTY


def _block(kind: str, lines: list[str]) -> str:
    if kind == "-":
        return "<ul>" + "".join(f"<li>{_inline(line)}</li>" for line in lines) + "</ul>"
    if kind:
        level = len(kind)
        return "".join(f"<h{level}>{_inline(line)}</h{level}>" for line in lines)
    return f"<p>{_inline(' '.join(lines))}</p>"


def _inline(text: str) -> str:
    parts, at = [], 0
    for link in _LINK.finditer(text):
        address = html.escape(link[0])
        parts.append(html.escape(text[at : link.start()]))
        parts.append(f'<a href="{address}" rel="noreferrer">{address}</a>')
        at = link.end()
    return "".join(parts) + html.escape(text[at:])
