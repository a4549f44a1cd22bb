"""Relays in the panel: added, given codes, counted live, exported; and what a person who is a relay never leaves."""

from __future__ import annotations

import io

import httpx
import pytest
from openpyxl import load_workbook
from sqlalchemy import select

from storage import codes, relays
from storage.models import Entry
from storage.relays import PERSON, PLACE, Relay
from tests.admin_web.conftest import NOW, Town
from tests.admin_web.test_sign_in import key_of
from tests.storage.test_consultations import take_part

RELAYS = "/panel/people/relays"


async def post(claire: httpx.AsyncClient, path: str, **data: str | int) -> httpx.Response:
    key = key_of(await claire.get("/panel/settings"))
    return await claire.post(path, data={"key": key, **{name: str(value) for name, value in data.items()}})


async def add(town: Town, name: str, kind: str = PLACE, team: str | None = None) -> Relay:
    """A relay with a code for the town's consultation."""
    async with town.database.write() as connection:
        made = await relays.add(connection, town.space.id, kind, name, team, NOW)
        await codes.hang(connection, town.consultation, made, NOW)
    return made


async def come(town: Town, relay: Relay, *, sent: bool = True) -> None:
    async with town.database.write() as connection:
        await take_part(connection, town.phase, place=relay.place, sent=sent, by=relay)


def plain(page: httpx.Response) -> str:
    return page.text.replace("\N{NO-BREAK SPACE}", " ").replace("\N{NARROW NO-BREAK SPACE}", " ")


async def test_a_relay_is_added_and_given_a_code_whose_sheet_is_printed(claire: httpx.AsyncClient, town: Town) -> None:
    assert "Pas encore de relais" in plain(await claire.get(RELAYS))
    added = await post(claire, RELAYS, kind=PERSON, name="  Karim  Haddad ", team="Équipe Nord")
    one = added.headers["location"]
    assert "Nulle part encore" in plain(await claire.get(one))
    await post(claire, f"{one}/hang", consultation=town.consultation.id)
    await post(claire, f"{one}/hang", consultation=town.consultation.id)
    page = plain(await claire.get(one))
    assert "Karim Haddad" in page
    assert page.count("La feuille à imprimer") == 1
    sheet = page.partition("/posters/print?code=")[2].partition('"')[0]
    printed = (await claire.get(f"/panel/consultations/{town.consultation.id}/posters/print?code={sheet}")).text
    assert f"/<wbr>p/<wbr>{sheet}" in printed
    assert "Karim" not in printed.partition("<main")[2]


async def test_what_came_by_each_relay_and_each_team_stands_on_the_page(claire: httpx.AsyncClient, town: Town) -> None:
    bakery, school = await add(town, "Boulangerie"), await add(town, "École", team="Centre social")
    karim = await add(town, "Karim", PERSON, "Centre social")
    for relay, sent in ((bakery, True), (bakery, False), (school, True), (karim, True)):
        await come(town, relay, sent=sent)
    page = plain(await claire.get(RELAYS)).replace("\n", "")
    cells = '<td class="n">2</td><td class="n">1</td><td class="n">1</td><td class="n">1 '
    assert f'<a href="{RELAYS}/{bakery.id}">Boulangerie</a></th><td></td>{cells}' in page
    team = '<tr><th scope="row">Centre social</th><td class="n">2</td><td class="n">2</td><td class="n">2</td>'
    assert team in page
    assert page.count('data-stream="/panel/stream"') == 2
    one = plain(await claire.get(f"{RELAYS}/{bakery.id}"))
    assert "<dt>personnes sont arrivées</dt><dd>2</dd>" in one
    assert "<dt>dont pour la première fois</dt><dd>100 %</dd>" in one


async def test_the_same_figures_are_in_the_tables_to_download(claire: httpx.AsyncClient, town: Town) -> None:
    karim = await add(town, "Karim", PERSON, "=Nord")
    await come(town, karim)
    await come(town, karim, sent=False)
    text = (await claire.get(f"{RELAYS}/export.csv?separator=semicolon")).content.decode("utf-8-sig")
    header, row = text.splitlines()
    assert header == "Nom;Personne ou lieu;Équipe;Consultation;Arrivées;Ont commencé;Ont envoyé;Première fois"
    assert row == "Karim;Une personne;'=Nord;Le centre-ville et vous;2;1;1;1"
    book = load_workbook(io.BytesIO((await claire.get(f"{RELAYS}/export.xlsx")).content))
    assert [cell.value for cell in list(book.worksheets[0].rows)[1]][4:] == [2, 1, 1, 1]
    assert (await claire.get(f"{RELAYS}/export.pdf")).status_code == 404


@pytest.mark.parametrize(
    ("name", "kind", "fault"),
    [("", PLACE, "60 caractères"), ("x" * 61, PLACE, "60 caractères"), ("BOULANGERIE", PLACE, "déjà un relais")],
)
async def test_a_relay_needs_a_name_of_its_own(
    claire: httpx.AsyncClient, town: Town, name: str, kind: str, fault: str
) -> None:
    await add(town, "Boulangerie")
    refused = await post(claire, RELAYS, kind=kind, name=name, team="")
    assert refused.status_code == 400
    assert fault in plain(refused)
    assert (await post(claire, RELAYS, kind="wizard", name="x")).status_code == 400


async def test_a_relay_is_renamed_and_removed_with_its_count(claire: httpx.AsyncClient, town: Town) -> None:
    bakery = await add(town, "Boulangrie")
    await come(town, bakery)
    one = f"{RELAYS}/{bakery.id}"
    await post(claire, one, name="Boulangerie", team="Centre")
    page = plain(await claire.get(one))
    assert "Boulangerie" in page
    assert "Le retirer, avec son compte de 1 personne" in page
    await post(claire, f"{one}/remove")
    assert (await claire.get(one)).status_code == 404
    journal = plain(await claire.get("/panel/journal"))
    assert "a retiré un relais, avec son compte de personnes : 1" in journal


async def test_a_poster_is_hung_for_a_relay_that_is_known(claire: httpx.AsyncClient, town: Town) -> None:
    async with town.database.write() as connection:
        karim = await relays.add(connection, town.space.id, PERSON, "Karim", None, NOW)
    posters = f"/panel/consultations/{town.consultation.id}/posters"
    assert f'<option value="{karim.id}">Karim</option>' in (await claire.get(posters)).text
    await post(claire, posters, relay=karim.id)
    assert '<th scope="row">Karim</th>' in (await claire.get(posters)).text
    assert (await post(claire, posters, relay=12)).status_code == 404


async def test_the_journal_names_no_person_who_is_a_relay(claire: httpx.AsyncClient, town: Town) -> None:
    added = await post(claire, RELAYS, kind=PERSON, name="Karim", team="Nord")
    one = added.headers["location"]
    await post(claire, f"{one}/hang", consultation=town.consultation.id)
    await post(claire, one, name="Karim H.", team="Nord")
    await post(claire, f"{one}/remove")
    async with town.database.read() as connection:
        rows = list(await connection.execute(select(Entry.action, Entry.details)))
    assert {"relay", "card", "set_relay", "remove_relay"} <= {row.action for row in rows}
    assert "Karim" not in str([row.details for row in rows])
