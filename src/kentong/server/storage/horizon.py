"""Forgetting old removals: where the clock stood each day, and what lies behind the horizon."""

from kentong.server.storage import meta
from kentong.server.storage.engine import Transaction

DAY_S = 86_400
_MARK = "day:"
_MARKS = "SELECT key, value FROM meta WHERE key >= 'day:' AND key < 'day;'"


def is_marked(tx: Transaction, day: int) -> bool:
    """Whether the clock of this day (days since 1970) was noted."""
    return meta.fact(tx, f"{_MARK}{day}") > 0


def turn(tx: Transaction, today: int, kept_days: int) -> None:
    """Note the clock of today, and forget removals from before `kept_days` ago.

    A mark is a cursor: all that lies below had been committed when the mark was set, so
    what lies below a mark of `kept_days` ago is at least that old. Safe to repeat.
    """
    if not is_marked(tx, today):
        meta.set_fact(tx, f"{_MARK}{today}", tx.cursor())
    due = [
        (key, clock)
        for key, clock in tx.all(_MARKS)
        if int(key.removeprefix(_MARK)) <= today - kept_days
    ]
    if due:
        meta.forget_removals(tx, max(clock for _, clock in due))
    for key, _ in due:
        tx.run("DELETE FROM meta WHERE key = ?", key)
