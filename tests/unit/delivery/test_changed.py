"""However much changes at once, no message is longer than the wire takes."""

import asyncio
import threading
from pathlib import Path

from kentong.protocol.codec import encode
from kentong.protocol.limits import FRAME_BYTES_MAX, TEXT_CHARS_MAX
from kentong.protocol.messages import (
    Accepted,
    Changed,
    Done,
    EditText,
    Heads,
    Message,
    OpenDirect,
    SendText,
)
from tests.unit.http.inn import WAIT_S, inn, run

EDITS = 30


def test_many_long_edits_at_once_come_as_a_head(tmp_path: Path) -> None:
    async def work() -> None:
        async with inn(tmp_path) as it:
            owner = await it.owner()
            body = {"code": owner["recovery_code"], "cookie": False}
            other = (await it.api("recover", body))[1]
            device = await it.connect(owner["secret"])
            await device.say(OpenDirect(0))
            chat = (await device.hear(Done)).chat
            for number in range(EDITS):
                await device.say(SendText(chat, str(number)))
                await device.hear(Accepted)
            listener = await it.connect(other["secret"])
            await listener.hear(Heads)
            over = threading.Event()
            holding = asyncio.ensure_future(it.node.engine.read(lambda tx: over.wait(WAIT_S)))
            for number in range(EDITS):
                await device.say(EditText(chat, number + 1, "x" * TEXT_CHARS_MAX))
                await device.hear(Done)
            over.set()
            await holding
            changes = 0
            while changes < EDITS:
                message = await listener.hear(Message)
                assert len(encode(message)) <= FRAME_BYTES_MAX
                assert not isinstance(message, Changed)
                if isinstance(message, Heads) and message.heads:
                    changes = message.heads[0].changes

    run(work())
