"""A database with a town in it, on SQLite and on PostgreSQL."""

from collections.abc import AsyncIterator

import pytest

from storage.database import Database
from tests.channels.little import build_town


@pytest.fixture
async def house(database_url: str) -> AsyncIterator[Database]:
    """A migrated database with the town in it."""
    database = Database(database_url)
    await build_town(database)
    yield database
    await database.close()
