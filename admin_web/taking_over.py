"""Taking over what residents proposed in an earlier step as options of a vote: chosen on a page of their own, then
added to the form of the vote, where their words may be shortened; authors are told once it is saved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from admin_web import consultations
from admin_web.fields import Row
from admin_web.forms import number
from admin_web.session import Me, panel, signed_in
from admin_web.site import site_of
from flows.module import Module, catalog
from flows.offering import put_to_the_vote, taken_over
from flows.run import Tell
from flows.telling import pack_tell
from flows.texts import Said, Words, _
from storage import consultations as kept
from storage import outbox, proposed
from storage.consultations import Consultation, Phase
from storage.outbox import NewDelivery
from storage.proposed import Proposed

MOST, ACCEPTED = 100, "accepted"
GONE = _("An idea that was taken over is no longer there: empty its row.")


def routes() -> list[BaseRoute]:
    return [Route("/panel/consultations/{id:int}/steps/ideas", signed_in(show), methods=["GET"])]


async def sources(connection: AsyncConnection, consultation: Consultation, step: Phase | None) -> list[Phase]:
    """The steps before this one, or before a new one, whose texts can become options of a vote."""
    phases = await kept.phases(connection, consultation.space_id, consultation.id)
    before = step.position if step is not None else len(phases) + 1
    return [one for one in phases if one.position < before and catalog().get(one.kind, Module).proposes]


async def show(request: Request, me: Me) -> Response:
    """The ideas of this status; what is ticked goes on to the form of the vote."""
    found, asked = await consultations.find(request, me), request.query_params
    status, to = asked.get("status", ACCEPTED), asked.get("to", "")
    async with site_of(request).database.read() as connection:
        phases = await kept.phases(connection, me.space_id, found.id)
        step = next((one for one in phases if str(one.id) == to), None)
        from_ = await sources(connection, found, step)
        ids = [one.id for one in from_]
        ideas = await proposed.listed(connection, me.space_id, ids, status, MOST) if ids else []
    kind = catalog().get(step.kind if step is not None else to)
    if kind is None or kind.offers is None or not from_:
        raise HTTPException(404)
    return panel(
        request, me, "ideas_choose.html", consultation=found, ideas=ideas, chosen=status, to=to,
        statuses=catalog()[from_[0].kind].statuses, action=to if step is not None else f"new/{to}",
    )  # fmt: skip


async def rows(request: Request, me: Me, consultation: Consultation, step: Phase | None) -> list[Row]:
    """A row for each idea that was ticked on that page."""
    ids = [number(one) for one in request.query_params.getlist("idea")[:MOST]]
    async with site_of(request).database.read() as connection:
        found = await _find(connection, consultation, step, ids) if ids else []
    return [Row("", {me.space.languages[0]: one.text}, {}, one.id) for one in found]


async def _find(
    connection: AsyncConnection, consultation: Consultation, step: Phase | None, ids: Sequence[int]
) -> list[Proposed]:
    phases = [one.id for one in await sources(connection, consultation, step)]
    return await proposed.find(connection, consultation.space_id, phases, ids) if phases else []


async def fault(
    connection: AsyncConnection, consultation: Consultation, step: Phase | None, module: type[Module], made: Any
) -> Mapping[str, Said]:
    """What is wrong with ideas that these settings would take over, by the field."""
    new = taken_over(module.offers, step.settings if step is not None else {}, made)
    if module.offers is None or not new or len(await _find(connection, consultation, step, new)) == len(new):
        return {}
    return {module.offers: GONE}


async def tell(
    request: Request, me: Me, connection: AsyncConnection, consultation: Consultation, step: Phase | None,
    offers: str | None, values: Mapping[str, Any],
) -> None:  # fmt: skip
    """Tell the author of each idea that these values of a phase have taken over."""
    before = step.settings if step is not None else {}
    new, at = taken_over(offers, before, values.get("settings", {})), site_of(request).clock()
    found = await _find(connection, consultation, step, new) if new else []
    words = Words(values["title"] or consultation.title)
    told = [Tell(one.author, put_to_the_vote(one.text, words)) for one in found if one.author is not None]
    bodies = [NewDelivery(me.space_id, one.participant_id, None, "broadcast", pack_tell(one), at) for one in told]
    await outbox.put(connection, bodies)
