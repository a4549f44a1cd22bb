"""A document on the chat page, where one is asked for: kept as it came, saved by its sender alone, never shown."""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import partial

import pytest
from sqlalchemy import select

from bot.house import House
from flows.pictures import LARGEST
from flows.values import PhotoAnswer
from storage import models
from tests.channels import little
from tests.channels.open_house import PAGE, Browser, browser, count, opened

PDF = b"%PDF-1.7\n1 0 obj << /Author (zaubernuss) >> endobj\n%%EOF"


@pytest.fixture
async def built(database_url: str) -> AsyncIterator[House]:
    async with opened(database_url) as house:
        yield house


@pytest.fixture
async def asked(built: House) -> AsyncIterator[Browser]:
    """Somebody who is asked for a picture."""
    async with browser(built) as one:
        await one.begin()
        await one.press("Yes, begin")
        for text in ("On foot", "12", "More benches"):
            await one.send(text=text)
        yield one


@pytest.fixture
async def asked_for_either(monkeypatch: pytest.MonkeyPatch, asked: Browser) -> Browser:
    """Or for a document: the question waits anew."""
    monkeypatch.setattr(little, "PhotoAnswer", partial(PhotoAnswer, documents=True))
    await asked.send(text="what?")
    assert "Please send a photo or a PDF." in asked.bubbles[-1]
    return asked


async def test_a_document_is_kept_as_it_came_and_saved_by_its_sender_alone(
    built: House, asked_for_either: Browser
) -> None:
    resident = asked_for_either
    assert 'enctype="multipart/form-data"' in resident.html
    await resident.send(files={"file": ("../plan.pdf", PDF, "application/pdf")})
    assert "Noted: your document." in resident.bubbles[-1]
    async with built.database.read() as connection:
        row = (await connection.execute(select(*(getattr(models.File, n) for n in ("content", "digest"))))).one()
    assert row.content == PDF
    address = f"{PAGE}/sent/{row.digest}"
    assert f'<a href="{address}" download="Your document">Your document</a>' in resident.html
    assert "<img" not in resident.html
    found = await resident.client.get(address)
    assert (found.content, found.headers["content-type"]) == (PDF, "application/pdf")
    assert found.headers["content-disposition"] == "attachment"
    assert found.headers["x-content-type-options"] == "nosniff"
    async with browser(built) as other:
        await other.begin()
        assert (await other.client.get(address)).status_code == 404


async def test_what_a_document_is_called_decides_nothing(built: House, asked_for_either: Browser) -> None:
    """A page of HTML that says it is a PDF is none; a PDF that says it is a picture is no picture."""
    said = await asked_for_either.send(files={"file": ("plan.pdf", b"<script>%PDF-1.7", "application/pdf")})
    assert said.status_code == 400
    await asked_for_either.send(files={"file": ("plan.html", PDF, "text/html")})
    async with built.database.read() as connection:
        assert list(await connection.scalars(select(models.File.media_type))) == ["application/pdf"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"PK\x03\x04 a spreadsheet", "cannot open this kind of file. Please send a photo or a PDF"),
        (b" %PDF-1.7", "cannot open this kind of file"),
        (PDF + b"\0" * LARGEST, "larger than 10 MB"),
        (b"\xff\xd8\xff" + b"\0" * LARGEST, "larger than 10 MB"),
    ],
    ids=["another kind", "not at the beginning", "heavy document", "heavy photo"],
)
async def test_what_is_neither_a_photo_nor_a_document_gets_a_clear_sentence(
    built: House, asked_for_either: Browser, content: bytes, said: str
) -> None:
    response = await asked_for_either.send(files={"file": ("x", content, "application/pdf")})
    assert response.status_code == 400
    assert said in response.text
    assert await count(built.database, models.File) == 0


async def test_where_a_photo_is_asked_for_a_document_is_not_kept(built: House, asked: Browser) -> None:
    response = await asked.send(files={"photo": ("plan.pdf", PDF, "application/pdf")})
    assert (response.status_code, "not a photo I can read" in response.text) == (400, True)
    assert await count(built.database, models.File) == 0
    await asked.send(files={"file": ("plan.pdf", PDF, "application/pdf")})
    assert "Please send a photo." in asked.bubbles[-1]
