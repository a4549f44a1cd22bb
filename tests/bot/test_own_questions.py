"""Questions of the organiser's own beside an idea: what the panel's form makes is asked, counted and exported."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import update

from flows.figures import PhaseRef
from flows.modules.ideas import Ideas
from flows.texts import translate
from storage.models import Contribution, Participant
from tests.admin_web.test_own_questions import KEPT
from tests.bot.test_ideas import BENCH, asks, figures, house, says
from tests.bot.town import Town

__all__ = ["house"]

TALKS: dict[str, dict[str, Any]] = {
    "en": {
        "says": ("Propose an idea", BENCH, "/skip", "The school", "12", "Later"),
        "asked": ["Who would look after it?", "How many people?", "For when?"],
        "recap": ["3. Who would look after it: The school", "4. How many people: 12", "5. For when: later"],
        "header": ["Who would look after it", "How many people", "For when"],
        "cells": ["The school", 12, "Later"],
    },
    "fr": {
        "says": ("Proposer une idée", BENCH, "/skip", "L’école", "12", "plus tard"),
        "asked": ["Qui s’en occuperait ?", "Combien de personnes ?", "Pour quand ?"],
        "recap": ["3. Qui s’en occuperait : L’école", "4. Combien de personnes : 12", "5. Pour quand : plus tard"],
        "header": ["Qui s’en occuperait", "Combien de personnes", "Pour quand"],
        "cells": ["L’école", 12, "Plus tard"],
    },
}


@pytest.mark.parametrize("language", TALKS)
async def test_they_are_asked_counted_and_exported_in_the_language_of_whoever_reads(house: Town, language: str) -> None:
    talk = TALKS[language]
    asks(house, questions=KEPT)
    await house.begin("ada")
    async with house.database.write() as connection:
        await connection.execute(update(Participant).values(language=language))
    recap = await says(house, "ada", *talk["says"])
    read = house.street.texts("ada")
    assert [line for line in read if line in talk["asked"]] == talk["asked"]
    assert [line for line in recap if line in talk["recap"]] == talk["recap"]
    await house.hears("ada", "Envoyer" if language == "fr" else "Send")
    [fields] = await house.rows(Contribution.fields)
    assert fields["own"] == {"q1": talk["cells"][0], "q2": 12, "q3": "c2"}
    found = await figures(house)
    assert [translate(found[id_].title, language) for id_ in ("q1", "q2", "q3")] == talk["asked"]
    [later] = [row for row in found["q3"].rows if row.id == "c2"]
    assert (translate(later.label, language), later.people) == (talk["cells"][2], 1)
    module = house.reception.around.modules[house.phase_id, 1]
    assert isinstance(module, Ideas)
    async with house.database.read() as connection:
        table = module.table(connection, PhaseRef(house.space_id, house.phase_id), language)
        header, row = [list(cells) async for cells in table]
    assert [row[header.index(name)] for name in talk["header"]] == talk["cells"]
