"""Signing in to the panel."""

import re
from typing import Any

import httpx
import pytest
from playwright.async_api import Page, expect

from admin_web.sign_in import client_of
from storage import organisers
from tests.admin_web.conftest import EMAIL, PASSWORD, Enter, Town
from tests.browser import assert_accessible


async def sign_in(client: httpx.AsyncClient, password: str = PASSWORD, email: str = EMAIL) -> httpx.Response:
    return await client.post("/panel/sign-in", data={"email": email, "password": password})


async def make_one_time(town: Town, password: str) -> None:
    protected = await organisers.protect(password)
    async with town.database.write() as connection:
        await organisers.create(
            connection, town.space.id, email="new@montaubry.example", name="N", role="organiser", protected=protected,
            now=town.now,
        )  # fmt: skip


def key_of(page: httpx.Response) -> str:
    found = re.search(r'name="key" value="(\w+)"', page.text)
    assert found
    return found[1]


async def test_the_panel_leads_strangers_to_the_sign_in_and_then_back(client: httpx.AsyncClient) -> None:
    led = await client.get("/panel/settings")
    assert led.status_code == 303
    signed = await client.post(led.headers["location"], data={"email": EMAIL, "password": PASSWORD})
    assert signed.headers["location"] == "/panel/settings"
    assert (await client.get("/panel/settings")).status_code == 200


@pytest.mark.parametrize("next", ["//evil.example", "https://evil.example/panel/", "/panel/sign-in", "javascript:1"])
async def test_signing_in_leads_nowhere_else(client: httpx.AsyncClient, next: str) -> None:
    signed = await client.post("/panel/sign-in", params={"next": next}, data={"email": EMAIL, "password": PASSWORD})
    assert signed.headers["location"] == "/panel"


async def test_the_cookie_is_for_our_pages_only(client: httpx.AsyncClient) -> None:
    cookie = (await sign_in(client)).headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Max-Age" not in cookie


async def test_a_wrong_password_is_said_without_telling_what_is_wrong(client: httpx.AsyncClient) -> None:
    wrong = await sign_in(client, "faux")
    unknown = await sign_in(client, email="personne@montaubry.example")
    assert wrong.status_code == unknown.status_code == 400
    assert wrong.text.replace(EMAIL, "") == unknown.text.replace("personne@montaubry.example", "")
    assert "ne correspond pas" in wrong.text
    assert "faux" not in wrong.text


async def test_who_guesses_waits_and_is_told_how_long(client: httpx.AsyncClient, town: Town) -> None:
    for _ in range(10):
        assert (await sign_in(client, "faux")).status_code == 400
    late = await sign_in(client)
    assert late.status_code == 429
    assert "Réessayez dans 15 minutes." in late.text
    town.pass_time(minutes=15)
    assert (await sign_in(client)).status_code == 303


async def test_one_address_that_guesses_many_names_waits_too(client: httpx.AsyncClient) -> None:
    tries = [await sign_in(client, email=f"n{number}@montaubry.example") for number in range(31)]
    assert [answer.status_code for answer in tries[-2:]] == [400, 429]


async def test_a_one_time_password_is_replaced_before_anything_else(client: httpx.AsyncClient, town: Town) -> None:
    await make_one_time(town, "k3fe-wmpq-7rst-h2ka")
    signed = await sign_in(client, "k3fe-wmpq-7rst-h2ka", "new@montaubry.example")
    assert signed.headers["location"] == "/panel/password"
    assert (await client.get("/panel")).headers["location"] == "/panel/password"
    page = await client.get("/panel/password")
    short = await client.post("/panel/password", data={"key": key_of(page), "new": "court"})
    assert short.status_code == 400
    assert "10 caractères" in short.text
    same = await client.post("/panel/password", data={"key": key_of(page), "new": "k3fe-wmpq-7rst-h2ka"})
    assert same.status_code == 400
    done = await client.post("/panel/password", data={"key": key_of(page), "new": "un tout autre mot"})
    assert done.headers["location"] == "/panel"
    assert (await client.get("/panel")).status_code == 200


async def test_changing_a_password_asks_for_the_present_one(claire: httpx.AsyncClient) -> None:
    page = await claire.get("/panel/password")
    data = {"key": key_of(page), "new": "un tout autre mot"}
    assert "actuel" in (await claire.post("/panel/password", data={**data, "present": "faux"})).text
    changed = await claire.post("/panel/password", data={**data, "present": PASSWORD})
    assert changed.status_code == 303
    assert (await claire.get("/panel")).status_code == 200


async def test_signing_out_ends_the_session_for_good(claire: httpx.AsyncClient) -> None:
    page = await claire.get("/panel")
    cookie = claire.cookies["palabre"]
    await claire.post("/panel/sign-out", data={"key": key_of(page)})
    assert "palabre" not in claire.cookies
    claire.cookies["palabre"] = cookie
    assert (await claire.get("/panel")).status_code == 303


async def test_an_unused_session_ends(claire: httpx.AsyncClient, town: Town) -> None:
    town.pass_time(hours=11)
    assert (await claire.get("/panel")).status_code == 200
    town.pass_time(hours=11)
    assert (await claire.get("/panel")).status_code == 200
    town.pass_time(hours=12)
    assert (await claire.get("/panel")).status_code == 303


@pytest.mark.parametrize("cookie", ["", "x", "0" * 5000, "\xe9".encode().decode("latin-1"), "' OR 1=1 --"])
async def test_a_forged_cookie_is_nobody(client: httpx.AsyncClient, cookie: str) -> None:
    answer = await client.get("/panel", headers=[(b"Cookie", b"palabre=" + cookie.encode("latin-1"))])
    assert answer.status_code == 303


@pytest.mark.parametrize(
    ("host", "counted"),
    [("192.0.2.7", "192.0.2.7"), ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"), ("testclient", "testclient")],
)
def test_a_subscriber_is_counted_once(host: str, counted: str) -> None:
    class Request:
        class client:  # noqa: N801
            pass

    request: Any = Request()
    request.client.host = host
    assert client_of(request) == counted


async def test_signing_in_with_a_keyboard_and_a_look_at_the_password(page: Page, served: Town) -> None:
    await page.goto(f"{served.url}/panel/sign-in")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Bonjour. Qui êtes-vous ?")
    field = page.get_by_label("Mot de passe", exact=True)
    await field.fill(PASSWORD)
    show = page.get_by_role("button", name="Voir le mot de passe")
    await show.click()
    await expect(field).to_have_attribute("type", "text")
    await expect(show).to_have_attribute("aria-pressed", "true")
    await page.get_by_label("Adresse e-mail").fill(EMAIL)
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/panel")


async def test_signing_in_without_a_script(page_without_javascript: Page, served: Town, enter: Enter) -> None:
    await page_without_javascript.goto(f"{served.url}/panel/sign-in")
    await expect(page_without_javascript.get_by_role("button", name="Voir le mot de passe")).to_be_hidden()
    await enter(page_without_javascript)


async def test_a_refused_sign_in_is_accessible(page: Page, served: Town) -> None:
    await page.goto(f"{served.url}/panel/sign-in")
    await page.get_by_label("Adresse e-mail").fill(EMAIL)
    await page.get_by_label("Mot de passe", exact=True).fill("faux")
    await page.get_by_role("button", name="Se connecter").click()
    await expect(page.get_by_role("alert")).to_be_visible()
    await expect(page.get_by_label("Mot de passe", exact=True)).to_have_accessible_description(re.compile("Vérifiez"))
    await assert_accessible(page)
