"""Proof of work for open sign-up: a challenge, and a nonce that took some work to find."""

import hashlib
import hmac

CHALLENGE_S = 600  # how long a challenge may be worked on
_TAG_CHARS = 24


def challenge(key: bytes, salt: str, now_s: int) -> str:
    """A challenge that only the holder of `key` can make."""
    text = f"{now_s}.{salt}"
    return f"{text}.{_tag(key, text)}"


def is_proven(key: bytes, given: str, nonce: str, bits: int, now_s: int) -> bool:
    """Whether the challenge is ours and young, and sha256(challenge + nonce) has `bits` zeros."""
    text, _, tag = given.rpartition(".")
    made_at = text.partition(".")[0]
    if not hmac.compare_digest(tag.encode(), _tag(key, text).encode()) or not made_at.isdecimal():
        return False
    if not 0 <= now_s - int(made_at) <= CHALLENGE_S or len(nonce) > 64:
        return False
    found = hashlib.sha256((given + nonce).encode()).digest()
    return int.from_bytes(found, "big") >> (256 - bits) == 0


def _tag(key: bytes, text: str) -> str:
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()[:_TAG_CHARS]
