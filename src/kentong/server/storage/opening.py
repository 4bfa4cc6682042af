"""Opening the engine that the settings name."""

import asyncio
from pathlib import Path

from kentong.server.storage.engine import GroupedEngine
from kentong.server.storage.sqlite import SqliteDatabase
from kentong.server.storage.sqlite_files import Options


async def open_engine(folder: Path, url: str = "", options: Options | None = None) -> GroupedEngine:
    """The engine of a data folder, made if it isn't there.

    Args:
        url: of a PostgreSQL database; "" means the embedded one in the folder.
        options: for the embedded one.

    Raises FolderInUse, SchemaTooNew, SchemaInUse, ImportError (PostgreSQL without its extra).
    """
    if not url:
        return GroupedEngine(await asyncio.to_thread(SqliteDatabase, folder, options or Options()))
    from kentong.server.storage.postgres import PostgresDatabase  # an optional extra

    return GroupedEngine(await asyncio.to_thread(PostgresDatabase, url, folder))
