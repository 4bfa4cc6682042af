"""Brings commands of the outbox over one connection, in order, and takes their answers."""

from typing import Final

import msgspec

from kentong.client.agenda import Agenda
from kentong.client.pace import Pace
from kentong.client.references import Answer, Entry
from kentong.client.store import Store
from kentong.protocol.codec import encode
from kentong.protocol.errors import Malformed
from kentong.protocol.limits import HELLO_OUTBOX_BYTES_MAX, OUTBOX_UNCONFIRMED_MAX
from kentong.protocol.messages import Later, Restart

READ_AT_ONCE: Final = 64  # entries
LATER_S_MIN: Final = 0.1


class Courier:
    """Knows which command the next answer belongs to, and what may leave next."""

    def __init__(self, store: Store, agenda: Agenda) -> None:
        self._store = store
        self._outbox = store.outbox
        self._agenda = agenda
        self._stopped = False  # the server ignores commands until it hears Restart
        self.outbox_id = self._outbox.id
        self.next_answer = self._next_sent = self._outbox.first_unanswered()
        self.pace = Pace()

    # -- Leaving ------------------------------------------------------------------------

    def hello_commands(self, now: float) -> list[msgspec.Raw]:
        """The head of the outbox, as far as it fits into a hello."""
        commands = []
        room = HELLO_OUTBOX_BYTES_MAX
        for entry in self._ready(now):
            room -= len(entry.frame)
            if room < 0:
                break
            self._send(entry, now)
            commands.append(msgspec.Raw(entry.frame))
        return commands

    def frames(self, now: float) -> list[bytes]:
        """What may leave now, after a Restart where the server waits for one."""
        if self._stopped and self._outbox.first_unanswered() <= self._last_allowed():
            self._next_sent = self._outbox.first_unanswered()
        ready = self._ready(now)
        if not ready:
            return []
        frames: list[bytes] = []
        if self._stopped:
            self._stopped = False
            self.outbox_id, self.next_answer = self._outbox.id, ready[0].number
            frames.append(encode(Restart(self.outbox_id, self.next_answer)))
        for entry in ready:
            if not self.pace.admits(len(entry.frame)):
                break
            self._send(entry, now)
            frames.append(entry.frame)
        return frames

    def _ready(self, now: float) -> list[Entry]:
        if now < self._agenda.paused_until or len(self.pace) >= OUTBOX_UNCONFIRMED_MAX:
            return []
        last = self._last_allowed()
        entries = self._outbox.from_number(self._next_sent, READ_AT_ONCE)
        return [entry for entry in entries if entry.number <= last]

    def _send(self, entry: Entry, now: float) -> None:
        self.pace.sent(len(entry.frame), now)
        self._next_sent = entry.number + 1

    def _last_allowed(self) -> float:
        """After a reset only what the server knows already may leave, to hear its answer."""
        if not self._store.number("requeue"):
            return float("inf")
        return self._known_number() if self.knows_outboxes() else 0

    def waits_until(self) -> float | None:
        """When a paused outbox may go on; None: it isn't paused, or has nothing to say."""
        if self._outbox.first_unanswered() >= self._outbox.next_number:
            return None
        return self._agenda.paused_until or None

    # -- Answers ------------------------------------------------------------------------

    def answered(self, answer: Answer, now: float, wall: int) -> Entry:
        """The next command on the way has this answer; the command.

        Raises Malformed: nothing was on the way.
        """
        if self._stopped or not len(self.pace):
            raise Malformed("an answer to nothing")
        entry = self._outbox.numbered(self.outbox_id, self.next_answer)
        if entry is None:
            raise Malformed("an answer to a command that nobody wrote")
        self._agenda.measured(self.pace.answered(now))
        self.next_answer += 1
        self._outbox.answer(entry.key, answer, wall)
        return entry

    def postponed(self, later: Later, now: float) -> None:
        """The server takes nothing for a while."""
        self.stop()
        self._agenda.paused_until = now + max(later.retry_after_ms / 1_000, LATER_S_MIN)

    def stop(self) -> None:
        """What is on the way will be ignored."""
        self._stopped = True
        self.pace.forget()

    # -- A new outbox -------------------------------------------------------------------

    def forked(self, wall: int) -> list[int]:
        """The server holds something else; keys of commands that are refused because of it."""
        self.stop()
        if self._store.number("requeue"):  # what is left moves with everything else
            known = self._agenda.outboxes_known
            known[self._outbox.id] = min(self._known_number(), self.next_answer - 1)
            return []
        return self._outbox.fork(wall)

    def requeue(self, wall: int) -> list[int] | None:
        """After a reset, once all is known: move what the server lost to a new outbox.

        Returns the keys of commands that could not move; None: it is too early.
        """
        if not self._store.number("requeue") or not self.knows_outboxes():
            return None
        if self._outbox.first_unanswered() <= min(
            self._known_number(), self._outbox.next_number - 1
        ):
            return None  # the server still owes the answer to something that it has
        dropped = self._outbox.requeue(self._agenda.outboxes_known, wall, self._has)
        self._store.set_number("requeue", 0)
        self.stop()
        return dropped

    def knows_outboxes(self) -> bool:
        """Whether the server has said how far it knows each outbox."""
        return not self.unknown_outboxes()

    def unknown_outboxes(self) -> list[int]:
        """Outboxes that the server has to be asked about."""
        outboxes = self._outbox.outboxes()
        return [outbox for outbox in outboxes if outbox not in self._agenda.outboxes_known]

    def _known_number(self) -> int:
        return self._agenda.outboxes_known.get(self._outbox.id, 0)

    def _has(self, chat: int, seq: int) -> bool:
        view = self._store.chat(chat)
        return view is not None and seq <= view.last_seq
