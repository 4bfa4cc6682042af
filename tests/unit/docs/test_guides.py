"""Examples in the guides are whole programs over names that exist; links lead somewhere."""

import ast
import re
import runpy
from pathlib import Path

import pytest

from kentong.client import Messenger
from kentong.client.views import ChatView, RowView

ROOT = Path(__file__).parents[3]
PAGES = sorted(
    page
    for place in (ROOT, ROOT / "docs", ROOT / "spec")
    for page in (place.glob("*.md") if place == ROOT else place.rglob("*.md"))
)
EXAMPLES = re.findall(r"```python\n(.*?)```", (ROOT / "docs/guide/programs.md").read_text(), re.S)
KNOWN = {
    "messenger": {*dir(Messenger), "recovery_code"},
    "chat": set(dir(ChatView)),
    "row": set(dir(RowView)),
}


def test_there_are_examples() -> None:
    assert len(EXAMPLES) >= 4


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_is_a_program(example: str, tmp_path: Path) -> None:
    path = tmp_path / "example.py"
    path.write_text(example)
    found = runpy.run_path(str(path))
    assert callable(found["main"])


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_uses_what_there_is(example: str) -> None:
    used = [
        (node.value.id, node.attr)
        for node in ast.walk(ast.parse(example))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
    ]
    assert [name for name in used if name[1] not in KNOWN.get(name[0], {name[1]})] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text())
    local = [link for link in links if "://" not in link and not link.startswith("mailto:")]
    assert [link for link in local if not (page.parent / link).exists()] == []
