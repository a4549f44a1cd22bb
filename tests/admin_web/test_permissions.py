"""Every page of the panel asks who may open it: all routes, all roles."""

from collections.abc import Iterator

import httpx
import pytest
from sqlalchemy import update
from starlette.routing import Route

from admin_web.permissions import MAY, Ability, Rights, allowed
from storage import roles
from storage.models import Organiser
from storage.roles import ROLES
from tests.admin_web.conftest import Town
from tests.admin_web.gathering import gather, write
from tests.admin_web.test_sign_in import key_of

ONE = "/panel/consultations/{id:int}"
OWN = {"/panel", "/panel/archive", "/panel/settings", "/panel/password", "/panel/language", "/panel/stream"}
OWN |= {"/panel/sign-out", "/panel/sign-out-everywhere"}
OPEN = {"/panel/sign-in"}
"""The pages of whoever is not signed in."""
EXPORTING = {f"{ONE}/export.{{format}}", f"{ONE}/sent/{{question}}"}
EXPORTING |= {f"{ONE}/sent/{{question}}/{{contribution:int}}/{{file:int}}"}
MODERATING = "/panel/contributions"
TRYING = {f"{ONE}/try"}


def needed(path: str, method: str) -> Ability:
    """What a route takes, said once more and in other words than admin_web/permissions.py says it."""
    if path in OWN:
        return Ability.OWN
    if path.startswith(MODERATING):
        return Ability.MODERATE
    if path == f"{ONE}/copy":
        return Ability.SET_UP
    if path in EXPORTING:
        return Ability.EXPORT
    if path.startswith((f"{ONE}/edit", f"{ONE}/codes", f"{ONE}/rounds", f"{ONE}/steps/")):
        return Ability.RUN
    if path.startswith(ONE):
        return Ability.RUN if method == "POST" and path not in TRYING else Ability.LOOK
    return Ability.SET_UP


def walked(town: Town) -> Iterator[tuple[str, str]]:
    """Every (method, route) of the panel."""
    for route in town.application.routes:
        if isinstance(route, Route) and route.path.startswith("/panel") and route.path not in OPEN:
            yield from ((method, route.path) for method in sorted((route.methods or set()) - {"HEAD"}))


def filled(path: str, town: Town) -> str:
    filling = {
        "{id:int}": town.consultation.id,
        "{file:int}": 1,
        "{contribution:int}": 1,
        "{round:int}": 1,
        "{format}": "csv",
        "{question}": "transport",
    }
    for name, value in filling.items():
        path = path.replace(name, str(value))
    return path.replace("{digest}", "0" * 64)


async def test_every_route_is_there_for_the_roles_that_may_and_for_no_other(
    claire: httpx.AsyncClient, town: Town
) -> None:
    key = key_of(await claire.get("/panel/settings"))
    routes = list(walked(town))
    assert len(routes) > 35
    for role in ROLES:
        async with town.database.write() as connection:
            await connection.execute(update(Organiser).values(role=role))
        for method, path in routes:
            if path in {"/panel/stream", "/panel/sign-out", "/panel/sign-out-everywhere"}:
                continue  # one never ends, the others end the session: everybody's own
            may = needed(path, method) in MAY[role]
            assert allowed(filled(path, town), changing=method == "POST", rights=Rights(role, {})) == may, (role, path)
            if not may:
                form = {"key": key} if method == "POST" else None
                answer = await claire.request(method, filled(path, town), data=form)
                assert answer.status_code == 404, (role, method, path)


async def test_a_role_in_one_consultation_opens_that_one_only(town: Town) -> None:
    rights = Rights("none", {5: "organiser", 6: "reader"})
    assert allowed("/panel/consultations/5/close", changing=True, rights=rights)
    assert allowed("/panel/consultations/6/results", changing=False, rights=rights)
    assert not allowed("/panel/consultations/6/close", changing=True, rights=rights)
    assert allowed("/panel/consultations/5/archive", changing=True, rights=rights)
    assert not allowed("/panel/consultations/5/copy", changing=True, rights=rights), "a copy is a new one in the town"
    assert not allowed("/panel/consultations/7", changing=False, rights=rights)
    for page in ("/panel/doors", "/panel/team", "/panel/journal", "/panel/failures", "/panel/consultations/new"):
        assert not allowed(page, changing=False, rights=rights), page
    assert rights.where(Ability.MODERATE) == [5]
    assert Rights("organiser", {}).where(Ability.MODERATE) is None


async def test_a_role_this_program_does_not_know_may_nothing(town: Town) -> None:
    assert not allowed("/panel/consultations/5", changing=False, rights=Rights("wizard", {5: "witch"}))


@pytest.mark.parametrize(
    ("role", "first", "menu"),
    [
        (
            "organiser",
            "/panel",
            {"/panel", "/panel/contributions", "/panel/messages", "/panel/people", "/panel/settings"},
        ),
        ("moderator", "/panel/contributions", {"/panel/contributions", "/panel/settings"}),
        ("analyst", "/panel", {"/panel", "/panel/settings"}),
        ("reader", "/panel", {"/panel", "/panel/settings"}),
        ("none", "/panel/settings", {"/panel/settings"}),
    ],
)
async def test_the_menu_shows_what_one_may_open(
    claire: httpx.AsyncClient, town: Town, role: str, first: str, menu: set[str]
) -> None:
    async with town.database.write() as connection:
        await connection.execute(update(Organiser).values(role=role))
    page = await claire.get("/panel", follow_redirects=True)
    assert page.url.path == first
    shown = page.text.partition('<ul class="menu">')[2].partition("</ul>")[0]
    assert {part.partition('"')[0] for part in shown.split('href="')[1:]} == menu


async def test_moderators_see_contributions_and_nothing_else(claire: httpx.AsyncClient, town: Town) -> None:
    await gather(town)
    await write(town, "Un banc")
    async with town.database.write() as connection:
        here = {town.consultation.id: "moderator"}
        await roles.give(connection, town.space.id, town.organiser_id, "organiser", here)
        await connection.execute(update(Organiser).values(role="none"))
    assert "Un banc" in (await claire.get("/panel/contributions")).text
    assert (await claire.get(f"/panel/consultations/{town.consultation.id}/results")).status_code == 404


async def test_a_reader_is_offered_nothing_that_changes_a_consultation(claire: httpx.AsyncClient, town: Town) -> None:
    async with town.database.write() as connection:
        await connection.execute(update(Organiser).values(role="reader"))
    page = (await claire.get(f"/panel/consultations/{town.consultation.id}")).text
    assert "/close" not in page
    assert "/results" in page
    assert "/export." not in (await claire.get(f"/panel/consultations/{town.consultation.id}/results")).text
    posters = (await claire.get(f"/panel/consultations/{town.consultation.id}/posters")).text
    assert "Ajouter une affiche" not in posters
