"""How things are called, and that each module says what it is."""

import ast
import re

from tests.tidy import source

VAGUE = {"util", "utils", "helper", "helpers", "manager", "managers", "base", "common", "misc"}
CAMEL_WORD = re.compile(r"[A-Z][a-z]*")


def test_every_module_says_in_one_line_what_it_is() -> None:
    source.check("module-docstring", filter(None, map(docstring_fault, source.modules())))


def test_no_file_has_a_vague_name() -> None:
    source.check(
        "vague-name",
        (
            file.path
            for file in (*source.modules(), *source.web_sources())
            if not file.words.isdisjoint(VAGUE)
        ),
    )


def test_no_class_has_a_vague_name() -> None:
    source.check(
        "vague-class",
        (
            f"{module.path}:{node.name}"
            for module in source.modules()
            for node in module.classes()
            if {word.lower() for word in CAMEL_WORD.findall(node.name)} & VAGUE
        ),
    )


def docstring_fault(module: source.Module) -> str:
    """What is wrong with the first line of the module's docstring: "" when nothing is."""
    text = ast.get_docstring(module.tree)
    if not text:
        return f"{module.path} has none"
    first_line = text.splitlines()[0]
    return (
        "" if first_line.endswith((".", ":")) else f"{module.path}: a first line ends with a stop"
    )
