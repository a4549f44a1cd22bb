"""Photos that residents send are seen by those who moderate, with the text they came with, and by nobody else."""

from __future__ import annotations

import re
from io import BytesIO

import httpx
import pytest
from PIL import Image
from playwright.async_api import Page, expect
from sqlalchemy import insert, select, update

from storage import consultations, erasure, files, roles
from storage.files import File
from storage.models import Answer, Contribution, Phase
from storage.types import new_id
from tests.admin_web.conftest import Enter, Town
from tests.admin_web.gathering import gather, write
from tests.admin_web.test_contributions import LIST, colleague, post
from tests.browser import DESK, PHONE, assert_accessible

PDF = File(b"%PDF-1.7", "application/pdf")
DRAWING = File(b"<svg onload='alert(1)'/>", "image/svg+xml")


def photo(colour: str = "teal") -> File:
    out = BytesIO()
    Image.new("RGB", (1200, 900), colour).save(out, "JPEG")
    return File(out.getvalue(), "image/jpeg")


async def write_with(town: Town, text: str, *sent: File, state: str = "waiting") -> int:
    """A text with these files, the first as its photo, the others as answers to questions of the organiser."""
    references = [files.reference_of(file.content) for file in sent]
    kinds = ["photo" if file.media_type.startswith("image/") else "document" for file in sent]
    id_ = await write(town, text, state)
    answers = [{kind: reference} for kind, reference in zip(kinds, references, strict=True)]
    fields = {"attached": answers[:1], "own": {f"q{number}": one for number, one in enumerate(answers[1:])}}
    async with town.database.write() as connection:
        for file, reference in zip(sent, references, strict=True):
            await files.put(connection, town.space.id, reference, file, town.now)
        await connection.execute(update(Contribution).where(Contribution.id == id_).values(fields=fields))
    return id_


def addresses(page: str) -> list[str]:
    """Where the files on a page are, in its order."""
    return list(dict.fromkeys(re.findall(rf'href="({LIST}/\d+/files/\d+)"', page)))


@pytest.fixture
async def gathering(town: Town) -> Town:
    await gather(town)
    return town


async def test_a_photo_stands_with_its_text_wherever_a_moderator_decides_about_it(
    claire: httpx.AsyncClient, gathering: Town
) -> None:
    sent = photo()
    idea = await write_with(gathering, "Un banc", sent)
    await write(gathering, "Sans photo")
    for path in (LIST, f"{LIST}/{idea}", f"{LIST}/hide?id={idea}"):
        page = (await claire.get(path)).text
        [found] = addresses(page)
        assert page.count('alt="Photo envoyée avec cette contribution"') == 1, path
        answer = await claire.get(found)
        assert answer.status_code == 200
        assert answer.content == sent.content
        assert answer.headers["content-type"] == "image/jpeg"
        assert answer.headers["cache-control"] == "private, no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert "content-disposition" not in answer.headers


async def test_several_photos_are_told_apart_and_a_document_is_saved(
    claire: httpx.AsyncClient, gathering: Town
) -> None:
    idea = await write_with(gathering, "Un banc", photo(), PDF, photo("red"))
    page = (await claire.get(f"{LIST}/{idea}")).text
    assert "Photo 1 sur 3 envoyée avec cette contribution" in page
    assert page.count("<img") == 2
    _first, paper, _last = addresses(page)
    assert "Enregistrer le document envoyé avec cette contribution" in page
    answer = await claire.get(paper)
    assert (answer.content, answer.headers["content-type"]) == (PDF.content, "application/pdf")
    assert answer.headers["content-disposition"] == "attachment"


async def test_what_is_no_known_picture_is_never_shown(claire: httpx.AsyncClient, gathering: Town) -> None:
    idea = await write_with(gathering, "Un banc", DRAWING)
    page = (await claire.get(f"{LIST}/{idea}")).text
    assert "<img" not in page
    [found] = addresses(page)
    assert (await claire.get(found)).headers["content-disposition"] == "attachment"


async def test_a_photo_that_never_arrived_is_told(claire: httpx.AsyncClient, gathering: Town) -> None:
    idea = await write(gathering, "Un banc")
    async with gathering.database.write() as connection:
        fields = {"attached": [{"photo": "telegram:7000000001:AgACAgQAAxk_-1"}]}
        await connection.execute(update(Contribution).values(fields=fields))
    for path in (LIST, f"{LIST}/{idea}"):
        page = (await claire.get(path)).text
        assert "n’est pas encore là, ou n’a pas pu être récupérée" in page
        assert addresses(page) == []


async def test_the_photo_of_a_hidden_text_is_still_there_for_whoever_hid_it(
    claire: httpx.AsyncClient, gathering: Town
) -> None:
    idea = await write_with(gathering, "Un banc", photo())
    await post(claire, "/hide", id=idea, reason="person")
    [found] = addresses((await claire.get(f"{LIST}?list=hidden")).text)
    assert (await claire.get(found)).status_code == 200


@pytest.mark.parametrize("gone", ["withdrawn", "erased"])
async def test_a_photo_is_gone_with_what_it_came_with(claire: httpx.AsyncClient, gathering: Town, gone: str) -> None:
    idea = await write_with(gathering, "Un banc", photo())
    [found] = addresses((await claire.get(LIST)).text)
    async with gathering.database.write() as connection:
        if gone == "withdrawn":
            await connection.execute(update(Contribution).values(state="withdrawn"))
        else:
            author = await connection.execute(select(Contribution.participant_id).where(Contribution.id == idea))
            await erasure.erase(connection, [(gathering.space.id, author.scalar_one() or 0, gathering.now.isoformat())])
    assert (await claire.get(found)).status_code == 404


async def test_a_photo_is_for_those_who_moderate_where_it_was_sent(claire: httpx.AsyncClient, gathering: Town) -> None:
    await write_with(gathering, "Un banc", photo())
    [found] = addresses((await claire.get(LIST)).text)
    async with gathering.database.write() as connection:
        await roles.give(connection, gathering.space.id, await colleague(connection, gathering), "organiser", {})
        other = await consultations.create(
            connection, gathering.space.id, slug="other", title={}, topic={}, why={}, decides={}, opens_at=None,
            closes_at=None, answer_on=None, now=gathering.now,
        )  # fmt: skip
    here, elsewhere = {gathering.consultation.id: "moderator"}, {other.id: "moderator"}
    for role, inside, status in (
        ("moderator", {}, 200),
        ("none", here, 200),
        ("none", elsewhere, 404),
        ("reader", {}, 404),
        ("analyst", {}, 404),
    ):
        async with gathering.database.write() as connection:
            await roles.give(connection, gathering.space.id, gathering.organiser_id, role, inside)
        assert (await claire.get(found)).status_code == status, (role, inside)
    claire.cookies.clear()
    answer = await claire.get(found)
    assert (answer.status_code, answer.headers["location"].partition("?")[0]) == (303, "/panel/sign-in")


ASKING = {
    "languages": ["fr", "en"],
    "questions": [{"id": "look", "kind": "photo", "text": {"fr": "Montrez-nous", "en": "Show us"}}],
}


async def answer_with(town: Town, file: File) -> int:
    """The town's phase asks for a photo, and somebody sends this one."""
    id_ = await write_with(town, "", file, state="sent")
    async with town.database.write() as connection:
        await connection.execute(
            update(Phase).where(Phase.id == town.phase.id).values(kind="questionnaire", settings=ASKING)
        )
        fields = {"look": {"photo": files.reference_of(file.content)}}
        values = {"kind": "response", "text": None, "fields": fields}
        await connection.execute(update(Contribution).where(Contribution.id == id_).values(**values))
        await connection.execute(
            insert(Answer).values(
                space_id=town.space.id, id=new_id(), phase_id=town.phase.id, contribution_id=id_, question="look",
                choice="given",
            )
        )  # fmt: skip
    return id_


async def test_photos_that_answer_a_question_are_for_whoever_may_download_every_answer(
    claire: httpx.AsyncClient, town: Town
) -> None:
    sent = photo()
    given = await answer_with(town, sent)
    results = f"/panel/consultations/{town.consultation.id}/results"
    [page] = re.findall(r'href="(/panel/[^"]+/sent/look[^"]*)"', (await claire.get(results)).text)
    html = (await claire.get(page)).text
    assert 'alt="Photo envoyée avec cette contribution"' in html
    [found] = re.findall(rf'src="(/panel/[^"]+/sent/look/{given}/[^"]+)"', html)
    answer = await claire.get(found)
    assert (answer.content, answer.headers["cache-control"]) == (sent.content, "private, no-store")
    for path in (page.replace("look", "other"), found.replace(str(given), "1"), found.replace("?", "1?")):
        assert (await claire.get(path)).status_code == 404, path
    async with town.database.write() as connection:
        await roles.give(connection, town.space.id, await colleague(connection, town), "organiser", {})
    for role, status in (("analyst", 200), ("reader", 404), ("moderator", 404)):
        async with town.database.write() as connection:
            await roles.give(connection, town.space.id, town.organiser_id, role, {})
        assert [(await claire.get(path)).status_code for path in (page, found)] == [status] * 2, role
        if role == "reader":
            assert "/sent/look" not in (await claire.get(results)).text


async def test_of_somebody_erased_the_page_of_answers_shows_nothing(claire: httpx.AsyncClient, town: Town) -> None:
    given = await answer_with(town, photo())
    async with town.database.write() as connection:
        author = await connection.execute(select(Contribution.participant_id).where(Contribution.id == given))
        await erasure.erase(connection, [(town.space.id, author.scalar_one() or 0, town.now.isoformat())])
    html = (await claire.get(f"/panel/consultations/{town.consultation.id}/sent/look")).text
    assert "Effacé avec la personne" in html
    assert "<img" not in html


@pytest.mark.parametrize("address", ["{idea}/files/1", "{idea}/files/99999999999999999999", "1/files/{file}"])
async def test_an_address_of_no_photo_leads_nowhere(claire: httpx.AsyncClient, gathering: Town, address: str) -> None:
    idea = await write_with(gathering, "Un banc", photo())
    [found] = addresses((await claire.get(LIST)).text)
    path = address.format(idea=idea, file=found.rpartition("/")[2])
    assert (await claire.get(f"{LIST}/{path}")).status_code == 404


async def test_a_photo_is_small_in_the_list_and_opens_large(
    page: Page, served: Town, enter: Enter, complaints: list[str]
) -> None:
    await gather(served)
    idea = await write_with(served, "Un banc devant la pharmacie", photo(), PDF)
    await enter(page)
    for size in (PHONE, DESK):
        await page.set_viewport_size({"width": size["width"], "height": size["height"]})
        heights = []
        for path in (LIST, f"{LIST}/{idea}"):
            await page.goto(served.url + path)
            shown = page.get_by_role("img", name="Photo 1 sur 2 envoyée avec cette contribution")
            await expect(shown).to_have_js_property("naturalWidth", 1200)
            heights.append(await shown.evaluate("image => image.getBoundingClientRect().height"))
            assert await page.evaluate("document.documentElement.scrollWidth") <= size["width"]
            await assert_accessible(page)
        assert heights[0] < 160 < heights[1]
    await page.get_by_role("link", name="Photo 1 sur 2").click()
    await page.wait_for_url(f"**{LIST}/{idea}/files/*")
    complaints.clear()  # the browser would like a style of its own around a picture


async def test_the_page_of_answers_is_for_everybody_and_every_screen(page: Page, served: Town, enter: Enter) -> None:
    await answer_with(served, photo())
    await enter(page)
    await page.goto(f"{served.url}/panel/consultations/{served.consultation.id}/results")
    await page.get_by_role("link", name="Voir ce qui a été envoyé").click()
    for size in (PHONE, DESK):
        await page.set_viewport_size({"width": size["width"], "height": size["height"]})
        shown = page.get_by_role("img", name="Photo envoyée avec cette contribution")
        await expect(shown).to_have_js_property("naturalWidth", 1200)
        assert await page.evaluate("document.documentElement.scrollWidth") <= size["width"]
        await assert_accessible(page)
