"""Our accounts at platforms: one space each, a key that nothing shows, and what became of the last call."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import accounts, models, outbox
from storage.accounts import CLOSED, KEY, Account, TakenElsewhere
from storage.database import Database
from storage.outbox import LaneKey, Wanted
from storage.types import new_id
from tests.tables import make_tables

NOW = datetime(2027, 3, 10, 9, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
HERE, ELSEWHERE = 1, 2
SECRET = "7000000001:AAF-zaubernuss-aaaaaaaaaaaaaaaaaaaaaaaa"


async def put(
    connection: AsyncConnection, space_id: int = HERE, account: str = "70", token: str | None = SECRET
) -> Account:
    return await accounts.put(
        connection, space_id, "telegram", account, name="montaubry_bot", title="Montaubry", token=token, now=NOW
    )


async def comes(connection: AsyncConnection, account: str, sender: str, space_id: int = HERE) -> tuple[int, int]:
    """Somebody who came by this door, with an answer that waits to leave; their id and that of the address."""
    person, address = new_id(), new_id()
    row = {"space_id": space_id, "language": "fr", "groups": [], "channel": "telegram", "created_at": NOW}
    await connection.execute(insert(models.Participant).values(**row, id=person, address_id=address))
    place = {"channel": "telegram", "account": account, "sender": sender, "created_at": NOW}
    await connection.execute(
        insert(models.Address).values(**place, space_id=space_id, id=address, participant_id=person)
    )
    await outbox.put(connection, [outbox.NewDelivery(space_id, person, None, "reply", "", NOW)])
    return person, address


async def reach(connection: AsyncConnection) -> dict[str, str | None]:
    """Why each sender can't be written to."""
    rows = await connection.execute(select(models.Address.sender, models.Address.unreachable))
    return {row[0]: row[1] for row in rows}


async def leaving(connection: AsyncConnection, channel: str, account: str) -> list[str]:
    """To whom anything leaves by this account."""
    claim = await outbox.claim(connection, Wanted(LaneKey(channel, account), LATER), "courier")
    return [one.sender for one in claim.taken]


async def test_an_account_is_kept_with_its_key_and_decides_the_space(connection: AsyncConnection) -> None:
    made = await put(connection)
    await put(connection, ELSEWHERE, "71")
    assert await accounts.listed(connection, HERE) == [made]
    assert (made.token, made.error, made.worked_at) == (SECRET, None, NOW)
    assert [one.account for one in await accounts.listed(connection)] == ["70", "71"]
    assert await accounts.spaces(connection) == {("telegram", "70"): HERE, ("telegram", "71"): ELSEWHERE}


async def test_nothing_that_is_printed_shows_the_key(connection: AsyncConnection) -> None:
    made = await put(connection)
    assert "zaubernuss" not in f"{made} {made!r} {[made]} {TakenElsewhere()!r}"


async def test_a_new_key_takes_the_place_of_the_old_one_and_clears_the_error(connection: AsyncConnection) -> None:
    made = await put(connection)
    await accounts.failed(connection, "telegram", "70", KEY, NOW)
    again = await put(connection, token="70:new")
    assert again == replace(made, token="70:new")
    assert await accounts.listed(connection) == [again]


async def test_what_fails_is_told_until_it_works_again(connection: AsyncConnection) -> None:
    made = await put(connection)
    await accounts.failed(connection, "telegram", "70", KEY, LATER)
    assert await accounts.listed(connection) == [replace(made, error=KEY, failed_at=LATER)]
    await accounts.worked(connection, "telegram", "70", LATER)
    assert await accounts.listed(connection) == [replace(made, worked_at=LATER)]


async def test_an_account_of_another_space_is_refused_whoever_has_its_key(connection: AsyncConnection) -> None:
    made = await put(connection)
    with pytest.raises(TakenElsewhere):
        await put(connection, ELSEWHERE)
    assert await accounts.listed(connection) == [made]


async def test_who_came_by_a_door_that_is_closed_is_written_to_no_more(connection: AsyncConnection) -> None:
    made, other = await put(connection), await put(connection, account="71")
    await comes(connection, "70", "anna")
    await comes(connection, "71", "bruno")
    assert await accounts.people(connection, made) == 1
    await accounts.remove(connection, made)
    assert await accounts.listed(connection) == [other]
    assert await reach(connection) == {"anna": CLOSED, "bruno": None}
    assert await leaving(connection, "telegram", "70") == []
    assert await leaving(connection, "telegram", "71") == ["bruno"]


async def test_who_answers_elsewhere_now_gets_what_was_to_leave(connection: AsyncConnection) -> None:
    made = await put(connection)
    person, _address = await comes(connection, "70", "anna")
    elsewhere = {"space_id": HERE, "id": new_id(), "participant_id": person, "channel": "web", "account": "montaubry"}
    await connection.execute(insert(models.Address).values(**elsewhere, sender="cookie", created_at=NOW))
    await connection.execute(update(models.Participant).values(address_id=elsewhere["id"]))
    await accounts.remove(connection, made)
    assert await leaving(connection, "telegram", "70") == []
    assert await leaving(connection, "web", "montaubry") == ["cookie"]


async def test_a_door_that_is_opened_again_reaches_those_who_came_by_it_but_who_left(
    connection: AsyncConnection,
) -> None:
    made = await put(connection)
    await comes(connection, "70", "anna")
    _person, address = await comes(connection, "70", "bruno")
    await connection.execute(update(models.Address).where(models.Address.id == address).values(unreachable="blocked"))
    await accounts.remove(connection, made)
    assert await reach(connection) == {"anna": CLOSED, "bruno": "blocked"}
    await put(connection)
    assert await reach(connection) == {"anna": None, "bruno": "blocked"}
    assert await leaving(connection, "telegram", "70") == [], "an old answer left after all"


async def test_a_door_by_which_people_came_to_one_space_never_leads_to_another(connection: AsyncConnection) -> None:
    await comes(connection, "70", "anna")
    await accounts.remove(connection, await put(connection))
    with pytest.raises(TakenElsewhere):
        await put(connection, ELSEWHERE)
    await put(connection, HERE)


# -- random histories against a model of a few lines -----------------------------------------------------------

SPACES = st.sampled_from([HERE, ELSEWHERE])
ACCOUNTS = st.sampled_from(["70", "71", "72"])
STEPS = st.lists(
    st.tuples(st.sampled_from(["put", "comes", "worked", "failed", "remove"]), SPACES, ACCOUNTS), max_size=12
)


class Model:
    """Who has which account, and what is wrong with it; `came` is the space that people came to by it."""

    def __init__(self) -> None:
        self.owner: dict[str, int] = {}
        self.error: dict[str, str | None] = {}
        self.came: dict[str, int] = {}

    def put(self, space_id: int, account: str) -> bool:
        """Whether it may be."""
        if self.owner.get(account, self.came.get(account, space_id)) != space_id:
            return False
        self.owner[account], self.error[account] = space_id, None
        return True


async def step(connection: AsyncConnection, model: Model, what: str, space_id: int, account: str) -> None:
    there = {one.account: one for one in await accounts.listed(connection, space_id)}
    if what == "put":
        if model.put(space_id, account):
            await put(connection, space_id, account)
        else:
            with pytest.raises(TakenElsewhere):
                await put(connection, space_id, account)
    elif what == "comes" and account in model.owner:
        model.came[account] = model.owner[account]
        await comes(connection, account, str(new_id()), model.owner[account])
    elif what == "remove" and account in there:
        del model.owner[account], model.error[account]
        await accounts.remove(connection, there[account])
    elif what == "worked":
        await accounts.worked(connection, "telegram", account, NOW)
        model.error |= {account: None} if account in model.owner else {}
    elif what == "failed":
        await accounts.failed(connection, "telegram", account, KEY, NOW)
        model.error |= {account: KEY} if account in model.owner else {}


async def compare(connection: AsyncConnection, model: Model) -> None:
    found = await accounts.listed(connection)
    assert {one.account: one.space_id for one in found} == model.owner
    assert {one.account: one.error for one in found} == model.error
    rows = await connection.execute(select(models.Address.account, models.Address.unreachable))
    assert all((why is None) == (account in model.owner) for account, why in rows.all())


def test_random_histories_end_as_a_small_model_says(database_url: str) -> None:
    with asyncio.Runner() as runner:
        database = Database(database_url)

        async def live(steps: list[tuple[str, int, str]]) -> None:
            model = Model()
            async with database.write() as connection:
                for table in reversed(models.Base.metadata.sorted_tables):
                    await connection.execute(delete(table))
                for one in steps:
                    await step(connection, model, *one)
                    await compare(connection, model)

        async def make() -> None:
            async with database.write() as connection:
                await make_tables(connection)

        @settings(max_examples=50)
        @given(STEPS)
        def hold(steps: list[tuple[str, int, str]]) -> None:
            runner.run(live(steps))

        runner.run(make())
        try:
            hold()
        finally:
            runner.run(database.close())
