"""What a server does by itself: what was removed is forgotten, in time, wherever it still is."""

import logging
from collections.abc import Awaitable, Callable

from kentong.protocol.errors import Refused
from kentong.server.node import Node
from kentong.server.storage import horizon, outboxes
from kentong.server.storage.engine import Keep, Transaction

log = logging.getLogger(__name__)

LOOK_EVERY_S = 600.0


async def keep_up(node: Node, sleep: Callable[[float], Awaitable[None]]) -> None:
    """Turn the horizon once a day and tidy often, for as long as the server runs."""
    while True:
        try:
            await turn_horizon(node)
        except Refused as refused:  # no room or no database now; there is time
            log.warning("the horizon waits: %s", refused.code.name)
        except Exception:  # our bug; devices are told more than they need, nothing is lost
            log.exception("the horizon did not turn")
        await tidy(node)
        await sleep(LOOK_EVERY_S)


async def tidy(node: Node) -> None:
    """Let deleted texts leave the log of writes, and go what is too old to be kept."""
    keep = Keep(node.config.removals_days, node.config.copies_days)
    try:
        await node.engine.tidy(int(node.now()), keep)
    except Exception:  # nothing depends on it now, and the next time comes soon
        log.exception("the data folder was not tidied")


async def turn_horizon(node: Node) -> None:
    """Unless it was done today: note the day's clock and forget removals of `horizon_days` ago,
    and the answers to devices that were signed out before yesterday.
    """
    now_s = int(node.now())
    today, kept_days = now_s // horizon.DAY_S, node.config.horizon_days

    def forget(tx: Transaction) -> None:
        horizon.turn(tx, today, kept_days)
        outboxes.forget_revoked(tx, now_s - horizon.DAY_S)

    if not await node.engine.read(lambda tx: horizon.is_marked(tx, today)):
        await node.engine.write(forget)
