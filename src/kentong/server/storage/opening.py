"""Opening the engine that the settings name."""

import asyncio
from pathlib import Path

from kentong.server.storage.engine import GroupedEngine
from kentong.server.storage.sqlite import Options, SqliteDatabase


async def open_sqlite(folder: Path, options: Options = Options()) -> GroupedEngine:  # noqa: B008
    """The embedded engine of a data folder, made if it isn't there.

    Raises FolderInUse, SchemaTooNew.
    """
    database = await asyncio.to_thread(SqliteDatabase, folder, options)
    return GroupedEngine(database)
