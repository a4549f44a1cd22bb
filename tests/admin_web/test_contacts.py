"""Contacts in the panel: a list is looked at before it is kept; one is found, corrected, erased, written to."""

from __future__ import annotations

import re
from datetime import date
from html import unescape
from pathlib import Path

import httpx
import pytest
from playwright.async_api import Page, expect
from sqlalchemy import select, update

from storage import areas, contacts, groups, letters
from storage.contacts import Contact, NewContact, Written
from storage.models import Entry, Organiser
from tests.admin_web.conftest import NOW, Enter, Town
from tests.admin_web.test_posters import dump
from tests.admin_web.test_relays import plain, post
from tests.admin_web.test_sign_in import key_of
from tests.browser import assert_accessible

CONTACTS = "/panel/people/contacts"
FAIR, DAY = "formulaire de la fête du 3 mars", date(2027, 3, 3)
LIST = """Nom;E-mail;Téléphone;Adresse postale;Étiquettes
Luc Morel;luc@b.example;02 61 91 00 12;3, rue Haute;vélo|parents
Zoé Œuvré;zoe@b.example;;;
;sans@nom.example;;;
Luc;luc@b.example;;;
"""


async def add_contacts(town: Town) -> list[Contact]:
    """Luc, who may be reached in every way, and Zoé."""
    luc = NewContact(
        "Luc Morel", FAIR, date(2027, 3, 3), "luc@b.example", "+33261910012", "3, rue Haute", tags=("vélo",)
    )
    zoe = NewContact("Zoé Œuvré", FAIR, date(2027, 3, 3), "zoe@b.example")
    async with town.database.write() as connection:
        await contacts.put(connection, town.space.id, [luc, zoe], town.organiser_id, NOW)
        return (await contacts.listed(connection, town.space.id))[1]


async def kept(town: Town) -> list[Contact]:
    async with town.database.read() as connection:
        return (await contacts.listed(connection, town.space.id))[1]


async def look(
    claire: httpx.AsyncClient, content: bytes, source: str = FAIR, agreed_on: str = "2027-03-03"
) -> httpx.Response:
    """The preview of a list."""
    data = {"key": key_of(await claire.get("/panel/settings")), "source": source, "agreed_on": agreed_on}
    return await claire.post(f"{CONTACTS}/import", data=data, files={"list": ("liste.csv", content, "text/csv")})


def hidden(page: str) -> dict[str, str]:
    """What the preview would send back."""
    return {name: unescape(held) for name, held in re.findall(r'type="hidden" name="(\w+)" value="(.*?)">', page, re.S)}


async def keep(claire: httpx.AsyncClient, preview: httpx.Response, **more: str) -> httpx.Response:
    return await claire.post(f"{CONTACTS}/keep", data={**hidden(preview.text), "no_roll": "yes", **more})


@pytest.mark.parametrize("encoding", ["utf-8-sig", "cp1252"])
async def test_a_list_is_looked_at_then_kept_and_a_second_time_changes_nothing(
    claire: httpx.AsyncClient, town: Town, encoding: str
) -> None:
    before = await dump(town)
    preview = await look(claire, LIST.replace("\n", "\r\n").encode(encoding))
    page = plain(preview)
    assert "<dt>sont nouveaux</dt><dd>2</dd>" in page
    assert "<dt>est déjà là, ou y figure deux fois</dt><dd>1</dd>" in page
    assert "<strong>Ligne 4 :</strong> Le nom manque." in page
    assert [row for row in await dump(town) if row not in before] == [], "nothing is kept yet"
    done = await keep(claire, preview)
    assert "2 contacts ont été ajoutés." in plain(await claire.get(done.headers["location"]))
    luc, zoe = await kept(town)
    assert luc.line() == NewContact(
        "Luc Morel", FAIR, date(2027, 3, 3), "luc@b.example", "+33261910012", "3, rue Haute", tags=("vélo", "parents")
    )
    assert (zoe.name, zoe.imported_by) == ("Zoé Œuvré", town.organiser_id)
    again = await look(claire, LIST.encode(encoding))
    assert "Il n’y a personne à ajouter." in plain(again)
    assert "<dt>sont déjà là, ou y figurent deux fois</dt><dd>3</dd>" in plain(again)
    assert "a importé des contacts (nouveaux : 2, lignes refusées : 1)" in plain(await claire.get("/panel/journal"))


async def test_a_list_without_where_they_agreed_keeps_nobody(claire: httpx.AsyncClient, town: Town) -> None:
    preview = await look(claire, LIST.encode(), source="")
    assert "Il n’est pas dit où cette personne a accepté" in plain(preview)
    assert "Il n’y a personne à ajouter." in plain(preview)
    key = key_of(await claire.get("/panel/settings"))
    await claire.post(f"{CONTACTS}/keep", data={"key": key, "text": LIST, "no_roll": "yes"})
    assert await kept(town) == []


async def test_an_electoral_roll_is_refused_and_the_organiser_says_that_it_is_none(
    claire: httpx.AsyncClient, town: Town
) -> None:
    roll = "Nom;Adresse;Bureau de vote\nMorel;3, rue Haute;12\n"
    refused = await look(claire, roll.encode())
    assert refused.status_code == 400
    assert "Ce fichier ressemble à une liste électorale." in plain(refused)
    preview = await look(claire, LIST.encode())
    unticked = await keep(claire, preview, no_roll="")
    assert unticked.status_code == 400
    assert "Cochez la case" in plain(unticked)
    forged = await claire.post(f"{CONTACTS}/keep", data={**hidden(preview.text), "no_roll": "yes", "text": roll})
    assert forged.status_code == 400
    assert await kept(town) == []


@pytest.mark.parametrize(
    ("content", "status", "said"),
    [
        (b"", 400, "Choisissez un fichier."),
        (b"PK\x03\x04\0", 400, "Ce fichier n’est pas un CSV."),
        (b"Nom;Adresse\n" + b"Luc;rue Haute\n" * 10_001, 400, "10 000 lignes au plus"),
        (b"Nom;Adresse\n" + b"Luc;rue Haute\n" * 1_000_000, 413, ""),
        (b"Nom;Adresse\n" + b"Luc;rue Haute\n" * 200_000, 400, "2 Mo au plus"),
        (b"Nom;Adresse\nLuc;rue\n" + b'Zoe;"rue\n' * 50, 400, "un guillemet manque"),
    ],
)
async def test_a_bad_file_is_refused_in_words_and_nothing_of_it_is_kept(
    claire: httpx.AsyncClient, town: Town, content: bytes, status: int, said: str
) -> None:
    refused = await look(claire, content)
    assert refused.status_code == status
    assert said in plain(refused)
    assert await kept(town) == []


async def test_a_list_as_long_as_may_be_goes_there_and_back(claire: httpx.AsyncClient, town: Town) -> None:
    lines = "".join(f"Personne {number};p{number}@b.example;{'é' * 150}\n" for number in range(10_000))
    preview = await look(claire, f"Nom;E-mail;Adresse\n{lines}".encode("cp1252"))
    assert "<dd>10 000</dd>" in plain(preview)
    assert (await keep(claire, preview)).status_code == 303
    async with town.database.read() as connection:
        assert await contacts.count(connection, town.space.id) == 10_000


async def test_a_contact_is_found_seen_and_corrected(claire: httpx.AsyncClient, town: Town) -> None:
    async with town.database.write() as connection:
        await areas.add(connection, town.space.id, "gare", {"fr": "La Gare"})
        await groups.add(connection, town.space.id, "voisins", {"fr": "Voisins"}, NOW)
    luc, _zoe = await add_contacts(town)
    assert "Aucun contact ne contient ces mots." in plain(await claire.get(f"{CONTACTS}?search=personne"))
    found = plain(await claire.get(f"{CONTACTS}?search=RUE+haute"))
    assert "Luc Morel" in found
    assert "02 61 91 00 12" in found
    assert "Zoé" not in found.partition("<tbody>")[2]
    one = f"{CONTACTS}/{luc.id}"
    page = plain(await claire.get(one))
    assert f"Accord : {FAIR}, le 3 mars 2027." in page
    assert "Importé par Claire Morel" in page
    form = {
        "name": "Luc Morel",
        "email": "luc@b.example",
        "phone": "06 39 98 12 34",
        "area": "gare",
        "group": "voisins",
    }
    form |= {"tags": "vélo, école", "source": FAIR, "agreed_on": "2027-03-03"}
    await post(claire, one, **form)
    changed = (await kept(town))[0]
    assert (changed.phone, changed.area, changed.groups, changed.tags, changed.street) == (
        "+33639981234", "gare", ["voisins"], ["vélo", "école"], None,
    )  # fmt: skip
    for wrong, said in (({"source": ""}, "où cette personne"), ({"email": "zoe@b.example"}, "Un autre contact")):
        refused = await post(claire, one, **{**form, **wrong})
        assert refused.status_code == 400
        assert said in plain(refused)
        assert 'value="06 39 98 12 34"' in refused.text.replace("&nbsp;", " "), "nothing typed is lost"


@pytest.mark.parametrize("way", ["erase", "withdraw"])
async def test_a_contact_is_erased_and_whoever_agrees_no_more_stays_away(
    claire: httpx.AsyncClient, town: Town, way: str
) -> None:
    luc, zoe = await add_contacts(town)
    await post(claire, f"{CONTACTS}/{luc.id}/{way}")
    assert await kept(town) == [zoe]
    assert (await claire.get(f"{CONTACTS}/{luc.id}")).status_code == 404
    again = plain(await look(claire, LIST.encode()))
    assert ("retiré son accord" in again) is (way == "withdraw")
    async with town.database.read() as connection:
        details = list(await connection.scalars(select(Entry.details)))
    assert "Luc" not in str(details)


async def test_the_contacts_are_downloaded_and_the_journal_says_so(claire: httpx.AsyncClient, town: Town) -> None:
    await add_contacts(town)
    assert (await claire.get(f"{CONTACTS}/export.csv")).status_code == 405
    answer = await post(claire, f"{CONTACTS}/export.csv?separator=semicolon")
    assert answer.content.decode("utf-8-sig").splitlines()[1] == (
        f"Luc Morel;luc@b.example;'+33261910012;3, rue Haute;;;vélo;{FAIR};2027-03-03"
    )
    again = await look(claire, answer.content)
    assert "<dt>sont déjà là, ou y figurent deux fois</dt><dd>2</dd>" in plain(again)
    assert "a téléchargé les contacts (contacts : 2)" in plain(await claire.get("/panel/journal"))


async def test_letters_are_written_once_as_sheets_whose_address_leads_to_the_page(
    claire: httpx.AsyncClient, town: Town
) -> None:
    await add_contacts(town)
    where: dict[str, str | int] = {"consultation": town.consultation.id, "as": "sheets"}
    page = plain(await post(claire, f"{CONTACTS}/letters", **where))
    assert page.count("<article") == 2
    assert f"Vous avez accepté que nous vous écrivions : {FAIR}." in page
    code = page.partition("Votre code : ")[2][:9]
    link = f"/p/montaubry.centre-ville_{code.replace(' ', '')}"
    assert link.replace(".", "<wbr>.") in page.replace("/<wbr>", "/")
    assert (await claire.get(link)).status_code == 200
    assert 'href="/c/montaubry.centre-ville_' in (await claire.get(link)).text
    unknown = await claire.get("/p/montaubry.centre-ville_KPMR2XW9")
    assert unknown.status_code == 200, "the page does not tell which codes there are"
    again = plain(await post(claire, f"{CONTACTS}/letters", **where))
    assert "Une lettre a déjà été écrite à tout le monde" in again
    anew = plain(await post(claire, f"{CONTACTS}/letters", again="yes", **where))
    assert anew.count("<article") == 2
    assert code not in anew


async def test_the_table_of_letters_is_for_labels_and_who_came_is_counted(
    claire: httpx.AsyncClient, town: Town
) -> None:
    await add_contacts(town)
    where: dict[str, str | int] = {"consultation": town.consultation.id, "as": "table"}
    answer = await post(claire, f"{CONTACTS}/letters", **where)
    header, luc, _zoe = answer.content.decode("utf-8-sig").splitlines()
    assert header == "Nom;Adresse postale;E-mail;Téléphone;Code;Adresse de la page"
    code = luc.split(";")[4]
    assert luc.startswith("Luc Morel;3, rue Haute;luc@b.example;")
    shown = letters.Shown(town.space.id, town.consultation.id, 1, code, town.now.isoformat())
    async with town.database.write() as connection:
        await letters.redeem(connection, [shown])
        assert await contacts.came(connection, town.space.id) == {town.consultation.id: Written(2, 1)}
    page = plain(await claire.get(CONTACTS))
    assert "<dt>est arrivée par une lettre</dt><dd>1</dd>" in page
    assert (await post(claire, f"{CONTACTS}/letters", consultation=0)).status_code == 400


async def test_only_organisers_of_the_whole_town_see_contacts(claire: httpx.AsyncClient, town: Town) -> None:
    luc, _zoe = await add_contacts(town)
    for role in ("moderator", "analyst", "reader", "none"):
        async with town.database.write() as connection:
            await connection.execute(update(Organiser).values(role=role))
        for path in (CONTACTS, f"{CONTACTS}/{luc.id}", f"{CONTACTS}/letters", f"{CONTACTS}/import"):
            assert (await claire.get(path)).status_code == 404


async def test_contacts_of_another_town_are_not_there(claire: httpx.AsyncClient, town: Town) -> None:
    luc, _zoe = await add_contacts(town)
    async with town.database.write() as connection:
        await connection.exec_driver_sql("UPDATE contacts SET space_id = 7")
    assert (await claire.get(f"{CONTACTS}/{luc.id}")).status_code == 404
    assert "Pas encore de contact" in plain(await claire.get(CONTACTS))


async def test_a_list_is_brought_in_in_a_browser(page: Page, served: Town, enter: Enter, tmp_path: Path) -> None:
    (tmp_path / "liste.csv").write_bytes(LIST.encode("cp1252"))
    await enter(page)
    await page.goto(f"{served.url}{CONTACTS}")
    await page.get_by_role("link", name="Importer des contacts").click()
    await page.get_by_label("La liste, un fichier CSV").set_input_files(tmp_path / "liste.csv")
    await page.get_by_label("Origine de l’accord").fill(FAIR)
    await page.get_by_label("Quel jour").fill("2027-03-03")
    await page.get_by_role("button", name="La regarder d’abord").click()
    await page.set_viewport_size({"width": 320, "height": 640})
    await assert_accessible(page)
    assert await page.evaluate("document.documentElement.scrollWidth") <= 320
    await page.get_by_label("Cette liste n’a pas été faite").check()
    await page.get_by_role("button", name="Garder 2 nouveaux contacts").click()
    await expect(page.get_by_role("status")).to_contain_text("2 contacts ont été ajoutés.")
    assert [one.name for one in await kept(served)] == ["Luc Morel", "Zoé Œuvré"]


async def test_each_letter_is_one_sheet_of_paper(page: Page, served: Town, enter: Enter) -> None:
    await add_contacts(served)
    await enter(page)
    await page.goto(f"{served.url}{CONTACTS}/letters")
    await page.get_by_role("button", name="Écrire les lettres").click()
    await expect(page.locator("article")).to_have_count(2)
    await assert_accessible(page)
    printed = await page.pdf(prefer_css_page_size=True)
    assert len(re.findall(rb"/Type\s*/Page\b", printed)) == 2
