"""What a server does by itself, day by day: removals beyond the horizon are forgotten."""

import logging
from collections.abc import Awaitable, Callable

from kentong.protocol.errors import Refused
from kentong.server.node import Node
from kentong.server.storage import horizon

log = logging.getLogger(__name__)

LOOK_EVERY_S = 3_600.0


async def keep_up(node: Node, sleep: Callable[[float], Awaitable[None]]) -> None:
    """Turn the horizon once a day, for as long as the server runs."""
    while True:
        try:
            await turn_horizon(node)
        except Refused as refused:  # no room or no database now; there is time
            log.warning("the horizon waits: %s", refused.code.name)
        except Exception:  # our bug; devices are told more than they need, nothing is lost
            log.exception("the horizon did not turn")
        await sleep(LOOK_EVERY_S)


async def turn_horizon(node: Node) -> None:
    """Note today's clock and forget removals of `horizon_days` ago, unless it was done today."""
    today = int(node.now()) // horizon.DAY_S
    kept_days = node.config.horizon_days
    if not await node.engine.read(lambda tx: horizon.is_marked(tx, today)):
        await node.engine.write(lambda tx: horizon.turn(tx, today, kept_days))
