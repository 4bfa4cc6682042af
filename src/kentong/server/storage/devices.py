"""Devices: who is signed in where."""

from kentong.server.model import Device, Withdrawal
from kentong.server.storage.engine import Transaction

_SELECT = "SELECT id, user_id, name, created_at, seen_at, revoked_at FROM devices "
_BY_ID = _SELECT + "WHERE id = ?"
_BY_SECRET = _SELECT + "WHERE secret_hash = ?"
_OF_USER = _SELECT + "WHERE user_id = ? AND revoked_at = 0 ORDER BY id"


def add_device(tx: Transaction, user_id: int, secret_hash: bytes, name: str, now_s: int) -> Device:
    """Sign in another device."""
    row = tx.one(
        "INSERT INTO devices (user_id, secret_hash, name, created_at, seen_at) "
        "VALUES (?, ?, ?, ?, ?) RETURNING id",
        *(user_id, secret_hash, name, now_s, now_s),
    )
    assert row is not None
    return Device(row[0], user_id, name, now_s, now_s, 0)


def device(tx: Transaction, device_id: int) -> Device | None:
    """The device with this id, revoked ones too."""
    row = tx.one(_BY_ID, device_id)
    return Device(*row) if row else None


def device_by_secret(tx: Transaction, secret_hash: bytes) -> Device | None:
    """The device with this secret, revoked ones too."""
    row = tx.one(_BY_SECRET, secret_hash)
    return Device(*row) if row else None


def devices_of(tx: Transaction, user_id: int) -> list[Device]:
    """The user's devices that are signed in, oldest first."""
    return [Device(*row) for row in tx.all(_OF_USER, user_id)]


def revoke(tx: Transaction, device_id: int, at_s: int) -> bool:
    """Sign a device out for good; False: it was already."""
    row = tx.one(
        "UPDATE devices SET revoked_at = ? WHERE id = ? AND revoked_at = 0 RETURNING secret_hash",
        *(at_s, device_id),
    )
    if row is not None:
        tx.removed.append(Withdrawal("device", (row[0].hex(),), at_s))
    return row is not None


def revoke_again(tx: Transaction, secret_hash: bytes, at_s: int) -> bool:
    """Revoke a device that an older copy of the database still knows."""
    found = device_by_secret(tx, secret_hash)
    return found is not None and revoke(tx, found.id, at_s)


def seen(tx: Transaction, device_id: int, at_s: int) -> None:
    """Note when a device was last there; it moves no head."""
    tx.run("UPDATE devices SET seen_at = ? WHERE id = ? AND seen_at < ?", at_s, device_id, at_s)


def count(tx: Transaction, user_id: int) -> int:
    """How many devices of the user are signed in."""
    row = tx.one("SELECT count(*) FROM devices WHERE user_id = ? AND revoked_at = 0", user_id)
    assert row is not None
    return int(row[0])
