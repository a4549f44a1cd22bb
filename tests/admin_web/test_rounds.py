"""Field rounds in the panel: drawn up, watched, printed, closed; and the way from the sheet into the chat."""

from __future__ import annotations

import httpx
import pytest
from sqlalchemy import select

from storage import rounds
from storage.models import Entry
from tests.admin_web.conftest import Town
from tests.admin_web.test_sign_in import key_of
from tests.admin_web.walking import DOORS, draw_up


@pytest.fixture
def address(town: Town) -> str:
    return f"/panel/consultations/{town.consultation.id}/rounds"


async def step_of(claire: httpx.AsyncClient, address: str) -> tuple[str, str]:
    """The form's key, and the step that it names."""
    page = await claire.get(address)
    return key_of(page), page.text.partition('name="step" value="')[2].partition('"')[0]


async def actions(town: Town) -> list[str]:
    async with town.database.read() as connection:
        return [row[0] for row in await connection.execute(select(Entry.action).order_by(Entry.id))]


async def test_a_round_is_drawn_up_from_a_pasted_list(claire: httpx.AsyncClient, town: Town, address: str) -> None:
    await draw_up(town)
    key, step = await step_of(claire, address)
    doors = "1  place du Marché\r\n\r\n 2 place du Marché \r\n2 place du Marché\r\n"
    made = await claire.post(address, data={"key": key, "step": step, "team": "Le  marché", "doors": doors})
    assert made.status_code == 303
    page = (await claire.get(made.headers["location"])).text
    assert "Le marché" in page
    assert page.count("place du Marché</th>") == 2
    assert "Aucun bénévole" in page
    assert (await actions(town))[-1] == "add_round"


@pytest.mark.parametrize(
    ("team", "doors", "fault"),
    [
        ("", "1 place", "40 caractères"),
        ("x" * 41, "1 place", "40 caractères"),
        ("Marché", " \n ", "entre 1 et 500"),
        ("Marché", "\n".join(f"{n} place" for n in range(501)), "entre 1 et 500"),
        ("Marché", "x" * 81, "80 caractères"),
        ("équipe des lilas", "1 place", "déjà une tournée"),
    ],
)
async def test_what_is_wrong_is_said_and_nothing_typed_is_lost(
    claire: httpx.AsyncClient, town: Town, address: str, team: str, doors: str, fault: str
) -> None:
    await draw_up(town)
    key, step = await step_of(claire, address)
    refused = await claire.post(address, data={"key": key, "step": step, "team": team, "doors": doors})
    assert refused.status_code == 400
    assert fault in refused.text.replace("\N{NO-BREAK SPACE}", " ")
    assert doors.strip() in refused.text


async def test_only_steps_that_can_be_read_aloud_are_offered(
    claire: httpx.AsyncClient, town: Town, address: str
) -> None:
    page = await claire.get(address)
    assert "Un questionnaire le peut." in page.text
    key = key_of(await claire.get("/panel/settings"))
    data = {"key": key, "step": str(town.phase.id), "team": "Marché", "doors": "1 place"}
    assert (await claire.post(address, data=data)).status_code == 400


async def test_the_page_says_how_to_keep_names_out(claire: httpx.AsyncClient, town: Town, address: str) -> None:
    await draw_up(town)
    assert "jamais le nom des habitants" in (await claire.get(address)).text


async def test_the_counts_are_shown_by_team_and_by_volunteer(
    claire: httpx.AsyncClient, town: Town, address: str
) -> None:
    drawn = await draw_up(town)
    row = '<td class="n">2{all}</td><td class="n">1</td><td class="n">1</td><td class="n">0</td>'
    listed = (await claire.get(address)).text.replace("\N{NO-BREAK SPACE}", " ")
    assert row.format(all=" sur 3") in listed
    page = (await claire.get(f"{address}/{drawn.id}")).text
    assert f'<th scope="row">Jeanne</th>{row.format(all="")}' in page
    assert f'<th scope="row">{DOORS[0]}</th><td>1 réponse</td>' in page.replace("\N{NO-BREAK SPACE}", " ")
    assert f'<th scope="row">{DOORS[1]}</th><td>Personne</td>' in page


async def test_the_sheet_carries_the_code_the_doors_and_a_drawing_for_each_way(
    claire: httpx.AsyncClient, town: Town, address: str
) -> None:
    drawn = await draw_up(town)
    await town.open_telegram()
    text = (await claire.get(f"{address}/{drawn.id}/print")).text
    assert rounds.shown(drawn.code or "") in text
    assert text.count('class="qr"') == 2
    assert all(door in text for door in DOORS)


async def test_a_closed_round_has_no_code_and_no_sheet_and_its_counts_stay(
    claire: httpx.AsyncClient, town: Town, address: str
) -> None:
    drawn = await draw_up(town)
    one = f"{address}/{drawn.id}"
    code = rounds.shown(drawn.code or "")
    page = await claire.get(one)
    assert code in page.text
    await claire.post(f"{one}/close", data={"key": key_of(page)})
    await claire.post(f"{one}/close", data={"key": key_of(page)})
    closed = (await claire.get(one)).text
    assert code not in closed
    assert '<th scope="row">Jeanne</th><td class="n">2</td><td class="n">1</td>' in closed
    assert (await claire.get(f"{one}/print")).status_code == 404
    assert (await actions(town)).count("close_round") == 1
    journal = (await claire.get("/panel/journal")).text.replace("\N{NO-BREAK SPACE}", " ")
    assert "a fermé la tournée « Équipe des Lilas »" in journal


async def test_the_address_on_the_sheet_brings_the_code_into_the_chat(client: httpx.AsyncClient, town: Town) -> None:
    drawn = await draw_up(town)
    page = await client.get(f"/c/montaubry.centre-ville?round={drawn.code}")
    assert "Commencer la tournée" in page.text
    nonce = page.text.partition('name="nonce" value="')[2].partition('"')[0]
    sent = {"nonce": nonce, "begin": "yes", "round": f"{drawn.code}"}
    await client.post("/c/montaubry.centre-ville", data=sent)
    assert [one.code for one in town.heard] == [drawn.code]


async def test_an_address_with_any_other_word_carries_what_it_always_did(client: httpx.AsyncClient, town: Town) -> None:
    page = await client.get("/c/centre-ville?round=<b>")
    assert "<b>" not in page.text
    nonce = page.text.partition('name="nonce" value="')[2].partition('"')[0]
    await client.post("/c/centre-ville", data={"nonce": nonce, "begin": "yes", "round": "<b>"})
    assert [one.code for one in town.heard] == ["centre-ville"]
