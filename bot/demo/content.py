"""Furnishing an empty database with the demo: the town, its organiser, its posters, and what residents sent.

Everything goes through the verbs that real residents' answers go through. The words are in the YAML files beside
this one.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import yaml
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.demo.announcing import agree, announce
from bot.demo.reading import Opening, move_in
from bot.demo.residents import DAYS, Resident, residents
from bot.importing import KIND, beside
from flows.journal import Journal
from flows.questionnaires.file import Draft, read_file
from flows.questionnaires.questionnaire import Questionnaire
from storage import codes, consultations, contributions, conversations, files, organisers, participants, relays, spaces
from storage.consultations import Consultation, Phase
from storage.contributions import NewContribution
from storage.conversations import Record
from storage.participants import AddressKey, Person
from storage.relays import Came
from storage.spaces import Space
from storage.types import new_id
from storage.value import value

FOLDER = Path(__file__).parent
LANGUAGES = ("fr", "en")
SLUG = "montaubry"
ZONE = "Europe/Paris"
NAME = {"fr": "Montaubry", "en": "Montaubry"}
CONTACT = {
    "name": "Claire Morel",
    "phone": "02 61 91 00 12",
    "hours": {"fr": "du lundi au vendredi, de 9 h à 12 h", "en": "Monday to Friday, 9 am to noon"},
    "host": {"fr": "la mairie de Montaubry", "en": "the town hall of Montaubry"},
}
PRIVACY = {
    "fr": "Vos réponses servent à cette consultation et à rien d'autre. L'équipe de Claire Morel les lit, à la mairie.",
    "en": "Your answers are used for this consultation only. The team of Claire Morel reads them, at the town hall.",
}
EMAIL = "claire.morel@montaubry.example"
POSTERS = {"boulangerie": "Boulangerie", "pharmacie": "Pharmacie", "ecole": "École", "laposte": "La Poste"}
"""Each poster's code, and the place it hangs at."""
OPEN_FOR = timedelta(days=13)
DECIDED_AFTER = timedelta(days=20)
NEIGHBOURS = 170
VOTE = "eclairage"
"""The file of the vote to which the town has called."""
BEGUN_BEFORE = timedelta(days=14)
"""When the first neighbour came."""


@value
class Demo:
    """What a newcomer needs to know of the demo; the password is for one time and kept nowhere else."""

    space_id: int
    space_slug: str
    consultation_id: int
    consultation_slug: str
    codes: tuple[str, ...]
    email: str
    password: str


async def furnish(connection: AsyncConnection, now: datetime) -> Demo:
    """Write the whole demo; `now` is the moment it is looked at. Raises AlreadyExists where it was written before."""
    space = await spaces.create(
        connection,
        slug=SLUG,
        name=NAME,
        languages=LANGUAGES,
        zone=ZONE,
        colour=None,
        contact=CONTACT,
        privacy=PRIVACY,
        now=now,
    )
    password = organisers.one_time_password()
    organiser_id = await organisers.create(
        connection,
        space.id,
        email=EMAIL,
        name="Claire Morel",
        role="organiser",
        protected=await organisers.protect(password),
        now=now,
    )
    consultation, phase, questionnaire = await _consult(connection, space, now)
    for code, place in POSTERS.items():
        await codes.create(connection, consultation, now, code=code, place=place)
    everybody = residents(yaml.safe_load((FOLDER / "voices.yaml").read_text("utf-8")), now, ZONE)
    await _arrive(connection, phase, questionnaire, everybody)
    vote = await _open_the_others(connection, space, now)
    await announce(connection, space, vote, phase, organiser_id, now)
    return Demo(space.id, SLUG, consultation.id, consultation.slug, tuple(POSTERS), EMAIL, password)


async def _open_the_others(connection: AsyncConnection, space: Space, now: datetime) -> Phase:
    """What else is open in the town: a file each. Answers the step of the vote, to which all neighbours have agreed."""
    chance = random.Random(NEIGHBOURS)
    people = await move_in(connection, space, now - BEGUN_BEFORE, NEIGHBOURS, chance)
    for file in sorted((FOLDER / "towns").glob("*.yaml")):
        opening = Opening(connection, space, now, people, chance)
        made = await opening.open(file.stem, yaml.safe_load(file.read_text("utf-8")))
        if file.stem == VOTE:
            await agree(connection, made.id, people, now - BEGUN_BEFORE)
            vote = opening.phase
    return vote


def read_draft() -> Draft:
    """The consultation as its file says it."""
    return read_file((FOLDER / "montaubry.yaml").read_bytes(), beside(FOLDER)).draft


async def _consult(
    connection: AsyncConnection, space: Space, now: datetime
) -> tuple[Consultation, Phase, Questionnaire]:
    """The consultation, open since ten days for almost two weeks more."""
    draft = read_draft()
    for reference, file in draft.files.items():
        await files.put(connection, space.id, reference, file, now)
    begun = now - timedelta(days=DAYS + 1)
    closing = (now + OPEN_FOR).astimezone(ZoneInfo(ZONE)).date()
    consultation = await consultations.create(
        connection,
        space.id,
        slug=draft.slug,
        title=draft.title,
        topic=draft.topic,
        why=draft.why,
        decides=draft.decides,
        does=draft.does,
        opens_at=begun,
        closes_at=datetime.combine(closing, time(20), ZoneInfo(ZONE)),
        answer_on=_thursday(closing + DECIDED_AFTER),
        now=begun,
    )
    phase = await consultations.add_phase(connection, consultation, KIND, draft.questionnaire.to_settings())
    await consultations.open_now(connection, consultation, now)
    return consultation, phase, draft.questionnaire


def _thursday(day: date) -> date:
    """The council of Montaubry meets on Thursdays."""
    return day + timedelta(days=(3 - day.weekday()) % 7)


async def _arrive(
    connection: AsyncConnection, phase: Phase, questionnaire: Questionnaire, everybody: Sequence[Resident]
) -> None:
    """Everybody becomes a participant with a conversation (on paper without), and what they sent is written."""
    people = [_person(phase.space_id, resident) for resident in everybody]
    for (key, person), resident in zip(people, everybody, strict=True):
        await participants.welcome(connection, [(key, person)], resident.at)
    talks = [_talk(phase, person, one) for (_key, person), one in zip(people, everybody, strict=True)]
    at_place = {relay.name: relay.id for relay in await relays.listed(connection, phase.space_id)}
    came = [
        Came(phase.space_id, phase.consultation_id, person.id, at_place[one.place], one.at)
        for (_key, person), one in zip(people, everybody, strict=True)
        if one.place is not None
    ]
    await relays.arrive(connection, came)
    online = [talk for talk, one in zip(talks, everybody, strict=True) if one.channel != "paper"]
    await conversations.save(connection, online)
    sent = [
        _response(talk, one, questionnaire)
        for talk, one in zip(talks, everybody, strict=True)
        if one.stopped_at is None
    ]
    await contributions.put(connection, sent)
    agreed = [person for (_key, person), one in zip(people, everybody, strict=True) if one.channel != "paper"]
    await agree(connection, phase.consultation_id, agreed, everybody[0].at)


def _person(space_id: int, resident: Resident) -> tuple[AddressKey, Person]:
    made = new_id()
    person = Person(space_id, made, "fr", None, [], None, None, resident.channel, None)
    return AddressKey(resident.channel, "demo", str(made)), person


def _talk(phase: Phase, person: Person, resident: Resident) -> Record:
    """The conversation as it would be left behind; nobody will go on with it, so its journal is empty."""
    stopped = resident.stopped_at is not None
    return Record(
        phase.space_id,
        new_id(),
        person.id,
        phase.id,
        phase.kind,
        "open" if stopped else "ended",
        resident.stopped_at,
        Journal().dumps(),
        resident.place,
        resident.channel,
        None if stopped else resident.at,
        resident.at,
        fresh=True,
    )


def _response(talk: Record, resident: Resident, questionnaire: Questionnaire) -> NewContribution:
    asked = questionnaire.asked(resident.answers)
    return NewContribution(
        talk.space_id,
        talk.phase_id or 0,
        talk.participant_id,
        talk.id,
        "response",
        "response",
        {question.id: resident.answers[question.id] for question in asked},
        questionnaire.parts(resident.answers),
        resident.channel,
        resident.place,
        resident.at,
    )
