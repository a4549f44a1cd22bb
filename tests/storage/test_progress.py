"""Official replies, scores of a jury, and contributions typed in, on both databases."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from storage import consultations, moderation, official, progress, scores, spreading, supporting, typing_in
from storage.models import Delivery, Participant
from storage.moderation import VISIBLE
from storage.progress import NewProgress
from storage.scores import NewScore, Scored
from storage.spreading import Spread
from storage.typing_in import TypedIn
from tests.storage.written import NOW, Written, written


@pytest.fixture
async def town(database_url: str) -> AsyncIterator[Written]:
    async with written(database_url) as found:
        yield found


async def test_a_reply_is_kept_with_its_date_and_the_last_status_is_the_contribution_s(town: Written) -> None:
    idea, space = await town.write("Des bancs"), town.space_id
    said = [
        NewProgress(space, idea, None, "studied", {"fr": "Nous regardons."}, NOW),
        NewProgress(space, idea, None, None, {"fr": "Le devis est là."}, NOW + timedelta(days=1)),
    ]
    await progress.add(town.connection, said)
    steps = await progress.of(town.connection, space, idea)
    assert [(step.status, step.text["fr"], step.at) for step in steps] == [
        ("studied", "Nous regardons.", NOW),
        (None, "Le devis est là.", NOW + timedelta(days=1)),
    ]
    [item] = await moderation.find(town.connection, town.queue, [idea])
    assert item.status == "studied"


async def test_an_answer_stays_the_last_one_when_only_the_status_changes_after_it(town: Written) -> None:
    idea, space = await town.write("Des bancs"), town.space_id
    answer = NewProgress(space, idea, None, None, {"fr": "Dix bancs en juin."}, NOW)
    await progress.add(town.connection, [answer, NewProgress(space, idea, None, "done", {}, NOW + timedelta(days=1))])
    said = await official.last(town.connection, space, idea, "fr")
    assert said == {"text": "Dix bancs en juin.", "at": NOW.isoformat()}


async def test_author_supporters_and_followers_are_each_told_once(town: Written) -> None:
    author, both, follower = [await town.person() for _ in range(3)]
    stopped, gone = await town.person(stopped_at=NOW), await town.person(erased_at=NOW)
    idea = await town.write("Des bancs", participant_id=author)
    for voter in (both, author, stopped, gone, "erased-12"):
        await town.support(idea, voter)
    for person in (both, follower):
        await town.follow(idea, person)
    await town.support(await town.write("Un arbre"), await town.person())
    audience = progress.concerned(town.space_id, idea)
    assert await spreading.reach(town.connection, town.space_id, audience) == 3
    assert await spreading.spread(town.connection, [Spread(town.space_id, audience, NOW, "{}")]) == [3]
    told = await town.connection.scalars(select(Delivery.participant_id).order_by(Delivery.id))
    assert list(told) == sorted([author, both, follower])
    assert await supporting.people(town.connection, town.space_id, idea) == (5, 2)


async def test_a_juror_s_points_are_replaced_and_criteria_are_never_mixed(town: Written) -> None:
    idea, space = await town.write("Des bancs"), town.space_id
    given = [("cost", 1, 2), ("cost", 2, 5), ("use", 1, 4), ("cost", 1, 3)]
    for criterion, juror, points in given:
        await scores.put(town.connection, [NewScore(space, idea, juror, criterion, points, NOW)])
    assert await scores.of(town.connection, space, [idea]) == {idea: {"cost": Scored(8, 2), "use": Scored(4, 1)}}
    assert await scores.by(town.connection, space, idea, 1) == {"cost": 3, "use": 4}
    assert Scored(8, 2).mean == 4
    with pytest.raises(ValueError, match="0 to 5"):
        await scores.put(town.connection, [NewScore(space, idea, 1, "cost", 6, NOW)])


def from_table(town: Written, people: int = 8, origin: str = "meeting") -> TypedIn:
    return TypedIn(
        town.space_id, town.phase_id, "idea", "Des bancs à l'ombre", "sit", None, people, origin, "Table 4", NOW, "fr"
    )


async def test_a_table_of_eight_is_one_contribution_and_nobody_who_took_part(town: Written) -> None:
    await town.write("Un arbre")
    [idea] = await typing_in.put(town.connection, [from_table(town)])
    [item, _other] = await moderation.listed(town.connection, town.queue, VISIBLE, 0, 9)
    assert (item.id, item.people, item.origin, item.place, item.author) == (idea, 8, "meeting", "Table 4", None)
    people = await town.connection.execute(select(func.count()).select_from(Participant))
    assert people.scalar_one() == 1
    [listed] = await consultations.listed(town.connection, town.space_id, NOW)
    assert listed.people == 1


@pytest.mark.parametrize(("people", "origin"), [(0, "meeting"), (501, "meeting"), (8, "web")])
async def test_what_can_t_be_is_not_kept(town: Written, people: int, origin: str) -> None:
    with pytest.raises(ValueError, match="can't be"):
        await typing_in.put(town.connection, [from_table(town, people, origin)])
