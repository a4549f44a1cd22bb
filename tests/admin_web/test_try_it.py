"""Trying a conversation from the panel."""

import json

import httpx
import pytest
from playwright.async_api import Page, expect

from admin_web.try_it import MOST_STEPS
from tests.admin_web.conftest import Enter, Town
from tests.admin_web.test_posters import dump
from tests.admin_web.test_sign_in import key_of


@pytest.fixture
def address(town: Town) -> str:
    return f"/panel/consultations/{town.consultation.id}/try"


async def test_the_talk_goes_on_with_what_was_said_before(claire: httpx.AsyncClient, address: str) -> None:
    page = await claire.get(address)
    data = {"key": key_of(page), "steps": json.dumps(["Oui"]), "say": "À pied"}
    text = (await claire.post(address, data=data)).text.replace("\N{NO-BREAK SPACE}", " ")
    assert "Noté : Oui." in text
    assert "Noté : À pied." in text
    assert "[&#34;Oui&#34;, &#34;À pied&#34;]" in text


@pytest.mark.parametrize(
    ("steps", "status"),
    [
        ("{", 400),
        ("{}", 400),
        ("[1]", 400),
        ("[null]", 400),
        ('["a\\u0000"]', 400),
        ("[" * 50_000, 400),
        (json.dumps(["a"] * MOST_STEPS), 413),
        (json.dumps(["a" * 60_000]), 413),
    ],
)
async def test_a_forged_talk_is_refused_in_words(
    claire: httpx.AsyncClient, address: str, steps: str, status: int
) -> None:
    page = await claire.get(address)
    answer = await claire.post(address, data={"key": key_of(page), "steps": steps, "say": "x"})
    assert answer.status_code == status
    assert "<h1>" in answer.text


async def test_trying_leaves_nothing_behind_but_that_it_was_tried(
    claire: httpx.AsyncClient, town: Town, address: str
) -> None:
    page = await claire.get(address)
    before = await dump(town)
    await claire.post(address, data={"key": key_of(page), "steps": "[]", "say": "Oui"})
    assert [line for line in await dump(town) if not line.startswith("audit: ")] == before
    assert town.heard == []


async def test_what_is_typed_is_never_markup(claire: httpx.AsyncClient, address: str) -> None:
    page = await claire.get(address)
    answer = await claire.post(address, data={"key": key_of(page), "steps": "[]", "say": "<script>alert(1)</script>"})
    assert "<script>alert" not in answer.text


async def test_answering_by_buttons_and_by_words_in_place(page: Page, served: Town, enter: Enter) -> None:
    await enter(page)
    await page.goto(f"{served.url}/panel/consultations/{served.consultation.id}/try")
    await page.evaluate("document.title = 'the same page'")
    await page.get_by_role("button", name="Oui").click()
    await expect(page.locator(".bubble.mine").last).to_have_text("Vous : Oui")
    field = page.get_by_label("Ou écrivez votre réponse")
    await field.fill("peut-être")
    await field.press("Enter")
    await expect(page.locator(".bubble").last).to_contain_text("Noté : peut-être.")
    await expect(field).to_have_value("")
    await expect(field).to_be_focused()
    assert await page.title() == "the same page"
    await page.get_by_role("link", name="Recommencer").click()
    await expect(page.locator(".bubble.mine")).to_have_count(0)


async def test_answering_without_a_script(page_without_javascript: Page, served: Town, enter: Enter) -> None:
    page = page_without_javascript
    await enter(page)
    await page.goto(f"{served.url}/panel/consultations/{served.consultation.id}/try")
    await page.get_by_role("button", name="Oui").click()
    await page.get_by_label("Ou écrivez votre réponse").fill("peut-être")
    await page.get_by_role("button", name="Envoyer").click()
    await expect(page.locator(".bubble.mine")).to_have_count(2)


async def test_what_did_not_arrive_stays_in_its_field(page: Page, served: Town, enter: Enter) -> None:
    await enter(page)
    await page.goto(f"{served.url}/panel/consultations/{served.consultation.id}/try")
    await page.route("**/try?*", lambda route: route.abort())
    field = page.get_by_label("Ou écrivez votre réponse")
    await field.fill("peut-être")
    await field.press("Enter")
    await expect(page.get_by_role("alert")).to_have_text("Ce n’est pas arrivé. Réessayez.")
    await expect(field).to_have_value("peut-être")
