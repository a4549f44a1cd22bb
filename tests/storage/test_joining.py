"""Two participants become one: every row of theirs is looked at, and where both have voted nothing is changed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Index, Table, UniqueConstraint, delete, select, update

from storage import ballots, erasure, joining, models, secrecy, signing, supporting, uniting
from storage.ballots import NewBallot
from storage.joining import BothVoted, Joined
from storage.models import (
    Address,
    Arrival,
    Ballot,
    Base,
    Consent,
    Contribution,
    Conversation,
    Delivery,
    Door,
    Doorstep,
    Follow,
    Heard,
    Milestone,
    Mute,
    Participant,
    PersonalCode,
    Phase,
    Report,
    ReturnCode,
    Round,
    SecretBallot,
    Volunteer,
    Wish,
)
from storage.refusals import Gone
from storage.signing import Signature, Withdrawal
from tests.storage.joined import add, asked, everything, join
from tests.storage.written import NOW, Written, written

LATER = NOW + timedelta(hours=1)


@pytest.fixture
async def town(database_url: str) -> AsyncIterator[Written]:
    async with written(database_url) as found:
        await found.open()
        yield found


async def rows(town: Written, *columns: Any) -> list[Any]:
    found = await town.connection.execute(select(*columns).order_by(*columns))
    return [row[0] if len(columns) == 1 else tuple(row) for row in found]


# -- nothing is forgotten --------------------------------------------------------------------------------------------

NAMES = {"participant_id", "through_id", "into_id", "from_id", "voter", "reporter", "used_by"}
"""How columns that name a participant are called. Pseudonyms of secret votes have a rule of their own."""


def naming_a_participant() -> set[Any]:
    """Every column of the models that names one: by its name, or because it refers to the table."""
    return {
        column
        for table in Base.metadata.tables.values()
        for column in table.columns
        if column.name in NAMES
        or any(key.column.table.name == "participants" and column.name != "space_id" for key in column.foreign_keys)
    }


def test_every_column_that_names_a_participant_is_moved() -> None:
    """Whoever adds one says in storage/uniting.py what becomes of it when two are one person."""
    assert {column.property.columns[0] for column in uniting.MOVED} == naming_a_participant()


def unique(table: Table) -> list[tuple[str, ...]]:
    """The keys of a table of which there may be only one row."""
    keys = [tuple(table.primary_key.columns.keys())]
    keys += [tuple(one.columns.keys()) for one in table.constraints if isinstance(one, UniqueConstraint)]
    return keys + [tuple(one.columns.keys()) for one in table.indexes if isinstance(one, Index) and one.unique]


BY_ITSELF = {
    "volunteers": "_one_round_each",
    "contributions": "_one_signature_each",
    "deliveries": "_one_delivery_each",
}


def test_whatever_a_person_has_one_of_has_a_rule_which_of_two_stays() -> None:
    ruled = {column.class_.__tablename__ for column in uniting.ONE_EACH} | set(BY_ITSELF)
    for column in naming_a_participant():
        if any(column.name in key for key in unique(column.table)):
            assert column.table.name in ruled
    assert all(hasattr(uniting, name) for name in BY_ITSELF.values())


async def fill(town: Written, who: int, other: int) -> None:
    """A row of everything that can be somebody's; and of everything that one person has once, about the same."""
    idea = await town.write("Un banc", participant_id=who)
    poll = await add(town, Phase, kind="vote", position=2, settings={}, version=1)
    talk = await add(town, Conversation, participant_id=who, phase_id=poll, sent_at=NOW, state="ended")
    relay = await add(town, models.Relay)
    walk = await add(town, Round, phase_id=poll, code=None)
    door = await add(town, Door, round_id=walk)
    for one, column in ((who, "a"), (other, "b")):
        await add(town, Address, participant_id=one, sender=column)
        await add(town, Consent, participant_id=one)
        await add(town, Wish, participant_id=one)
        await add(town, Mute, participant_id=one)
        await add(town, Arrival, participant_id=one, relay_id=relay)
        await add(town, Follow, participant_id=one, contribution_id=idea)
        await add(town, Report, reporter=str(one), contribution_id=idea)
        await add(town, Ballot, voter=str(one), subject="1", value=supporting.SUPPORT)
        await add(town, PersonalCode, used_by=one)
        await add(town, ReturnCode, participant_id=one, kind="return")
        await add(town, Delivery, participant_id=one, cause="broadcast:1", state="sent")
        await add(town, Delivery, participant_id=one, cause="broadcast:2", state="waiting")
        await add(town, Heard, participant_id=one, conversation_id=talk, state="handled")
        walker = await add(town, Volunteer, round_id=walk, participant_id=one)
        await add(town, Doorstep, door_id=door, volunteer_id=walker, participant_id=one)
        await add(town, Door, round_id=walk, volunteer_id=walker)
        await add(town, Contribution, participant_id=one, kind="idea", state="sent", fields={})
        await add(town, Conversation, participant_id=await town.person(), through_id=one)
        await asked(town, one, await town.person())
        await asked(town, await town.person(), one)


@pytest.mark.parametrize("turned", [False, True])
async def test_of_who_is_gone_nothing_is_left_and_everything_is_the_others(town: Written, turned: bool) -> None:
    ada, other = await town.person(), await town.person()
    await fill(town, ada, other)
    into, gone = (other, ada) if turned else (ada, other)
    made = await join(town, into, gone)
    assert made == Joined(town.space_id, into, ())
    left = await everything(town)
    assert {name: row for name, some in left.items() for row in some if str(gone) in row} == {}
    for column in uniting.MOVED:
        assert str(into) in {str(value) for value in await rows(town, column)}


async def test_what_was_begun_for_both_leaves_once_and_is_counted_once(town: Written) -> None:
    ada, other = await town.person(), await town.person()
    await fill(town, ada, other)
    await join(town, ada, other)
    found = await rows(town, Delivery.cause, Delivery.state)
    assert sorted(found, key=str) == [
        ("broadcast:1", "sent"),
        ("broadcast:2", "waiting"),
        (None, "cancelled"),
        (None, "sent"),
    ]


# -- what stays of two -----------------------------------------------------------------------------------------------


async def test_what_was_agreed_to_first_stays_and_what_was_said_last(town: Written) -> None:
    ada, other = await town.person(), await town.person()
    await add(town, Consent, participant_id=ada, words="new", given_at=LATER)
    await add(town, Consent, participant_id=other, words="old", given_at=NOW)
    await add(town, Wish, participant_id=ada, wanted=False, at=LATER)
    await add(town, Wish, participant_id=other, wanted=True, at=NOW)
    await join(town, ada, other)
    assert await rows(town, Consent.participant_id, Consent.words) == [(ada, "old")]
    assert await rows(town, Wish.participant_id, Wish.wanted) == [(ada, False)]


async def test_the_person_is_what_both_are_and_what_was_proved_wins(town: Written) -> None:
    ada = await town.person(area="bourg", groups=["a"], tags=["x", "y"], language=None, created_at=LATER)
    other = await town.person(
        area="gare", proved="area", born=1980, groups=["b"], tags=["y", "z"], stopped_at=NOW, channel="signal",
        hours={"from": 9}, created_at=NOW,
    )  # fmt: skip
    await join(town, ada, other)
    one = (await town.connection.execute(select(Participant))).one()
    assert (one.id, one.area, one.proved, one.born, one.language) == (ada, "gare", "area", 1980, "fr")
    assert (one.groups, one.tags, one.hours) == (["a", "b"], ["x", "y", "z"], {"from": 9})
    assert (one.stopped_at, one.created_at, one.channel) == (NOW, NOW, "signal")


async def test_answers_go_where_the_person_was_heard_last(town: Written) -> None:
    for last in ("ada", "other"):
        ada, other = await town.person(), await town.person()
        places = {who: await add(town, Address, participant_id=who) for who in (ada, other)}
        for who, place in places.items():
            await town.connection.execute(update(Participant).where(Participant.id == who).values(address_id=place))
        for who in (ada, other) if last == "other" else (other, ada):
            await add(town, Heard, participant_id=who)
        await join(town, ada, other)
        found = await town.connection.scalar(select(Participant.address_id).where(Participant.id == ada))
        assert found == places[ada if last == "ada" else other]


async def test_nobody_supports_their_own_text_once_they_are_one(town: Written) -> None:
    ada, other, third = [await town.person() for _ in range(3)]
    mine, theirs = await town.write("Un banc", participant_id=ada), await town.write("Un arbre", participant_id=third)
    for text in (mine, theirs):
        await add(town, Ballot, voter=str(other), subject=str(text), value=supporting.SUPPORT)
    await add(town, Ballot, voter=str(ada), subject=str(theirs), value=supporting.SUPPORT)
    await join(town, ada, other)
    assert await rows(town, Ballot.subject, Ballot.voter) == [(str(theirs), str(ada))]


# -- talks -----------------------------------------------------------------------------------------------------------


async def talk(town: Written, who: int, journal: str, **values: Any) -> int:
    return await add(town, Conversation, participant_id=who, phase_id=town.phase_id, journal=journal, **values)


async def test_of_two_drafts_the_one_that_came_further_stays_and_typed_text_goes_there(town: Written) -> None:
    for further in ("ada", "other"):
        ada, other = await town.person(), await town.person()
        first = await talk(town, ada, "12345" if further == "ada" else "1", state="open", heard_at=NOW)
        second = await talk(town, other, "123", state="open", heard_at=LATER)
        for who, id_ in ((ada, first), (other, second)):
            await town.connection.execute(update(Participant).where(Participant.id == who).values(current_id=id_))
        made = await join(town, ada, other)
        assert made.dropped == (town.phase_id,)
        assert await rows(town, Conversation.id) == [first if further == "ada" else second]
        assert await rows(town, Participant.current_id) == await rows(town, Conversation.id)
        for table in (models.Join, Conversation, Participant):
            await town.connection.execute(delete(table))


async def test_what_was_sent_stays_and_a_draft_beside_it_goes_unless_several_may_be_given(town: Written) -> None:
    for several in (False, True):
        ada, other = await town.person(), await town.person()
        draft = await talk(town, ada, "123456", state="open")
        sent = await talk(town, other, "1", state="ended", sent_at=NOW)
        made = await join(town, ada, other, repeatable=lambda _phase, several=several: several)
        assert made.dropped == (() if several else (town.phase_id,))
        assert set(await rows(town, Conversation.id)) == ({draft, sent} if several else {sent})
        await town.connection.execute(delete(Conversation))


# -- signatures ------------------------------------------------------------------------------------------------------


async def sign(town: Written, who: int, at: Any = NOW) -> None:
    given = {"kind": "signature", "key": "s", "fields": {}, "parts": (), "origin": "web", "place": None, "at": at}
    [signed] = await signing.sign(town.connection, [Signature(town.space_id, town.phase_id, who, who, **given, goal=5)])
    assert not isinstance(signed, Exception)


async def test_of_two_signatures_the_first_counts_and_what_was_said_last(town: Written) -> None:
    ada, other = await town.person(), await town.person()
    await sign(town, ada, LATER)
    await sign(town, other, NOW)
    [hers, theirs] = [
        await town.connection.scalar(select(Contribution.id).where(Contribution.participant_id == who))
        for who in (ada, other)
    ]
    for text, parent in (("theirs", theirs), ("hers", hers)):
        await town.write(text, kind=signing.WHY, parent_id=parent, participant_id=other if parent == theirs else ada)
    await add(town, Milestone, signature_id=hers)
    await join(town, ada, other)
    given = await rows(town, Contribution.kind, Contribution.id, Contribution.participant_id, Contribution.state)
    assert [row for row in given if row[0] == "signature"] == [("signature", theirs, ada, "sent")]
    said = await rows(town, Contribution.text, Contribution.parent_id, Contribution.state)
    assert [row for row in said if row[0]] == [("hers", theirs, "sent"), ("theirs", theirs, "withdrawn")]
    assert await rows(town, Milestone.signature_id) == [theirs]


async def test_a_signature_that_was_taken_back_gives_way_to_one_that_stands(town: Written) -> None:
    ada, other = await town.person(), await town.person()
    await sign(town, ada)
    await signing.withdraw(town.connection, [Withdrawal(town.space_id, town.phase_id, ada, NOW)])
    await sign(town, other, LATER)
    await join(town, ada, other)
    assert await rows(town, Contribution.participant_id, Contribution.state) == [(ada, "sent")]


# -- where both have voted -------------------------------------------------------------------------------------------


async def cast(town: Written, who: int, value: str | None, *, secret: bool = False) -> Any:
    ballot = NewBallot(town.space_id, town.phase_id, who, "vote", value, NOW, change=True, secret=secret)
    return (await ballots.cast(town.connection, [ballot]))[0]


async def refused(town: Written, ada: int, other: int, **given: Any) -> None:
    """The join says where both have voted, and changes nothing."""
    id_ = await asked(town, ada, other)
    before = await everything(town, but=("joins",))
    found = await joining.join(town.connection, town.space_id, id_, NOW, **given)
    assert isinstance(found, BothVoted)
    assert found.details == {"consultation": town.consultation_id, "phase": town.phase_id, "kind": "ideas"}
    assert await everything(town, but=("joins",)) == before
    assert await joining.join(town.connection, town.space_id, id_, NOW, **given) is None


@pytest.mark.parametrize("secret", [False, True])
async def test_two_ballots_are_never_one_whatever_was_chosen(town: Written, secret: bool) -> None:
    for value in ("yes", "no"):
        ada, other = await town.person(), await town.person()
        await cast(town, ada, "yes", secret=secret)
        await cast(town, other, value, secret=secret)
        await refused(town, ada, other)


@pytest.mark.parametrize("secret", [False, True])
async def test_whoever_takes_one_of_two_ballots_back_can_be_linked(town: Written, secret: bool) -> None:
    ada, other = await town.person(), await town.person()
    await cast(town, ada, "yes", secret=secret)
    await cast(town, other, "no", secret=secret)
    await cast(town, ada, None, secret=secret)
    assert isinstance(await join(town, ada, other), Joined)
    assert await cast(town, ada, "yes", secret=secret) == 1  # it is the other's ballot that was changed


async def test_a_secret_ballot_of_either_is_that_of_the_person_who_is_left(town: Written) -> None:
    ada, other = await town.person(), await town.person()
    await cast(town, other, "no", secret=True)
    await join(town, ada, other)
    assert await rows(town, SecretBallot.value) == ["no"]
    assert await cast(town, ada, "yes", secret=True) == 1
    assert await rows(town, SecretBallot.value) == ["yes"]


async def test_in_a_sealed_vote_it_is_who_voted_that_tells(town: Written) -> None:
    ada, other, third = [await town.person() for _ in range(3)]
    for who in (ada, other):
        await cast(town, who, "yes", secret=True)
        await talk(town, who, "{}", state="ended", sent_at=NOW)
    await secrecy.seal(town.connection, town.space_id, town.phase_id, LATER, "{}")
    await refused(town, ada, other)
    assert isinstance(await join(town, ada, third), Joined)


async def test_two_responses_are_refused_unless_a_person_may_give_several(town: Written) -> None:
    ada, other = await town.person(), await town.person()
    for who in (ada, other):
        await town.write(None, kind="response", participant_id=who)
    await refused(town, ada, other)
    assert isinstance(await join(town, ada, other, repeatable=lambda _phase: True), Joined)


async def test_two_signatures_are_refused_once_they_were_counted(town: Written) -> None:
    ada, other = await town.person(), await town.person()
    for who in (ada, other):
        await sign(town, who)
    await town.connection.execute(update(Phase).values(state="closed"))
    await refused(town, ada, other)


async def test_who_was_erased_is_joined_to_nobody(town: Written) -> None:
    for gone in (0, 1):
        two = (await town.person(), await town.person())
        id_ = await asked(town, two[0], two[1])
        await erasure.erase(town.connection, [(town.space_id, two[gone], NOW.isoformat())])
        assert isinstance(await joining.join(town.connection, town.space_id, id_, NOW), Gone)
        assert await joining.join(town.connection, town.space_id, id_, NOW) is None


async def test_two_who_are_linked_by_way_of_a_third_are_one_and_a_circle_ends(town: Written) -> None:
    ada, other, third = [await town.person() for _ in range(3)]
    ids = [await asked(town, into, gone) for into, gone in ((ada, other), (other, third), (third, ada))]
    made = [await joining.join(town.connection, town.space_id, id_, NOW) for id_ in ids]
    assert made == [Joined(town.space_id, ada, ()), Joined(town.space_id, ada, ()), None]
    assert await rows(town, Participant.id) == [ada]
