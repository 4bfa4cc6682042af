"""Invite links. Only a hash of the token is kept."""

from kentong.server.model import Invite, Withdrawal
from kentong.server.storage.engine import SqlRow, Transaction

_SELECT = "SELECT token_hash, made_by, chat_id, created_at, revoked_at, uses FROM invites "
_BY_TOKEN = _SELECT + "WHERE token_hash = ?"


def add_invite(tx: Transaction, token_hash: bytes, made_by: int, chat_id: int, now_s: int) -> None:
    """A new link to a chat, or to its maker (chat 0)."""
    tx.run(
        "INSERT INTO invites (token_hash, made_by, chat_id, created_at) VALUES (?, ?, ?, ?)",
        *(token_hash, made_by, chat_id, now_s),
    )


def invite(tx: Transaction, token_hash: bytes) -> Invite | None:
    """The link with this token, unless it was revoked."""
    row = tx.one(_BY_TOKEN, token_hash)
    found = Invite(*row) if row else None
    return None if found is None or found.revoked_at else found


def revoke_personal(tx: Transaction, made_by: int, at_s: int) -> None:
    """Stop the links that lead to their maker."""
    _note(
        tx,
        at_s,
        tx.all(
            "UPDATE invites SET revoked_at = ? WHERE made_by = ? AND chat_id = 0 "
            "AND revoked_at = 0 RETURNING token_hash",
            *(at_s, made_by),
        ),
    )


def revoke_group(tx: Transaction, chat_id: int, at_s: int) -> None:
    """Stop all links to a group; whoever made one is, or was, its member."""
    _note(
        tx,
        at_s,
        tx.all(
            "UPDATE invites SET revoked_at = ? WHERE chat_id = ? AND revoked_at = 0 "
            "AND made_by IN (SELECT user_id FROM members WHERE chat_id = ?) RETURNING token_hash",
            *(at_s, chat_id, chat_id),
        ),
    )


def revoke_again(tx: Transaction, token_hash: bytes, at_s: int) -> bool:
    """Revoke a link that an older copy of the database still knows."""
    changed = tx.run(
        "UPDATE invites SET revoked_at = ? WHERE token_hash = ? AND revoked_at = 0",
        *(at_s, token_hash),
    )
    return changed > 0


def _note(tx: Transaction, at_s: int, revoked: list[SqlRow]) -> None:
    tx.removed += [Withdrawal("invite", (row[0].hex(),), at_s) for row in revoked]


def use(tx: Transaction, token_hash: bytes) -> None:
    """Count that somebody came by a link."""
    tx.run("UPDATE invites SET uses = uses + 1 WHERE token_hash = ?", token_hash)
