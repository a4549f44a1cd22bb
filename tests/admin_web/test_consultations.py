"""The list of consultations, and one of them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from playwright.async_api import Page, expect
from sqlalchemy import insert, select, update

from admin_web import arrivals
from admin_web.consultations import standing, steps
from flows.texts import translate
from storage import consultations, milestones
from storage.arriving import Ways
from storage.milestones import Reached
from storage.models import Contribution
from storage.types import new_id
from tests.admin_web.conftest import NOW, Enter, Town
from tests.admin_web.test_sign_in import key_of


async def add_responses(town: Town, number: int, at: datetime = NOW) -> None:
    row: dict[str, Any] = {
        "space_id": town.space.id,
        "phase_id": town.phase.id,
        "participant_id": None,
        "key": "response",
        "kind": "response",
        "state": "sent",
        "fields": {},
        "origin": "web",
        "created_at": at,
        "updated_at": at,
    }
    async with town.database.write() as connection:
        await connection.execute(insert(Contribution), [{**row, "id": new_id()} for _ in range(number)])


async def state_of(town: Town) -> str:
    async with town.database.read() as connection:
        found = await consultations.find(connection, town.space.id, town.consultation.id)
    assert found is not None
    return found.state


async def test_the_list_says_what_is_open_and_how_many_answered(claire: httpx.AsyncClient, town: Town) -> None:
    await add_responses(town, 3, NOW - timedelta(days=2))
    await add_responses(town, 1)
    text = (await claire.get("/panel")).text.replace("\N{NO-BREAK SPACE}", " ")
    assert "Le centre-ville et vous" in text
    assert "Ouverte, encore 9 jours" in text
    assert "<dt>personnes ont répondu</dt><dd>4</dd>" in text
    assert "<dt>aujourd’hui</dt><dd>1</dd>" in text
    assert "vendredi 19 mars, 20 h" in text


async def test_the_first_page_says_by_which_ways_people_arrive(claire: httpx.AsyncClient, town: Town) -> None:
    assert "Par où les gens arrivent" not in (await claire.get("/panel")).text
    await add_responses(town, 13)
    async with town.database.write() as connection:
        some = select(Contribution.id).limit(3)
        await connection.execute(
            update(Contribution).where(Contribution.id.in_(some)).values(place="École", origin="telegram")
        )
    text = " ".join((await claire.get("/panel")).text.replace("\N{NO-BREAK SPACE}", " ").split())
    assert "13 personnes ont participé à ce qui est ouvert en ce moment." in text
    for name, people in (("Page web", 10), ("Telegram", 3), ("École", 3), ("Sans affiche", 10)):
        assert f'<th scope="row">{name}</th><td class="n">{people}</td>' in text


def test_the_places_that_most_came_by_are_named_and_the_others_counted_together() -> None:
    places = [("", 40), *((f"{number}", 20 - number) for number in range(12))]
    found = arrivals.shown(Ways(50, [("web", 50)], places, 0))
    assert found is not None
    named = [(translate(name, "fr"), people) for name, people in found.places]
    assert named[7:] == [("7", 13), ("Autres lieux", 12 + 11 + 10 + 9), ("Sans affiche", 40)]
    assert len(found.sentences) == 1


async def test_an_empty_list_says_what_to_do(claire: httpx.AsyncClient, town: Town) -> None:
    async with town.database.write() as connection:
        await connection.exec_driver_sql("DELETE FROM phases")
        await connection.exec_driver_sql("DELETE FROM consultations")
    assert "Commencez par ce que vous voulez demander" in (await claire.get("/panel")).text


async def test_the_menu_shows_what_leads_somewhere(claire: httpx.AsyncClient) -> None:
    page = await claire.get("/panel")
    for address in ("/panel", "/panel/messages", "/panel/people", "/panel/settings"):
        assert f'href="{address}"' in page.text
        assert (await claire.get(address)).status_code == 200


async def test_a_consultation_of_another_town_is_not_there(claire: httpx.AsyncClient, town: Town) -> None:
    async with town.database.write() as connection:
        await connection.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
        await connection.exec_driver_sql("UPDATE consultations SET space_id = 7")
        await connection.exec_driver_sql("UPDATE phases SET space_id = 7")
    assert (await claire.get(f"/panel/consultations/{town.consultation.id}")).status_code == 404


async def test_closing_says_how_many_answered_and_opening_again_takes_the_old_date_away(
    claire: httpx.AsyncClient, town: Town
) -> None:
    address = f"/panel/consultations/{town.consultation.id}"
    await add_responses(town, 2)
    page = await claire.get(address)
    assert "Fermer, avec 2 personnes qui ont répondu" in page.text
    await claire.post(f"{address}/close", data={"key": key_of(page)})
    assert await state_of(town) == "closed"
    assert "La rouvrir" in (await claire.get(address)).text
    town.pass_time(hours=1)
    await claire.post(f"{address}/open", data={"key": key_of(page)})
    assert await state_of(town) == "open"
    assert "pas encore de date" in (await claire.get(address)).text


@pytest.mark.parametrize("verb", ["open", "close"])
async def test_nothing_changes_on_get(claire: httpx.AsyncClient, town: Town, verb: str) -> None:
    assert (await claire.get(f"/panel/consultations/{town.consultation.id}/{verb}")).status_code == 405


@pytest.mark.parametrize(
    ("day", "tag", "current"),
    [
        (datetime(2027, 2, 25, tzinfo=UTC), "S'ouvrira d'elle-même", 0),
        (datetime(2027, 3, 10, tzinfo=UTC), "Ouverte, encore 9 jours", 1),
        (datetime(2027, 3, 19, 10, tzinfo=UTC), "Ouverte, dernier jour", 1),
        (datetime(2027, 3, 19, 19, tzinfo=UTC), "Fermée", 2),
        (datetime(2027, 4, 9, tzinfo=UTC), "Fermée", 3),
    ],
)
async def test_the_dates_say_where_it_is(town: Town, day: datetime, tag: str, current: int) -> None:
    assert translate(standing(town.consultation, day)[1], "fr").replace("’", "'") == tag
    assert [step.mark for step in steps(town.consultation, day)].index("now") == current


async def test_the_list_moves_while_people_answer(page: Page, served: Town, enter: Enter) -> None:
    await enter(page)
    await expect(page.locator(".figures dd").first).to_have_text("0")
    await add_responses(served, 5)
    served.changed.set()
    await expect(page.locator(".figures dd").first).to_have_text("5")


async def test_the_panel_speaks_the_language_that_was_chosen(page: Page, served: Town, enter: Enter) -> None:
    await enter(page)
    await page.get_by_role("link", name="Réglages").click()
    await page.get_by_label("English").check()
    await page.get_by_role("button", name="Lire dans cette langue").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("What would you like to change?")
    await page.get_by_role("link", name="Consultations").click()
    await expect(page.get_by_role("link", name="The town centre and you", exact=True)).to_be_visible()


async def test_the_first_page_tells_the_last_milestone_of_a_petition(claire: httpx.AsyncClient, town: Town) -> None:
    assert "signatures est là" not in (await claire.get("/panel")).text
    settings = {"text": {"fr": "Une boîte aux lettres"}, "goal": 20}
    async with town.database.write() as connection:
        phase = await consultations.add_phase(connection, town.consultation, "petition", settings)
        reached = Reached(town.space.id, phase.id, "half", 1, None, town.now)
        await milestones.note(connection, [replace(reached, name="ten"), reached])
    page = (await claire.get("/panel")).text
    assert page.count("La moitié des 20 signatures est là.") == 1
    assert "Dix personnes ont signé." not in page
