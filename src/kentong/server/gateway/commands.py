"""The numbered commands of one connection: counted in, answered in order."""

import logging
from collections.abc import Callable

from kentong.protocol.codec import encode
from kentong.protocol.errors import ErrorCode, Refused
from kentong.protocol.limits import OUTBOX_UNCONFIRMED_MAX
from kentong.protocol.messages import Accepted, Command, Forked, Later, Message, Refusal, Restart
from kentong.server import routes
from kentong.server.access import Caller
from kentong.server.features import outbox
from kentong.server.node import Node
from kentong.server.storage.engine import Outcome, Transaction

log = logging.getLogger(__name__)

RETRY_MS = 1_000  # after an error of ours
OUR_BUGS = (AssertionError, AttributeError, LookupError, TypeError, ValueError)


class Commands:
    """Counts commands in, lets them take effect, answers them in their order.

    After an answer that leaves a number free (Later, Forked) nothing is taken until
    Restart; answers that are still under way then belong to nobody.
    """

    __slots__ = (
        "_before", "_blocked", "_generation", "_later", "_node", "_run", "_send", "caller",
        "check", "on_idle", "outstanding",
    )  # fmt: skip

    def __init__(
        self, node: Node, caller: Caller, time: int, send: Callable[[bytes], None]
    ) -> None:
        self._node = node
        self._send = send
        self._before = Accepted(0, 0, time)
        self._blocked = False
        self._generation = 0
        self._run = outbox.Run()
        self._later: Later | None = None  # to be said when all before is answered
        self.caller = caller  # with the number of the next command
        self.outstanding = 0
        # Raises Refused if the device may not go on; while it is told things, who tells it sees.
        self.check: Callable[[Transaction], object] | None = None
        self.on_idle: Callable[[], None] | None = None  # called once when all is answered

    def took(self, outbox: int, number: int) -> bool:
        """Whether this command came over this connection, or was answered before it.

        Not while everything is ignored: then a copy of the device's store may have said it.
        """
        caller = self.caller
        return outbox == caller.outbox and number < caller.number and not self._blocked

    def block(self) -> None:
        """Take nothing until Restart."""
        self._blocked = True

    def restart(self, restart: Restart) -> None:
        """Count from this number of this outbox."""
        self._generation += 1
        self._run.end()
        self._run = outbox.Run()
        self._blocked = False
        self._later = None
        self.outstanding = 0
        self.caller = self.caller._replace(outbox=restart.outbox, number=restart.number)

    def take(self, frame: bytes, command: Command) -> bool:
        """Take a command; False: too many are unanswered."""
        if self._blocked:
            return True
        if self.outstanding >= OUTBOX_UNCONFIRMED_MAX:
            return False
        cost = routes.cost(command)
        wait_ms = self._node.limits.commands.take(self.caller.user_id, self._node.now(), cost)
        if wait_ms:
            self._put_off(ErrorCode.RATE_LIMITED, wait_ms)
            return True
        caller = self.caller
        self.caller = caller.next()
        self.outstanding += 1
        generation, node, run, check = self._generation, self._node, self._run, self.check

        def work(tx: Transaction) -> outbox.Taken:
            if check is not None:
                check(tx)
            context = node.context(tx, caller)
            return run.take(caller.number, lambda: routes.take_command(context, frame, command))

        def done(outcome: Outcome) -> None:
            if isinstance(outcome.error, OUR_BUGS):
                _give_up(node, caller, frame)
            self._done(generation, outcome)

        node.engine.post_write(work, done)
        return True

    def _put_off(self, code: ErrorCode, wait_ms: int) -> None:
        self._blocked = True
        self._later = Later(code, wait_ms)
        if not self.outstanding:
            self._say_later()

    def _say_later(self) -> None:
        if self._later is not None:
            self._send(encode(self._later))
            self._later = None

    def _done(self, generation: int, outcome: Outcome) -> None:
        if generation != self._generation:
            return
        self.outstanding -= 1
        error = outcome.error
        if error is None:
            self._answer(outcome.result.answer)
        elif isinstance(error, Refused):
            self._stop(Later(error.code, max(1, error.retry_after_ms)))
        else:
            self._node.counts["internal_errors"] += 1
            log.error("a command failed", exc_info=error)
            self._stop(Later(ErrorCode.INTERNAL, RETRY_MS))
        if not self.outstanding:
            self._say_later()
            idle, self.on_idle = self.on_idle, None
            if idle is not None:
                idle()

    def _answer(self, answer: Message) -> None:
        if isinstance(answer, Forked):
            self._stop(answer)
            return
        if isinstance(answer, Accepted):
            self._node.counts["messages_accepted"] += 1
            before, self._before = self._before, answer
            answer = answer.since(before)
        elif isinstance(answer, Refusal):
            self._node.counts["commands_refused"] += 1
        self._send(encode(answer))

    def _stop(self, last: Message) -> None:
        """Say why no number is used from here on, and drop what was sent after it."""
        self._blocked = True
        self._generation += 1
        self.outstanding = 0
        self._later = None
        self._send(encode(last))


def _give_up(node: Node, caller: Caller, frame: bytes) -> None:
    """Refuse a command that our own bug keeps from taking effect, or it blocks its outbox."""

    def work(tx: Transaction) -> None:
        outbox.give_up(node.context(tx, caller), frame, ErrorCode.INTERNAL)

    node.engine.post_write(work, lambda _: None)
