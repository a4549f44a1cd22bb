"""Settings, the town: who is responsible, what is kept of people, and its areas."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from admin_web.fields import NEEDED, words
from admin_web.session import Me, panel, signed_in
from admin_web.site import site_of
from flows.folding import slug
from flows.host import LANGUAGE_NAMES
from flows.texts import Said, _
from storage import areas, audit, spaces
from storage.audit import NewEntry
from storage.refusals import AlreadyExists
from storage.value import value

TOWN, AREAS = "/panel/settings/town", "/panel/settings/areas"
MOST_AREAS = 100
MOST_POINTS = 20_000
LONGEST_NAME = 80
LONGEST_LIST = 20_000


def routes() -> list[BaseRoute]:
    return [
        Route(TOWN, signed_in(show_town), methods=["GET"]),
        Route(TOWN, signed_in(save_town), methods=["POST"]),
        Route(AREAS, signed_in(show_areas), methods=["GET"]),
        Route(f"{AREAS}/add", signed_in(add_areas), methods=["POST"]),
        Route(f"{AREAS}/{{area:int}}/name", signed_in(rename_area), methods=["POST"]),
        Route(f"{AREAS}/{{area:int}}/remove", signed_in(remove_area), methods=["POST"]),
    ]


def _entry(request: Request, me: Me, action: str, about: str, about_id: int, **details: Any) -> NewEntry:
    return me.entry(site_of(request).clock(), action, about, about_id, **details)


# -- who is responsible --------------------------------------------------------------------------------------------


async def show_town(request: Request, me: Me) -> Response:
    return _town(request, me, me.space.contact, me.space.privacy, {})


def _town(
    request: Request, me: Me, contact: Mapping[str, Any], privacy: Mapping[str, str], faults: Mapping[str, Said]
) -> Response:
    return panel(
        request, me, "town.html", 400 if faults else 200, contact=contact, privacy=privacy, faults=faults,
        language_names=LANGUAGE_NAMES,
    )  # fmt: skip


async def save_town(request: Request, me: Me) -> Response:
    form, languages = me.form, me.space.languages
    contact = {
        **me.space.contact,
        "name": form.text("name", LONGEST_NAME),
        "phone": form.text("phone", LONGEST_NAME),
        "hours": words(form, "hours", languages),
        "host": words(form, "host", languages),
    }
    privacy = words(form, "privacy", languages)
    given = {"name": contact["name"], "phone": contact["phone"], "privacy": privacy}
    faults = {name: NEEDED for name, said in given.items() if not said}
    if faults:
        return _town(request, me, contact, privacy, faults)
    async with site_of(request).database.write() as connection:
        await spaces.describe(connection, me.space_id, contact, privacy)
        await audit.note(connection, _entry(request, me, "town", "spaces", me.space_id))
    return RedirectResponse("/panel/settings", 303)


# -- areas ---------------------------------------------------------------------------------------------------------


class NotAreas(ValueError):
    """What was given can't be read as areas; `said` is why."""

    def __init__(self, said: Said) -> None:
        super().__init__("these are no areas")
        self.said = said


@value
class NewArea:
    name: Mapping[str, str]
    shape: Mapping[str, Any] | None


async def show_areas(request: Request, me: Me) -> Response:
    return await _areas(request, me)


async def _areas(request: Request, me: Me, fault: Said | None = None) -> Response:
    async with site_of(request).database.read() as connection:
        known = await areas.listed(connection, me.space_id)
    return panel(
        request, me, "areas.html", 400 if fault else 200, areas=known, fault=fault, language_names=LANGUAGE_NAMES,
        listed=me.form.text("listed", LONGEST_LIST),
    )  # fmt: skip


async def add_areas(request: Request, me: Me) -> Response:
    listed = me.form.text("listed", LONGEST_LIST)
    uploaded = await me.form.file("shapes")
    try:
        new = from_geojson(uploaded, me.space.languages) if uploaded else from_list(listed, me.space.languages)
        async with site_of(request).database.write() as connection:
            known = await areas.listed(connection, me.space_id)
            if len(known) + len(new) > MOST_AREAS:
                raise NotAreas(_("At most {most} areas.", most=MOST_AREAS))
            for area in new:
                await _add(connection, me.space_id, area)
            await audit.note(connection, _entry(request, me, "areas", "spaces", me.space_id, count=len(new)))
    except NotAreas as refused:
        return await _areas(request, me, refused.said)
    return RedirectResponse(AREAS, 303)


async def _add(connection: AsyncConnection, space_id: int, area: NewArea) -> None:
    """A new area. Raises NotAreas when there is one of this name; then none of the list is added."""
    try:
        await areas.add(connection, space_id, slug(next(iter(area.name.values()))) or "area", area.name, area.shape)
    except AlreadyExists:
        name = next(iter(area.name.values()))
        raise NotAreas(_("There is an area called {name} already.", name=name)) from None


def from_list(text: str, languages: Sequence[str]) -> list[NewArea]:
    """One area a line, its name in each language with `;` between: `La Gare ; The station`. Raises NotAreas."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if not lines:
        raise NotAreas(_("Write the name of an area, or choose a file."))
    new = []
    for line in lines:
        names = [name.strip() for name in line.split(";")]
        if len(names) > len(languages) or not names[0] or any(len(name) > LONGEST_NAME for name in names):
            raise NotAreas(_("This line is not a name in each language: {line}", line=line[:60]))
        new.append(NewArea({code: name for code, name in zip(languages, names, strict=False) if name}, None))
    return new


def from_geojson(content: bytes, languages: Sequence[str]) -> list[NewArea]:
    """The areas of a FeatureCollection: Polygons or MultiPolygons with a property `name`, and maybe `name_fr`,
    `name:fr` and so on; degrees of WGS 84. Raises NotAreas."""
    try:
        data: Any = json.loads(content)
        features = data["features"]
        if data["type"] != "FeatureCollection" or not isinstance(features, list) or not features:
            raise ValueError
    except (ValueError, KeyError, TypeError, RecursionError):
        raise NotAreas(_("This file is not GeoJSON: a FeatureCollection with at least one area.")) from None
    new = [_feature(one, number, languages) for number, one in enumerate(features[: MOST_AREAS + 1], 1)]
    if sum(_points(area.shape["coordinates"]) for area in new if area.shape) > MOST_POINTS:
        raise NotAreas(_("These shapes have too many points: {most} at most. Simplify them.", most=MOST_POINTS))
    return new


def _feature(one: Any, number: int, languages: Sequence[str]) -> NewArea:
    try:
        said, shape = one["properties"], one["geometry"]
        names = {code: str(said.get(f"name_{code}") or said.get(f"name:{code}") or "") for code in languages}
        plain = said.get("name") or said.get("nom")
        names = {code: name for code, name in names.items() if name} or {languages[0]: str(plain or "")}
        depth = {"Polygon": 3, "MultiPolygon": 4}[shape["type"]]
        if not all(0 < len(name) <= LONGEST_NAME for name in names.values()):
            raise ValueError
        _check_degrees(shape["coordinates"], depth)
    except (ValueError, KeyError, TypeError, AttributeError, IndexError):
        said = _("Area {number} of the file needs a name, and the shape of a polygon in degrees.", number=number)
        raise NotAreas(said) from None
    return NewArea(names, {"type": shape["type"], "coordinates": shape["coordinates"]})


def _check_degrees(coordinates: Any, depth: int) -> None:
    """Raises ValueError unless these are nested so deep and end in longitude and latitude; rings are closed."""
    if not isinstance(coordinates, list) or not coordinates:
        raise ValueError
    if depth > 1:
        for inner in coordinates:
            _check_degrees(inner, depth - 1)
        if depth == 2 and (len(coordinates) < 4 or coordinates[0] != coordinates[-1]):
            raise ValueError
        return
    longitude, latitude = (float(number) for number in coordinates[:2] if not isinstance(number, bool | str))
    if not (-180 <= longitude <= 180 and -90 <= latitude <= 90):
        raise ValueError


def _points(coordinates: Any) -> int:
    if coordinates and not isinstance(coordinates[0], list):
        return 1
    return sum(_points(inner) for inner in coordinates)


async def _area(request: Request, me: Me) -> areas.Area:
    async with site_of(request).database.read() as connection:
        for area in await areas.listed(connection, me.space_id):
            if area.id == request.path_params["area"]:
                return area
    raise HTTPException(404)


async def rename_area(request: Request, me: Me) -> Response:
    area, name = await _area(request, me), words(me.form, "name", me.space.languages, LONGEST_NAME)
    if name:
        async with site_of(request).database.write() as connection:
            await areas.rename(connection, area, name)
            await audit.note(connection, _entry(request, me, "name_area", "areas", area.id, name=name))
    return RedirectResponse(AREAS, 303)


async def remove_area(request: Request, me: Me) -> Response:
    area = await _area(request, me)
    async with site_of(request).database.write() as connection:
        await areas.remove(connection, area)
        await audit.note(connection, _entry(request, me, "remove_area", "areas", area.id, name=dict(area.name)))
    return RedirectResponse(AREAS, 303)
