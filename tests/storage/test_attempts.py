"""Those who guess are slowed down."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from storage import attempts
from storage.attempts import Limit
from storage.database import Database
from tests.tables import make_tables

NOW = datetime(2027, 3, 10, 9, tzinfo=UTC)
LIMIT = Limit(3, timedelta(minutes=15))
CLAIRE = attempts.subject("sign-in of", "claire")


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    opened = Database(database_url)
    async with opened.write() as connection:
        await make_tables(connection)
    yield opened
    await opened.close()


async def try_at(database: Database, minutes: float, who: str = CLAIRE, limit: Limit = LIMIT) -> timedelta | None:
    async with database.write() as connection:
        return await attempts.attempt(connection, [(who, limit)], NOW + timedelta(minutes=minutes))


async def test_as_many_tries_as_allowed_pass_then_one_waits(database: Database) -> None:
    assert [await try_at(database, minute) for minute in (0, 1, 2)] == [None, None, None]
    assert await try_at(database, 3) == timedelta(minutes=12)
    assert await try_at(database, 14.5) == timedelta(minutes=0.5)


async def test_the_window_slides(database: Database) -> None:
    for minute in (0, 14, 14.5):
        await try_at(database, minute)
    assert await try_at(database, 15.5) is None, "the first one has left the window"
    assert await try_at(database, 16) == timedelta(minutes=13), "but the others have not"


async def test_others_do_not_wait(database: Database) -> None:
    for minute in range(5):
        await try_at(database, minute)
    assert await try_at(database, 5, attempts.subject("sign-in of", "karim")) is None


async def test_the_longest_wait_counts_and_nothing_is_noted(database: Database) -> None:
    street = attempts.subject("sign-in from", "192.0.2.1")
    for minute in range(3):
        await try_at(database, minute)
    async with database.write() as connection:
        both = [(street, Limit(1, timedelta(hours=1))), (CLAIRE, LIMIT)]
        assert await attempts.attempt(connection, both, NOW + timedelta(minutes=3)) == timedelta(minutes=12)
    assert await try_at(database, 4, street, Limit(1, timedelta(hours=1))) is None


async def test_what_was_right_is_forgiven_and_what_is_old_forgotten(database: Database) -> None:
    for minute in range(3):
        await try_at(database, minute)
    async with database.write() as connection:
        assert await attempts.purge(connection, NOW + timedelta(minutes=1)) == 1
        await attempts.forgive(connection, CLAIRE)
    assert await try_at(database, 3) is None


def test_a_subject_tells_nothing_of_what_was_tried() -> None:
    assert "claire" not in CLAIRE
    assert attempts.subject("sign-in", "of claire") != attempts.subject("sign-in of", "claire")
