"""The chat page in a real Chromium, against the real house on a real file: keyboard, phone, no script, two tabs."""

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.async_api import Page, expect
from sqlalchemy import select

from bot.house import House
from storage import models
from storage.database import Database
from storage.outbox import NewDelivery, put
from tests.browser import DESK, PHONE, OpenPage, assert_accessible
from tests.channels.open_house import count, served

SCREENS = [
    pytest.param(
        {"viewport": size, "color_scheme": scheme},
        id=f"{size['width']} {scheme}",
        marks=[] if (size, scheme) == (PHONE, "dark") else pytest.mark.long,
    )
    for size in (DESK, PHONE)
    for scheme in ("light", "dark")
]
"""Where people read us. The narrowest and darkest stands for all in the quick run."""


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[tuple[House, str]]:
    async with served(f"sqlite:///{tmp_path / 'palabre.db'}") as (built, address):
        yield built, f"{address}/c/centre"


async def begin(page: Page, address: str) -> None:
    """Open the page and agree; the first question is asked."""
    await page.goto(address)
    await page.get_by_role("button", name="Commencer").click()
    await press(page, "Oui, commencer")
    await asked(page, "How do you come?")


async def press(page: Page, label: str) -> None:
    await page.get_by_role("button", name=label, exact=True).click()


async def write(page: Page, text: str) -> None:
    await page.locator("#answer").fill(text)
    await press(page, "Envoyer")


async def asked(page: Page, question: str) -> None:
    """The last bubble asks this."""
    await expect(page.locator(".bubble").last).to_contain_text(question)


async def answers(house: House) -> list[Any]:
    async with house.database.read() as connection:
        return list((await connection.scalars(select(models.Contribution.fields))).all())


async def test_the_keyboard_alone_answers_everything(house: tuple[House, str], page: Page) -> None:
    built, address = house
    await page.goto(address)
    for _ in range(3):
        await page.keyboard.press("Tab")
    await expect(page.get_by_role("button", name="Commencer")).to_be_focused()
    await page.keyboard.press("Enter")
    await asked(page, "Êtes-vous d’accord")
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("button", name="Oui, commencer")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("button", name="On foot")).to_be_focused()
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await asked(page, "From how many kilometres?")
    await expect(page.get_by_label("Écrivez un nombre")).to_be_focused()
    await page.keyboard.type("12")
    await page.keyboard.press("Enter")
    await expect(page.get_by_label("Écrivez votre réponse")).to_be_focused()
    await page.keyboard.type("Des bancs")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await asked(page, "A picture?")
    await expect(page.get_by_label("Choisissez une photo")).to_be_focused()
    await page.keyboard.press("Shift+Tab")
    await page.keyboard.press("Shift+Tab")
    await expect(page.get_by_role("button", name="Passer")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("button", name="Send", exact=True)).to_be_focused()
    await page.keyboard.press("Enter")
    await asked(page, "It is sent. Thank you.")
    assert await answers(built) == [{"how": "bike", "far": 12, "why": "Des bancs", "photo": None}]


async def test_it_all_works_without_javascript(
    house: tuple[House, str], page_without_javascript: Page, tmp_path: Path
) -> None:
    built, address = house
    page = page_without_javascript
    await begin(page, address)
    assert page.url == f"{address}#now"
    await press(page, "By car")
    await asked(page, "From how many kilometres?")
    await write(page, "12 km")
    await asked(page, "What should change?")
    await press(page, "Retour")
    await asked(page, "From how many kilometres?")
    await write(page, "14 km")
    await press(page, "Passer")
    await page.locator("#answer").set_input_files(photograph(tmp_path))
    await press(page, "Envoyer")
    await expect(page.get_by_role("img", name="Votre photo")).to_be_visible()
    await press(page, "Send")
    await asked(page, "It is sent. Thank you.")
    [sent] = await answers(built)
    assert (sent["how"], sent["far"], sent["why"]) == ("car", 14, None)
    assert sent["photo"]["photo"].startswith("file:")


def photograph(folder: Path) -> Path:
    Image.new("RGB", (400, 300), "#3a7").save(folder / "place.jpg")
    return folder / "place.jpg"


async def test_a_phone_answers_with_taps_and_never_scrolls_sideways(house: tuple[House, str], phone: Page) -> None:
    _, address = house
    await phone.set_viewport_size({"width": 320, "height": 640})
    await begin(phone, address)
    await fits(phone)
    await phone.get_by_role("button", name="By bicycle").tap()
    await asked(phone, "From how many kilometres?")
    await expect(phone.locator("#answer")).to_have_attribute("inputmode", "decimal")
    await write(phone, "12")
    await asked(phone, "What should change?")
    await write(phone, "Mot" * 20 + " https://example.org/" + "x" * 100)
    await asked(phone, "A picture?")
    await fits(phone)
    await phone.goto(address.replace("centre", "PAIN22"))
    await fits(phone)


async def fits(page: Page) -> None:
    assert await page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    last = await page.locator(".bubble").last.bounding_box()
    assert last is not None
    assert last["x"] >= 0


async def test_two_tabs_show_the_same_talk(house: tuple[House, str], page: Page) -> None:
    built, address = house
    await begin(page, address)
    second = await page.context.new_page()
    await second.goto(address)
    await asked(second, "How do you come?")
    await press(page, "By car")
    await asked(second, "From how many kilometres?")
    await write(second, "3")
    await asked(page, "What should change?")
    await page.locator("#answer").fill("Je suis en train d'écrire")
    await press(second, "Passer")
    await asked(page, "A picture?")
    assert await count(built.database, models.Heard) == 5


@pytest.mark.parametrize("script", [True, False])
async def test_a_double_click_answers_once(house: tuple[House, str], open_page: OpenPage, *, script: bool) -> None:
    built, address = house
    page = await open_page(java_script_enabled=script)
    await page.goto(address)
    await page.get_by_role("button", name="Commencer").dblclick()
    await page.get_by_role("button", name="Oui, commencer").dblclick()
    await page.get_by_role("button", name="By car").dblclick()
    await asked(page, "From how many kilometres?")
    await page.locator("#answer").fill("5")
    await page.get_by_role("button", name="Envoyer").dblclick()
    await asked(page, "What should change?")
    assert await count(built.database, models.Participant) == 1
    assert await count(built.database, models.Heard) == 4


async def test_back_and_reload_repeat_nothing_and_an_older_choice_is_a_correction(
    house: tuple[House, str], page_without_javascript: Page
) -> None:
    built, address = house
    page = page_without_javascript
    await begin(page, address)
    await press(page, "By car")
    await asked(page, "From how many kilometres?")
    await page.reload()
    await asked(page, "From how many kilometres?")
    await page.go_back()
    await page.go_forward()
    await asked(page, "From how many kilometres?")
    assert await count(built.database, models.Heard) == 3


async def test_a_return_code_finds_the_talk_in_another_browser(
    house: tuple[House, str], page: Page, open_page: OpenPage
) -> None:
    _, address = house
    await begin(page, address)
    await press(page, "By car")
    await page.get_by_text("Aide", exact=True).click()
    await press(page, "Continuer ailleurs")
    told = page.locator(".bubble", has_text="Votre code de retour")
    found = re.search(r"[A-Z0-9]{4}-[A-Z0-9]{4}-[A-Z0-9]{4}", await told.inner_text())
    assert found is not None
    other = await open_page()
    await other.goto(address)
    await other.get_by_text("J’ai un code de retour").click()
    await other.get_by_label("Code de retour").fill(found[0].lower())
    await press(other, "Retrouver mes réponses")
    await asked(other, "From how many kilometres?")
    await write(other, "12")
    await asked(page, "What should change?")


async def deliver_from_outside(folder: Path) -> None:
    elsewhere = Database(f"sqlite:///{folder / 'palabre.db'}")
    async with elsewhere.write() as connection:
        person = (await connection.execute(select(models.Participant.space_id, models.Participant.id))).one()
        body = '{"l":[["say","Le conseil en parle jeudi."]]}'
        await put(connection, [NewDelivery(*person, None, "broadcast", body, datetime.now(UTC))])
    await elsewhere.close()


async def test_a_message_delivered_from_outside_appears_by_itself(
    house: tuple[House, str], page: Page, tmp_path: Path
) -> None:
    _, address = house
    await begin(page, address)
    await page.locator("#answer").fill("à moitié écrit")
    await deliver_from_outside(tmp_path)
    await asked(page, "Le conseil en parle jeudi.")
    await expect(page.locator("#answer")).to_have_value("à moitié écrit")
    await press(page, "By bicycle")
    await asked(page, "From how many kilometres?")


@pytest.mark.parametrize("script", [True, False])
async def test_what_could_not_be_kept_stays_in_the_field(
    house: tuple[House, str], open_page: OpenPage, monkeypatch: pytest.MonkeyPatch, *, script: bool
) -> None:
    built, address = house
    page = await open_page(java_script_enabled=script)
    await begin(page, address)
    await press(page, "By car")
    await asked(page, "From how many kilometres?")

    async def full(_messages: Any) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(built.reception, "keep", full)
        await write(page, "12")
        await expect(page.get_by_role("alert")).to_contain_text("n’a pas pu être gardé")
        await expect(page.locator("#answer")).to_have_value("12")
    await press(page, "Envoyer")
    await asked(page, "What should change?")
    await expect(page.locator("#answer")).to_have_value("")


async def test_what_could_not_be_kept_stays_also_when_something_new_arrives(
    house: tuple[House, str], page: Page, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    built, address = house
    await begin(page, address)
    await press(page, "By car")
    await asked(page, "From how many kilometres?")

    async def full(_messages: Any) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(built.reception, "keep", full)
        await write(page, "12")
        await expect(page.get_by_role("alert")).to_contain_text("n’a pas pu être gardé")
    await deliver_from_outside(tmp_path)
    await asked(page, "Le conseil en parle jeudi.")
    await expect(page.get_by_role("alert")).to_contain_text("n’a pas pu être gardé")
    await expect(page.locator("#answer")).to_have_value("12")
    await press(page, "Envoyer")
    await asked(page, "What should change?")
    await expect(page.get_by_role("alert")).to_have_count(0)


@pytest.mark.parametrize("screen", SCREENS)
async def test_no_page_has_an_accessibility_fault(
    house: tuple[House, str], open_page: OpenPage, screen: dict[str, Any]
) -> None:
    _, address = house
    page = await open_page(**screen)
    await page.goto(address)
    await page.get_by_text("J’ai un code de retour").click()
    await assert_accessible(page)
    await page.get_by_label("Code de retour").fill("AAAA")
    await press(page, "Retrouver mes réponses")
    await assert_accessible(page)
    await begin(page, address)
    await assert_accessible(page)
    await page.get_by_text("Aide", exact=True).click()
    await assert_accessible(page)
    await press(page, "By car")
    await asked(page, "From how many kilometres?")
    await write(page, "12")
    await press(page, "Passer")
    await asked(page, "A picture?")
    await assert_accessible(page)


async def test_a_screen_reader_is_told_only_what_is_new(house: tuple[House, str], page: Page) -> None:
    _, address = house
    await begin(page, address)
    await page.evaluate(
        """() => {
            window.added = [];
            const watch = new MutationObserver((changes) => {
                for (const change of changes) for (const node of change.addedNodes) window.added.push(node.textContent);
            });
            watch.observe(document.querySelector("[role=log]"), { childList: true, subtree: true });
        }"""
    )
    await press(page, "By car")
    await asked(page, "From how many kilometres?")
    added = " ".join(await page.evaluate("window.added"))
    assert "By car" in added
    assert "From how many kilometres?" in added
    assert "Êtes-vous d’accord" not in added
    assert await page.evaluate("document.querySelector('[role=log]').isConnected")
