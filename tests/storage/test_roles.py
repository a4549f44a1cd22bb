"""Roles of those who work in the panel, and the log of what they did, on both databases."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from storage import audit, organisers, roles
from storage.audit import NewEntry
from storage.roles import LastOrganiser
from tests.storage.written import NOW, Written, written


@pytest.fixture
async def town(database_url: str) -> AsyncIterator[Written]:
    async with written(database_url) as found:
        yield found


async def add(town: Written, name: str, role: str) -> int:
    return await organisers.create(
        town.connection, town.space_id, email=f"{name}@montaubry.example", name=name, role=role, protected="x", now=NOW
    )


async def test_somebody_may_be_more_in_one_consultation_than_in_the_space(town: Written) -> None:
    claire, hugo = await add(town, "Claire", "organiser"), await add(town, "Hugo", "none")
    here = {town.consultation_id: "moderator", 7: "none"}
    await roles.give(town.connection, town.space_id, hugo, "reader", here)
    await roles.give(town.connection, town.space_id, hugo, "reader", here)
    assert await roles.of(town.connection, town.space_id, hugo) == {town.consultation_id: "moderator"}
    assert [(one.id, one.role, dict(one.roles)) for one in await roles.team(town.connection, town.space_id)] == [
        (claire, "organiser", {}),
        (hugo, "reader", {town.consultation_id: "moderator"}),
    ]


async def test_a_space_keeps_one_organiser(town: Written) -> None:
    claire = await add(town, "Claire", "organiser")
    with pytest.raises(LastOrganiser):
        await roles.give(town.connection, town.space_id, claire, "reader", {})
    await add(town, "Hugo", "organiser")
    await roles.give(town.connection, town.space_id, claire, "reader", {})


async def test_the_log_says_who_did_what_the_newest_first(town: Written) -> None:
    claire = await add(town, "Claire", "organiser")
    space = town.space_id
    await audit.note(
        town.connection,
        NewEntry(space, claire, "open", "consultations", 5, NOW, {"slug": "centre"}),
        NewEntry(space, None, "seal", "phases", 6, NOW),
        NewEntry(space + 1, claire, "open", "consultations", 7, NOW),
    )
    assert await audit.count(town.connection, space) == 2
    first, second = await audit.listed(town.connection, space, 0, 10)
    assert (first.name, first.action, first.about_id) == (None, "seal", 6)
    assert (second.name, second.action, second.details, second.at) == ("Claire", "open", {"slug": "centre"}, NOW)
    assert [one.id for one in await audit.listed(town.connection, space, 1, 1)] == [second.id]
