"""The photos and documents of ideas on the chat page: for whoever opens the idea, while everybody may read it."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import select, update

from bot.house import House
from storage import attached
from storage.database import Database
from storage.models import Consultation, Contribution, Phase
from tests.bot.town import make_consultation
from tests.channels.open_house import PAGE, Browser, browser, opened
from tests.tables import make_tables

PDF = b"%PDF-1.7\n1 0 obj << /Author (zaubernuss) >> endobj\n%%EOF"
IDEA = "A bandstand on the square"
OWN = {"id": "photo", "kind": "photo", "text": {"en": "Your garden?", "fr": "Votre jardin ?"}}


async def build(database: Database) -> None:
    """A town that collects ideas, with photos and a photo that only organisers see."""
    async with database.write() as connection:
        await make_tables(connection)
    await make_consultation(database)
    async with database.write() as connection:
        await connection.execute(update(Phase).values(kind="ideas", settings={"photo": True, "questions": [OWN]}))
        await connection.execute(update(Consultation).values(opens_at=datetime(2026, 1, 1, tzinfo=UTC)))


@pytest.fixture
async def built(database_url: str) -> AsyncIterator[House]:
    async with opened(database_url, build=build) as house:
        yield house


def photo(colour: str = "teal") -> bytes:
    """With where it was taken."""
    out, exif = BytesIO(), Image.Exif()
    exif[0x010E] = "zaubernuss"
    Image.new("RGB", (60, 40), colour).save(out, "JPEG", exif=exif)
    assert b"zaubernuss" in out.getvalue()
    return out.getvalue()


async def propose(one: Browser, *sent: bytes) -> None:
    """An idea with these beside it, and a photo of their own garden for the organisers."""
    await one.begin()
    await one.press("Yes, begin")
    await one.press("Propose an idea")
    await one.send(text=IDEA)
    await one.press("Skip")
    for content in sent:
        await one.send(files={"file": ("x", content, "application/octet-stream")})
    if len(sent) < 3:
        await one.press("Skip")
    await one.send(files={"photo": ("x", photo("red"), "image/jpeg")})
    await one.press("Send")
    assert "It is sent." in one.html


async def read(one: Browser, label: str = "1") -> list[str]:
    """Open the idea; where the page finds what came with it."""
    await one.begin()
    await one.press("Yes, begin")
    await one.press("Read the ideas")
    await one.press(label)
    return given(one)


def given(one: Browser) -> list[str]:
    return re.findall(rf'(?:src|href)="({PAGE}/given/[^"]+)"', one.html)


@pytest.fixture
async def ada(built: House) -> AsyncIterator[Browser]:
    async with browser(built) as one:
        yield one


@pytest.fixture
async def bob(built: House) -> AsyncIterator[Browser]:
    async with browser(built) as one:
        yield one


async def set_state(built: House, state: str) -> None:
    async with built.database.write() as connection:
        await connection.execute(update(Contribution).values(state=state))


async def test_whoever_opens_the_idea_sees_its_photo_and_nobody_else(built: House, ada: Browser, bob: Browser) -> None:
    await propose(ada, photo())
    [link, address] = await read(bob)
    assert link == address, "it opens large"
    assert f'<img src="{address}" alt="The photo sent with this idea">' in bob.html
    found = await bob.client.get(address)
    assert (found.status_code, found.headers["content-type"]) == (200, "image/jpeg")
    assert found.headers["cache-control"] == "private, max-age=300"
    assert found.headers["x-content-type-options"] == "nosniff"
    assert b"zaubernuss" not in found.content
    with Image.open(BytesIO(found.content)) as shown:
        assert shown.size == (60, 40)
    async with browser(built) as eve:
        assert (await eve.client.get(address)).status_code == 404, "nobody knows her"
        await eve.begin()
        assert (await eve.client.get(address)).status_code == 404, "no prompt has shown it to her"
        await eve.send(text=f'"{address.replace(PAGE + "/given/", attached.GIVEN)}"')
        assert (await eve.client.get(address)).status_code == 404, "writing its address is no way to see it"


async def test_a_document_is_a_link_that_saves_it(ada: Browser, bob: Browser) -> None:
    await propose(ada, PDF)
    [address] = await read(bob)
    said = "The document sent with this idea"
    assert f'<a href="{address}" download="{said}">{said}</a>' in bob.html
    found = await bob.client.get(address)
    assert (found.content, found.headers["content-type"]) == (PDF, "application/pdf")
    assert found.headers["content-disposition"] == "attachment"
    assert found.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("state", ["hidden", "waiting", "withdrawn", "merged"])
async def test_it_is_not_served_any_more_once_the_idea_is_not_seen(
    built: House, ada: Browser, bob: Browser, state: str
) -> None:
    await propose(ada, photo())
    address, _same = await read(bob)
    await set_state(built, state)
    assert (await bob.client.get(address)).status_code == 404
    await set_state(built, "sent")
    assert (await bob.client.get(address)).status_code == 200


async def test_what_waits_to_be_read_is_shown_to_nobody_not_even_its_author(
    built: House, ada: Browser, bob: Browser
) -> None:
    async with built.database.write() as connection:
        await connection.execute(update(Phase).values(moderation="before"))
    await propose(ada, photo())
    await ada.send(text="correct")
    await ada.press("1")
    assert "Sent with it: 1 photo." in ada.html
    assert given(ada) == []
    await bob.begin()
    await bob.press("Yes, begin")
    await bob.press("Read the ideas")
    assert IDEA not in bob.html


async def test_what_answers_a_question_of_the_organisers_is_never_shown(
    built: House, ada: Browser, bob: Browser
) -> None:
    await propose(ada, photo())
    address, _same = await read(bob)
    async with built.database.read() as connection:
        fields: Any = await connection.scalar(select(Contribution.fields))
        space, id_ = (await connection.execute(select(Contribution.space_id, Contribution.id))).one()
        sent = (await attached.of(connection, space, [id_]))[id_]
        assert [one.under for one in sent] == ["attached", "photo"]
        assert fields["own"]["photo"]["photo"] != fields["attached"][0]["photo"]
    secret = address.rpartition("/")[0] + f"/{sent[1].id}"
    assert (await bob.client.get(secret)).status_code == 404
    async with built.database.read() as connection:
        seen = [await attached.shown(connection, space, attached.address_of(id_, one.id or 0)) for one in sent]
    assert [one is not None for one in seen] == [True, False]


@pytest.mark.parametrize("address", ["1/files/1", "1/files/99999999999999999999", "x/files/1", "1/files/"])
async def test_no_other_address_leads_anywhere(ada: Browser, address: str) -> None:
    await ada.begin()
    assert (await ada.client.get(f"{PAGE}/given/{address}")).status_code == 404


async def test_up_to_three_come_with_an_idea_and_each_is_seen(built: House, ada: Browser, bob: Browser) -> None:
    await propose(ada, photo(), PDF, photo("navy"))
    addresses = await read(bob)
    seen = [(addresses[-1], "The photo sent with this idea (1 of 3)")]
    for what, number in (("document", 2), ("photo", 3)):
        await bob.press(f"See the next {what}")
        said = f"The {what} sent with this idea ({number} of 3)"
        assert said in bob.html
        seen.append((given(bob)[-1], said))
    assert len({address for address, _said in seen}) == 3
    assert [(await bob.client.get(address)).status_code for address, _said in seen] == [200, 200, 200]
    await bob.press("See the next photo")
    assert given(bob)[-1] == seen[0][0], "after the last the first again"
