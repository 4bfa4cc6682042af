"""Requests that aiohttp can't read: counted against their address, no news for the log.

aiohttp logs each of them as an error with a traceback: strangers could push everything else out
of the log.
"""

import logging

from aiohttp.http_exceptions import HttpProcessingError

from kentong.server.node import Node
from kentong.server.rules.addresses import is_trusted, parse_address, place_of

log = logging.getLogger(__name__)


class Unreadable(logging.Filter):
    """Lets everything pass that aiohttp's server logs, but the failures of strangers."""

    def __init__(self, node: Node) -> None:
        super().__init__()
        self._node = node

    def filter(self, record: logging.LogRecord) -> bool:
        """See Filter."""
        error = record.exc_info[1] if record.exc_info else None
        if not isinstance(error, HttpProcessingError):
            return log.isEnabledFor(record.levelno)
        remote = record.args[0] if isinstance(record.args, tuple) and record.args else ""
        self._count(str(remote))
        log.debug("a request could not be read: %s", type(error).__name__)
        return False

    def _count(self, remote: str) -> None:
        """A proxy of ours is not blamed for the strangers behind it."""
        node, peer = self._node, parse_address(remote)
        node.counts["http_unreadable"] += 1
        if peer is not None and not is_trusted(peer, node.config.proxies):
            node.limits.addresses.take(place_of(peer), node.now())


def make_logger(node: Node) -> logging.Logger:
    """The logger for aiohttp's server."""
    logger = logging.Logger("aiohttp.server", logging.DEBUG)  # the filter wants to see them all
    logger.parent = logging.getLogger()
    logger.addFilter(Unreadable(node))
    return logger
