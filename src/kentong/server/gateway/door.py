"""Accepts connections that begin with a TLS handshake, and counts them before it.

The loops' own servers tell of a connection when its handshake is over: whoever never ends one
would take memory and files without being counted.
"""

import asyncio
import logging
import socket
import ssl
from collections.abc import Callable
from typing import Final

log = logging.getLogger(__name__)

ACCEPTED_AT_ONCE: Final = 100  # connections between two breaths of the loop
RETRY_S: Final = 1.0  # after the system had no room for a connection

Admit = Callable[[str], asyncio.BufferedProtocol | None]
"""The protocol for a connection from this address; None: there are too many."""


class Door:
    """A listening socket; each connection becomes `admit`'s protocol, behind TLS.

    A protocol whose handshake fails hears `connection_lost` without `connection_made`.
    """

    def __init__(
        self, listening: socket.socket, context: ssl.SSLContext, timeout_s: float, admit: Admit
    ) -> None:
        self._listening = listening
        self._context = context
        self._timeout_s = timeout_s
        self._admit = admit
        self._loop = asyncio.get_running_loop()
        self._handshakes: set[asyncio.Task[None]] = set()
        self._pause: asyncio.TimerHandle | None = None
        self._open()

    def close(self) -> None:
        """Let nobody in any more; unfinished handshakes end. Again: nothing."""
        if self._pause is not None:
            self._pause.cancel()
        if self._listening.fileno() >= 0:
            self._loop.remove_reader(self._listening)
            self._listening.close()
        for handshake in tuple(self._handshakes):
            handshake.cancel()

    def _open(self) -> None:
        self._loop.add_reader(self._listening, self._accept)

    def _accept(self) -> None:
        for _ in range(ACCEPTED_AT_ONCE):
            try:
                accepted, origin = self._listening.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:  # no more files, or no memory
                log.warning("connections can't be accepted: %s", error.strerror)
                self._loop.remove_reader(self._listening)
                self._pause = self._loop.call_later(RETRY_S, self._open)
                return
            protocol = self._admit(origin[0])
            if protocol is None:
                accepted.close()
                continue
            accepted.setblocking(False)
            handshake = self._loop.create_task(self._greet(accepted, protocol))
            handshake.add_done_callback(self._handshakes.discard)

    async def _greet(self, accepted: socket.socket, protocol: asyncio.BufferedProtocol) -> None:
        handshake = asyncio.current_task()
        assert handshake is not None
        self._handshakes.add(handshake)  # from here on it can be ended in order
        try:
            if self._listening.fileno() < 0:
                accepted.close()
                raise ConnectionAbortedError("closed meanwhile")
            await self._loop.connect_accepted_socket(
                lambda: protocol,
                accepted,
                ssl=self._context,
                ssl_handshake_timeout=self._timeout_s,
            )
        except BaseException as error:
            protocol.connection_lost(None)
            if not isinstance(error, OSError):  # strangers do that all day
                raise
