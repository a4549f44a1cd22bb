"""What residents do about texts of others: each of it once, whatever the texts are; on both databases."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select, update

from storage import models, supporting
from storage.ballots import NewBallot
from storage.models import Follow, Report
from storage.refusals import Closed, Gone
from storage.scope import Scope
from storage.supporting import SUPPORT, AlreadyReported, Following, OwnText, Reported
from storage.types import new_id
from tests.storage.written import NOW, Written, a_phase, written


@pytest.fixture
async def town(database_url: str) -> AsyncIterator[Written]:
    async with written(database_url) as found:
        yield found


def support(town: Written, text: int, who: int, value: str | None = SUPPORT) -> NewBallot:
    return NewBallot(town.space_id, town.phase_id, who, str(text), value, NOW, change=True)


async def open_it(town: Written, state: str = "open") -> None:
    await town.connection.execute(update(models.Consultation).values(state=state))
    await town.connection.execute(update(models.Phase).values(state="dated"))


async def test_what_stands_by_itself_is_supported_and_nothing_else(town: Written) -> None:
    await open_it(town)
    author, other = await town.person(), await town.person()
    idea = await town.write("Un banc", participant_id=author)
    argument = await town.write("Pour se reposer", kind="argument_for", parent_id=idea)
    waiting, response = await town.write("Un kiosque", "waiting"), await town.write(None, kind="response")
    given = [support(town, text, other) for text in (idea, argument, waiting, response)]
    first, *refused = await supporting.support(town.connection, [*given, support(town, idea, author)])
    assert first == 1
    assert [type(one) for one in refused] == [Gone, Gone, Gone, OwnText]


async def test_support_is_taken_back_from_what_is_no_longer_shown_but_not_after_closing(town: Written) -> None:
    await open_it(town)
    who, question = await town.person(), await town.write("Où se garer ?", kind="question")
    assert await supporting.support(town.connection, [support(town, question, who)]) == [1]
    await town.connection.execute(update(models.Contribution).values(state="hidden"))
    await open_it(town, "closed")
    [refusal] = await supporting.support(town.connection, [support(town, question, who, None)])
    assert isinstance(refusal, Closed)
    await open_it(town)
    assert await supporting.support(town.connection, [support(town, question, who, None)]) == [0]


async def test_of_two_reports_at_once_by_one_person_one_is_kept(town: Written) -> None:
    who, other, text = await town.person(), await town.person(), await town.write("Un banc")
    reports = [Reported(town.space_id, text, one, "person", NOW) for one in (who, who, other)]
    first, second, third = await supporting.report(town.connection, reports)
    assert (first, third) == (True, True)
    assert isinstance(second, AlreadyReported)
    [again] = await supporting.report(town.connection, reports[:1])
    assert isinstance(again, AlreadyReported)
    assert await town.connection.scalar(select(func.count()).select_from(Report)) == 2


async def test_following_twice_is_following_once(town: Written) -> None:
    who, text = await town.person(), await town.write("Un banc")
    wish = Following(town.space_id, text, who, wanted=True)
    await supporting.follow(town.connection, [wish, wish])
    await supporting.follow(town.connection, [wish])
    assert await town.connection.scalar(select(func.count()).select_from(Follow)) == 1
    await supporting.follow(town.connection, [Following(town.space_id, text, who, wanted=False)])
    assert await town.connection.scalar(select(func.count()).select_from(Follow)) == 0


STEPS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 4), st.booleans()), max_size=30)


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
async def test_the_supporters_of_a_kind_are_the_people_who_support_at_least_one_of_it(
    town: Written, steps: list[tuple[int, int, bool]]
) -> None:
    """The first two texts are ideas, the others questions; the second one of each is hidden in the end."""
    town = await a_phase(town.connection, f"town-{new_id()}")
    await open_it(town)
    kinds = ("idea", "idea", "question", "question")
    texts = [await town.write("Un texte", kind=kind) for kind in kinds]
    people = [await town.person() for _ in range(5)]
    model: set[tuple[int, int]] = set()
    for text, who, wanted in steps:
        (model.add if wanted else model.discard)((text, who))
        [count] = await supporting.support(
            town.connection, [support(town, texts[text], people[who], SUPPORT if wanted else None)]
        )
        assert count == sum(one == text for one, _who in model)
    hidden = update(models.Contribution).where(models.Contribution.id.in_([texts[1], texts[3]]))
    await town.connection.execute(hidden.values(state="hidden"))
    for kind, shown in (("idea", 0), ("question", 2)):
        counted = await supporting.supporters(town.connection, Scope(town.space_id, town.phase_id, kind=kind))
        assert counted == len({who for text, who in model if text == shown})
