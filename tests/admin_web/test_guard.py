"""What every response carries, and what never reaches a page."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from admin_web.guard import BODY_LIMIT
from tests.admin_web.conftest import EMAIL, PASSWORD, Town

FORM = {"email": EMAIL, "password": PASSWORD}


@pytest.mark.parametrize("path", ["/panel/sign-in", "/nowhere", "/static/palabre.css", "/panel", "/panel/sign-in%00"])
async def test_every_response_is_strict(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(path)
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "same-origin"


async def test_pages_are_not_kept_and_files_are(client: httpx.AsyncClient) -> None:
    page = await client.get("/panel/sign-in")
    assert page.headers["cache-control"] == "no-store"
    address = page.text.partition('href="/static/palabre.css')[2].partition('"')[0]
    assert "immutable" in (await client.get(f"/static/palabre.css{address}")).headers["cache-control"]
    assert "cache-control" not in (await client.get("/static/palabre.css")).headers


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://montaubry.example.evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site", "Origin": "http://montaubry.example"},
    ],
)
async def test_a_form_of_another_site_is_refused(client: httpx.AsyncClient, headers: dict[str, str]) -> None:
    answer = await client.post("/panel/sign-in", data=FORM, headers=headers)
    assert answer.status_code == 403
    assert "pas été envoyé d’ici" in answer.text
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("headers", [{"Origin": "http://montaubry.example"}, {"Sec-Fetch-Site": "same-origin"}, {}])
async def test_a_form_of_ours_is_taken(client: httpx.AsyncClient, headers: dict[str, str]) -> None:
    assert (await client.post("/panel/sign-in", data=FORM, headers=headers)).status_code == 303


async def test_a_form_of_the_panel_without_its_key_is_refused(claire: httpx.AsyncClient) -> None:
    assert (await claire.post("/panel/sign-out")).status_code == 403
    assert (await claire.post("/panel/sign-out", data={"key": "é"})).status_code == 403
    assert (await claire.get("/panel")).status_code == 200


async def test_a_page_that_does_not_exist_is_said_in_words_and_in_the_right_language(client: httpx.AsyncClient) -> None:
    french = await client.get("/nowhere/at/all")
    assert french.status_code == 404
    assert "Cette page n’existe pas" in french.text
    english = await client.get("/nowhere/at/all", headers={"Accept-Language": "pt;q=0.9, en-GB;q=0.8, fr;q=0.1"})
    assert "There is no such page" in english.text
    broken = await client.get("/nowhere/at/all", headers={"Accept-Language": ";q=,;;q=x,\t"})
    assert 'lang="fr"' in broken.text


async def test_a_method_that_a_page_does_not_know_is_said_in_words(client: httpx.AsyncClient) -> None:
    answer = await client.put("/panel/sign-in")
    assert answer.status_code == 405
    assert "Allow" in answer.headers
    assert "<h1>" in answer.text


async def test_a_body_too_large_is_refused_whether_or_not_its_length_is_told(client: httpx.AsyncClient) -> None:
    large = await client.post("/panel/sign-in", data={"email": "x" * (BODY_LIMIT + 1)})
    assert large.status_code == 413
    assert "trop long" in large.text

    async def chunks() -> AsyncIterator[bytes]:
        yield b"email="
        for _ in range(BODY_LIMIT // 1024 + 1):
            yield b"x" * 1024

    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    untold = await client.post("/panel/sign-in", content=chunks(), headers=headers)
    assert untold.status_code == 413


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"email=a%00b&password=c", "application/x-www-form-urlencoded"),
        (b"no boundary", "multipart/form-data; boundary=x"),
        (b"--x\r\nbroken", "multipart/form-data"),
        (
            b'--x\r\nContent-Disposition: form-data; name="email"; filename="f"\r\n\r\na\r\n--x--\r\n',
            "multipart/form-data; boundary=x",
        ),
        (b"&".join(b"a=b" for _ in range(1001)), "application/x-www-form-urlencoded"),
    ],
)
async def test_a_broken_form_gets_an_answer_in_words(client: httpx.AsyncClient, content: bytes, kind: str) -> None:
    answer = await client.post("/panel/sign-in", content=content, headers={"Content-Type": kind})
    assert answer.status_code == 400
    assert "ne peut pas être lue" in answer.text


@pytest.mark.parametrize("path", ["/panel%00", "/panel?next=%00", "/panel/consultations/99999999999999999999"])
async def test_a_strange_address_gets_an_answer_in_words(claire: httpx.AsyncClient, path: str) -> None:
    answer = await claire.get(path)
    assert answer.status_code in (400, 404)
    assert "<h1>" in answer.text


async def test_an_error_of_ours_is_said_without_its_traceback(claire: httpx.AsyncClient, town: Town) -> None:
    broken: Any = "no time at all"
    town.now = broken
    answer = await claire.get("/panel")
    assert answer.status_code == 500
    assert "de notre faute" in answer.text
    assert "Traceback" not in answer.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]


async def test_a_database_that_does_not_answer_asks_to_try_again(claire: httpx.AsyncClient, town: Town) -> None:
    async with town.database.write() as connection:
        await connection.exec_driver_sql("DROP TABLE inbox")
    answer = await claire.get("/panel")
    assert answer.status_code == 503
    assert "Réessayez dans un moment" in answer.text
    assert "inbox" not in answer.text


async def test_the_colour_of_the_town_is_the_only_thing_its_file_says(client: httpx.AsyncClient, town: Town) -> None:
    assert (await client.get("/town/montaubry.css")).text == ":root{--town:#1f4f93}"
    async with town.database.write() as connection:
        await connection.exec_driver_sql("UPDATE spaces SET colour = 'red;} body { display: none'")
    assert (await client.get("/town/montaubry.css")).text == ""
    assert (await client.get("/town/ailleurs.css")).status_code == 404
