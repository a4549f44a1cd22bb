"""Posters, and the page that their code leads to."""

import re

import httpx
import pytest
import segno
from playwright.async_api import Page, expect

from admin_web.channels import offered
from admin_web.qr import QUIET, qr
from admin_web.typography import headline
from storage import accounts, codes, spaces
from storage.accounts import AWAY, KEY, OTHER, TAKEN
from tests.admin_web.conftest import NOW, Enter, Town
from tests.admin_web.test_sign_in import key_of


@pytest.fixture
def address(town: Town) -> str:
    return f"/panel/consultations/{town.consultation.id}/posters"


async def add_poster(town: Town, place: str = "Boulangerie") -> str:
    async with town.database.write() as connection:
        return (await codes.create(connection, town.consultation, town.now, place=place)).code


async def dump(town: Town) -> list[str]:
    """Every row of the database."""
    rows: list[str] = []
    async with town.database.read() as connection:
        tables = await connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'table'")
        for (table,) in tables.all():
            rows += [f"{table}: {row}" for row in await connection.exec_driver_sql(f'SELECT * FROM "{table}"')]
    return rows


async def test_a_poster_is_added_for_a_place(claire: httpx.AsyncClient, address: str) -> None:
    page = await claire.get(address)
    assert "Pas encore d’affiche" in page.text
    await claire.post(address, data={"key": key_of(page), "place": "  La   Poste "})
    assert '<th scope="row">La Poste</th>' in (await claire.get(address)).text


@pytest.mark.parametrize(
    ("place", "fault"), [("", "60 caractères"), ("x" * 61, "60 caractères"), ("BOULANGERIE", "déjà une affiche")]
)
async def test_a_place_needs_a_name_of_its_own(
    claire: httpx.AsyncClient, town: Town, address: str, place: str, fault: str
) -> None:
    await add_poster(town)
    page = await claire.get(address)
    refused = await claire.post(address, data={"key": key_of(page), "place": place})
    assert refused.status_code == 400
    assert fault in refused.text.replace("\N{NO-BREAK SPACE}", " ")


async def test_a_sheet_carries_the_address_the_date_and_the_phone(
    claire: httpx.AsyncClient, town: Town, address: str
) -> None:
    code = await add_poster(town)
    await add_poster(town, "École")
    text = (await claire.get(f"{address}/print?code={code}")).text.replace("\N{NO-BREAK SPACE}", " ")
    assert text.count("<article") == 1
    assert f"montaubry<wbr>.example/<wbr>p/<wbr>{code}" in text
    assert "Jusqu’au vendredi 19 mars." in text
    assert "02 61 91 00 12" in text
    assert (await claire.get(f"{address}/print")).text.count("<article") == 2


def test_a_code_is_drawn_as_it_is_made_with_its_quiet_margin() -> None:
    drawing = str(qr("http://montaubry.example/p/abc234", "Code"))
    matrix = segno.make("http://montaubry.example/p/abc234", error="m", micro=False).matrix
    dark = {(x + QUIET, y + QUIET) for y, row in enumerate(matrix) for x, module in enumerate(row) if module}
    assert {(int(x), int(y)) for x, y in re.findall(r"M(\d+) (\d+)h1v1h-1z", drawing)} == dark
    assert f'viewBox="0 0 {len(matrix) + 8} {len(matrix) + 8}"' in drawing


async def test_the_code_leads_to_the_page_in_any_case_and_carries_the_place_on(
    client: httpx.AsyncClient, town: Town
) -> None:
    code = await add_poster(town)
    for word in (code, code.upper()):
        page = await client.get(f"/p/{word}")
        assert page.status_code == 200
        assert f'href="/c/{code}"' in page.text


async def test_the_page_says_who_decides_until_when_and_who_reads(client: httpx.AsyncClient) -> None:
    text = (await client.get("/montaubry/centre-ville")).text.replace("\N{NO-BREAK SPACE}", " ")
    for words in (
        "Répondre sur cette page",
        "Le conseil municipal, le jeudi 8 avril",
        "vendredi 19 mars, 20 h",
        "Le résultat est promis pour le jeudi 8 avril.",
        "Les réponses sont gardées un an.",
        'href="tel:0261910012"',
        "Rien à installer, aucun compte.",
    ):
        assert words in text


async def test_the_page_offers_the_door_of_the_robot_and_carries_on_what_one_came_with(
    client: httpx.AsyncClient, town: Town
) -> None:
    assert "t.me" not in (await client.get("/montaubry/centre-ville")).text
    await town.open_telegram()
    code = await add_poster(town)
    for path, carried in (("/montaubry/centre-ville", "centre-ville"), (f"/p/{code}", code)):
        text = (await client.get(path)).text
        assert f'<a class="btn" href="https://t.me/montaubry_bot?start={carried}">Répondre avec Telegram</a>' in text
        assert "Le robot s’appelle Montaubry participe. Il ne voit pas votre numéro." in text
    assert "Signal" not in text


@pytest.mark.parametrize(("error", "open_"), [(None, True), (AWAY, True), (OTHER, True), (KEY, False), (TAKEN, False)])
async def test_a_door_that_leads_nowhere_is_not_offered(
    client: httpx.AsyncClient, town: Town, error: str | None, open_: bool
) -> None:
    account = await town.open_telegram()
    if error:
        async with town.database.write() as connection:
            await accounts.failed(connection, "telegram", account.account, error, NOW)
    assert ("t.me" in (await client.get("/montaubry/centre-ville")).text) is open_


async def test_a_door_of_another_town_is_its_own(client: httpx.AsyncClient, town: Town) -> None:
    await town.open_telegram()
    async with town.database.write() as connection:
        await connection.exec_driver_sql("UPDATE accounts SET space_id = 7")
    assert "t.me" not in (await client.get("/montaubry/centre-ville")).text


@pytest.mark.parametrize(
    ("carried", "start"),
    [("abc234", "?start=abc234"), ("a" * 64, "?start=" + "a" * 64), ("a" * 65, ""), ("été", ""), ("", "")],
)
async def test_a_link_to_telegram_carries_only_what_telegram_does(town: Town, carried: str, start: str) -> None:
    [door] = offered([await town.open_telegram()], carried)
    assert door.address == f"https://t.me/montaubry_bot{start}"


async def test_a_sheet_says_that_one_may_answer_with_telegram(
    claire: httpx.AsyncClient, town: Town, address: str
) -> None:
    await add_poster(town)
    assert "Telegram" not in (await claire.get(f"{address}/print")).text
    await town.open_telegram()
    text = (await claire.get(f"{address}/print")).text.replace("\N{NO-BREAK SPACE}", " ")
    assert "Avec Telegram, ou sur la page web : rien à installer, aucun compte." in text
    assert "t.me" not in text, "the code leads to the page that offers every door"


async def test_opening_a_page_records_nothing(client: httpx.AsyncClient, town: Town) -> None:
    code = await add_poster(town)
    await town.open_telegram()
    before = await dump(town)
    for path in ("/", "/montaubry", "/montaubry/centre-ville", f"/p/{code}", "/p/unknown"):
        answer = await client.get(path)
        assert "set-cookie" not in answer.headers
    assert await dump(town) == before
    assert town.heard == []


async def test_a_page_is_in_the_language_of_its_reader(client: httpx.AsyncClient) -> None:
    english = (await client.get("/montaubry/centre-ville?language=en")).text
    assert "The town centre and you" in english
    assert 'lang="fr" hreflang="fr"' in english


async def test_a_closed_consultation_says_so_and_takes_no_answer(client: httpx.AsyncClient, town: Town) -> None:
    town.pass_time(days=20)
    text = (await client.get("/montaubry/centre-ville")).text
    assert "Fermée" in text
    assert "/c/centre-ville" not in text


@pytest.mark.parametrize("path", ["/p/unknown", "/ailleurs", "/ailleurs/centre-ville", "/montaubry/rien"])
async def test_a_page_of_nothing_is_not_there(client: httpx.AsyncClient, path: str) -> None:
    assert (await client.get(path)).status_code == 404


async def test_a_draft_is_shown_to_nobody(client: httpx.AsyncClient, town: Town) -> None:
    code = await add_poster(town)
    async with town.database.write() as connection:
        await connection.exec_driver_sql("UPDATE consultations SET state = 'draft'")
    assert (await client.get(f"/p/{code}")).status_code == 404
    assert "Aucune consultation en ce moment" in (await client.get("/montaubry")).text


async def test_the_first_page_is_the_town_or_the_choice_of_one(client: httpx.AsyncClient, town: Town) -> None:
    assert (await client.get("/")).headers["location"] == "/montaubry"
    async with town.database.write() as connection:
        await spaces.create(
            connection, slug="arvelle", name={"fr": "Arvelle"}, languages=["fr"], zone="Europe/Paris", colour=None,
            contact={}, privacy={}, now=town.now,
        )  # fmt: skip
    assert "De quelle ville" in (await client.get("/")).text
    assert "Aucune consultation" in (await client.get("/arvelle")).text


def test_compound_words_of_a_title_stay_together_and_markup_is_text() -> None:
    assert headline("Le centre-ville & vous") == 'Le <span class="nowrap">centre-ville</span> &amp; vous'
    assert "nowrap" not in headline("anticonstitutionnellement-parlant")


async def test_each_poster_is_one_sheet_of_paper(page: Page, served: Town, enter: Enter) -> None:
    for place in ("Boulangerie", "École", "La Poste"):
        await add_poster(served, place)
    await enter(page)
    await page.goto(f"{served.url}/panel/consultations/{served.consultation.id}/posters/print")
    await expect(page.locator("article")).to_have_count(3)
    printed = await page.pdf(prefer_css_page_size=True)
    assert len(re.findall(rb"/Type\s*/Page\b", printed)) == 3
