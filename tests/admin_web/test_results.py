"""The results of a consultation, its open answers and its exports."""

import csv
import io
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

import httpx
import pytest
from playwright.async_api import Page, expect

from admin_web.application import build
from admin_web.doors import Doors
from flows.figures import Cell
from tests.admin_web.conftest import Enter, Town
from tests.admin_web.made_up import FIGURES, MadeUp
from tests.admin_web.test_sign_in import sign_in
from tests.crowd import Crowd


def text_of(answer: httpx.Response) -> str:
    assert answer.status_code == 200
    return answer.text.replace("\N{NO-BREAK SPACE}", " ")


@pytest.fixture
def address(town: Town) -> str:
    return f"/panel/consultations/{town.consultation.id}"


async def test_results_say_how_many_people_by_which_door_and_how_far(claire: httpx.AsyncClient, address: str) -> None:
    text = text_of(await claire.get(f"{address}/results"))
    assert "<dt>personnes</dt><dd>138</dd>" in text
    assert "<dt>Papier</dt><dd>30</dd>" in text
    assert "<dt>d’entre elles sont allées au bout</dt><dd>79 %</dd>" in text


async def test_who_began_is_said_where_it_is_known_only(town: Town, address: str) -> None:
    doors, unknown = Doors(town.receive, town.preview, town.watch), MadeUp(replace(FIGURES, started=None))
    application = build(
        town.database, doors, base_url="http://a.example", clock=town.clock, load_module=lambda *_: unknown
    )
    transport = httpx.ASGITransport(application)
    async with httpx.AsyncClient(transport=transport, base_url="http://a.example") as client:
        await sign_in(client)
        text = text_of(await client.get(f"{address}/results"))
    assert "<dt>personnes</dt><dd>138</dd>" in text
    assert "ont commencé en ligne" not in text
    assert "allées au bout" not in text


async def test_every_question_has_its_table(claire: httpx.AsyncClient, address: str) -> None:
    text = text_of(await claire.get(f"{address}/results"))
    assert text.count("<section") == len(FIGURES.figures) + 1
    assert '<th scope="row">En voiture</th><td class="n">45</td><td class="n">33 %</td>' in text
    assert '<td class="q4">60</td>' in text
    assert "Les trottoirs sont trop hauts" in text
    assert '<tr class="mark"><th scope="row">4. Où s’asseoir</th><td class="n">131</td><td class="n">12</td>' in text


async def test_filters_reach_the_figures_and_every_link(claire: httpx.AsyncClient, address: str) -> None:
    nobody = text_of(await claire.get(f"{address}/results", params={"place": "Nulle part"}))
    assert "aucune n’a répondu" in nobody
    text = text_of(await claire.get(f"{address}/results", params={"channel": "web", "since": "week", "place": ""}))
    assert f"{address}/answers/change?channel=web&amp;since=week" in text


async def test_filters_offer_the_doors_and_posters_by_which_people_came(
    claire: httpx.AsyncClient, address: str
) -> None:
    for asked in ({}, {"place": "Nulle part"}):
        text = text_of(await claire.get(f"{address}/results", params=asked))
        offered = [f'<option value="{name}"' in text for name in ("web", "telegram", "paper", "signal")]
        assert offered == [name in dict(FIGURES.by_channel) for name in ("web", "telegram", "paper", "signal")]
        assert all(f'<option value="{name}"' in text for name, _people in FIGURES.by_place if name)


async def test_results_without_anybody_say_what_to_do(town: Town, claire: httpx.AsyncClient, address: str) -> None:
    text = text_of(await claire.get(f"{address}/results"))
    assert "Imprimer pour le conseil" in text
    text = text_of(await claire.get(f"{address}/results?place=Nulle+part"))
    assert "Montrer tout le monde" in text


@pytest.mark.parametrize(
    "page", ["results?step=7", "results?step=x", "answers/nothing", "export.pdf", "export.csv?step=2"]
)
async def test_results_of_nothing_are_not_there(claire: httpx.AsyncClient, address: str, page: str) -> None:
    assert (await claire.get(f"{address}/{page}")).status_code == 404


async def test_a_way_of_taking_part_without_results_has_no_page_of_them(town: Town, address: str) -> None:
    doors = Doors(town.receive, town.preview, town.watch)
    application = build(
        town.database, doors, base_url="http://a.example", clock=town.clock, load_module=lambda *_: object()
    )
    transport = httpx.ASGITransport(application)
    async with httpx.AsyncClient(transport=transport, base_url="http://a.example") as client:
        await sign_in(client)
        assert (await client.get(f"{address}/results")).status_code == 404


async def test_open_answers_are_read_a_page_at_a_time(claire: httpx.AsyncClient, address: str) -> None:
    first = text_of(await claire.get(f"{address}/answers/change"))
    assert first.count("<blockquote") == 30
    assert "62 textes" in first
    assert "Page 1 sur 3" in first
    last = text_of(await claire.get(f"{address}/answers/change?page=3"))
    assert last.count("<blockquote") == 2
    assert "page=2" in last


async def test_open_answers_are_searched(claire: httpx.AsyncClient, address: str) -> None:
    found = text_of(await claire.get(f"{address}/answers/change", params={"search": "trottoirs"}))
    assert found.count("<blockquote") == 1
    none = text_of(await claire.get(f"{address}/answers/change", params={"search": '"><script>'}))
    assert "Aucune réponse n’a ces mots" in none
    assert "<script>" not in none


@pytest.mark.parametrize("page", ["0", "-1", "x", "²", "9" * 50])
async def test_a_page_that_is_no_number_is_the_first(claire: httpx.AsyncClient, address: str, page: str) -> None:
    assert "Page 1 sur 3" in text_of(await claire.get(f"{address}/answers/change", params={"page": page}))


async def test_a_download_is_the_table_of_the_module(claire: httpx.AsyncClient, address: str) -> None:
    answer = await claire.get(f"{address}/export.csv")
    assert answer.headers["content-disposition"] == 'attachment; filename="centre-ville.csv"'
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))
    assert rows[1] == ["2027-03-08", "tous les jours", "2", "'=cmd|' /C calc'!A0"]
    french = (await claire.get(f"{address}/export.csv?separator=semicolon")).content.decode("utf-8-sig")
    assert french.splitlines()[2] == "2027-03-09;;-2,5;-1"
    assert json.loads((await claire.get(f"{address}/export.json")).content)[1]["Note"] == -2.5
    assert (await claire.get(f"{address}/export.xlsx")).content.startswith(b"PK")


async def test_a_download_that_breaks_is_a_page_in_words(
    claire: httpx.AsyncClient, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object) -> AsyncIterator[Sequence[Cell]]:
        yield ["a"]
        raise RuntimeError("half way")

    monkeypatch.setattr(MadeUp, "table", broken)
    answer = await claire.get(f"{address}/export.csv")
    assert answer.status_code == 500
    assert "de notre faute" in answer.text


async def test_figures_move_without_losing_the_place_or_the_caret(
    page: Page, served: Town, enter: Enter, monkeypatch: pytest.MonkeyPatch
) -> None:
    await enter(page)
    await page.emulate_media(reduced_motion="reduce")
    await page.goto(f"{served.url}/panel/consultations/{served.consultation.id}/results")
    await expect(page.locator(".figures .big dd")).to_have_text("138")
    link = page.get_by_role("link", name="Lire les 62 textes à la question 7")
    await link.focus()
    before = await page.evaluate("scrollY")
    assert before > 0

    async def more(*_: object) -> object:
        return replace(FIGURES, people=139)

    monkeypatch.setattr(MadeUp, "results", more)
    async with served.database.write() as connection:
        await Crowd(connection, served.space.id, served.phase.id).sends("Monique")
    served.changed.set()
    await expect(page.locator(".figures .big dd")).to_have_text("139")
    await expect(link).to_be_focused()
    assert await page.evaluate("scrollY") == before


async def test_a_filter_being_chosen_is_left_alone(page: Page, served: Town, enter: Enter) -> None:
    await enter(page)
    await page.goto(f"{served.url}/panel/consultations/{served.consultation.id}/results")
    await page.get_by_label("Depuis", exact=True).select_option("week")
    served.changed.set()
    await page.wait_for_timeout(300)
    await expect(page.get_by_label("Depuis", exact=True)).to_have_value("week")
