"""People, the relays: who and what brings residents, team by team; one of them, its codes, and what came by each.

Counts only. Nobody is told who came by whom, and a relay who works in this panel least of all.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from admin_web import exports
from admin_web.forms import number
from admin_web.people import PEOPLE
from admin_web.poster import LONGEST_PLACE, hung, link, typed
from admin_web.session import Me, panel, signed_in
from admin_web.site import language_of, say, site_of
from flows.figures import Cell
from flows.texts import Said, Text, _
from storage import audit, codes, consultations, relays
from storage.consultations import Consultation
from storage.refusals import AlreadyExists
from storage.relays import KINDS, PERSON, PLACE, Arrived, Relay

RELAYS = f"{PEOPLE}/relays"
KIND_NAMES: Mapping[str, Text] = {PLACE: _("A place"), PERSON: _("A person")}


def routes() -> list[BaseRoute]:
    one = f"{RELAYS}/{{relay:int}}"
    return [
        Route(RELAYS, signed_in(show_list), methods=["GET"]),
        Route(RELAYS, signed_in(add), methods=["POST"]),
        Route(f"{RELAYS}/export.{{format}}", signed_in(download), methods=["GET"]),
        Route(one, signed_in(show), methods=["GET"]),
        Route(one, signed_in(save), methods=["POST"]),
        Route(f"{one}/hang", signed_in(hang), methods=["POST"]),
        Route(f"{one}/remove", signed_in(remove), methods=["POST"]),
    ]


def _named(me: Me) -> tuple[str, str | None]:
    """The name and the team that were typed."""
    name, team = (" ".join(me.form.text(field).split()) for field in ("name", "team"))
    return name, team or None


_TOO_LONG = _("Give it a name of {count} characters at most.", count=LONGEST_PLACE)
_THERE = _("There is a relay of this name already.")


def _fault(name: str, team: str | None) -> Mapping[str, Said]:
    wrong = {"name": not name or len(name) > LONGEST_PLACE, "team": len(team or "") > LONGEST_PLACE}
    return {field: _TOO_LONG for field, is_wrong in wrong.items() if is_wrong}


# -- all of them ---------------------------------------------------------------------------------------------------


async def show_list(request: Request, me: Me) -> Response:
    return await _draw_list(request, me, {})


async def _draw_list(request: Request, me: Me, faults: Mapping[str, Said]) -> Response:
    async with site_of(request).database.read() as connection:
        listed = await relays.listed(connection, me.space_id)
        came = await relays.by_relay(connection, me.space_id)
        teams = await relays.by_team(connection, me.space_id)
    kind, figures = me.form.text("kind") or PLACE, [(one, came.get(one.id, Arrived())) for one in listed]
    return panel(
        request, me, "relays.html", 400 if faults else 200, listed=figures,
        teams=sorted(teams.items(), key=lambda item: (-item[1].people, item[0])), kinds=KIND_NAMES, kind=kind,
        words=sorted({one.team for one in listed if one.team}), faults=faults, form=me.form, longest=LONGEST_PLACE,
    )  # fmt: skip


async def add(request: Request, me: Me) -> Response:
    site, kind, (name, team) = site_of(request), me.form.text("kind"), _named(me)
    if kind not in KINDS:
        raise HTTPException(400)
    if faults := _fault(name, team):
        return await _draw_list(request, me, faults)
    try:
        async with site.database.write() as connection:
            made = await relays.add(connection, me.space_id, kind, name, team, site.clock())
            await audit.note(connection, me.entry(site.clock(), "relay", "relays", made.id))
    except AlreadyExists:
        return await _draw_list(request, me, {"name": _THERE})
    return RedirectResponse(f"{RELAYS}/{made.id}", 303)


async def download(request: Request, me: Me) -> Response:
    """The same figures: a line for each relay and consultation."""
    format, separator = exports.wanted(request)
    async with site_of(request).database.read() as connection:
        rows = await _rows(connection, me.space_id, language_of(request))
    return await exports.sent(_table(rows, language_of(request)), f"{me.space.slug}-relays", format, separator)


_HEADER = (
    _("Name"), _("Person or place"), _("Team"), _("Consultation"), _("Came"), _("Began"), _("Have sent"),
    _("For the first time"),
)  # fmt: skip


async def _table(rows: Sequence[Sequence[Cell]], language: str) -> AsyncIterator[Sequence[Cell]]:
    yield [say(said, language) for said in _HEADER]
    for row in rows:
        yield row


async def _rows(connection: AsyncConnection, space_id: int, language: str) -> list[list[Cell]]:
    came = await relays.by_code(connection, space_id)
    rows: list[list[Cell]] = []
    for relay in await relays.listed(connection, space_id):
        known: list[Cell] = [relay.name, say(KIND_NAMES[relay.kind], language), relay.team]
        for consultation, _code, one in await _by_consultation(connection, relay, came):
            rows.append([*known, say(consultation.title, language), one.people, one.began, one.answered, one.first])
    return rows


# -- one of them ---------------------------------------------------------------------------------------------------


async def find(request: Request, me: Me) -> Relay:
    """The relay of this address, or 404."""
    async with site_of(request).database.read() as connection:
        found = await relays.find(connection, me.space_id, request.path_params["relay"])
    if found is None:
        raise HTTPException(404)
    return found


async def _by_consultation(
    connection: AsyncConnection, relay: Relay, came: Mapping[tuple[int, int], Arrived]
) -> list[tuple[Consultation, codes.Code, Arrived]]:
    """Where the codes of a relay lead, the newest first, and what came by each."""
    found = []
    for code in await codes.of_relay(connection, relay):
        consultation = await consultations.find(connection, relay.space_id, code.consultation_id)
        if consultation is not None:
            found.append((consultation, code, came.get((relay.id, consultation.id), Arrived())))
    return found


async def show(request: Request, me: Me) -> Response:
    return await _draw(request, me, await find(request, me), {})


async def _draw(request: Request, me: Me, relay: Relay, faults: Mapping[str, Said]) -> Response:
    site = site_of(request)
    async with site.database.read() as connection:
        came = await relays.by_code(connection, me.space_id)
        leads = await _by_consultation(connection, relay, came)
        whole = (await relays.by_relay(connection, me.space_id)).get(relay.id, Arrived())
        listed = await consultations.listed(connection, me.space_id, site.clock())
    there = {consultation.id for consultation, _code, _came in leads}
    others = [one.consultation for one in listed if one.consultation.archived_at is None]
    return panel(
        request, me, "relay.html", 400 if faults else 200, relay=relay, leads=leads, whole=whole, faults=faults,
        others=[one for one in others if one.id not in there and one.state != "closed"], kinds=KIND_NAMES,
        link=lambda code: link(request, code), typed=typed, longest=LONGEST_PLACE,
    )  # fmt: skip


async def save(request: Request, me: Me) -> Response:
    relay, (name, team) = await find(request, me), _named(me)
    if faults := _fault(name, team):
        return await _draw(request, me, relay, faults)
    try:
        async with site_of(request).database.write() as connection:
            await relays.change(connection, relay, name, team)
            await audit.note(connection, _entry(request, me, "set_relay", relay))
    except AlreadyExists:
        return await _draw(request, me, relay, {"name": _THERE})
    return RedirectResponse(request.url.path, 303)


async def hang(request: Request, me: Me) -> Response:
    """A code for one more consultation."""
    site, relay = site_of(request), await find(request, me)
    wanted = number(me.form.text("consultation"))
    async with site.database.write() as connection:
        consultation = await consultations.find(connection, me.space_id, wanted)
        if consultation is None:
            raise HTTPException(404)
        try:
            await codes.hang(connection, consultation, relay, site.clock())
        except AlreadyExists:
            return RedirectResponse(f"{RELAYS}/{relay.id}", 303)  # sent twice: it is there
        await audit.note(connection, hung(me, site.clock(), consultation, relay))
    return RedirectResponse(f"{RELAYS}/{relay.id}", 303)


async def remove(request: Request, me: Me) -> Response:
    relay = await find(request, me)
    async with site_of(request).database.write() as connection:
        whole = (await relays.by_relay(connection, me.space_id)).get(relay.id, Arrived())
        await relays.remove(connection, relay)
        entry = me.entry(site_of(request).clock(), "remove_relay", "spaces", me.space_id, people=whole.people)
        await audit.note(connection, entry)
    return RedirectResponse(RELAYS, 303)


def _entry(request: Request, me: Me, action: str, relay: Relay, **details: Any) -> audit.NewEntry:
    return me.entry(site_of(request).clock(), action, "relays", relay.id, **details)
