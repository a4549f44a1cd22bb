"""The town's answer to a whole step: a petition. It is told to everybody it concerns, once their number was seen."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from admin_web import phase_pages
from admin_web.official import LONGEST_REPLY, Answer, give, too_long, typed
from admin_web.session import Me, panel, signed_in
from admin_web.site import site_of
from flows.figures import PhaseRef
from flows.replies import Replies
from flows.texts import Said, Words, _
from storage import audit, spreading
from storage.consultations import Consultation, Phase

PAGE = "/panel/consultations/{id:int}/steps/{step:int}/reply"
ANSWERED = "answered"
"""The status of what a phase as a whole was answered with."""


def routes() -> list[BaseRoute]:
    return [
        Route(PAGE, signed_in(show), methods=["GET"]),
        Route(PAGE, signed_in(reply), methods=["POST"]),
    ]


async def find(request: Request, me: Me) -> tuple[Consultation, Phase, Replies]:
    """The step of this address, or 404 where there is nobody to answer."""
    consultation, phase = await phase_pages.find(request, me)
    module = site_of(request).load_module(phase.kind, phase.settings)
    if not isinstance(module, Replies):
        raise HTTPException(404)
    return consultation, phase, module


async def show(request: Request, me: Me) -> Response:
    return await _draw(request, me, {})


async def reply(request: Request, me: Me) -> Response:
    """First how many people it is for, then the same form again sends it."""
    consultation, phase, module = await find(request, me)
    texts = typed(me)
    if not texts:
        return await _draw(request, me, texts, _("Write an answer."))
    if fault := too_long(texts):
        return await _draw(request, me, texts, fault)
    site, ref, sure = site_of(request), PhaseRef(me.space_id, phase.id), bool(me.form.text("sure"))
    now = site.clock()
    async with site.database.write() as connection:
        to = await module.addressed(connection, ref, now)
        people = await spreading.reach(connection, me.space_id, to.audience)
        if sure:
            given = Answer(to.contribution_id, ANSWERED, texts, (to.intro, Words(texts)), to.audience)
            told = await give(connection, me, given, now)
            await audit.note(connection, me.entry(now, "reply", "phases", phase.id, status=None, people=told))
    if not sure:
        return await _draw(request, me, texts, people=people)
    return RedirectResponse(f"/panel/consultations/{consultation.id}", 303)


async def _draw(
    request: Request, me: Me, typed: Mapping[str, str], fault: Said | None = None, people: int | None = None
) -> Response:
    consultation, phase, _module = await find(request, me)
    return panel(
        request, me, "replying.html", 400 if fault else 200, consultation=consultation, step=phase, fault=fault,
        people=people, typed=typed, longest=LONGEST_REPLY,
    )  # fmt: skip
