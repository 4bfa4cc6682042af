"""Every story happens in every world."""

import asyncio
import gc
from pathlib import Path

import pytest

from kentong.protocol.planted import Planted
from tests.stories.script import StoryError, read_story
from tests.stories.telling import PHRASES, perform
from tests.stories.worlds import SimulatedWorld, SocketWorld, run_simulated

STORIES = sorted(Path(__file__).parent.glob("*.story"))
WORLDS = ("simulated", "sqlite", "postgres")


@pytest.mark.parametrize("world", WORLDS)
@pytest.mark.parametrize("path", STORIES, ids=lambda path: path.stem)
def test_story(path: Path, world: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    url = request.getfixturevalue("postgres_url") if world == "postgres" else ""
    try:
        steps = read_story(path, PHRASES)
        if world == "simulated":
            run_simulated(perform(SimulatedWorld(tmp_path), steps))
        else:
            asyncio.run(perform(SocketWorld(tmp_path, url), steps))
    except StoryError as error:
        pytest.fail(f"{world}: {error}", pytrace=False)
    gc.collect()  # what was not closed complains now, in its own test


def test_every_phrase_is_said_in_some_story() -> None:
    said = {step.phrase for path in STORIES for step in read_story(path, PHRASES)}
    assert set(PHRASES) - said == set()


@pytest.mark.parametrize(
    ("bug", "story", "said"),
    [
        (Planted.REMOVED_STILL_SERVED, "removed", "removed.story:11: .* it is not refused"),
        (Planted.FEEDER_STOPS, "away_for_long", "Anna and a new device differ"),
    ],
)
def test_planted_bug_is_found(bug: Planted, story: str, said: str, tmp_path: Path) -> None:
    steps = read_story(Path(__file__).with_name(f"{story}.story"), PHRASES)
    with pytest.raises(StoryError, match=f"(?s){said}"):
        run_simulated(perform(SimulatedWorld(tmp_path, frozenset({bug})), steps))
