"""Proof of work."""

import itertools

from kentong.server.rules.proof import CHALLENGE_S, challenge, is_proven

KEY = b"k" * 32


def solve(given: str, bits: int) -> str:
    return next(
        nonce for nonce in map(str, itertools.count()) if is_proven(KEY, given, nonce, bits, 1000)
    )


def test_a_found_nonce_proves() -> None:
    made = challenge(KEY, "salt", 1000)
    nonce = solve(made, 8)
    assert is_proven(KEY, made, nonce, 8, 1000 + CHALLENGE_S)


def test_a_challenge_grows_old() -> None:
    made = challenge(KEY, "salt", 1000)
    nonce = solve(made, 4)
    assert not is_proven(KEY, made, nonce, 4, 1001 + CHALLENGE_S)
    assert not is_proven(KEY, made, nonce, 4, 999)


def test_a_challenge_of_somebody_else_proves_nothing() -> None:
    made = challenge(b"x" * 32, "salt", 1000)
    assert not is_proven(KEY, made, "0", 0, 1000)
    assert not is_proven(KEY, "nonsense", "0", 0, 1000)
    assert not is_proven(KEY, "", "0", 0, 1000)


def test_too_little_work_proves_nothing() -> None:
    made = challenge(KEY, "salt", 1000)
    bad = next(n for n in map(str, itertools.count()) if not is_proven(KEY, made, n, 8, 1000))
    assert not is_proven(KEY, made, bad, 8, 1000)
    assert not is_proven(KEY, made, "0" * 65, 0, 1000)
