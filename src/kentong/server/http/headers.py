"""What answers say about how a browser may use them."""

import re
from collections.abc import Sequence

from aiohttp import web

from kentong.server.config import Config
from kentong.server.http.requests import is_secure

HSTS = "max-age=31536000"
_HOST = re.compile(r"[A-Za-z0-9.\-]+(:\d{1,5})?|\[[0-9A-Fa-f:.]+\](:\d{1,5})?")
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'{styles}; img-src 'self' data: blob:; "
    "connect-src {places}; manifest-src 'self'; worker-src 'self'; frame-ancestors 'none'; "
    "base-uri 'none'; form-action 'none'"
)


def document_headers(
    request: web.Request, config: Config, styles: Sequence[str] = ()
) -> dict[str, str]:
    """For what a browser shows as a page or runs as a worker; other answers need none of it.

    Args:
        styles: hashes of the styles that stand in the page itself.
    """
    allowed = "".join(f" '{style}'" for style in styles)
    return {
        "Content-Security-Policy": _POLICY.format(places=_places(request, config), styles=allowed),
        "Cross-Origin-Opener-Policy": "same-origin",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
        "Referrer-Policy": "no-referrer",
    }


def _places(request: web.Request, config: Config) -> str:
    """Where scripts may connect to. To old browsers 'self' does not include WebSockets."""
    if not _HOST.fullmatch(request.host):  # it would become part of the policy
        return "'self'"
    if config.secure or is_secure(request, config.proxies):
        return f"'self' wss://{request.host}"
    return f"'self' ws://{request.host} wss://{request.host}"


def plain(status: int, text: str, headers: dict[str, str] | None = None) -> web.Response:
    """An answer for programs and for the curious: one line of text that nobody keeps."""
    return web.Response(
        status=status, text=f"{text}\n", headers={"Cache-Control": "no-store", **(headers or {})}
    )
