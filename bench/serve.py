"""A server of its own for a benchmark, set up by the KENTONG_… variables."""

import asyncio
import logging
import signal

import uvloop

from kentong.server import app, config


async def serve() -> None:
    stopped = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
    async with app.running(config.load({})):
        await stopped.wait()


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING)
    uvloop.run(serve())
