"""Everything over HTTP but WebSockets: the web client, joining, POST /sync, pages, metrics."""

import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import NamedTuple

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from kentong.protocol import codec
from kentong.protocol.errors import ErrorCode, Refused
from kentong.protocol.limits import EXCHANGE_BYTES_MAX
from kentong.protocol.messages import Goodbye
from kentong.server.features import sign_in
from kentong.server.features.sign_in import Credentials
from kentong.server.http.files import Asset, WebClient
from kentong.server.http.headers import HSTS, plain
from kentong.server.http.joining import Joining, credentials_of
from kentong.server.http.observing import HEALTH_PATH, Observing
from kentong.server.http.pages import Pages
from kentong.server.http.requests import address_of, read_body
from kentong.server.http.upgrades import Upgrade, Upgrades
from kentong.server.node import Node
from kentong.server.rules.addresses import key_of

log = logging.getLogger(__name__)

SYNC_PATH = "/sync"
SYNC_TYPE = "application/vnd.kentong"

Exchange = Callable[[Node, bytes, Credentials, str], Awaitable[bytes]]
"""Answers the body of a POST /sync; `gateway.poll.exchange` is one."""
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Gateway(NamedTuple):
    """What the gateway does for HTTP, which knows nothing of it."""

    exchange: Exchange
    socket_path: str
    upgrade: Upgrade


def make_site(node: Node, gateway: Gateway, assets: Mapping[str, Asset]) -> web.Application:
    """The HTTP application of a node."""
    guard = Guard(node, gateway.socket_path)
    site = web.Application(client_max_size=EXCHANGE_BYTES_MAX, middlewares=[guard.handle])
    site.on_response_prepare.append(guard.finish)
    site.router.add_routes(
        [
            web.post(SYNC_PATH, Sync(node, gateway.exchange).handle),
            *Upgrades(gateway.socket_path, gateway.upgrade).routes(),
            *Joining(node).routes(),
            *Observing(node).routes(),
            *Pages(node.config).routes(),
            *WebClient(node.config, assets).routes(),
        ]
    )
    return site


class Guard:
    """Stands around every handler: rates before, headers and failures after."""

    def __init__(self, node: Node, socket_path: str) -> None:
        self._node = node
        self._socket_path = socket_path

    @web.middleware
    async def handle(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Answer, whatever happens, and say nothing that a stranger need not know."""
        node = self._node
        node.counts["http_requests"] += 1
        wait_ms = self._wait_ms(request)
        if wait_ms:
            node.counts["http_rate_limited"] += 1
            return _crowded(request, wait_ms)
        try:
            return await handler(request)
        except web.HTTPException as error:
            headers = {"Allow": error.headers["Allow"]} if "Allow" in error.headers else {}
            return plain(error.status, error.reason, headers)
        except (TimeoutError, ConnectionError, HttpProcessingError) as error:
            return _broken_off(error)
        except Refused as refused:  # by storage: no room, or no database
            wait_s = -(-refused.retry_after_ms // 1000)
            return plain(503, "Try again later", {"Retry-After": str(wait_s)})
        except Exception:
            node.counts["internal_errors"] += 1
            log.exception("an HTTP request failed")
            return plain(500, "Our fault")

    def _wait_ms(self, request: web.Request) -> int:
        if request.path in (self._socket_path, HEALTH_PATH):  # the gateway counts for itself
            return 0
        key = key_of(address_of(request, self._node.config.proxies))
        return self._node.limits.addresses.take(key, self._node.now())

    async def finish(self, request: web.Request, response: web.StreamResponse) -> None:
        """What goes for all answers; each byte of it is sent with each of them."""
        del request
        headers = response.headers
        headers.pop("Server", None)
        headers["X-Content-Type-Options"] = "nosniff"
        if self._node.config.secure:
            headers["Strict-Transport-Security"] = HSTS


def _broken_off(error: Exception) -> web.Response:
    """Half a request: the rest came too slowly, or as nonsense, or whoever asked is gone."""
    status, text = (408, "Too slow") if isinstance(error, TimeoutError) else (400, "Half a request")
    return plain(status, text, {"Connection": "close"})


def _crowded(request: web.Request, wait_ms: int) -> web.Response:
    """Too many requests, in the words of whoever asks."""
    if request.path == SYNC_PATH:
        return _frames(Goodbye(ErrorCode.RATE_LIMITED, wait_ms))
    wait_s = -(-wait_ms // 1000)
    return plain(429, "Too many requests", {"Retry-After": str(wait_s)})


class Sync:
    """POST /sync."""

    def __init__(self, node: Node, exchange: Exchange) -> None:
        self._node = node
        self._exchange = exchange

    async def handle(self, request: web.Request) -> web.Response:
        """Answer the messages in the body with messages; also what is wrong is said by one."""
        if request.content_type != SYNC_TYPE:
            return plain(415, f"{SYNC_TYPE} is expected")
        node = self._node
        try:
            body = await read_body(request, EXCHANGE_BYTES_MAX, node.config.stall_timeout_s)
        except Refused as refused:
            return _frames(Goodbye(refused.code))
        address = address_of(request, node.config.proxies)
        answer = await self._exchange(node, body, credentials_of(node, request), address)
        response = _answer(answer)
        cookie = sign_in.renewal(request.cookies.get, node.engine.instance, int(node.now()))
        if cookie:
            response.headers["Set-Cookie"] = cookie
        return response


def _frames(goodbye: Goodbye) -> web.Response:
    return _answer(codec.join([codec.encode(goodbye)]))


def _answer(body: bytes) -> web.Response:
    return web.Response(body=body, content_type=SYNC_TYPE)
