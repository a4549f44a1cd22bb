"""A field round in the town: its questionnaire, a street list, a volunteer, and what came of some doors."""

from __future__ import annotations

from storage import consultations, doorsteps, rounds
from storage.contributions import NewContribution, put
from storage.doorsteps import Agreed, Joining, Named, Noted
from storage.participants import Person, add
from storage.rounds import NOBODY, Round
from storage.scope import FIELD
from storage.types import new_id
from tests.admin_web.conftest import Town

DOORS = ["12 rue des Lilas", "14 rue des Lilas", "16 rue des Lilas, bâtiment B, 2e étage"]
ASKING = {
    "languages": ["fr", "en"],
    "replies": "one",
    "questions": [{"kind": "yes_no", "id": "lamps", "text": {"fr": "Faut-il des lampes ?", "en": "Lamps?"}}],
}


async def draw_up(town: Town) -> Round:
    """Jeanne walks for the team of the lilacs: one answer, and nobody at the next door."""
    async with town.database.write() as connection:
        step = await consultations.add_phase(connection, town.consultation, "questionnaire", ASKING)
        drawn = await rounds.create(connection, town.space.id, step.id, "Équipe des Lilas", DOORS, town.now)
        jeanne = Person(town.space.id, new_id(), "fr", None, [], None, None, "web", None)
        await add(connection, [jeanne], town.now)
        me, code = (town.space.id, jeanne.id), drawn.code or ""
        await doorsteps.join(connection, [Joining(*me, code, town.now.isoformat())])
        await doorsteps.name(connection, [Named(*me, drawn.id, "Jeanne")])
        first, second, _third = await rounds.doors(connection, town.space.id, [drawn.id])
        agreed = Agreed(*me, first.id, town.consultation.id, "fr", "D'accord ?", town.now)
        [person] = await doorsteps.begin(connection, [agreed])
        assert isinstance(person, int)
        given = NewContribution(
            town.space.id, step.id, person, new_id(), "response", "response", {"lamps": "yes"}, (), FIELD, drawn.team,
            town.now,
        )  # fmt: skip
        await put(connection, [given])
        await doorsteps.note(connection, [Noted(*me, second.id, NOBODY)])
    town.round = drawn.id
    return drawn
