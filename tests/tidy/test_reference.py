"""Every setting, error code and command is documented, once there is a reference."""

import importlib
import importlib.util
import re

import pytest

from tests.tidy import source

REFERENCE = source.ROOT / "docs" / "reference"
SETTINGS_CLASSES = ("Settings", "Config")


def reference_text() -> str:
    pages = sorted(REFERENCE.glob("*.md")) if REFERENCE.is_dir() else []
    if not pages:
        pytest.skip("there is no reference yet")
    return "\n".join(page.read_text() for page in pages)


def is_written(name: str) -> bool:
    package, _, _ = name.rpartition(".")
    return importlib.util.find_spec(package) is not None and bool(importlib.util.find_spec(name))


@pytest.mark.skipif(not is_written("kentong.server.config"), reason="there are no settings yet")
def test_every_setting_is_documented() -> None:
    text = reference_text()
    config = importlib.import_module("kentong.server.config")
    settings = next(getattr(config, name) for name in SETTINGS_CLASSES if hasattr(config, name))
    source.check(
        "undocumented-setting",
        (name for name in settings.__annotations__ if f"`{name}`" not in text),
    )


@pytest.mark.skipif(not is_written("kentong.protocol.errors"), reason="there are no errors yet")
def test_every_error_code_is_documented() -> None:
    text = reference_text()
    codes = importlib.import_module("kentong.protocol.errors").ErrorCode
    source.check(
        "undocumented-error",
        (code.name for code in codes if f"`{code.name}`" not in text),
    )


@pytest.mark.skipif(not is_written("kentong.server.routes"), reason="there are no routes yet")
@pytest.mark.parametrize("place", ["src/kentong/server/routes.py", "tests", "docs/reference"])
def test_every_command_has_a_route_a_test_and_a_page(place: str) -> None:
    """By name: a command that nothing there mentions was forgotten."""
    text = reference_text() if place.startswith("docs") else python_text(place)
    words = set(re.findall(r"\w+", text))
    source.check(f"command-not-in-{place}", (name for name in commands() if name not in words))


def python_text(place: str) -> str:
    """The text of the modules there, without these tests'."""
    return "\n".join(
        module.text
        for module in source.modules()
        if module.path.startswith(place) and not module.path.startswith("tests/tidy")
    )


def commands() -> list[str]:
    """The names of the messages that ask the server for something."""
    messages = importlib.import_module("kentong.protocol.messages")
    kinds = (messages.Command, messages.Request)
    return [kind.__name__ for parent in kinds for kind in parent.__subclasses__()]
