"""What must not come back with a backup: kept outside the database, for a restore to honour."""

import os
import re
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from kentong.server.model import MemberState, Removed, Withdrawal, Withdrawn
from kentong.server.storage import accounts, devices, invites, members, messages
from kentong.server.storage.engine import Transaction
from kentong.server.storage.folder import sync_file

DAY_S = 86_400
_DAY = "day"  # what follows was written on it
_WORD = re.compile("[0-9a-f]+")


class RemovalLog:
    """An append-only file with a line of numbers for each removed row, and for each device,
    account, member, person and link that was revoked, suspended, sent away, blocked or ended;
    no texts, no names, no secrets but their hashes.

    A line is on the disk before the commit that it belongs to. If that commit fails, the
    line stays: the removal had been decided, and is repeated by whoever asked for it.
    """

    def __init__(self, path: Path, now: Callable[[], float] = time.time) -> None:
        self._path = path
        self._now = now
        self._day = 0  # of the last line written

    def add(self, withdrawn: Iterable[Withdrawn]) -> None:
        """Append lines and wait until they are on the disk. Raises OSError."""
        lines = "".join(_line(entry) + "\n" for entry in withdrawn)
        today = int(self._now()) // DAY_S
        if today != self._day:
            lines = f"{_DAY} {today}\n{lines}"
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        descriptor = os.open(self._path, flags, 0o600)
        try:
            data = memoryview(("\n" + lines).encode())  # ends a line that a crash cut
            while data:
                data = data[os.write(descriptor, data) :]
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        self._day = today

    def shorten(self, now_s: int, kept_days: int) -> None:
        """Forget what was written more than so many days ago. Nobody may add meanwhile.

        Lines from before days were noted are as old as the first day. Raises OSError.
        """
        first_day = now_s // DAY_S - kept_days
        lines = self._lines()
        kept = next(
            (at for at, line in enumerate(lines) if _is_day(line) and int(line[1]) >= first_day),
            len(lines),
        )
        if not kept or not any(_is_day(line) for line in lines[:kept]):
            return
        shorter = self._path.with_name(self._path.name + ".unfinished")
        shorter.unlink(missing_ok=True)
        shorter.touch(mode=0o600)
        shorter.write_text("".join(" ".join(line) + "\n" for line in lines[kept:]), "ascii")
        sync_file(shorter)
        shorter.replace(self._path)
        sync_file(self._path.parent)
        self._day = 0

    def entries(self) -> list[Removed]:
        """Every line about a row that is whole."""
        width = len(Removed._fields)
        return [
            Removed(*map(int, line))
            for line in self._lines()
            if len(line) == width and all(word.isdigit() for word in line)
        ]

    def withdrawals(self) -> list[Withdrawal]:
        """The last word about everything else, in order."""
        last: dict[tuple[str, ...], Withdrawal] = {}
        for kind, *words in self._lines():
            if kind in _AGAIN and len(words) == _AGAIN[kind][0] and _are_numbers(words):
                key = tuple(words[:-1])
                last.pop((kind, *key), None)
                last[(kind, *key)] = Withdrawal(kind, key, int(words[-1]))
        return list(last.values())

    def replay(self, tx: Transaction) -> int:
        """Remove again what an older copy still shows; returns how many things."""
        count = sum(messages.wipe_again(tx, removed) for removed in self.entries())
        return count + sum(_AGAIN[each.kind][1](tx, each) for each in self.withdrawals())

    def _lines(self) -> list[list[str]]:
        if not self._path.exists():
            return []
        lines = (line.split() for line in self._path.read_text("ascii", "replace").splitlines())
        return [line for line in lines if line]


def _line(entry: Withdrawn) -> str:
    if isinstance(entry, Removed):
        return " ".join(map(str, entry))
    return " ".join((entry.kind, *entry.key, str(entry.value)))


def _is_day(line: list[str]) -> bool:
    return len(line) == 2 and line[0] == _DAY and line[1].isdigit()


def _are_numbers(words: list[str]) -> bool:
    return words[-1].isdigit() and all(_WORD.fullmatch(word) for word in words)


def _device(tx: Transaction, entry: Withdrawal) -> bool:
    return devices.revoke_again(tx, bytes.fromhex(entry.key[0]), entry.value)


def _invite(tx: Transaction, entry: Withdrawal) -> bool:
    return invites.revoke_again(tx, bytes.fromhex(entry.key[0]), entry.value)


def _suspended(tx: Transaction, entry: Withdrawal) -> bool:
    user_id = int(entry.key[0])
    found = accounts.account(tx, user_id)
    if found is None or found.suspended_at == entry.value:
        return False
    accounts.set_suspended(tx, user_id, entry.value)
    return True


def _member(tx: Transaction, entry: Withdrawal) -> bool:
    chat_id, user_id = map(int, entry.key)
    return members.send_away_again(tx, chat_id, user_id, MemberState(entry.value))


def _block(tx: Transaction, entry: Withdrawal) -> bool:
    user_id, blocked_id = map(int, entry.key)
    if accounts.account(tx, user_id) is None or accounts.account(tx, blocked_id) is None:
        return False
    change = accounts.block if entry.value else accounts.unblock
    return change(tx, user_id, blocked_id)


_AGAIN: dict[str, tuple[int, Callable[[Transaction, Withdrawal], bool]]] = {
    "device": (2, _device),  # words in a line behind the kind, and how it is done again
    "invite": (2, _invite),
    "suspended": (2, _suspended),
    "member": (3, _member),
    "block": (3, _block),
}
