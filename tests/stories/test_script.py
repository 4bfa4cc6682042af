"""How stories are read: each line one step, and errors name the file and the line."""

from pathlib import Path

import pytest

from tests.stories.script import Link, Place, Step, StoryError, read_story

PHRASES = [
    "{who} sends {text} to {place}",
    "{who} sends {texts} to everybody",
    "{people} leave",
    "{who} leaves",
    "{who} follows {link}",
    "{who} looks up {span} in {place}",
    "{newcomer} joins",
    "{person} joins",
]


def read(folder: Path, *lines: str) -> list[Step]:
    path = folder / "lunch.story"
    path.write_text("\n".join(lines))
    return read_story(path, PHRASES)


@pytest.mark.parametrize(
    ("line", "values"),
    [
        ('Anna sends "12 o\'clock?" to "lunch"', ("Anna", "12 o'clock?", Place(title="lunch"))),
        ('Anna\'s laptop sends "" to Bob', ("Anna's laptop", "", Place(peer="Bob"))),
        ('Anna sends "milk" to the notes', ("Anna", "milk", Place())),
        ('Anna sends "a", "b" and "c" to everybody', ("Anna", ["a", "b", "c"])),
        ("Anna, Bob and Carol leave", (["Anna", "Bob", "Carol"],)),
        ("Bob follows Anna's old link", ("Bob", Link("Anna", is_old=True))),
        ('Bob follows the link to "old lunch"', ("Bob", Link('"old lunch"', is_old=False))),
        ("Bob looks up 3 to 12 in the chat with Anna", ("Bob", (3, 12), Place(peer="Anna"))),
    ],
)
def test_line_becomes_a_step(line: str, values: tuple[object, ...], tmp_path: Path) -> None:
    (step,) = read(tmp_path, line)
    assert (step.values, step.refusal) == (values, "")


def test_refusal_is_told_at_the_end_of_a_line(tmp_path: Path) -> None:
    (step,) = read(tmp_path, "Anna leaves, but is refused: NOT_FOUND")
    assert (step.phrase, step.values, step.refusal) == ("{who} leaves", ("Anna",), "NOT_FOUND")


def test_comments_and_empty_lines_are_no_steps(tmp_path: Path) -> None:
    (step,) = read(tmp_path, "# Why", "", "  Anna leaves", "# done")
    assert step.number == 3


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["", "Anna sends 5 to Bob"], "lunch.story:2: Anna sends 5 to Bob\n    is no known phrase"),
        (["Anna leafs"], "perhaps: {who} leaves"),
        (["Anna joins"], "can mean: {newcomer} joins or {person} joins"),
        (["# only a comment"], "lunch.story:1: nothing happens"),
    ],
)
def test_line_that_is_not_understood_is_named(lines: list[str], said: str, tmp_path: Path) -> None:
    with pytest.raises(StoryError) as error:
        read(tmp_path, *lines)
    assert said in str(error.value)
