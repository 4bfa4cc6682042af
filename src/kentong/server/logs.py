"""The log: JSON lines in the data folder for programs, short lines on stderr for people.

It never holds what people wrote, their names, addresses or secrets. Our own messages are
constant sentences with numbers and codes in them. What is said by others (libraries, the
text of an exception) may quote anything, so of a library's record only the constant part
is kept, and of an exception its kind, where it happened, and its text only where that is
known to be harmless.
"""

import asyncio
import contextlib
import json
import logging
import logging.handlers
import sqlite3
import ssl
import sys
import traceback
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from kentong.protocol.errors import Refused
from kentong.server.config import Config

FOLDER: Final = "log"
FILE: Final = "kentong.log"
OURS: Final = "kentong"
MIB: Final = 2**20
FRAMES_MAX: Final = 12  # of a traceback, the innermost
CAUSES_MAX: Final = 4
HARMLESS: Final = (OSError, sqlite3.Error, AssertionError, ssl.SSLError)

log = logging.getLogger(__name__)


@contextlib.contextmanager
def logging_to_folder(config: Config) -> Iterator[None]:
    """Log as the settings say until the block ends. Raises OSError."""
    folder = Path(config.data) / FOLDER
    folder.mkdir(mode=0o700, exist_ok=True)
    file = logging.handlers.RotatingFileHandler(
        folder / FILE, maxBytes=config.log_mib * MIB, backupCount=config.log_files, encoding="utf-8"
    )
    file.setFormatter(JsonLines())
    terminal = logging.StreamHandler(sys.stderr)
    terminal.setFormatter(ShortLines())
    root = logging.getLogger()
    level = root.level
    for handler in (file, terminal):
        root.addHandler(handler)
    root.setLevel(config.log_level.upper())
    try:
        yield
    finally:
        root.setLevel(level)
        for handler in (file, terminal):
            root.removeHandler(handler)
            handler.close()


class JsonLines(logging.Formatter):
    """One JSON object on each line."""

    def format(self, record: logging.LogRecord) -> str:
        """See Formatter."""
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "from": record.name,
            "what": sentence(record),
        }
        error = _error(record)
        if error is not None:
            line["errors"] = [
                {"kind": kind(found), "text": harmless(found), "frames": frames(found)}
                for found in chain(error)
            ]
        return json.dumps(line, ensure_ascii=False)


class ShortLines(logging.Formatter):
    """One short line; the file knows more."""

    def format(self, record: logging.LogRecord) -> str:
        """See Formatter."""
        line = f"{record.levelname.lower()}: {sentence(record)}"
        error = _error(record)
        if error is None:
            return line
        text = harmless(error)
        place = frames(error)[-1:]
        return f"{line} ({kind(error)}{': ' if text else ''}{text} at {''.join(place)})"


def sentence(record: logging.LogRecord) -> str:
    """What a record says, without what a library may have put into it."""
    if record.name.partition(".")[0] == OURS:
        text = record.getMessage()
    else:
        text = (
            str(record.msg).partition("\n")[0] if record.args else f"{record.name} said something"
        )
    return text.replace("\n", " ")


def kind(error: BaseException) -> str:
    """What kind of error it is; of a refusal also the code."""
    name = type(error).__qualname__
    return f"{name} {error.code.name}" if isinstance(error, Refused) else name


def harmless(error: BaseException) -> str:
    """The error's text, if nothing that people wrote can be part of it."""
    return str(error) if isinstance(error, HARMLESS) else ""


def frames(error: BaseException) -> list[str]:
    """Where it happened, the innermost place last."""
    found = traceback.extract_tb(error.__traceback__)
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in found][-FRAMES_MAX:]


def chain(error: BaseException) -> Iterator[BaseException]:
    """The error, and what led to it."""
    found: BaseException | None = error
    for _ in range(CAUSES_MAX):
        if found is None:
            return
        yield found
        found = found.__cause__ or (None if found.__suppress_context__ else found.__context__)


def note_loop_error(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """What the event loop has to report; its own handler would print whole objects."""
    del loop
    error = context.get("exception")
    broken = isinstance(error, ssl.SSLError | ConnectionError)  # strangers do that all day
    level = logging.DEBUG if broken else logging.ERROR
    log.log(level, "the event loop: %s", context.get("message"), exc_info=error)


def _error(record: logging.LogRecord) -> BaseException | None:
    return record.exc_info[1] if record.exc_info else None
