"""A ticket for a command: it is on disk, and its answer can be waited for."""

from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from kentong.client.events import Answer
from kentong.protocol.errors import ErrorCode, Refused
from kentong.protocol.messages import Accepted, Done, Refusal

T = TypeVar("T")


class Ticket(Generic[T]):
    """A durable command. It takes effect whether anybody waits or not."""

    def __init__(
        self,
        key: int,
        answer: Callable[[int], Awaitable[Answer]],
        read: Callable[[Answer], T],
    ) -> None:
        self.key = key
        self._answer = answer
        self._read = read

    @property
    def ref(self) -> int:
        """Stands for the chat or the row that the command makes, before it has an id."""
        return -self.key

    async def accepted(self) -> T:
        """Wait for the server's answer, for as long as it takes; may be cancelled and repeated.

        Raises:
            Refused: the server refused it for good.
        """
        answer = await self._answer(self.key)
        if isinstance(answer, Refusal):
            raise Refused(known_code(answer.code))
        return self._read(answer)


def seq_of(answer: Answer) -> int:
    """The place of a text in its chat."""
    assert isinstance(answer, Accepted)
    return answer.seq


def chat_of(answer: Answer) -> int:
    """The chat that was made or found."""
    assert isinstance(answer, Done)
    return answer.chat


def text_of(answer: Answer) -> str:
    """The token of an invite."""
    assert isinstance(answer, Done)
    return answer.text


def nothing(answer: Answer) -> None:
    """The answer says nothing but that it is done."""


def known_code(code: int) -> ErrorCode:
    """The code, or INTERNAL if a later version of the protocol made it."""
    try:
        return ErrorCode(code)
    except ValueError:
        return ErrorCode.INTERNAL
