"""The town's answer to a petition: first its number, then one delivery to each who signed."""

from typing import Any

import httpx
import pytest
from sqlalchemy import insert, select

from storage import consultations
from storage.consultations import Phase
from storage.models import Contribution, Delivery, Participant
from storage.types import new_id
from tests.admin_web.conftest import Town
from tests.admin_web.test_contributions import entries

TEXT = {"text_fr": "La Poste pose la boîte en juin.", "text_en": "The box comes in June."}


@pytest.fixture
async def petition(town: Town) -> Phase:
    """A petition that two people have signed, one of whom wants no message that we begin."""
    settings = {"text": {"fr": "Une boîte aux lettres"}, "goal": 10}
    async with town.database.write() as connection:
        phase = await consultations.add_phase(connection, town.consultation, "petition", settings)
        for stopped in (None, town.now):
            person, key = new_id(), {"space_id": town.space.id, "created_at": town.now}
            who: dict[str, Any] = {"language": "fr", "groups": [], "channel": "web", "stopped_at": stopped}
            await connection.execute(insert(Participant).values(id=person, **key, **who))
            signed = {"phase_id": phase.id, "participant_id": person, "kind": "signature", "key": "signature"}
            kept = {"state": "sent", "fields": {}, "origin": "web", "updated_at": town.now}
            await connection.execute(insert(Contribution).values(id=new_id(), **key, **signed, **kept))
    return phase


def page_of(town: Town, phase: Phase) -> str:
    return f"/panel/consultations/{town.consultation.id}/steps/{phase.id}/reply"


async def post(claire: httpx.AsyncClient, page: str, **typed: str) -> httpx.Response:
    key = (await claire.get(page)).text.split('name="key" value="')[1].split('"')[0]
    return await claire.post(page, data={"key": key, **typed})


async def deliveries(town: Town) -> list[str]:
    async with town.database.read() as connection:
        return list(await connection.scalars(select(Delivery.body)))


async def test_its_number_is_seen_before_it_is_sent_once(
    claire: httpx.AsyncClient, town: Town, petition: Phase
) -> None:
    page = page_of(town, petition)
    assert page in (await claire.get(f"/panel/consultations/{town.consultation.id}")).text
    counted = await post(claire, page, **TEXT)
    assert "Envoyer à 1 personne" in counted.text
    assert await deliveries(town) == []
    assert (await post(claire, page, **TEXT, sure="yes")).status_code == 303
    [body] = await deliveries(town)
    assert "La Poste pose la boîte en juin." in body
    assert await entries(town) == [("reply", petition.id, {"status": None, "people": 1})]


async def test_an_answer_without_words_is_asked_for_again(
    claire: httpx.AsyncClient, town: Town, petition: Phase
) -> None:
    answered = await post(claire, page_of(town, petition), sure="yes")
    assert answered.status_code == 400
    assert "Écrivez une réponse." in answered.text
    assert await deliveries(town) == []


async def test_a_step_that_nobody_can_answer_as_a_whole_has_no_such_page(claire: httpx.AsyncClient, town: Town) -> None:
    assert (await claire.get(page_of(town, town.phase))).status_code == 404
