"""Withdrawing an option while people vote on it: it keeps its number, and whoever has voted is told."""

from __future__ import annotations

from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from admin_web import consultations, fields, phase_pages
from admin_web.session import Me, panel, signed_in
from admin_web.site import site_of
from flows import offering
from flows.module import Module, catalog
from flows.texts import Said
from storage import audit, conversations, phases
from storage.consultations import Consultation, Phase
from storage.value import value

PAGE = "/panel/consultations/{id:int}/steps/{step:int}/withdraw"


def routes() -> list[BaseRoute]:
    return [
        Route(PAGE, signed_in(show), methods=["GET"]),
        Route(PAGE, signed_in(withdraw), methods=["POST"]),
    ]


@value
class Vote:
    """A step on whose options people vote; `field` is where they stand in its settings."""

    consultation: Consultation
    phase: Phase
    kind: type[Module]
    field: str

    @property
    def options(self) -> list[dict[str, Any]]:
        return list(self.phase.settings.get(self.field) or ())


async def find(request: Request, me: Me) -> Vote:
    """The vote of this address, or 404 where there are no options, or it is over: then its result stands."""
    consultation, phase = await phase_pages.find(request, me)
    kind = catalog().get(phase.kind)
    async with site_of(request).database.read() as connection:
        facts = (await phases.load(connection, [phase.id]))[phase.id]
    if kind is None or kind.offers is None or not consultations.withdrawable(phase):
        raise HTTPException(404)
    if facts.is_over(site_of(request).clock()):
        raise HTTPException(404)
    return Vote(consultation, phase, kind, kind.offers)


async def show(request: Request, me: Me) -> Response:
    return await _draw(request, me)


async def _draw(request: Request, me: Me, fault: Said | None = None, asked: str | None = None) -> Response:
    vote = await find(request, me)
    async with site_of(request).database.read() as connection:
        told = await conversations.who_sent(connection, me.space_id, vote.phase.id)
    return panel(
        request, me, "withdrawing.html", 400 if fault else 200, consultation=vote.consultation, vote=vote,
        fault=fault, asked=asked, told=len(told),
    )  # fmt: skip


async def withdraw(request: Request, me: Me) -> Response:
    """First how many people are told, then the same form again does it."""
    vote, site, asked = await find(request, me), site_of(request), me.form.text("option")
    if asked not in {one["id"] for one in vote.options if not one.get("withdrawn")}:
        raise HTTPException(404)
    faults = fields.checked(vote.kind, offering.without(vote.phase.settings, vote.field, asked))
    if faults:
        return await _draw(request, me, next(iter(faults.values())))
    if not me.form.text("sure"):
        return await _draw(request, me, asked=asked)
    now = site.clock()
    async with site.database.write() as connection:
        told = await offering.withdraw(connection, vote.phase, asked, me.space.zone, now)
        number = [one["id"] for one in vote.options].index(asked) + 1
        entry = me.entry(now, "withdraw", "phases", vote.phase.id, number=number, people=told)
        await audit.note(connection, entry)
    return RedirectResponse(f"/panel/consultations/{vote.consultation.id}", 303)
