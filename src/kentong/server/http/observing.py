"""What operators and their programs look at: /health and /metrics."""

import asyncio
import hmac
import shutil
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from aiohttp import web
from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from kentong.server.http.headers import plain
from kentong.server.node import Node
from kentong.server.storage.engine import Transaction

HEALTH_PATH: Final = "/health"  # is asked without a limit: it says of the server, not of guests
HEALTH_WAIT_S: Final = 2.0
METRICS_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
FORWARDED: Final = ("Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "Via")

COUNTERS: Final = {
    "messages_accepted": "Messages stored and acknowledged, repeated ones too.",
    "commands_refused": "Commands that were refused for good.",
    "frames_received": "Frames that signed-in devices sent.",
    "accounts_opened": "Accounts opened since the start.",
    "http_requests": "HTTP requests, without WebSockets.",
    "http_rate_limited": "HTTP requests refused because their address asked too often.",
    "http_unreadable": "Requests that were no HTTP; they count for their address too.",
    "internal_errors": "Failures that are our own bugs; the log knows more.",
}


class Reading(NamedTuple):
    """One number of a gauge."""

    name: str
    sentence: str
    value: float


class Observing:
    """The handlers."""

    def __init__(self, node: Node) -> None:
        self._node = node

    def routes(self) -> list[web.RouteDef]:
        """What is served."""
        return [web.get(HEALTH_PATH, self._health), web.get("/metrics", self._metrics)]

    async def _health(self, request: web.Request) -> web.Response:
        """200 while the database answers within two seconds, else 503. No details for strangers."""
        del request
        try:
            async with asyncio.timeout(HEALTH_WAIT_S):
                await self._node.engine.read(lambda tx: tx.cursor())
        except Exception:  # noqa: BLE001 - whatever it is, the answer is the same
            return web.json_response({"status": "unavailable"}, status=503, headers=_NOT_KEPT)
        return web.json_response({"status": "ok"}, headers=_NOT_KEPT)

    async def _metrics(self, request: web.Request) -> web.Response:
        if not self._may_read(request):
            return plain(404, "Not found")
        found = await self._node.engine.read(_of_database)
        registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        registry.register(_Readings(self._node, found))
        text = generate_latest(registry)
        return web.Response(body=text, headers={"Content-Type": METRICS_TYPE, **_NOT_KEPT})

    def _may_read(self, request: web.Request) -> bool:
        """Whether it is a program on this machine, not a proxy here, or has the token."""
        token = self._node.config.metrics_token
        given = request.headers.get("Authorization", "")
        if token and hmac.compare_digest(_raw(given), _raw(f"Bearer {token}")):
            return True
        forwarded = any(name in request.headers for name in FORWARDED)
        return not forwarded and _is_loopback(request.remote) and _is_local_name(request.host)


_NOT_KEPT: Final = {"Cache-Control": "no-store"}


def _raw(header: str) -> bytes:
    return header.encode("utf-8", "surrogateescape")  # as it came


class _OfDatabase(NamedTuple):
    """The numbers that only the database knows."""

    lag: int
    size_bytes: int


def _of_database(tx: Transaction) -> _OfDatabase:
    return _OfDatabase(tx.lag(), tx.size_bytes())


def _is_loopback(address: str | None) -> bool:
    try:
        found = ip_address((address or "").partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(found, "ipv4_mapped", None)
    return found.is_loopback or (mapped is not None and mapped.is_loopback)


def _is_local_name(host: str) -> bool:
    """Whether it was asked for by a name of this machine; a page of elsewhere can't do that."""
    try:
        name = urlsplit(f"//{host}").hostname
    except ValueError:
        return False
    return name == "localhost" or _is_loopback(name)


class _Readings(Collector):
    """The numbers of a node at one moment."""

    def __init__(self, node: Node, database: _OfDatabase) -> None:
        self._node = node
        self._database = database

    def collect(self) -> Iterator[Metric]:
        """See Collector."""
        for reading in self._gauges():
            yield GaugeMetricFamily(f"kentong_{reading.name}", reading.sentence, reading.value)
        for name, sentence in COUNTERS.items():
            yield CounterMetricFamily(f"kentong_{name}", sentence, self._node.counts[name])
        yield CounterMetricFamily(
            "kentong_feeder_passes", "Times that changes were read.", self._node.feeder.passes
        )

    def _gauges(self) -> list[Reading]:
        node, data, found = self._node, Path(self._node.config.data), self._database
        return [
            Reading("sessions", "Devices that are connected or ask right now.", len(node.sessions)),
            Reading("users_connected", "People with a device connected.", len(node.hub.users)),
            Reading("cursor_lag", "Clocks by which unfinished work holds cursors back.", found.lag),
            Reading("database_bytes", "Size of the database.", found.size_bytes),
            Reading("disk_free_bytes", "Room in the data folder.", shutil.disk_usage(data).free),
            Reading("disk_full", "1 while there is no room to write.", int(node.engine.is_full)),
            Reading("web_client_build", "Number of the web client that is served.", node.build),
        ]
