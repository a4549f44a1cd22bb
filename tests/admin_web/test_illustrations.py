"""What prompts show, as it is served and drawn: everybody's, and nobody's photo."""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import partial
from io import BytesIO
from pathlib import Path

import httpx
import pytest
from PIL import Image
from sqlalchemy import select, update

from bot.house import House
from storage import models
from tests.admin_web.illustrated import DIGEST, EMAIL, PASSWORD, PDF, PLAN, build
from tests.admin_web.test_sign_in import key_of
from tests.channels.open_house import Browser, browser, opened

PICTURE = f"/files/montaubry/{DIGEST}"


@pytest.fixture
async def built(database_url: str, tmp_path: Path) -> AsyncIterator[House]:
    async with opened(database_url, build=partial(build, folder=tmp_path)) as house:
        yield house


@pytest.fixture
async def anybody(built: House) -> AsyncIterator[Browser]:
    """A browser that nobody has begun with."""
    async with browser(built, "fr") as one:
        yield one


async def begin(one: Browser) -> None:
    """Open the page and agree; the first question is asked."""
    await one.open("/c/place")
    await one.send("/c/place", begin="yes")
    await press(one, "Oui, commencer")


async def press(one: Browser, *labels: str) -> None:
    for label in labels:
        await one.send("/c/place", tap=one.button(label))


# -- served ----------------------------------------------------------------------------------------------------


async def test_a_picture_is_served_to_anybody_and_may_be_kept_for_ever(anybody: Browser) -> None:
    found = await anybody.client.get(PICTURE)
    assert found.status_code == 200
    assert found.headers["content-type"] == "image/png"
    assert found.headers["x-content-type-options"] == "nosniff"
    assert found.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert "default-src 'none'" in found.headers["content-security-policy"]
    assert "content-disposition" not in found.headers
    assert "set-cookie" not in found.headers
    with Image.open(BytesIO(found.content)) as shown:
        assert (shown.size, shown.getpixel((450, 300))) == ((900, 600), (201, 87, 63))


async def test_a_document_is_saved_and_never_opened_in_the_place_of_the_page(anybody: Browser) -> None:
    found = await anybody.client.get(f"/files/montaubry/{PLAN}")
    assert (found.content, found.headers["content-type"]) == (PDF, "application/pdf")
    assert found.headers["content-disposition"] == "attachment"
    assert found.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "address",
    [
        f"/files/montaubry/{'f' * 64}",
        f"/files/montaubry/{DIGEST[:63]}",
        f"/files/montaubry/{DIGEST[:63]}_",
        "/files/montaubry/%",
        f"/files/nowhere/{DIGEST}",
        f"/files/montaubry/..%2f{DIGEST}",
        f"/c/place/sent/{DIGEST}",
    ],
)
async def test_nothing_else_is_served(anybody: Browser, address: str) -> None:
    assert (await anybody.client.get(address)).status_code == 404


async def test_a_residents_photo_is_never_served_to_others(built: House, anybody: Browser) -> None:
    await begin(anybody)
    await press(anybody, "Oui", "Oui", "Oui", "Oui")
    out = BytesIO()
    Image.new("RGB", (40, 30), "red").save(out, "JPEG")
    await anybody.send("/c/place", files={"photo": ("a.jpg", out.getvalue(), "image/jpeg")})
    async with built.database.read() as connection:
        rows = await connection.execute(select(models.File.digest).where(models.File.digest.not_in((DIGEST, PLAN))))
        [digest] = rows.scalars()
    assert (await anybody.client.get(f"/c/place/sent/{digest}")).status_code == 200
    assert (await anybody.client.get(f"/files/montaubry/{digest}")).status_code == 404
    async with browser(built) as other:
        await sign_in(other)
        assert (await other.client.get(await draft_address(built, digest))).status_code == 404


async def test_what_a_draft_shows_is_for_organisers_who_are_signed_in(built: House, anybody: Browser) -> None:
    async with built.database.write() as connection:
        await connection.execute(update(models.Consultation).values(state="draft"))
    assert (await anybody.client.get(PICTURE)).status_code == 404
    address = await draft_address(built, DIGEST)
    led = await anybody.client.get(address)
    assert (led.status_code, led.headers["location"].partition("?")[0]) == (303, "/panel/sign-in")
    await sign_in(anybody)
    found = await anybody.client.get(address)
    assert (found.status_code, found.headers["content-type"]) == (200, "image/png")
    assert found.headers["cache-control"] == "private, max-age=86400"
    assert (await anybody.client.get(f"/panel/consultations/1/files/{DIGEST}")).status_code == 404


async def sign_in(one: Browser) -> None:
    await one.client.post("/panel/sign-in", data={"email": EMAIL, "password": PASSWORD})


async def draft_address(built: House, digest: str) -> str:
    async with built.database.read() as connection:
        id_ = await connection.scalar(select(models.Consultation.id))
    return f"/panel/consultations/{id_}/files/{digest}"


# -- drawn -----------------------------------------------------------------------------------------------------


async def test_the_talk_shows_pictures_and_links_to_the_rest(anybody: Browser) -> None:
    await begin(anybody)
    assert f'<img src="{PICTURE}" alt="Dessin de la place.">' in anybody.html
    await press(anybody, "Oui")
    assert f'<a href="/files/montaubry/{PLAN}" download="Le plan des travaux.">Le plan des travaux.</a>' in anybody.html
    await press(anybody, "Oui")
    assert '<a href="https://film.example/place" rel="noopener">Le film de la place.</a>' in anybody.html
    await press(anybody, "Oui")
    assert '<a href="https://image.example/a.jpg" rel="noopener">Une image ailleurs.</a>' in anybody.html
    assert "file:" not in anybody.html


async def test_trying_shows_them_too_while_it_is_a_draft(built: House, anybody: Browser) -> None:
    async with built.database.write() as connection:
        await connection.execute(update(models.Consultation).values(state="draft"))
    await sign_in(anybody)
    shown = await draft_address(built, DIGEST)
    address = shown.replace(f"files/{DIGEST}", "try")
    page: httpx.Response = await anybody.client.get(address)
    data = {"key": key_of(page), "steps": "[]", "say": "Oui, commencer"}
    tried = await anybody.client.post(address, data=data)
    assert f'<img src="{shown}" alt="Dessin de la place.">' in tried.text
    assert (await anybody.client.get(shown)).status_code == 200
