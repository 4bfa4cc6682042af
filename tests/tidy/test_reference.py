"""Every setting and every error code stands in docs/reference, once there is a reference."""

import importlib
import importlib.util

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
