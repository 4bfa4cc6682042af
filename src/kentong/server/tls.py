"""The server's own certificate, read at the start and again whenever its files were renewed."""

import logging
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path

LOOK_EVERY_S = 60.0

log = logging.getLogger(__name__)

Stamp = tuple[tuple[int, int], ...]  # when each file was written, and its number


class NoCertificate(Exception):
    """The files are no certificate with its key; the sentence is for the operator."""


class Certificate:
    """A certificate chain and its key, in PEM."""

    def __init__(self, chain: Path, key: Path) -> None:
        """Raises NoCertificate."""
        self._chain, self._key = chain, key
        self._stamp = self._look()
        self._newest = self.context = self._read()
        # A context that got a second certificate could go on serving the first one, if their
        # keys are of different kinds. So each certificate has a context of its own, and every
        # connection, with a server name or without, is handed over to the newest.
        self.context.sni_callback = self._hand_over

    async def keep_up(self, sleep: Callable[[float], Awaitable[None]]) -> None:
        """Look for renewed files, for as long as the server runs."""
        while True:
            await sleep(LOOK_EVERY_S)
            self.renew()

    def renew(self) -> bool:
        """Take renewed files for new connections; open ones go on. Returns whether it did.

        Files that fit no more (perhaps only one of them is written yet) change nothing.
        """
        try:
            stamp = self._look()
            if stamp == self._stamp:
                return False
            self._newest, self._stamp = self._read(), stamp
        except NoCertificate as error:
            log.warning("the old certificate stays: %s", type(error.__cause__).__name__)
            return False
        log.info("a renewed certificate is used")
        return True

    def _look(self) -> Stamp:
        try:
            found = [path.stat() for path in (self._chain, self._key)]
        except OSError as error:
            raise NoCertificate(f"{error.filename} can't be read: {error.strerror}.") from error
        return tuple((file.st_mtime_ns, file.st_ino) for file in found)

    def _read(self) -> ssl.SSLContext:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.set_alpn_protocols(["http/1.1"])
        try:
            for path in (self._chain, self._key):  # errors of the next step name no file
                path.read_bytes()
            context.load_cert_chain(self._chain, self._key)
        except ssl.SSLError as error:
            sentence = f"{self._chain} and {self._key} are no certificate with its key in PEM."
            raise NoCertificate(sentence) from error
        except OSError as error:
            raise NoCertificate(f"{error.filename} can't be read: {error.strerror}.") from error
        return context

    def _hand_over(self, connection: ssl.SSLObject, name: str, context: ssl.SSLContext) -> None:
        del name, context
        connection.context = self._newest
