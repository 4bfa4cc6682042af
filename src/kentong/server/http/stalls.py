"""A peer that takes nothing of what waits for it is dropped; a slow one is not."""

import asyncio
from typing import Final, cast

from kentong.server.config import Config

_AT_ONCE_S: Final = 0.01  # to aiohttp 0 means to wait for ever


def ending_timeout_s(config: Config) -> float:
    """What to give aiohttp, so that requests under way have `shutdown_s` to end, and no more.

    It waits so long for the handlers to end, and as long again after it gave them up.
    """
    return max(config.shutdown_s / 2, _AT_ONCE_S)


class PatientProtocol(asyncio.Protocol):
    """Hands everything on to an HTTP protocol and watches what waits in the process.

    Args:
        stall_s: time in which at least one byte must leave; progress starts it anew.
    """

    __slots__ = ("_handler", "_stall_s", "_timer", "_transport", "_waiting_bytes")

    _transport: asyncio.Transport

    def __init__(self, handler: asyncio.Protocol, stall_s: float) -> None:
        self._handler = handler
        self._stall_s = stall_s
        self._timer: asyncio.TimerHandle | None = None
        self._waiting_bytes = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask to be told of the first byte that the kernel doesn't take."""
        self._transport = cast("asyncio.Transport", transport)
        self._transport.set_write_buffer_limits(high=0)
        self._handler.connection_made(transport)

    def data_received(self, data: bytes) -> None:
        """Hand on."""
        self._handler.data_received(data)

    def eof_received(self) -> bool | None:
        """Hand on."""
        return self._handler.eof_received()

    def pause_writing(self) -> None:
        """Something waits: watch it."""
        self._watch()
        self._handler.pause_writing()

    def resume_writing(self) -> None:
        """Nothing waits."""
        self._rest()
        self._handler.resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        """Hand on, and watch no more."""
        self._rest()
        self._handler.connection_lost(exc)

    def _watch(self) -> None:
        self._waiting_bytes = self._transport.get_write_buffer_size()
        self._timer = asyncio.get_running_loop().call_later(self._stall_s, self._check)

    def _rest(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _check(self) -> None:
        if self._transport.get_write_buffer_size() >= self._waiting_bytes:
            self._transport.abort()
        else:
            self._watch()
