"""Reads a story: lines of plain text become steps, each by the one phrase that it fits."""

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import NamedTuple

NAME = "[A-Z][a-z]+"
TEXT = '"[^"]*"'
SLOTS = {
    "who": rf"{NAME}(?:'s [a-z]+)?",
    "person": NAME,
    "newcomer": NAME,
    "people": rf"{NAME}(?:, {NAME})*(?: and {NAME})?",
    "newcomers": rf"{NAME}(?:, {NAME})*(?: and {NAME})?",
    "text": TEXT,
    "texts": rf"{TEXT}(?:, {TEXT})*(?: and {TEXT})?",
    "place": rf"{TEXT}|{NAME}|the chat with {NAME}|the notes",
    "link": rf"{NAME}'s (?:old )?link|the (?:old )?link to {TEXT}",
    "number": "[0-9]+",
    "span": "[0-9]+ to [0-9]+",
    "word": "[a-z]+",
    "code": "[A-Z_]+",
}
SLOT = re.compile(r"\{(\w+)\}")
REFUSED = re.compile(r"(.*), but is refused: ([A-Z_]+)")


class StoryError(Exception):
    """A story that can't be read, or that didn't happen as it is told."""

    def __init__(self, path: Path, number: int, what: str) -> None:
        super().__init__(f"{path.name}:{number}: {what}")


class Place(NamedTuple):
    """A chat as a story names it: a group's title, the other person, or neither: the notes."""

    title: str = ""
    peer: str = ""

    def __str__(self) -> str:
        return f'"{self.title}"' if self.title else self.peer or "the notes"


class Link(NamedTuple):
    """An invite link: whose, or to which group; `old` is the one made before the newest."""

    target: str
    is_old: bool


Value = str | int | tuple[int, int] | Place | Link | list[str]


@dataclass(frozen=True)
class Step:
    """One line that something is done or seen in."""

    path: Path
    number: int  # of the line, from 1
    line: str
    phrase: str
    slots: tuple[str, ...]
    values: tuple[Value, ...]
    refusal: str = ""  # the name of the error code that it must end with

    def error(self, what: str) -> StoryError:
        """This line, and what is wrong there."""
        return StoryError(self.path, self.number, f"{self.line}\n    {what}")


def read_story(path: Path, phrases: Iterable[str]) -> list[Step]:
    """The steps of a story, in order. Raises StoryError."""
    known = {phrase: as_pattern(phrase) for phrase in phrases}
    lines = enumerate(path.read_text("utf-8").splitlines(), 1)
    steps = [
        read_line(path, number, line.strip(), known)
        for number, line in lines
        if line.strip() and not line.strip().startswith("#")
    ]
    if not steps:
        raise StoryError(path, 1, "nothing happens in this story")
    return steps


def read_line(path: Path, number: int, line: str, known: Mapping[str, re.Pattern[str]]) -> Step:
    """The step of one line. Raises StoryError if no phrase fits, or more than one does."""
    refused = REFUSED.fullmatch(line)
    deed, refusal = (refused[1], refused[2]) if refused else (line, "")
    fitting = [
        (phrase, found) for phrase, pattern in known.items() if (found := pattern.fullmatch(deed))
    ]
    if not fitting:
        close = difflib.get_close_matches(deed, known, 1, 0.0)
        raise StoryError(path, number, f"{line}\n    is no known phrase; perhaps: {close[0]}")
    if len(fitting) > 1:
        names = " or ".join(phrase for phrase, _ in fitting)
        raise StoryError(path, number, f"{line}\n    can mean: {names}")
    ((phrase, found),) = fitting
    slots = tuple(SLOT.findall(phrase))
    values = tuple(map(as_value, slots, found.groups()))
    return Step(path, number, line, phrase, slots, values, refusal)


@cache
def as_pattern(phrase: str) -> re.Pattern[str]:
    """What fits a phrase such as `{who} sends {text} to {place}`."""
    parts = SLOT.split(phrase)  # words and slots in turn
    return re.compile(
        "".join(
            f"({SLOTS[part]})" if index % 2 else re.escape(part) for index, part in enumerate(parts)
        )
    )


def as_value(slot: str, written: str) -> Value:
    """What stands in a slot."""
    match slot:
        case "text":
            return written[1:-1]
        case "texts":
            return re.findall('"([^"]*)"', written)
        case "people" | "newcomers":
            return re.findall(NAME, written)
        case "number":
            return int(written)
        case "span":
            first, _, last = written.partition(" to ")
            return int(first), int(last)
        case "place":
            return as_place(written)
        case "link":
            target = written.partition("'")[0] if "'" in written else written[written.index('"') :]
            return Link(target, " old link" in written or "the old " in written)
        case _:
            return written


def as_place(written: str) -> Place:
    """A chat by its name in a story."""
    if written.startswith('"'):
        return Place(title=written[1:-1])
    return Place() if written == "the notes" else Place(peer=written.removeprefix("the chat with "))
