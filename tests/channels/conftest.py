"""A database with a town in it, on SQLite and on PostgreSQL."""

from collections.abc import AsyncIterator

import pytest

from flows.early import Asked
from storage.database import Database
from tests.channels.little import build_town


@pytest.fixture
async def house(database_url: str) -> AsyncIterator[Database]:
    """A migrated database with the town in it."""
    database = Database(database_url)
    await build_town(database)
    yield database
    await database.close()


@pytest.fixture(autouse=True)
def fast_readers(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was recorded is played at once: here everybody reads a question before it is sent."""
    monkeypatch.setattr(Asked, "could_be_read", lambda *_given: True)
