"""Organisers, their passwords and their sessions."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from storage import organisers
from storage.database import Database
from tests.tables import make_tables

NOW = datetime(2027, 3, 10, 9, tzinfo=UTC)
EMAIL = "Claire.Morel@montaubry.example "


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    opened = Database(database_url)
    async with opened.write() as connection:
        await make_tables(connection)
    yield opened
    await opened.close()


async def add_claire(database: Database, password: str = "k3fe-wmpq") -> int:
    protected = await organisers.protect(password)
    async with database.write() as connection:
        return await organisers.create(
            connection, 1, email=EMAIL, name="Claire Morel", role="organiser", protected=protected, now=NOW
        )


async def test_an_organiser_is_found_by_an_address_typed_in_any_way(database: Database) -> None:
    made = await add_claire(database)
    async with database.read() as connection:
        [account] = await organisers.find_by_email(connection, " claire.morel@MONTAUBRY.example")
    assert (account.organiser_id, account.must_change) == (made, True)
    assert await organisers.matches(account.password, "k3fe-wmpq")
    assert not await organisers.matches(account.password, "K3fe-wmpq")


async def test_one_address_is_one_organiser_of_a_space(database: Database) -> None:
    await add_claire(database)
    with pytest.raises(organisers.AlreadyOrganiser):
        await add_claire(database)


async def test_nobody_has_a_password(database: Database) -> None:
    assert not await organisers.matches(None, "")


async def test_one_time_passwords_differ_and_can_be_read_out() -> None:
    made = {organisers.one_time_password() for _ in range(100)}
    assert len(made) == 100
    assert all(len(word) == 4 for password in made for word in password.split("-"))
    assert not set("".join(made)) & set("il01o")


async def test_a_session_is_a_row_without_its_cookie(database: Database) -> None:
    made = await add_claire(database)
    async with database.write() as connection:
        cookie = await organisers.sign_in(connection, 1, made, NOW)
    async with database.read() as connection:
        session = await organisers.find_session(connection, cookie, NOW)
        [row] = (await connection.exec_driver_sql("SELECT digest FROM sessions")).all()
        assert await organisers.find_session(connection, cookie + "x", NOW) is None
    assert session is not None
    assert (session.name, session.must_change) == ("Claire Morel", True)
    assert cookie not in row.digest


async def test_a_session_ends_when_it_is_not_used_and_slides_while_it_is(database: Database) -> None:
    made = await add_claire(database)
    async with database.write() as connection:
        cookie = await organisers.sign_in(connection, 1, made, NOW)
        session = await organisers.find_session(connection, cookie, NOW + timedelta(hours=6))
        assert session is not None
        assert organisers.renewed(session, NOW + timedelta(minutes=59)) is None
        until = organisers.renewed(session, NOW + timedelta(hours=6))
        assert until == NOW + timedelta(hours=18)
        assert await organisers.find_session(connection, cookie, NOW + timedelta(hours=13)) is None
        await organisers.prolong(connection, session, until)
        assert await organisers.find_session(connection, cookie, NOW + timedelta(hours=13)) is not None


async def test_no_session_outlives_a_week(database: Database) -> None:
    made = await add_claire(database)
    async with database.write() as connection:
        cookie = await organisers.sign_in(connection, 1, made, NOW)
        session = await organisers.find_session(connection, cookie, NOW)
    assert session is not None
    assert organisers.renewed(session, NOW + timedelta(days=6, hours=20)) == NOW + timedelta(days=7)


async def test_a_new_password_signs_out_of_every_browser(database: Database) -> None:
    made = await add_claire(database)
    protected = await organisers.protect("quatre mots sans rapport")
    async with database.write() as connection:
        cookies = [await organisers.sign_in(connection, 1, made, NOW) for _ in range(2)]
        await organisers.change_password(connection, 1, made, protected)
        assert [await organisers.find_session(connection, cookie, NOW) for cookie in cookies] == [None, None]
        account = await organisers.find_account(connection, 1, made)
    assert account is not None
    assert not account.must_change


async def test_signing_out_ends_one_session_and_ended_ones_are_forgotten(database: Database) -> None:
    made = await add_claire(database)
    async with database.write() as connection:
        left, kept = [await organisers.sign_in(connection, 1, made, NOW) for _ in range(2)]
        session = await organisers.find_session(connection, left, NOW)
        assert session is not None
        await organisers.sign_out(connection, session)
        assert await organisers.find_session(connection, left, NOW) is None
        assert await organisers.find_session(connection, kept, NOW) is not None
        assert await organisers.purge_sessions(connection, NOW + timedelta(hours=11)) == 0
        assert await organisers.purge_sessions(connection, NOW + timedelta(hours=12)) == 1
