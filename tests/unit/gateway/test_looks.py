"""What is on somebody's screen is forgotten with them, and said within a rate."""

import gc
from pathlib import Path

from kentong.protocol.errors import ErrorCode
from kentong.protocol.messages import Done, Goodbye, Looks, OpenDirect, Ping, Pong
from kentong.server.gateway.session import Session as ServerSession
from tests.unit.http.inn import inn, run

RECONNECTS = 300


def test_nothing_is_left_of_a_device_that_had_a_chat_on_screen(tmp_path: Path) -> None:
    async def work() -> None:
        async with inn(tmp_path) as it:
            owner = await it.owner()
            chat = 0
            for number in range(RECONNECTS):
                device = await it.connect(owner["secret"])
                if not number:
                    await device.say(OpenDirect(0))
                    chat = (await device.hear(Done)).chat
                await device.say(Looks(1, [chat]))
                await device.say(Ping())
                await device.hear(Pong)
                await device.leave()
            while it.node.sessions:
                await it.get("/health")
            gc.collect()
            left = [one for one in gc.get_objects() if isinstance(one, ServerSession)]
            assert len(left) <= 1  # the last one may still be on the stack of what closed it

    run(work())


def test_who_looks_without_end_is_sent_away(tmp_path: Path) -> None:
    async def work() -> None:
        async with inn(tmp_path, requests_per_minute=6) as it:
            owner = await it.owner()
            device = await it.connect(owner["secret"])
            for number in range(8):
                await device.say(Looks(number % 2, [1] * 8))
            goodbye = await device.hear(Goodbye)
            assert goodbye.code == ErrorCode.TOO_MANY_REQUESTS
            assert goodbye.retry_after_ms > 0

    run(work())
