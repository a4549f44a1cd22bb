"""The picture of a step: chosen in its form, described, kept like those of questionnaires, and removed again."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import httpx
import pytest
from PIL import Image
from sqlalchemy import func, select

from storage.consultations import Phase
from storage.models import File
from tests.admin_web.conftest import Town
from tests.admin_web.illustrated import drawing
from tests.admin_web.test_phase_pages import phases_of, send

TOLD = {"text.fr": "La place est refaite.", "state": "dated", "moderation": "none", "stages": "0"}
DESCRIBED = {**TOLD, "picture.description.fr": "Dessin de la place"}


def chosen(content: bytes) -> dict[str, Any]:
    return {"files": {"picture": ("place.png", content, "image/png")}}


async def presentation(claire: httpx.AsyncClient, town: Town) -> Phase:
    """A step that shows a picture, which was chosen in its form."""
    base = f"/panel/consultations/{town.consultation.id}/steps"
    answer = await send(claire, f"{base}/new/presentation", DESCRIBED, **chosen(drawing()))
    assert answer.status_code == 303, answer.text
    return (await phases_of(town, town.consultation.id))[-1]


async def test_a_picture_is_chosen_kept_without_what_else_it_carries_and_shown_to_everybody(
    claire: httpx.AsyncClient, town: Town
) -> None:
    step = await presentation(claire, town)
    picture = step.settings["picture"]
    assert picture["description"] == {"fr": "Dessin de la place"}
    digest = picture["address"].removeprefix("file:")
    page = (await claire.get(f"/panel/consultations/{town.consultation.id}/steps/{step.id}")).text
    assert f'src="/panel/consultations/{town.consultation.id}/files/{digest}" alt="Dessin de la place"' in page
    kept = await claire.get(f"/files/montaubry/{digest}")
    assert kept.headers["content-type"] in ("image/png", "image/jpeg")
    with Image.open(BytesIO(kept.content)) as opened:
        assert opened.size == (900, 600)


async def test_a_picture_stays_until_another_one_is_chosen_or_it_is_removed(
    claire: httpx.AsyncClient, town: Town
) -> None:
    step = await presentation(claire, town)
    path, before = f"/panel/consultations/{town.consultation.id}/steps/{step.id}", step.settings["picture"]["address"]
    await send(claire, path, {**DESCRIBED, "picture.description.fr": "La place en dessin"})
    [_first, step] = await phases_of(town, town.consultation.id)
    assert step.settings["picture"] == {"address": before, "description": {"fr": "La place en dessin"}}
    other = BytesIO()
    Image.new("RGB", (1200, 900), "#3c6e47").save(other, "PNG")
    await send(claire, path, DESCRIBED, **chosen(other.getvalue()))
    [_first, step] = await phases_of(town, town.consultation.id)
    after = step.settings["picture"]["address"]
    assert after != before
    assert (await claire.get(f"/files/montaubry/{before[5:]}")).status_code == 404, "nothing shows it any more"
    await send(claire, path, {**DESCRIBED, "picture.remove": "yes"})
    [_first, step] = await phases_of(town, town.consultation.id)
    assert step.settings["picture"] is None
    assert (await claire.get(f"/files/montaubry/{after[5:]}")).status_code == 404


@pytest.mark.parametrize(
    ("typed", "content", "said"),
    [
        (TOLD, drawing(), "Dites ce que montre l’image"),
        (DESCRIBED, b"%PDF-1.7", "Ce n’est pas une photo que je sais lire."),
        ({**DESCRIBED, "text.fr": ""}, drawing(), "Choisissez de nouveau l’image"),
        (DESCRIBED, b"x" * (10 * 1024 * 1024 + 1), "10 Mo"),
    ],
)
async def test_a_picture_that_cannot_be_shown_or_is_not_described_is_not_kept(
    claire: httpx.AsyncClient, town: Town, typed: dict[str, str], content: bytes, said: str
) -> None:
    path = f"/panel/consultations/{town.consultation.id}/steps/new/presentation"
    answer = await send(claire, path, typed, **chosen(content))
    assert answer.status_code == 400
    assert said in answer.text.replace("\N{NO-BREAK SPACE}", " ")
    assert len(await phases_of(town, town.consultation.id)) == 1
    async with town.database.read() as connection:
        assert await connection.scalar(select(func.count()).select_from(File)) == 0


async def test_nobody_shows_a_file_of_ours_by_writing_its_name(claire: httpx.AsyncClient, town: Town) -> None:
    path = f"/panel/consultations/{town.consultation.id}/steps/new/presentation"
    await send(claire, path, {**DESCRIBED, "picture": f"file:{'0' * 64}", "picture.address": f"file:{'0' * 64}"})
    assert (await phases_of(town, town.consultation.id))[-1].settings["picture"] is None
