"""Frames that come before the device is signed in: kept unread, and not many of them."""

from collections.abc import Sequence
from typing import Final

from kentong.protocol.limits import EARLY_BYTES_MAX, EARLY_FRAMES_MAX

_FRAME_BYTES: Final = 64  # that a frame takes besides what is in it


class Early:
    """What a stranger said so far. Nothing of it is looked at."""

    __slots__ = ("_room_bytes", "frames")

    def __init__(self, frames: Sequence[bytes] = ()) -> None:
        """With what came in one body, which has a limit of its own and is held anyway."""
        self.frames = list(frames)
        self._room_bytes = EARLY_BYTES_MAX

    def add(self, frame: bytes) -> bool:
        """Keep a frame; False: these are too many."""
        self._room_bytes -= len(frame) + _FRAME_BYTES
        self.frames.append(frame)
        return self._room_bytes >= 0 and len(self.frames) <= EARLY_FRAMES_MAX
