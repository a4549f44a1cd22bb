"""Settings of the town: who is responsible, its areas; and the codes of its letters."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import httpx
import pytest

from admin_web.town import MOST_POINTS, NotAreas, from_geojson, from_list
from storage import areas, letters, spaces
from tests.admin_web.conftest import Town
from tests.admin_web.test_sign_in import key_of

SQUARE = [[[2.0, 46.0], [2.1, 46.0], [2.1, 46.1], [2.0, 46.0]]]


async def send(claire: httpx.AsyncClient, path: str, data: Mapping[str, Any], **more: Any) -> httpx.Response:
    key = key_of(await claire.get("/panel/settings"))
    return await claire.post(path, data={"key": key, **data}, **more)


async def named(town: Town) -> list[tuple[str, dict[str, str], bool]]:
    async with town.database.read() as connection:
        listed = await areas.listed(connection, town.space.id)
    return [(area.slug, dict(area.name), area.shape is not None) for area in listed]


def collection(*shapes: Any, **properties: Any) -> bytes:
    features = [
        {"type": "Feature", "properties": properties or {"name": f"Area {number}"}, "geometry": shape}
        for number, shape in enumerate(shapes)
    ]
    return json.dumps({"type": "FeatureCollection", "features": features}).encode()


def polygon(coordinates: Any = SQUARE) -> dict[str, Any]:
    return {"type": "Polygon", "coordinates": coordinates}


async def test_who_is_responsible_is_said_and_what_is_missing_marked(claire: httpx.AsyncClient, town: Town) -> None:
    path = "/panel/settings/town"
    answer = await send(claire, path, {"name": "Nadia Roy", "phone": "", "privacy.fr": "Un an."})
    assert answer.status_code == 400
    assert "Nadia Roy" in answer.text
    typed = {"name": "Nadia Roy", "phone": "01", "privacy.fr": "Un an.", "hours.fr": "le matin", "host.fr": "la mairie"}
    assert (await send(claire, path, typed)).status_code == 303
    async with town.database.read() as connection:
        space = await spaces.load(connection, town.space.id)
    assert space.privacy == {"fr": "Un an."}
    assert (space.contact["name"], space.contact["phone"], space.contact["host"]) == (
        "Nadia Roy",
        "01",
        {"fr": "la mairie"},
    )


async def test_areas_are_pasted_renamed_and_removed(claire: httpx.AsyncClient, town: Town) -> None:
    path = "/panel/settings/areas"
    await send(claire, f"{path}/add", {"listed": "La Gare ; The station\n\nLe Bourg\n"})
    assert await named(town) == [
        ("la-gare", {"fr": "La Gare", "en": "The station"}, False),
        ("le-bourg", {"fr": "Le Bourg"}, False),
    ]
    answer = await send(claire, f"{path}/add", {"listed": "Les Prés\nLa gare"})
    assert answer.status_code == 400
    assert "Il y a déjà un quartier appelé La gare." in answer.text.replace("\N{NO-BREAK SPACE}", " ")
    assert "Les Prés" in answer.text
    assert len(await named(town)) == 2, "nothing of the list was added"
    async with town.database.read() as connection:
        gare, bourg = await areas.listed(connection, town.space.id)
    await send(claire, f"{path}/{bourg.id}/name", {"name.fr": "Le Vieux Bourg", "name.en": "The old town"})
    await send(claire, f"{path}/{gare.id}/remove", {})
    assert await named(town) == [("le-bourg", {"fr": "Le Vieux Bourg", "en": "The old town"}, False)]
    assert (await send(claire, f"{path}/{gare.id}/remove", {})).status_code == 404


async def test_areas_come_with_their_shapes_from_a_file(claire: httpx.AsyncClient, town: Town) -> None:
    content = collection(polygon(), name="La Gare", name_en="The station", name_fr="La Gare")
    answer = await send(claire, "/panel/settings/areas/add", {}, files={"shapes": ("areas.geojson", content)})
    assert answer.status_code == 303, answer.text
    assert await named(town) == [("la-gare", {"fr": "La Gare", "en": "The station"}, True)]
    answer = await send(claire, "/panel/settings/areas/add", {}, files={"shapes": ("areas.pdf", b"%PDF-1.7")})
    assert answer.status_code == 400


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe",
        b"[" * 10_000,
        b"null",
        b'{"type": "FeatureCollection", "features": []}',
        b'{"type": "FeatureCollection", "features": [3]}',
        collection(None),
        collection({"type": "Point", "coordinates": [2, 46]}),
        collection(polygon([])),
        collection(polygon([[[2, 46], [3, 46], [3, 47]]])),
        collection(polygon([[[2, 46], [3, 46], [3, 47], [2, 47]]])),
        collection(polygon([[[652_000, 6_862_000], [652_001, 6_862_000], [652_001, 6_862_001], [652_000, 6_862_000]]])),
        collection(polygon([[["2", "46"], ["3", "46"], ["3", "47"], ["2", "46"]]])),
        collection(polygon(), name=""),
        collection(polygon(), name="x" * 81),
        collection(polygon([[[2, 46]] * (MOST_POINTS + 1)])),
    ],
)
def test_what_is_no_map_of_areas_is_refused(content: bytes) -> None:
    with pytest.raises(NotAreas):
        from_geojson(content, ["fr", "en"])


@pytest.mark.parametrize("text", ["", " \n ", "; The station", "a;b;c", "x" * 81])
def test_what_is_no_list_of_areas_is_refused(text: str) -> None:
    with pytest.raises(NotAreas):
        from_list(text, ["fr", "en"])


async def test_codes_are_downloaded_once_and_counted_from_then_on(claire: httpx.AsyncClient, town: Town) -> None:
    await send(claire, "/panel/settings/areas/add", {"listed": "La Gare"})
    path = f"/panel/consultations/{town.consultation.id}/codes"
    answer = await send(claire, path, {"count": "3", "area": "la-gare", "born": "1961"})
    assert answer.headers["content-disposition"] == 'attachment; filename="centre-ville-codes.csv"'
    header, *rows = answer.content.decode("utf-8-sig").splitlines()
    assert header == "code;quartier;groupe;année de naissance"
    assert [row.partition(";")[2] for row in rows] == ["la-gare;;1961"] * 3
    codes = [row.partition(";")[0] for row in rows]
    page = (await claire.get(path)).text
    assert "<dt>codes créés</dt><dd>3</dd>" in page
    assert not any(code in page for code in codes)
    async with town.database.write() as connection:
        shown = letters.Shown(town.space.id, town.consultation.id, 1, codes[0], town.now.isoformat())
        [found] = await letters.redeem(connection, [shown])
    assert found == {"area": "la-gare", "group": None, "born": 1961}
    assert "<dt>code a servi</dt><dd>1</dd>" in (await claire.get(path)).text


@pytest.mark.parametrize(
    "typed", [{"count": "0"}, {"count": "lots"}, {"count": "20001"}, {"born": "1800"}, {"area": "x"}, {"group": "x"}]
)
async def test_codes_for_nobody_are_not_made(claire: httpx.AsyncClient, town: Town, typed: dict[str, str]) -> None:
    path = f"/panel/consultations/{town.consultation.id}/codes"
    assert (await send(claire, path, {"count": "3", **typed})).status_code == 400
    async with town.database.read() as connection:
        assert await letters.counted(connection, town.consultation) == (0, 0)
