"""Everything over HTTP but WebSockets: joining, POST /sync, and what operators read."""

from collections.abc import Awaitable, Callable

from aiohttp import web

from kentong.protocol.limits import EXCHANGE_BYTES_MAX
from kentong.server.features.sign_in import Credentials
from kentong.server.http.joining import Joining, credentials_of
from kentong.server.http.requests import address_of
from kentong.server.node import Node

SYNC_TYPE = "application/vnd.kentong"

Exchange = Callable[[Node, bytes, Credentials, str], Awaitable[bytes]]
"""Answers the body of a POST /sync; `gateway.poll.exchange` is one."""


def make_site(node: Node, exchange: Exchange) -> web.Application:
    """The HTTP application of a node."""
    site = web.Application(client_max_size=EXCHANGE_BYTES_MAX)

    async def sync(request: web.Request) -> web.Response:
        if request.content_type != SYNC_TYPE:
            return web.Response(status=415, text="application/vnd.kentong is expected\n")
        address = address_of(request, node.config.proxies)
        body = await request.read()
        answer = await exchange(node, body, credentials_of(node, request), address)
        return web.Response(body=answer, content_type=SYNC_TYPE)

    site.router.add_routes([web.post("/sync", sync), *Joining(node).routes()])
    return site
