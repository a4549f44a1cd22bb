"""Erasing a person: the goodbye leaves, then nothing of theirs is left, and the figures stay as they were."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import String, cast, func, select, update

from flows.answers import Choice
from flows.conversation import Ending, Talk
from storage import ballots, contributions, files, models, similar
from storage.ballots import NewBallot
from storage.contributions import NewContribution, Part
from storage.files import File
from storage.models import (
    Answer,
    Ballot,
    Base,
    Contribution,
    Conversation,
    Delivery,
    Heard,
    Participant,
)
from tests.bot.town import Town, started, town

MARK = "zaubernuss"
"""Stands in everything the person says; a word nothing else holds."""

DECLARED = {
    "addresses": {"sender"},
    "answers": {"text", "folded"},
    "ballots": {"voter"},
    "contacts": {"same", "name", "email", "phone", "street", "folded", "area", "groups", "tags"},
    "contributions": {"text", "folded", "fields"},
    "conversations": {"journal"},
    "deliveries": {"body", "external"},
    "files": {"content"},
    "inbox": {"body", "shown", "attached"},
    "organisers": {"email", "name"},
    "participants": {"area", "groups", "born", "proved", "tags", "hours"},
    "personal_codes": {"contact_id"},
    "relays": {"name", "folded"},
    "reports": {"reporter", "reason"},
    "return_codes": {"digest"},
    "secret_ballots": {"pseudonym"},
    "secret_keys": {"key"},
    "terms": {"stem"},
    "withdrawals": {"digest"},
    "volunteers": {"name"},
}
"""Every column that holds personal data. Whoever adds one thinks of erasing it, and adds it here."""

WITHOUT_SPACE_IN_KEY = {
    "spaces": "the space itself",
    "attempts": "digests of tries, of the whole house, for a day",
    "paces": "what left lately by an account, for a minute",
    "nights": "a date on which the whole house forgot what was kept long enough",
    "inbox": "a repeat is known by (channel, account, key); the account decides the space",
}


def test_every_personal_column_is_declared() -> None:
    declared: dict[str, set[str]] = {}
    for table in Base.metadata.tables.values():
        for column in table.columns:
            if column.info.get("person"):
                declared.setdefault(table.name, set()).add(column.name)
    assert declared == DECLARED


def test_every_table_has_its_space_in_its_key_or_a_reason() -> None:
    without = {
        table.name for table in Base.metadata.tables.values() if "space_id" not in {c.name for c in table.primary_key}
    }
    assert without == set(WITHOUT_SPACE_IN_KEY)


WAYS = (Choice("foot", "On foot"), Choice("car", "By car"))


async def flow(talk: Talk) -> Ending:
    phase = talk.scene.phase
    assert phase is not None
    way = await talk.choose("way", "How do you come?", WAYS)
    why = await talk.ask("why", "Why?")
    photo = talk.recorded("photo") or None
    await talk.do(
        "sent",
        contributions.put,
        NewContribution(
            phase.space_id,
            phase.id,
            talk.person.id,
            talk.scene.conversation,
            "response",
            "response",
            {"way": way, "why": why, "many": 3, "point": {"lat": 48.1, "lon": 2.2}, "photo": photo, "both": [way, why]},
            (Part("way", choice=way), Part("why", text=why, folded=why), Part("many", number=3)),
            "street",
            None,
            talk.now,
        ),
    )
    await talk.do("vote", ballots.cast, NewBallot(phase.space_id, phase.id, talk.person.id, "square", "yes", talk.now))
    await talk.ask("more", "Anything else?")
    return None


@pytest.fixture
async def house(database_url: str) -> AsyncIterator[Town]:
    async with town(database_url, flow, editable=True) as found:
        yield found


async def live(house: Town, sender: str) -> None:
    """Somebody takes part, sends, gets a return code, and leaves something unsent."""
    await house.begin(sender)
    await house.hears(sender, "By car")
    await house.hears(sender, f"{MARK} near the church")
    await house.hears(sender, "/code")
    async with house.database.write() as connection:
        photo = File(MARK.encode(), "image/jpeg")
        await files.put(connection, house.space_id, files.reference_of(photo.content), photo, house.now)
    rows = await house.rows(Contribution.phase_id, Contribution.id)
    async with house.database.write() as connection:
        await similar.index(
            connection, [similar.Text(house.space_id, row[0], row[1], f"{MARK} near the church", "en") for row in rows]
        )


async def erase(house: Town, sender: str) -> list[str]:
    await house.hears(sender, "/delete")
    return await house.hears(sender, "Yes, erase everything")


async def everything(house: Town) -> dict[tuple[str, str], list[str]]:
    """What stands in each personal column, as text."""
    found: dict[tuple[str, str], list[str]] = {}
    async with house.database.read() as connection:
        for table in Base.metadata.tables.values():
            for column in table.columns:
                if column.info.get("person"):
                    kind = column if column.name == "content" else cast(column, String)
                    rows = await connection.execute(select(kind).where(column.is_not(None)))
                    found[table.name, column.name] = [str(row[0]) for row in rows]
    return found


async def figures(house: Town) -> Any:
    async with house.database.read() as connection:
        rows = await connection.execute(
            select(Answer.question, Answer.choice, Answer.number, func.count())
            .group_by(Answer.question, Answer.choice, Answer.number)
            .order_by(Answer.question)
        )
        return [tuple(row) for row in rows]


async def test_somebody_who_is_erased_is_told_and_then_nothing_leads_to_them(house: Town) -> None:
    await live(house, f"{MARK}-ada")
    before = await figures(house)
    [participant] = await house.rows(Participant.id)
    there = await everything(house)
    assert any(MARK in value for values in there.values() for value in values)
    assert MARK in there["terms", "stem"]
    assert (await erase(house, f"{MARK}-ada"))[0].startswith("It is done.")
    left = {
        where: [value for value in values if MARK in value or str(participant) in value]
        for where, values in (await everything(house)).items()
        if where != ("files", "content")
    }
    assert {where: values for where, values in left.items() if values} == {}
    assert await house.count(Participant) == await house.count(Conversation) == await house.count(Delivery) == 0
    assert await figures(house) == before
    assert await house.rows(Contribution.fields, Contribution.participant_id, Contribution.conversation_id) == [
        (
            {"way": "car", "why": None, "many": 3, "point": {"lat": None, "lon": None}, "photo": None,
             "both": ["car", None]},
            None,
            None,
        )
    ]  # fmt: skip
    [voter] = await house.rows(Ballot.voter)
    assert voter.startswith("erased-")
    assert set(await house.rows(Heard.participant_id)) == {None}


async def test_a_photo_goes_with_its_sender_unless_somebody_else_sent_the_same(house: Town) -> None:
    await house.begin("ada", "bob")
    photo = File(b"the same picture", "image/jpeg")
    reference = files.reference_of(photo.content)
    async with house.database.write() as connection:
        await files.put(connection, house.space_id, reference, photo, house.now)
    ids = await house.rows(Participant.id)
    async with house.database.write() as connection:
        for participant in ids:
            await connection.execute(
                update(Heard).where(Heard.participant_id == participant).values(attached=reference)
            )
    await erase(house, "ada")
    assert await house.count(models.File) == 1
    await erase(house, "bob")
    assert await house.count(models.File) == 0


async def test_whoever_says_no_is_not_erased_and_goes_on_where_they_were(house: Town) -> None:
    await house.begin("ada")
    await house.hears("ada", "By car")
    await house.hears("ada", "/delete")
    assert await house.hears("ada", "No, keep it") == ["Nothing was erased.", "Why?"]
    assert (await house.hears("ada", "because"))[0] == "Noted: because."


async def test_whoever_writes_again_after_being_erased_is_somebody_new(house: Town) -> None:
    await live(house, "ada")
    await house.hears("ada", "/delete")
    yes = house.tap("ada", "Yes, erase everything")
    await house.keep(house.incoming("ada", tap=yes), house.incoming("ada", "hello"))
    await house.keep(house.incoming("ada", "hello again"))
    await house.deliver()
    assert "It is done. Nothing that leads to you is kept. Thank you for taking part." in house.street.texts("ada")
    assert house.street.texts("ada")[-1] == "What would you like to do?"
    assert await house.count(Participant) == 1
    assert await house.rows(Contribution.participant_id) == [None]


async def test_what_was_set_aside_of_somebody_erased_is_not_tried_again(house: Town) -> None:
    await house.begin("ada")
    async with house.database.write() as connection:
        await connection.execute(update(Heard).values(state="aside", body="{}", retry_at=house.now))
    await erase(house, "ada")
    assert await house.reception.retry(house.later(hours=1)) == 0
    assert set(await house.states()) == {"handled"}


async def test_erasing_looks_for_the_erased_only_when_somebody_was(house: Town) -> None:
    """One look through all participants with every batch of deliveries would cost a large town dear."""
    await house.begin("ada")
    house.statements.clear()
    await house.hears("ada", "By car")
    assert started(house.statements, "SELECT participants.space_id, participants.id", "NOT (EXISTS") == []
