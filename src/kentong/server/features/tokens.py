"""Tokens of the invite links that devices make: derived, so that none needs to be kept.

A repeated command must get the answer that it got before, and that is the token; but who holds
the database or a backup must not hold the links. So a token follows from the device's secret,
which the device shows and the database lacks, and from the place of the command in its outbox, or
from its origin.
"""

import base64
import hmac

from kentong.server.access import Caller

TOKEN_BYTES = 15  # 120 bits, 20 characters


def links_key(secret: str) -> bytes:
    """What a connection keeps of its device's secret to derive tokens."""
    return hmac.digest(secret.encode(), b"kentong invite links", "sha256")


def invite_token(caller: Caller, origin: int) -> str:
    """The token of the link that this very command makes; one that moved keeps its origin."""
    assert caller.links_key, "only devices make links by commands"
    place = f"moved:{origin}" if origin else f"{caller.outbox}:{caller.number}"
    digest = hmac.digest(caller.links_key, place.encode(), "sha256")
    return base64.urlsafe_b64encode(digest[:TOKEN_BYTES]).decode()
