"""The steps by which the schema grew, one file each, applied in order."""

from importlib import resources
from typing import NamedTuple


class SchemaTooNew(Exception):
    """The database was written by a newer Kentong; this one does not touch it."""

    def __init__(self, found: int, known: int) -> None:
        super().__init__(
            f"The database has schema {found}, but this Kentong knows schemas up to {known}. "
            "Install the newer Kentong again, or restore an older backup."
        )


class SchemaInUse(Exception):
    """The database must change, and nodes that know only the schema as it is use it."""

    def __init__(self, found: int, needed: int) -> None:
        super().__init__(
            f"The database has schema {found}, and this Kentong needs {needed}, but older nodes "
            "use it. Stop all of them, then start this one first."
        )


class Migration(NamedTuple):
    """One step; `version` is the schema afterwards."""

    version: int
    sql: str


def steps(found: int) -> list[Migration]:
    """What is missing in a database of schema `found`; 0: an empty one.

    Raises SchemaTooNew.
    """
    known = _all()
    if found > len(known):
        raise SchemaTooNew(found, len(known))
    return known[found:]


def statements(sql: str) -> list[str]:
    """The statements of a step, without comments."""
    lines = [line for line in sql.splitlines() if not line.startswith("--")]
    return [part.strip() for part in "\n".join(lines).split(";") if part.strip()]


def _all() -> list[Migration]:
    files = sorted(
        (file for file in resources.files(__name__).iterdir() if file.name.endswith(".sql")),
        key=lambda file: file.name,
    )
    known = [Migration(int(file.name[:4]), file.read_text("utf-8")) for file in files]
    assert [step.version for step in known] == list(range(1, len(known) + 1))
    return known
