"""A village on a real database: people, chats, and commands run as the server runs them."""

from collections.abc import Callable
from typing import Any

from kentong.protocol.codec import encode
from kentong.protocol.errors import ErrorCode, Refused
from kentong.protocol.messages import (
    Accepted,
    Command,
    CreateGroup,
    Done,
    Forked,
    Message,
    OpenDirect,
    Refusal,
    Request,
    SendText,
)
from kentong.server import config, routes
from kentong.server.access import Caller, Context
from kentong.server.model import StoredRow
from kentong.server.storage import accounts, devices, messages
from kentong.server.storage.engine import Database, Transaction

NOW_S = 1_795_000_000


class Village:
    """Everybody is called by the first letter of their name."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.config = config.load({}, {})
        self.now_s = NOW_S
        self.people: dict[str, Caller] = {}
        self._numbers: dict[str, int] = {}
        self._tokens = 0

    def run(self, work: Callable[[Transaction], Any]) -> Any:  # noqa: ANN401 - what the work gives
        """Run a work and give its result, or raise what it raised."""
        (outcome,) = self._database.run_group([work]).outcomes
        if outcome.error is not None:
            raise outcome.error
        return outcome.result

    def settle(self, *names: str) -> None:
        """Let people move in; they share no chat yet."""
        for name in names:

            def work(tx: Transaction, name: str = name) -> Caller:
                account = accounts.add_account(tx, name, self.now_s)
                device = devices.add_device(tx, account.id, name.encode(), "phone", self.now_s)
                return Caller(account.id, device.id, outbox=1, links_key=name.encode())

            self.people[name] = self.run(work)
            self._numbers[name] = 0

    def id(self, name: str) -> int:
        """A person's user id."""
        return self.people[name].user_id

    def context(self, tx: Transaction, name: str, number: int = 0) -> Context:
        """What a handler works with when this person calls."""
        return Context(
            tx, self.people[name]._replace(number=number), self.now_s, self.config, self._token
        )

    def _token(self) -> str:
        self._tokens += 1
        return f"token-{self._tokens}"

    def does(self, name: str, command: Command) -> Message:
        """The answer to the person's next command."""
        number = self._numbers[name] = self._numbers[name] + 1
        return self.repeats(name, command, number)

    def repeats(self, name: str, command: Command, number: int) -> Message:
        """The answer to a command with this number."""
        frame = encode(command)
        answer: Message = self.run(
            lambda tx: routes.take_command(self.context(tx, name, number), frame, command).answer
        )
        return answer

    def asks(self, name: str, request: Request) -> Message | ErrorCode:
        """The answer to a person's request, or why there is none."""
        try:
            answer: Message = self.run(lambda tx: routes.answer(self.context(tx, name), request))
        except Refused as refused:
            return refused.code
        return answer

    def refused(self, name: str, command: Command) -> ErrorCode:
        """Why a command is refused."""
        answer = self.does(name, command)
        assert isinstance(answer, Refusal), answer
        return ErrorCode(answer.code)

    def done(self, name: str, command: Command) -> Done:
        """The answer to a command that takes effect."""
        answer = self.does(name, command)
        assert isinstance(answer, Done), answer
        return answer

    def group(self, owner: str, *others: str, title: str = "lunch") -> int:
        """A group of people who needn't have met."""
        ids = [self.id(name) for name in others]
        self.acquaint(owner, *others)
        return self.done(owner, CreateGroup(title, ids)).chat

    def acquaint(self, *names: str) -> None:
        """Put people into one chat, so that they know of each other."""
        from kentong.server.features import directs
        from kentong.server.model import NewChat, Reach
        from kentong.server.storage import chats

        def work(tx: Transaction) -> None:
            new = NewChat(2, Reach.PRIVATE, "market", None, self.now_s)
            chat = chats.add_chat(tx, new)
            for name in names:
                directs.admit(self.context(tx, name), chat, self.id(name))

        self.run(work)

    def direct(self, one: str, other: str) -> int:
        """The direct chat of two people."""
        self.acquaint(one, other)
        return self.done(one, OpenDirect(self.id(other))).chat

    def says(self, name: str, chat: int, text: str) -> int:
        """The seq of a new text."""
        answer = self.does(name, SendText(chat, text))
        assert isinstance(answer, Accepted), answer
        return answer.seq

    def row(self, chat: int, seq: int) -> StoredRow:
        """A row as it is stored."""
        row: StoredRow | None = self.run(lambda tx: messages.row(tx, chat, seq))
        assert row is not None
        return row


def is_forked(answer: Message) -> bool:
    """Whether the client must take a new outbox."""
    return isinstance(answer, Forked)
