"""Texts that residents give: about what, by whom, until when; and by which words they are found; on both databases."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import select, update

from storage import consultations, models, similar
from storage import written as texts
from storage.models import Contribution
from storage.refusals import Closed, Gone
from storage.types import new_id
from storage.written import Change, NewText, Own
from tests.storage.written import NOW, Written, written


@pytest.fixture
async def town(database_url: str) -> AsyncIterator[Written]:
    async with written(database_url) as found:
        await found.connection.execute(update(models.Consultation).values(state="open"))
        await found.connection.execute(update(models.Phase).values(state="dated"))
        yield found


def new(town: Written, who: int, text: str, **given: Any) -> NewText:
    usual: dict[str, Any] = {"kind": "idea", "language": "fr", **given}
    return NewText(
        space_id=town.space_id, phase_id=town.phase_id, participant_id=who, conversation_id=new_id(), key="text",
        fields={}, parts=(), origin="web", place=None, at=NOW, single=False, text=text, **usual,
    )  # fmt: skip


async def found(town: Written, words: str) -> list[int]:
    [near] = await similar.similar(town.connection, [similar.Asked(town.space_id, town.phase_id, words, "fr")])
    return [one["id"] for one in near]


async def put(town: Written, *given: NewText) -> list[Any]:
    return list(await texts.put(town.connection, given))


async def test_what_is_about_a_text_is_refused_once_that_is_gone_and_nobody_answers_it(town: Written) -> None:
    who = await town.person()
    [idea] = await put(town, new(town, who, "Un banc"))
    argument = new(town, who, "Pour se reposer", kind="argument_for", language=None, parent_id=idea)
    [first] = await put(town, argument)
    mixed = [new(town, who, "Mais non", language=None, parent_id=first), new(town, who, "Un kiosque")]
    answer, other = await put(town, *mixed)
    assert isinstance(answer, Gone)
    assert isinstance(other, int)
    await texts.withdraw(town.connection, [Own(town.space_id, town.phase_id, idea, who, NOW)])
    [late] = await put(town, argument)
    assert isinstance(late, Gone)


async def test_only_what_has_a_language_is_found_by_its_words_and_only_while_it_is_there(town: Written) -> None:
    who = await town.person()
    idea, argument = await put(
        town, new(town, who, "Des bancs à la gare"), new(town, who, "Des bancs à la gare", language=None)
    )
    assert await found(town, "un banc à la gare") == [idea]
    own = Own(town.space_id, town.phase_id, idea, who, NOW)
    change = Change(own.space_id, own.phase_id, idea, who, NOW, new="Un kiosque au parc", language="fr")
    assert await texts.change(town.connection, [change]) == [True]
    assert await found(town, "un banc à la gare") == []
    assert await found(town, "des kiosques au parc") == [idea]
    assert await texts.withdraw(town.connection, [own]) == [True]
    assert await found(town, "des kiosques au parc") == []
    assert await texts.withdraw(town.connection, [Own(own.space_id, own.phase_id, argument, who, NOW)]) == [True]


async def second_phase(town: Written) -> int:
    """Another open phase beside the first one; answers its id."""
    consultation = await consultations.find(town.connection, town.space_id, town.consultation_id)
    assert consultation is not None
    return (await consultations.add_phase(town.connection, consultation, "ideas", {})).id


async def test_nobody_changes_what_is_not_theirs_or_was_withdrawn_or_is_of_another_phase(town: Written) -> None:
    who, other = await town.person(), await town.person()
    [idea] = await put(town, new(town, who, "Un banc"))
    another = await second_phase(town)
    theirs, elsewhere, own = (
        Own(town.space_id, phase, idea, person, NOW)
        for phase, person in ((town.phase_id, other), (another, who), (town.phase_id, who))
    )
    refused = await texts.withdraw(town.connection, [theirs, elsewhere])
    assert [type(one) for one in refused] == [Gone, Gone]
    assert await texts.withdraw(town.connection, [own]) == [True]
    [again] = await texts.change(town.connection, [Change(town.space_id, town.phase_id, idea, who, NOW, new="Deux")])
    assert isinstance(again, Gone)


async def test_nothing_is_changed_after_closing(town: Written) -> None:
    who = await town.person()
    [idea] = await put(town, new(town, who, "Un banc"))
    await town.connection.execute(update(models.Consultation).values(closes_at=NOW))
    [refusal] = await texts.withdraw(town.connection, [Own(town.space_id, town.phase_id, idea, who, NOW)])
    assert isinstance(refusal, Closed)
    [refusal] = await texts.change(town.connection, [Change(town.space_id, town.phase_id, idea, who, NOW, new="Deux")])
    assert isinstance(refusal, Closed)


@pytest.mark.parametrize(
    ("moderation", "before", "first", "after"),
    [
        ("after", "sent", False, "sent"),
        ("after", "hidden", False, "waiting"),
        ("after", "sent", True, "waiting"),
        ("before", "sent", False, "waiting"),
        ("after", "waiting", False, "waiting"),
    ],
)
async def test_a_text_that_is_corrected_waits_where_it_has_to_be_read(
    town: Written, moderation: str, before: str, *, first: bool, after: str
) -> None:
    await town.moderate(moderation)
    who = await town.person()
    text = await town.write("Un banc", before, participant_id=who, theme="sit", read_at=NOW)
    own = (town.space_id, town.phase_id, text, who, NOW)
    await texts.change(town.connection, [Change(*own, what="theme", new="bike")])
    columns = (Contribution.text, Contribution.theme, Contribution.state, Contribution.read_at)
    assert (await town.connection.execute(select(*columns))).one() == ("Un banc", "bike", before, NOW)
    await texts.change(town.connection, [Change(*own, new="Deux bancs", read_first=first)])
    assert (await town.connection.execute(select(*columns))).one() == ("Deux bancs", "bike", after, None)
