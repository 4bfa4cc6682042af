"""Fills what a device keeps behind the screen: new rows, stale windows, people's names."""

from collections.abc import Callable
from functools import partial
from typing import Final

from kentong.client import windows
from kentong.client.agenda import Agenda, Question
from kentong.client.events import ChatChanged, Event, LinkChanged
from kentong.client.store import Store
from kentong.client.sync import TOLD_ROWS_MAX
from kentong.client.windows import Window
from kentong.protocol.errors import ErrorCode
from kentong.protocol.messages import Failed, GetPeople, GetRange, Message

ROWS_AT_ONCE: Final = 64  # mostly one page on the wire
QUESTIONS_AT_ONCE: Final = 2
NAMES_AT_ONCE: Final = 50


class Filler:
    """Asks for one run of rows after the other; what it asks for is never urgent."""

    def __init__(self, store: Store, agenda: Agenda, wake: Callable[[], None]) -> None:
        self._store = store
        self._agenda = agenda
        self._wake = wake
        self._stale: dict[int, None] = {}  # chats to look at, in order
        self._asking: dict[int, Window] = {}  # chats with an open question, and what it asks
        self._unnamed: set[int] = set()  # asked for, with or without an answer

    def happened(self, event: Event) -> None:
        """Something is in the store now."""
        if isinstance(event, ChatChanged):
            self._stale[event.chat.id] = None
        elif isinstance(event, LinkChanged) and event.online:
            self._stale.update(dict.fromkeys(chat.id for chat in self._store.chats()))
            self._unnamed.clear()

    def ask(self) -> None:
        """Ask for what is missing, if anything, and not more than a little at once."""
        for chat in list(self._stale):
            if len(self._asking) >= QUESTIONS_AT_ONCE:
                return
            if chat in self._asking:
                continue
            wanted = self._next_run(chat)
            if wanted is None:
                del self._stale[chat]
            else:
                self._ask_rows(chat, wanted)
        self._ask_names()

    def _ask_rows(self, chat: int, wanted: Window) -> None:
        self._asking[chat] = wanted
        number = self._agenda.next_request()
        request = GetRange(number, chat, wanted.first, wanted.last, wanted.as_of)
        self._agenda.questions[number] = Question(request, partial(self._answered, chat))
        self._wake()

    def _answered(self, chat: int, answer: Message) -> None:
        asked = self._asking.pop(chat)
        is_refused = isinstance(answer, Failed) and answer.code != ErrorCode.TOO_LARGE
        if is_refused or self._next_run(chat) == asked:
            self._stale.pop(chat, None)  # looked at again when it changes
        self.ask()

    def _next_run(self, chat_id: int) -> Window | None:
        """The newest run of a chat that is not exact and should be."""
        chat = self._store.chat(chat_id)
        if chat is None or chat.last_seq == 0:
            return None
        first = max(1, chat.first_seq, chat.last_seq - TOLD_ROWS_MAX + 1)
        kept = self._store.timeline.windows(chat_id)
        if first > chat.last_seq:
            return None
        for run in windows.to_ask(kept, (first, chat.last_seq), chat.version):
            lowest = run.first if run.as_of else max(run.first, chat.told_seq + 1)
            if lowest <= run.last:
                return Window(lowest, min(run.last, lowest + ROWS_AT_ONCE - 1), run.as_of)
        return None

    def _ask_names(self) -> None:
        """Ask who people are that kept rows speak of."""
        users = [
            user
            for user in self._store.unnamed_authors(NAMES_AT_ONCE + len(self._unnamed))
            if user not in self._unnamed
        ][:NAMES_AT_ONCE]
        if users:
            self._unnamed.update(users)
            number = self._agenda.next_request()
            question = Question(GetPeople(number, users), lambda answer: None)
            self._agenda.questions[number] = question
            self._wake()
