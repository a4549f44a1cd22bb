"""*Try it* is the real thing, and leaves nothing behind."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from sqlalchemy import func, select

from bot.preview import preview
from bot.seats import Surroundings
from flows.messages import Message
from flows.questionnaires.file import read_file
from flows.rendering import Capabilities
from storage import consultations, spaces
from storage.consultations import Consultation
from storage.database import Database
from storage.models import Base
from tests.tables import make_tables

NOW = datetime(2027, 3, 10, 9, 12, tzinfo=UTC)
FILE = """\
consultation: centre-ville
languages: [fr, en]
title: {fr: Le centre-ville, en: The centre}
topic: {fr: sur le centre-ville, en: about the centre}
why: {fr: Vos réponses comptent., en: Your answers count.}
closes: 2027-03-01 20:00
questions:
  - id: visits
    kind: one_of
    text: {fr: "Venez-vous souvent ?", en: "Do you come often?"}
    choices: {daily: {fr: Tous les jours, en: Every day}, rarely: {fr: Rarement, en: Rarely}}
  - id: why
    kind: short_text
    text: {fr: "Pourquoi si peu ?", en: "Why so little?"}
    when: {visits: rarely}
"""


class Trial:
    """An organiser who tries a draft."""

    def __init__(self, database: Database, consultation: Consultation) -> None:
        self.database, self.consultation = database, consultation
        self.around = Surroundings({"web": Capabilities("web")})

    async def talk(self, *steps: str, language: str = "fr") -> list[tuple[bool, Message]]:
        where = self.consultation
        return await preview(self.database, self.around, "web", where.space_id, where.id, language, steps, NOW)

    async def counts(self) -> dict[str, int]:
        """How many rows each table has."""
        async with self.database.read() as connection:
            return {
                table.name: (await connection.execute(select(func.count()).select_from(table))).scalar_one()
                for table in Base.metadata.sorted_tables
            }


@pytest.fixture
async def trial(database_url: str) -> AsyncIterator[Trial]:
    database = Database(database_url)
    draft = read_file(FILE).draft
    async with database.write() as connection:
        await make_tables(connection)
        space = await spaces.create(
            connection,
            slug="montaubry",
            name={"fr": "Montaubry"},
            languages=["fr", "en"],
            zone="Europe/Paris",
            colour=None,
            contact={},
            privacy={},
            now=NOW,
        )
        made = await consultations.create(
            connection,
            space.id,
            slug=draft.slug,
            title=draft.title,
            topic=draft.topic,
            why=draft.why,
            decides=draft.decides,
            opens_at=None,
            closes_at=draft.closes_at("Europe/Paris"),
            answer_on=None,
            now=NOW,
        )
        await consultations.add_phase(connection, made, "questionnaire", draft.questionnaire.to_settings())
    yield Trial(database, made)
    await database.close()


def asked(talk: list[tuple[bool, Message]]) -> str:
    """The question that waits."""
    return " ".join(line.text for line in talk[-1][1].lines if line.role == "ask")


def labels(talk: list[tuple[bool, Message]]) -> list[str]:
    return [button.label for button in talk[-1][1].buttons]


async def test_a_draft_is_tried_from_the_first_message_to_the_last(trial: Trial) -> None:
    talk = await trial.talk()
    assert not talk[0][0]
    agree = labels(talk)[0]
    talk = await trial.talk(agree, "Rarement", "Trop de bruit")
    assert [line.text for resident, message in talk if resident for line in message.lines] == [
        agree,
        "Rarement",
        "Trop de bruit",
    ]
    send = labels(talk)[0]
    talk = await trial.talk(agree, "Rarement", "Trop de bruit", send)
    assert len(talk) > 8


async def test_it_leaves_nothing_behind(trial: Trial) -> None:
    before = await trial.counts()
    agree = labels(await trial.talk())[0]
    send = labels(await trial.talk(agree, "Tous les jours"))[0]
    await trial.talk(agree, "Tous les jours", send)
    assert await trial.counts() == before
    async with trial.database.read() as connection:
        where = trial.consultation
        assert await consultations.find(connection, where.space_id, where.id) == where


async def test_conditions_and_back_are_those_of_residents(trial: Trial) -> None:
    agree = labels(await trial.talk())[0]
    assert asked(await trial.talk(agree, "2")) == "Pourquoi si peu ?"
    assert asked(await trial.talk(agree, "2", "Retour")) == "Venez-vous souvent ?"
    assert asked(await trial.talk(agree, "je ne sais pas")) == "Venez-vous souvent ?"


async def test_a_button_may_be_named_by_what_it_carried_in_an_earlier_replay(trial: Trial) -> None:
    yes = (await trial.talk())[-1][1].buttons[0]
    rarely = (await trial.talk(yes.data))[-1][1].buttons[1]
    talk = await trial.talk(yes.data, rarely.data)
    assert asked(talk) == "Pourquoi si peu ?"
    assert [message.lines[0].text for resident, message in talk if resident] == [yes.label, rarely.label]


async def test_it_speaks_the_language_that_is_tried(trial: Trial) -> None:
    agree = labels(await trial.talk(language="en"))[0]
    assert asked(await trial.talk(agree, language="en")) == "Do you come often?"


async def test_what_is_not_there_is_not_tried(trial: Trial) -> None:
    with pytest.raises(LookupError):
        await preview(trial.database, trial.around, "web", trial.consultation.space_id, 1, "fr", [], NOW)
