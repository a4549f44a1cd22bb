"""The list of consultations, and one of them: what it says, its dates, opening and closing it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from admin_web import arrivals, readiness
from admin_web.channels import TELEGRAM, channel_name
from admin_web.permissions import Ability
from admin_web.readiness import Check, Looked
from admin_web.session import Me, panel, signed_in
from admin_web.site import Site, site_of
from admin_web.steps import seals
from flows.figures import PhaseRef
from flows.module import Module, catalog
from flows.papers import Papers
from flows.replies import Eventful, Replies
from flows.texts import Said, Text, Words, _, plural
from storage import access, accounts, arriving, audiences, audit, consultations, letters, making, paper, spaces
from storage.accounts import AWAY
from storage.consultations import Consultation, Listed, Phase
from storage.phases import latest
from storage.refusals import StillOpen
from storage.types import LARGEST_ID
from storage.value import value

TRIED = "tried"
"""What the audit log calls that somebody tried a talk."""
ON_ITS_DATE = "date"
"""When to open, where it is not now."""


def routes() -> list[BaseRoute]:
    return [
        Route("/panel", signed_in(show_list), methods=["GET"]),
        Route("/panel/archive", signed_in(show_archive), methods=["GET"]),
        Route("/panel/consultations/{id:int}", signed_in(show), methods=["GET"]),
        Route("/panel/consultations/{id:int}/open", signed_in(open_it), methods=["POST"]),
        Route("/panel/consultations/{id:int}/close", signed_in(close_it), methods=["POST"]),
        Route("/panel/consultations/{id:int}/archive", signed_in(archive), methods=["POST"]),
        Route("/panel/consultations/{id:int}/take-out", signed_in(take_out), methods=["POST"]),
    ]


@value
class Step:
    """One date of a consultation; `mark` is `done`, `now` or `later`, `at` a moment, a day or None."""

    name: Said
    at: Any
    mark: str


async def show_list(request: Request, me: Me) -> Response:
    """What they may look at; whoever looks at none is led to the first page of theirs."""
    if me.home != "/panel":
        return RedirectResponse(me.home, 303)
    site = site_of(request)
    listed, archived = await _listed(request, me)
    async with site.database.read() as connection:
        happened = {one.consultation.id: await events(connection, site, one.consultation) for one in listed}
        ours = await accounts.listed(connection, me.space_id)
        is_now = [one.consultation.id for one in listed if is_open(one.consultation, site.clock())]
        ways = arrivals.shown(await arriving.ways(connection, me.space_id, is_now))
    return panel(
        request,
        me,
        "consultations.html",
        listed=listed,
        ways=ways,
        archived=len(archived),
        happened=happened,
        standing=lambda one: standing(one, site.clock()),
        telegram=any(one.channel == TELEGRAM for one in ours),
        unwell=[channel_name(one.channel) for one in ours if one.error not in (None, AWAY)],
    )


async def show_archive(request: Request, me: Me) -> Response:
    """What stands in no list any more."""
    _listed_now, archived = await _listed(request, me)
    return panel(request, me, "archive.html", listed=archived)


async def _listed(request: Request, me: Me) -> tuple[list[Listed], list[Listed]]:
    """What they may look at, the newest first: what is in use, and what is in the archive."""
    site = site_of(request)
    async with site.database.read() as connection:
        found = await consultations.listed(connection, me.space_id, midnight(me, site.clock()))
    theirs = [one for one in found if me.may(Ability.LOOK, one.consultation.id)]
    put_away = [one for one in theirs if one.consultation.archived_at is not None]
    return [one for one in theirs if one.consultation.archived_at is None], put_away


async def events(connection: AsyncConnection, site: Site, one: Consultation) -> list[tuple[Said, datetime]]:
    """What happened last in its steps, and when, where their modules tell it."""
    found = []
    for phase in await consultations.phases(connection, one.space_id, one.id):
        tells = issubclass(catalog().get(phase.kind, Module), Eventful)
        module = _loaded(site, phase) if tells else None
        if isinstance(module, Eventful):
            found.append(await module.event(connection, PhaseRef(one.space_id, phase.id)))
    return [event for event in found if event is not None]


async def show(request: Request, me: Me) -> Response:
    site = site_of(request)
    found = await find(request, me)
    async with site.database.read() as connection:
        [counts] = await consultations.listed(connection, me.space_id, midnight(me, site.clock()), found.id)
        unfinished = await consultations.unfinished(connection, me.space_id, found.id)
        phases = await consultations.phases(connection, me.space_id, found.id)
        people = await consultations.people(connection, found)
        begun = {phase.id for phase in phases if await making.has_begun(connection, phase)}
        papers = {phase.id: await paper.number(connection, me.space_id, phase.id) for phase in phases}
    now = site.clock()
    return panel(
        request,
        me,
        "consultation.html",
        consultation=found,
        counts=counts,
        unfinished=unfinished,
        standing=standing(found, now),
        awaited=found.opens_at is not None and found.opens_at > now,
        steps=line(found, phases, now),
        phases=phases,
        people=people,
        papers=papers,
        begun=begun,
        way=way,
        gathers=lambda phase: catalog().get(phase.kind, Module).gathers,
        answerable=lambda phase: issubclass(catalog().get(phase.kind, Module), Replies),
        on_paper=lambda phase: issubclass(catalog().get(phase.kind, Module), Papers),
        withdrawable=withdrawable,
        standing_of=lambda phase: standing_of(found, phase, now),
        sealing=[phase for phase in phases if phase.id in begun and seals(site, phase)],
        sealed=[phase for phase in phases if phase.sealed_at is not None],
        checks=await check_list(request, me, found) if found.state == "draft" and not found.archived_at else [],
        public=f"{site.base_url}/{me.space.slug}/{found.slug}",
    )


async def open_it(request: Request, me: Me) -> Response:
    """Open it, `when` its date comes or now, unless the check-list stops that, or asks about something and nobody said
    `anyway`."""
    site, found = site_of(request), await find(request, me)
    listed = await check_list(request, me, found)
    stopped = any(check.colour == "stop" for check in listed)
    asked = found.state == "draft" and any(check.colour == "watch" for check in listed)
    if stopped or (asked and me.form.text("anyway") != "yes"):
        left = [check for check in listed if check.colour != "good"]
        asking = {"checks": left, "stopped": stopped, "wished": me.form.text("when")}
        return panel(request, me, "open_anyway.html", 409, consultation=found, **asking)
    on_its_date = me.form.text("when") == ON_ITS_DATE
    async with site.database.write() as connection:
        await consultations.open_to_residents(connection, found, site.clock(), on_its_date=on_its_date)
        done = me.entry(site.clock(), "open", "consultations", found.id, title=found.title)
        await audit.note(connection, done)
    return RedirectResponse(f"/panel/consultations/{found.id}", 303)


async def check_list(request: Request, me: Me, found: Consultation) -> list[Check]:
    """What stands in the way of opening it, and what one may open all the same with."""
    site = site_of(request)
    now = site.clock()
    async with site.database.read() as connection:
        space = await spaces.load(connection, me.space_id)
        phases = await consultations.phases(connection, me.space_id, found.id)
        admitted = [access.in_force(phase.stages, now) for phase in phases]
        known = await audiences.count(connection, me.space_id, admitted, now)
        codes, _used = await letters.counted(connection, found)
        tried = await audit.has(connection, me.space_id, TRIED, "consultations", found.id)
    modules = [_loaded(site, phase) for phase in phases]
    return readiness.checks(Looked(space, found, phases, modules, known, codes, tried, now))


def _loaded(site: Site, phase: Phase) -> object | None:
    """The module of a phase, None where its settings can't be used."""
    try:
        return site.load_module(phase.kind, phase.settings)
    except (ValueError, KeyError):
        return None


async def close_it(request: Request, me: Me) -> Response:
    site, found = site_of(request), await find(request, me)
    async with site.database.write() as connection:
        await consultations.close_now(connection, found, site.clock())
        done = me.entry(site.clock(), "close", "consultations", found.id, title=found.title)
        await audit.note(connection, done)
    return RedirectResponse(f"/panel/consultations/{found.id}", 303)


async def archive(request: Request, me: Me) -> Response:
    site, found = site_of(request), await find(request, me)
    async with site.database.write() as connection:
        try:
            await consultations.archive(connection, found, site.clock())
        except StillOpen:
            raise HTTPException(409) from None
        await audit.note(connection, me.entry(site.clock(), "archive", "consultations", found.id, title=found.title))
    return RedirectResponse("/panel", 303)


async def take_out(request: Request, me: Me) -> Response:
    site, found = site_of(request), await find(request, me)
    async with site.database.write() as connection:
        await consultations.take_out(connection, found)
        await audit.note(connection, me.entry(site.clock(), "take_out", "consultations", found.id, title=found.title))
    return RedirectResponse(f"/panel/consultations/{found.id}", 303)


async def find(request: Request, me: Me) -> Consultation:
    """The consultation of this address, or 404."""
    wanted: int = request.path_params["id"]
    async with site_of(request).database.read() as connection:
        found = await consultations.find(connection, me.space_id, wanted) if wanted <= LARGEST_ID else None
    if found is None:
        raise HTTPException(404)
    return found


def midnight(me: Me, now: datetime) -> datetime:
    """When today began where the town is."""
    return now.astimezone(ZoneInfo(me.space.zone)).replace(hour=0, minute=0, second=0, microsecond=0)


def is_open(one: Consultation, now: datetime) -> bool:
    """Open by hand and by its dates."""
    return one.state == "open" and (not one.opens_at or one.opens_at <= now) and not _over(one, now)


def _over(one: Consultation, now: datetime) -> bool:
    return one.state == "closed" or (one.closes_at is not None and one.closes_at <= now)


def standing(one: Consultation, now: datetime) -> tuple[str, Text]:
    """How it stands now: the colour of its tag, and its words."""
    if one.state == "draft":
        return "watch", _("Being prepared")
    if _over(one, now):
        return "", _("Closed")
    if not is_open(one, now):
        return "watch", _("Opens by itself")
    if one.closes_at is None:
        return "good", _("Open")
    days = (one.closes_at - now) // timedelta(days=1)
    if days < 1:
        return "good", _("Open, last day")
    return "good", plural("Open, {count} more day", "Open, {count} more days", days)


def steps(one: Consultation, now: datetime) -> list[Step]:
    """Its dates on one line; the one it is at is `now`."""
    opened = one.state != "draft" and one.opens_at is not None and one.opens_at <= now
    over = _over(one, now)
    answered = one.answered_on is not None and one.answered_on <= now.date()
    marks = [True, opened, over, answered and over]
    latest = max(index for index, reached in enumerate(marks) if reached)
    named = [
        (_("Prepared"), one.created_at),
        (_("Opened") if opened else _("Opening"), one.opens_at),
        (_("Closed") if over else _("Closing"), one.closes_at),
        (_("Result"), one.answered_on),
    ]
    return [
        Step(name, at, "now" if index == latest else "done" if marks[index] else "later")
        for index, (name, at) in enumerate(named)
    ]


def way(phase: Phase) -> Said:
    """What the way of taking part of a step is called."""
    kind = catalog().get(phase.kind)
    return kind.name if kind is not None else _("Step")


def withdrawable(phase: Phase) -> bool:
    """Whether people vote on options of this step."""
    kind = catalog().get(phase.kind)
    return kind is not None and kind.offers is not None and bool(phase.settings.get(kind.offers))


def named(phase: Phase) -> Said:
    """What a step is called: its title, or its way of taking part."""
    return Words(phase.title) if phase.title else way(phase)


def standing_of(one: Consultation, phase: Phase, now: datetime) -> tuple[str, Said]:
    """How a step stands now: the colour of its tag, and its word."""
    if (
        phase.sealed_at is not None
        or phase.state == "closed"
        or _over(one, now)
        or (phase.closes_at is not None and phase.closes_at <= now)
    ):
        return "", _("Closed")
    if phase.state == "waiting":
        return "watch", _("Waits for the step before")
    if one.state == "draft" or (phase.opens_at is not None and phase.opens_at > now) or not is_open(one, now):
        return "watch", _("Not open yet")
    return "good", _("Open")


def line(one: Consultation, phases: Sequence[Phase], now: datetime) -> list[Step]:
    """All its dates on one line: its own, or those of its steps where there are several."""
    own = steps(one, now)
    if len(phases) < 2:
        return own
    prepared, *_between, result = own
    shown = [
        Step(named(phase), latest(one.opens_at, phase.opens_at), _MARKS[standing_of(one, phase, now)[0]])
        for phase in phases
    ]
    is_now = {"now": "done"} if any(step.mark == "now" for step in shown) else {}
    ends = [Step(end.name, end.at, is_now.get(end.mark, end.mark)) for end in (prepared, result)]
    return [ends[0], *shown, ends[1]]


_MARKS = {"": "done", "watch": "later", "good": "now"}
