"""Pictures in a real Chromium: seen, described, inside of their bubble, with and without our script."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.async_api import Page, Route, expect

from tests.admin_web.illustrated import EMAIL, PASSWORD, build
from tests.admin_web.test_chat_page import SCREENS, asked, fits, press
from tests.browser import OpenPage, assert_accessible
from tests.channels.open_house import served

DESCRIBED = "Dessin de la place."


@pytest.fixture
async def address(tmp_path: Path) -> AsyncIterator[str]:
    """Where the house answers."""
    building = partial(build, folder=tmp_path)
    async with served(f"sqlite:///{tmp_path / 'palabre.db'}", building) as (_built, found):
        yield found


async def begin(page: Page, address: str) -> None:
    """Open the chat page and agree; the first question shows its picture."""
    await page.goto(f"{address}/c/place")
    await page.get_by_role("button", name="Commencer").click()
    await press(page, "Oui, commencer")
    await asked(page, "Aimez-vous cette place ?")


async def is_drawn(page: Page) -> None:
    """The picture is there, not only its place, and no wider than its bubble."""
    picture = page.get_by_role("img", name=DESCRIBED)
    await expect(picture).to_be_visible()
    await expect(picture).to_have_js_property("complete", True)
    await expect(picture).to_have_js_property("naturalWidth", 900)
    inner, outer = await picture.bounding_box(), await page.locator(".bubble", has=picture).bounding_box()
    assert inner is not None
    assert outer is not None
    assert outer["x"] < inner["x"] < inner["x"] + inner["width"] < outer["x"] + outer["width"]


@pytest.mark.parametrize("script", [True, False])
async def test_a_picture_is_seen_now_and_in_the_talk_of_before(
    address: str, open_page: OpenPage, *, script: bool
) -> None:
    page = await open_page(java_script_enabled=script)
    await begin(page, address)
    await is_drawn(page)
    await press(page, "Oui")
    await asked(page, "Avez-vous lu le plan ?")
    await page.reload()
    await is_drawn(page)


async def test_room_is_kept_for_a_picture_that_is_not_there_yet(address: str, page: Page) -> None:
    async def never(_route: Route) -> None:
        """A slow line."""

    await page.route("**/files/**", never)
    await begin(page, address)
    box = await page.get_by_role("img", name=DESCRIBED).bounding_box()
    assert box is not None
    assert box["height"] == pytest.approx(box["width"] * 2 / 3, abs=1)


async def test_choices_stay_in_view_below_a_tall_picture_that_comes_late(address: str, phone: Page) -> None:
    there = asyncio.Event()

    async def late(route: Route) -> None:
        await there.wait()
        await route.fulfill(body=tall(), content_type="image/png")

    await phone.route("**/files/**", late)
    await begin(phone, address)
    there.set()
    await expect(phone.get_by_role("img", name=DESCRIBED)).to_have_js_property("naturalHeight", 1200)
    await expect(phone.get_by_role("button", name="Oui", exact=True)).to_be_in_viewport(ratio=1)


def tall() -> bytes:
    out = BytesIO()
    Image.new("RGB", (600, 1200), "#c9573f").save(out, "PNG")
    return out.getvalue()


async def test_a_document_is_saved_under_its_description(address: str, page: Page) -> None:
    await begin(page, address)
    await press(page, "Oui")
    async with page.expect_download() as saving:
        await page.get_by_role("link", name="Le plan des travaux.").click()
    saved = await saving.value
    assert saved.suggested_filename == "Le plan des travaux.pdf"
    await asked(page, "Avez-vous lu le plan ?")


@pytest.mark.parametrize("screen", SCREENS)
async def test_no_page_with_a_picture_has_an_accessibility_fault(
    address: str, open_page: OpenPage, screen: dict[str, Any]
) -> None:
    page = await open_page(**screen, reduced_motion="reduce")  # no colour half way
    await begin(page, address)
    await is_drawn(page)
    await fits(page)
    await assert_accessible(page)
    for question in ("Avez-vous lu le plan ?", "Avez-vous vu le film ?", "Et cette image ?"):
        await press(page, "Oui")
        await asked(page, question)
    await assert_accessible(page)


@pytest.mark.parametrize("screen", SCREENS)
async def test_trying_shows_the_picture(address: str, open_page: OpenPage, screen: dict[str, Any]) -> None:
    page = await open_page(**screen, reduced_motion="reduce")
    await page.goto(f"{address}/panel/sign-in")
    await page.get_by_label("Adresse e-mail").fill(EMAIL)
    await page.get_by_label("Mot de passe", exact=True).fill(PASSWORD)
    await press(page, "Se connecter")
    await page.get_by_role("link", name="La place et vous").first.click()
    await page.get_by_role("link", name="Essayer").click()
    await press(page, "Oui, commencer")
    await is_drawn(page)
    await assert_accessible(page)
