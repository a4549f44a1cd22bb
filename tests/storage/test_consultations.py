"""Spaces, consultations, and the codes that lead to them."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, insert, update
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import codes, consultations, participants, relays, spaces
from storage.consultations import Consultation, Phase
from storage.models import Contribution, Conversation, Participant
from storage.refusals import AlreadyExists, NotSaid
from storage.relays import Came, Relay
from storage.spaces import Space
from storage.types import new_id

NOW = datetime(2027, 3, 10, 9, tzinfo=UTC)


async def make_space(connection: AsyncConnection, slug: str = "montaubry") -> Space:
    return await spaces.create(
        connection, slug=slug, name={"fr": slug.title()}, languages=["fr", "en"], zone="Europe/Paris", colour=None,
        contact={}, privacy={}, now=NOW,
    )  # fmt: skip


async def make(connection: AsyncConnection, space: Space, slug: str = "centre", **more: Any) -> Consultation:
    dates = {"opens_at": None, "closes_at": None, "answer_on": date(2027, 4, 8), **more}
    return await consultations.create(
        connection, space.id, slug=slug, title={"fr": "Le centre"}, topic={}, why={}, decides={}, now=NOW, **dates
    )


async def take_part(
    connection: AsyncConnection, phase: Phase, *, times: int = 1, sent: bool = True, place: str | None = None,
    at: datetime = NOW, erased: bool = False, by: Relay | None = None,
) -> int:  # fmt: skip
    """A person begins a conversation, and maybe sends; of whoever was erased since, the conversation is gone."""
    person = new_id()
    await connection.execute(
        insert(Participant).values(
            space_id=phase.space_id, id=person, language="fr", groups=[], channel="web", created_at=at
        )
    )
    if by is not None:
        await relays.arrive(connection, [Came(phase.space_id, phase.consultation_id, person, by.id, at)])
    for _ in range(times):
        talk = new_id()
        if not erased:
            await connection.execute(
                insert(Conversation).values(
                    space_id=phase.space_id,
                    id=talk,
                    participant_id=person,
                    phase_id=phase.id,
                    kind="questionnaire",
                    state="ended" if sent else "open",
                    journal="{}",
                    place=place,
                    channel="web",
                    sent_at=at if sent else None,
                    begun_at=at,
                    heard_at=at,
                )
            )
        if sent:
            await connection.execute(
                insert(Contribution).values(
                    space_id=phase.space_id,
                    id=new_id(),
                    phase_id=phase.id,
                    key="response",
                    kind="response",
                    participant_id=None if erased else person,
                    conversation_id=None if erased else talk,
                    state="sent",
                    fields={},
                    origin="web",
                    place=place,
                    created_at=at,
                    updated_at=at,
                )
            )
    return person


async def test_a_space_is_found_by_its_slug_and_has_it_alone(connection: AsyncConnection) -> None:
    made = await make_space(connection)
    assert await spaces.find(connection, "montaubry") == made
    assert await spaces.load(connection, made.id) == made
    assert await spaces.find(connection, "ailleurs") is None
    with pytest.raises(AlreadyExists):
        await make_space(connection)


async def test_a_consultation_is_found_in_its_own_space_only(connection: AsyncConnection) -> None:
    space, other = await make_space(connection), await make_space(connection, "arvelle")
    made = await make(connection, space)
    assert await consultations.find(connection, space.id, made.id) == made
    assert await consultations.find_by_slug(connection, space.id, "centre") == made
    assert await consultations.find(connection, other.id, made.id) is None
    assert made.answered_on == date(2027, 4, 8)
    with pytest.raises(AlreadyExists):
        await make(connection, space)
    await make(connection, other)


async def test_phases_come_in_their_order(connection: AsyncConnection) -> None:
    made = await make(connection, await make_space(connection))
    added = [await consultations.add_phase(connection, made, kind, {"n": 1}) for kind in ("questionnaire", "vote")]
    assert await consultations.phases(connection, made.space_id, made.id) == added
    assert [phase.position for phase in added] == [1, 2]


async def test_the_list_counts_people_not_responses_and_erased_ones_too(connection: AsyncConnection) -> None:
    space = await make_space(connection)
    made, empty = await make(connection, space), await make(connection, space, "vide")
    phase = await consultations.add_phase(connection, made, "questionnaire", {})
    await take_part(connection, phase, times=2)
    await take_part(connection, phase, at=NOW - timedelta(days=3))
    await take_part(connection, phase, erased=True)
    await take_part(connection, phase, sent=False)
    listed = await consultations.listed(connection, space.id, NOW - timedelta(days=1))
    assert [(one.consultation.id, one.people, one.lately) for one in listed] == [(empty.id, 0, 0), (made.id, 3, 2)]
    assert await consultations.unfinished(connection, space.id, made.id) == 1


async def test_the_steps_count_each_person_once_whatever_they_gave(connection: AsyncConnection) -> None:
    made = await make(connection, await make_space(connection))
    asked, voted, other = [await consultations.add_phase(connection, made, kind, {}) for kind in ("ideas", "vote", "x")]
    await take_part(connection, asked, times=2)
    await take_part(connection, asked, erased=True)
    for _ in range(3):
        await take_part(connection, voted)
    ballots = Contribution.phase_id == voted.id  # a ballot leaves no contribution
    await connection.execute(delete(Contribution).where(ballots))
    await take_part(connection, voted, sent=False)
    await take_part(connection, other, erased=True)
    await connection.execute(update(Contribution).where(Contribution.phase_id == other.id).values(origin="meeting"))
    assert await consultations.people(connection, made) == {asked.id: 2, voted.id: 3}
    [listed] = await consultations.listed(connection, made.space_id, NOW)
    assert listed.people == 5


async def test_opening_and_closing_leave_dates_that_are_true(connection: AsyncConnection) -> None:
    space = await make_space(connection)
    made = await make(connection, space, closes_at=NOW + timedelta(days=9))
    await consultations.open_now(connection, made, NOW)
    opened = await consultations.find(connection, space.id, made.id)
    assert opened is not None
    assert (opened.state, opened.opens_at, opened.closes_at) == ("open", NOW, NOW + timedelta(days=9))
    await consultations.close_now(connection, opened, NOW + timedelta(days=1))
    closed = await consultations.find(connection, space.id, made.id)
    assert closed is not None
    assert (closed.state, closed.closes_at) == ("closed", NOW + timedelta(days=1))
    await consultations.open_now(connection, closed, NOW + timedelta(days=2))
    again = await consultations.find(connection, space.id, made.id)
    assert again is not None
    assert (again.state, again.opens_at, again.closes_at) == ("open", NOW, None)


@pytest.mark.parametrize("missing", ["decides", "does"])
async def test_nothing_opens_to_residents_who_are_not_told_who_decides_and_what_for(
    connection: AsyncConnection, missing: str
) -> None:
    said: dict[str, Any] = {"decides": {"fr": "Le conseil"}, "does": {"fr": "Dix bancs"}, missing: {"fr": ""}}
    made = replace(await make(connection, await make_space(connection)), **said)
    with pytest.raises(NotSaid) as refused:
        await consultations.open_to_residents(connection, made, NOW)
    assert refused.value.details == {"missing": [missing]}
    found = await consultations.find(connection, made.space_id, made.id)
    assert found is not None
    assert found.state == "draft"


async def test_a_code_leads_to_its_consultation_in_any_case(connection: AsyncConnection) -> None:
    space = await make_space(connection)
    made = await make(connection, space)
    code = await codes.create(connection, made, NOW, place="Boulangerie")
    assert len(code.code) == codes.CODE_LENGTH
    assert set(code.code) <= set(codes.CODE_LETTERS)
    found = await codes.find_entrance(connection, code.code.upper())
    assert found is not None
    assert (found.consultation.id, found.code) == (made.id, code)
    by_slug = await codes.find_entrance(connection, "Centre")
    assert by_slug is not None
    assert (by_slug.space, by_slug.code) == (space, None)


async def test_a_word_is_looked_up_in_the_space_that_is_named(connection: AsyncConnection) -> None:
    spaces = [await make_space(connection, slug) for slug in ("montaubry", "arvelle")]
    made = [await make(connection, space) for space in spaces]
    for space, consultation in zip(spaces, made, strict=True):
        found = await codes.find_entrance(connection, "centre", space.slug)
        assert found is not None
        assert found.consultation == consultation
        assert (found.carried, found.address) == ("centre", f"{space.slug}.centre")
        again = await codes.find_entrance(connection, found.address)
        assert again == found
    oldest = await codes.find_entrance(connection, "centre")
    assert oldest is not None
    assert oldest.consultation == made[0]
    assert await codes.find_entrance(connection, "centre", "ailleurs") is None


async def test_a_code_that_is_taken_is_refused(connection: AsyncConnection) -> None:
    made = await make(connection, await make_space(connection))
    await codes.create(connection, made, NOW, code="Boulangerie")
    for taken in ("boulangerie", "centre"):
        with pytest.raises(AlreadyExists):
            await codes.create(connection, made, NOW, code=taken)


async def test_places_say_what_came_by_their_poster(connection: AsyncConnection) -> None:
    made = await make(connection, await make_space(connection))
    phase = await consultations.add_phase(connection, made, "questionnaire", {})
    for place in ("Pharmacie", "Boulangerie", None):
        await codes.create(connection, made, NOW, place=place)
    bakery = await relays.of_place(connection, made.space_id, "boulangerie", NOW)
    for sent in (True, False):
        person = await take_part(connection, phase, place="Boulangerie", sent=sent, by=bakery)
        agreed = participants.ConsentGiven(made.space_id, person, made.id, "yes", NOW)
        await participants.consent(connection, [agreed])
    found = await codes.hung(connection, made.space_id, made.id)
    assert [(one.code.place, one.came.began, one.came.answered) for one in found] == [
        ("Boulangerie", 2, 1),
        ("Pharmacie", 0, 0),
    ]
