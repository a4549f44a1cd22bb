"""The town of the talks: what is open there, as files say.

`<name>.yaml` beside this file is a questionnaire as `palabre import` takes it; `towns/<name>.yaml` any consultation
with its phases, and what residents have given to them before the talk begins:

    title: {fr: …}            topic, why, decides, does: likewise       code: what its poster carries
    closes: 2027-03-31        answer_on: 2027-04-30                     areas: {gare: {fr: La Gare}}
    codes: [{area: gare, group: lettre}]      a personal code each, those of LETTERS
    phases:
      - module: ideas
        settings: {…}         title, state, opens_at, closes_at, stages, moderation, per_day: as storage keeps them
        given:
          - {kind: idea, text: …, fields: {…}, at: 2027-03-02, theme: …, area: …, support: 18, state: sent}
          - {kind: question, text: …, answer: {fr: …}}      what the town has answered
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import yaml
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.importing import bring_in, open_it
from flows.questionnaires.file import read_file
from storage import (
    areas,
    ballots,
    codes,
    consultations,
    contributions,
    letters,
    models,
    participants,
    progress,
    similar,
)
from storage.ballots import NewBallot
from storage.consultations import Consultation, Phase
from storage.contributions import NewContribution
from storage.letters import Known
from storage.participants import AddressKey, Person
from storage.progress import NewProgress
from storage.spaces import Space
from storage.types import new_id
from tests.talks.transcript import PARIS

FOLDER = Path(__file__).parent
QUESTIONNAIRES = {"centre-ville": "boulangerie", "bancs": "square"}
"""Each one's poster."""
WORDS = ("title", "topic", "why", "decides", "does")


async def open_here(connection: AsyncConnection, space: Space, name: str, now: datetime) -> None:
    """Open the consultation of this name."""
    if name in QUESTIONNAIRES:
        draft = read_file((FOLDER / f"{name}.yaml").read_bytes()).draft
        made = await open_it(connection, (await bring_in(connection, space, draft, now)).consultation, now)
        await codes.create(connection, made, now, code=QUESTIONNAIRES[name], place=QUESTIONNAIRES[name].title())
        return
    said = yaml.safe_load((FOLDER / "towns" / f"{name}.yaml").read_text("utf-8"))
    for slug, words in (said.get("areas") or {}).items():
        await areas.add(connection, space.id, slug, words)
    made = await consultations.create(
        connection,
        space.id,
        slug=name,
        **{word: said.get(word) or {} for word in WORDS},
        opens_at=None,
        closes_at=_moment(said.get("closes")),
        answer_on=said.get("answer_on"),
        now=now,
    )
    await consultations.open_now(connection, made, now)
    await codes.create(connection, made, now, code=said["code"], place=said["code"].title())
    await _write_letters(connection, made, [Known(**one) for one in said.get("codes") or ()], now)
    for one in said["phases"]:
        phase = await consultations.add_phase(
            connection, made, one.pop("module"), one.pop("settings", {}), **_phase(one, given := one.pop("given", []))
        )
        for number, entry in enumerate(given):
            await _give(connection, made, phase, entry, number)


LETTERS = ("KPMR 2XW9", "TQHK 7PMR", "W9TQ HK7P")
"""The codes of the letters, which are drawn anywhere else."""


async def _write_letters(
    connection: AsyncConnection, consultation: Consultation, people: Sequence[Known], now: datetime
) -> None:
    """A letter to each of these people, with the codes that the talks know."""
    drawn = await letters.write(connection, consultation, people, now)
    for before, known in zip(drawn, LETTERS, strict=False):
        row = models.PersonalCode.digest == letters.digest(consultation.space_id, before)
        known_digest = letters.digest(consultation.space_id, known)
        await connection.execute(update(models.PersonalCode).where(row).values(digest=known_digest))


def _moment(day: date | datetime | None) -> datetime | None:
    """The last minute of a day in the town."""
    if day is None or isinstance(day, datetime):
        return day.replace(tzinfo=day.tzinfo or PARIS) if day is not None else None
    return datetime.combine(day, time(23, 59), PARIS)


def _phase(said: Mapping[str, Any], _given: Sequence[Any]) -> dict[str, Any]:
    return {name: _moment(value) if name in ("opens_at", "closes_at") else value for name, value in said.items()}


async def _give(
    connection: AsyncConnection, consultation: Consultation, phase: Phase, said: Mapping[str, Any], number: int
) -> None:
    """What somebody gave before, with its supporters."""
    day = said.get("at") or date(2027, 3, 2)
    at = datetime.combine(day, time(9, number % 60), PARIS)
    author = await _somebody(connection, phase, at)
    new = NewContribution(
        space_id=phase.space_id,
        phase_id=phase.id,
        participant_id=author,
        conversation_id=new_id(),
        key=said["kind"],
        kind=said["kind"],
        fields=said.get("fields") or {},
        parts=(),
        origin="web",
        place=None,
        at=at,
        single=False,
        text=said["text"],
        theme=said.get("theme"),
        area=said.get("area"),
    )
    [made] = await contributions.put(connection, [new])
    assert isinstance(made, int), made
    if said["text"]:
        await similar.index(connection, [similar.Text(phase.space_id, phase.id, made, said["text"], "fr")])
    if said.get("answer"):
        await progress.add(connection, [NewProgress(phase.space_id, made, None, "answered", said["answer"], at)])
    for _supporter in range(said.get("support", 0)):
        voter = await _somebody(connection, phase, at)
        await ballots.cast(connection, [NewBallot(phase.space_id, phase.id, voter, str(made), "support", at)])
    row = (models.Contribution.space_id == phase.space_id, models.Contribution.id == made)
    changed = {"state": said.get("state", "sent"), "status": said.get("status")}
    await connection.execute(update(models.Contribution).where(*row).values(**changed))


async def _somebody(connection: AsyncConnection, phase: Phase, at: datetime) -> int:
    """A resident who took part before."""
    person = Person(phase.space_id, new_id(), "fr", None, [], None, None, "web", None)
    key = AddressKey("web", "montaubry", str(person.id))
    await participants.welcome(connection, [(key, person)], at)
    return person.id
