"""Signal among the doors: how its number is doing and what to do, and how pages and posters offer it."""

import httpx
import pytest
from playwright.async_api import Page

from admin_web.channels import bringing, offered
from flows.texts import translate
from storage import accounts
from storage.accounts import AWAY, CAPTCHA, KEY, LIMITED, OTHER, UNREGISTERED, Account
from tests.admin_web.conftest import NOW, Enter, Town
from tests.admin_web.test_doors import words
from tests.admin_web.test_messages import crowd, write
from tests.browser import assert_accessible

NUMBER = "+33612345678"
ACI = "0c5ae3a0-6a6c-4f1d-9a53-7d1f4f5c0001"


async def open_signal(town: Town) -> Account:
    async with town.database.write() as connection:
        return await accounts.put(
            connection, town.space.id, "signal", ACI, name=NUMBER, title="Montaubry", token=None, now=town.now
        )


async def fails(town: Town, error: str) -> None:
    await open_signal(town)
    async with town.database.write() as connection:
        await accounts.failed(connection, "signal", ACI, error, NOW)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (AWAY, ["signal-cli ne répond pas", "prévenez qui a installé Palabre"]),
        (LIMITED, ["Signal ne prend plus rien", "Il n’y a rien à faire", "Depuis mercredi 10 mars, 10 h 12."]),
        (UNREGISTERED, ["Signal ne connaît pas ce numéro", "enregistré de nouveau"]),
        (CAPTCHA, ["signalcaptchas.org", "submitRateLimitChallenge", "Depuis mercredi 10 mars, 10 h 12."]),
        (KEY, ["Éteint", "plus personne n’y répond", "Prévenez qui a installé Palabre."]),
        (OTHER, ["quelque chose d’inattendu", "Prévenez qui a installé Palabre."]),
        ("a word of a newer program", ["quelque chose d’inattendu"]),
    ],
)
async def test_a_number_says_how_it_is_doing_since_when_and_what_to_do(
    claire: httpx.AsyncClient, town: Town, error: str, said: list[str]
) -> None:
    await fails(town, error)
    page = words(await claire.get("/panel/doors"))
    for sentence in said:
        assert sentence in page
    home = words(await claire.get("/panel"))
    assert ("Porte Signal : quelque chose ne va pas." in home) is (error != AWAY)


async def test_a_number_that_is_well_is_found_at_signal_and_changed_in_the_settings(
    claire: httpx.AsyncClient, town: Town
) -> None:
    account = await open_signal(town)
    page = words(await claire.get("/panel/doors"))
    assert "Signal a répondu il y a moins d’une minute." in page
    assert f'href="https://signal.me/#p/{NUMBER}">{NUMBER}<' in page
    assert "Son numéro est dans les réglages du programme" in page
    assert "les messages à plusieurs ne partent pas par cette porte" in page
    assert f"/panel/doors/{account.id}/key" not in page
    assert (await claire.get(f"/panel/doors/{account.id}/close")).status_code == 404


@pytest.mark.parametrize(
    ("carried", "about"),
    [
        ("pain22", "Write the word pain22 to +33612345678."),
        ("centre_TKM74RWP", "Write the word centre to +33612345678."),
        ("", "Write to +33612345678."),
    ],
)
def test_who_comes_is_told_which_word_to_write(carried: str, about: str) -> None:
    account = Account(1, 2, "signal", ACI, NUMBER, "Montaubry", None)
    [door] = offered([account], carried)
    assert translate(door.about, "en") == about
    assert door.address == f"https://signal.me/#p/{NUMBER}"
    assert bringing([account], carried) == [], "what nobody could type is not offered"


@pytest.mark.parametrize(
    ("error", "there"), [(None, True), (LIMITED, True), (CAPTCHA, True), (KEY, False), (UNREGISTERED, False)]
)
def test_a_number_that_nobody_can_write_to_is_not_offered(error: str | None, there: bool) -> None:
    assert bool(offered([Account(1, 2, "signal", ACI, NUMBER, "Montaubry", None, error)])) is there


async def test_the_page_of_a_consultation_offers_it(town: Town, client: httpx.AsyncClient) -> None:
    await open_signal(town)
    page = words(await client.get("/montaubry/centre-ville"))
    assert "Répondre avec Signal" in page
    assert f"au {NUMBER}" in page


async def test_the_steps_of_a_captcha_fit_on_a_phone_and_can_be_read_by_everybody(
    page: Page, served: Town, enter: Enter
) -> None:
    await fails(served, CAPTCHA)
    await enter(page)
    await page.goto(served.url + "/panel/doors")
    await page.set_viewport_size({"width": 320, "height": 640})
    assert await page.evaluate("document.documentElement.scrollWidth") <= 320
    assert await page.locator(".notice ol li").count() == 4
    await assert_accessible(page)


async def test_a_message_to_many_says_beforehand_whom_it_can_not_reach_there(
    town: Town, claire: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(town.application.state.site.doors, "silent", ["signal"])
    await crowd(town, channel="signal")
    one = await write(town, claire)
    page = words(await claire.get(f"/panel/messages/{one.id}"))
    assert "3 personnes passent par une porte où la mairie ne peut pas écrire en premier." in page
