"""Field rounds: a street list for a team of volunteers, its code to print, and what comes of it as they walk."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from admin_web import consultations
from admin_web.channels import bringing
from admin_web.forms import number
from admin_web.poster import typed
from admin_web.qr import qr
from admin_web.session import Me, panel, signed_in
from admin_web.site import language_of, say, site_of
from flows.module import Module, catalog
from flows.texts import Said, _, plural
from storage import accounts, audit, rounds
from storage.consultations import Consultation, Phase
from storage.consultations import phases as phases_of
from storage.refusals import AlreadyExists
from storage.rounds import LONGEST_LINE, LONGEST_TEAM, MOST_DOORS, NOBODY, REFUSED, TO_VISIT, Counted, SeenDoor

LONGEST_LIST = 2 * MOST_DOORS * LONGEST_LINE
"""Characters that are read at all, so that a list too long is told so."""
ALL = "/panel/consultations/{id:int}/rounds"
STATES: Mapping[str, Said] = {
    TO_VISIT: _("To be visited"),
    NOBODY: _("Nobody there"),
    REFUSED: _("Does not want to be asked"),
}


def routes() -> list[BaseRoute]:
    one = f"{ALL}/{{round:int}}"
    return [
        Route(ALL, signed_in(show), methods=["GET"]),
        Route(ALL, signed_in(add), methods=["POST"]),
        Route(one, signed_in(show_one), methods=["GET"]),
        Route(f"{one}/print", signed_in(show_sheet), methods=["GET"]),
        Route(f"{one}/close", signed_in(close), methods=["POST"]),
    ]


async def show(request: Request, me: Me) -> Response:
    return await _draw(request, me, {})


async def _draw(request: Request, me: Me, faults: Mapping[str, Said]) -> Response:
    found = await consultations.find(request, me)
    async with site_of(request).database.read() as connection:
        drawn = await rounds.of_consultation(connection, me.space_id, found.id)
        counted = await rounds.counted(connection, me.space_id, drawn)
    steps = await _aloud(request, me, found)
    return panel(
        request, me, "rounds.html", 400 if faults else 200, consultation=found, counted=counted, steps=steps,
        faults=faults, form=me.form, typed=me.form.text("doors", LONGEST_LIST), longest_team=LONGEST_TEAM,
        most=MOST_DOORS,
    )  # fmt: skip


async def _aloud(request: Request, me: Me, found: Consultation) -> list[Phase]:
    """The steps of a consultation that a volunteer may put to somebody, in their order."""
    async with site_of(request).database.read() as connection:
        listed = await phases_of(connection, me.space_id, found.id)
    return [phase for phase in listed if catalog().get(phase.kind, Module).aloud]


async def add(request: Request, me: Me) -> Response:
    """Draw up a round, and show its page."""
    site, found, form = site_of(request), await consultations.find(request, me), me.form
    team, lines = " ".join(form.text("team").split()), _lines(form.text("doors", LONGEST_LIST))
    steps = {phase.id: phase for phase in await _aloud(request, me, found)}
    phase = steps.get(number(form.text("step")))
    faults = _faults(team, lines)
    if phase is None or found.archived_at is not None:
        faults["step"] = _("Choose which step is asked at the doors.")
    if faults or phase is None:
        return await _draw(request, me, faults)
    now = site.clock()
    try:
        async with site.database.write() as connection:
            made = await rounds.create(connection, me.space_id, phase.id, team, lines, now)
            drawn = me.entry(now, "add_round", "consultations", found.id, team=team, doors=len(lines))
            await audit.note(connection, drawn)
    except AlreadyExists:
        return await _draw(request, me, {"team": _("This team has an open round for this step already.")})
    return RedirectResponse(f"{request.url.path}/{made.id}", 303)


def _lines(text: str) -> list[str]:
    """One line a door, each once, without what is empty."""
    return list(dict.fromkeys(" ".join(line.split()) for line in text.splitlines() if line.strip()))


def _faults(team: str, lines: list[str]) -> dict[str, Said]:
    faults: dict[str, Said] = {}
    if not team or len(team) > LONGEST_TEAM:
        faults["team"] = _("Give the team a name of {count} characters at most.", count=LONGEST_TEAM)
    if not 1 <= len(lines) <= MOST_DOORS:
        faults["doors"] = _("Write one line for each door: between {least} and {most}.", least=1, most=MOST_DOORS)
    long = next((line for line in lines if len(line) > LONGEST_LINE), None)
    if long is not None:
        shown = f"{long[:LONGEST_LINE]}…"
        faults["doors"] = _("A line has {count} characters at most: “{line}”", count=LONGEST_LINE, line=shown)
    return faults


async def _one(request: Request, me: Me) -> tuple[Consultation, Counted]:
    """The round that the address names, or 404."""
    found = await consultations.find(request, me)
    async with site_of(request).database.read() as connection:
        drawn = await rounds.of_consultation(connection, me.space_id, found.id)
        this = [one for one in drawn if one.id == request.path_params["round"]]
        counted = await rounds.counted(connection, me.space_id, this)
    if not counted:
        raise HTTPException(404)
    return found, counted[0]


async def show_one(request: Request, me: Me) -> Response:
    found, counted = await _one(request, me)
    code = counted.round.code
    return panel(
        request, me, "round.html", consultation=found, counted=counted, state=state,
        code=rounds.shown(code) if code is not None else None,
    )  # fmt: skip


def state(door: SeenDoor) -> Said:
    """What came of a door."""
    return plural("{count} answer", "{count} answers", door.answers) if door.answers else STATES[door.state]


async def show_sheet(request: Request, me: Me) -> Response:
    """What a volunteer takes along: the code, how it goes, and the doors; nothing once the round is closed."""
    found, counted = await _one(request, me)
    code = counted.round.code
    if code is None:
        raise HTTPException(404)
    async with site_of(request).database.read() as connection:
        others = bringing(await accounts.listed(connection, me.space_id), code)
    page = f"{site_of(request).base_url}/c/{me.space.slug}.{found.slug}?round={code}"
    description = say(_("QR code of the round"), language_of(request))
    doors = [(_("On a web page"), qr(page, description)), *((one.name, qr(one.address, description)) for one in others)]
    return panel(
        request, me, "round_sheet.html", consultation=found, counted=counted, code=rounds.shown(code), typed=typed,
        doors=doors,
    )  # fmt: skip


async def close(request: Request, me: Me) -> Response:
    """The code dies; the counts stay."""
    site = site_of(request)
    found, counted = await _one(request, me)
    async with site.database.write() as connection:
        if await rounds.close(connection, me.space_id, counted.round.id, site.clock()):
            done = me.entry(site.clock(), "close_round", "consultations", found.id, team=counted.round.team)
            await audit.note(connection, done)
    return RedirectResponse(f"/panel/consultations/{found.id}/rounds/{counted.round.id}", 303)
