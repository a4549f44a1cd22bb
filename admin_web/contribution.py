"""One contribution: what was said of it, the official reply and how far the town is with it, the scores of a jury."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from admin_web.contributions import LIST, origin, within
from admin_web.official import LONGEST_REPLY, Answer, give, too_long, typed
from admin_web.session import Me, panel, signed_in
from admin_web.site import site_of
from admin_web.steps import Step, moderated
from flows.moderating import REASONS, answered
from flows.texts import Said, Words, _
from storage import attached, audit, moderation, progress, scores, spreading, supporting
from storage.merging import MERGED
from storage.moderation import Item
from storage.scores import NewScore
from storage.types import LARGEST_ID


def routes() -> list[BaseRoute]:
    return [
        Route(f"{LIST}/{{id:int}}", signed_in(show), methods=["GET"]),
        Route(f"{LIST}/{{id:int}}/reply", signed_in(reply), methods=["POST"]),
        Route(f"{LIST}/{{id:int}}/scores", signed_in(score), methods=["POST"]),
    ]


async def find(request: Request, me: Me) -> tuple[Item, Step]:
    """The contribution of this address and its step, or 404."""
    steps = await moderated(request, me)
    wanted: int = request.path_params["id"]
    async with site_of(request).database.read() as connection:
        found = await moderation.find(connection, within(me), [wanted]) if wanted <= LARGEST_ID else []
    if not found:
        raise HTTPException(404)
    return found[0], steps[found[0].phase_id]


async def show(request: Request, me: Me) -> Response:
    return await _draw(request, me)


async def _draw(request: Request, me: Me, fault: Said | None = None) -> Response:
    item, step = await find(request, me)
    async with site_of(request).database.read() as connection:
        said = await progress.of(connection, me.space_id, item.id)
        told = await spreading.reach(connection, me.space_id, progress.concerned(me.space_id, item.id))
        support, following = await supporting.people(connection, me.space_id, item.id)
        merged = await moderation.merged_into(connection, within(me), item.id)
        reports = await moderation.reports(connection, me.space_id, [item.id])
        sent = (await attached.of(connection, me.space_id, [item.id])).get(item.id)
        scored = (await scores.of(connection, me.space_id, [item.id])).get(item.id, {})
        mine = await scores.by(connection, me.space_id, item.id, me.session.organiser_id)
    return panel(
        request, me, "contribution.html", 400 if fault else 200, item=item, step=step, said=said,
        told=told, support=support, following=following,
        reports=reports.get(item.id, []), reasons=REASONS, origin=origin, fault=fault, scored=scored, mine=mine,
        sent=sent, merged=merged, mergeable=item.state == "sent" and step.language(item.kind, me) is not None,
        points=range(scores.LEAST, scores.MOST + 1), most=scores.MOST, longest=LONGEST_REPLY,
        typed={language: me.form.text(f"text_{language}", 20_000) for language in me.space.languages},
    )  # fmt: skip


async def reply(request: Request, me: Me) -> Response:
    """Say it, and queue one delivery a person: the author, and whoever supports or follows a text that is seen."""
    site, (item, step) = site_of(request), await find(request, me)
    if item.state == MERGED:
        raise HTTPException(404)
    texts, asked, now = typed(me), me.form.text("status"), site.clock()
    statuses = {one.id: one.label for one in step.module.statuses} if step.module else {}
    status = asked if asked in statuses and asked != item.status else None
    if not texts and status is None:
        return await _draw(request, me, _("Write an answer, or choose where it stands."))
    if fault := too_long(texts):
        return await _draw(request, me, fault)
    host = Words(me.space.contact.get("host") or me.space.name)
    lines = answered(item.text, statuses[status] if status else None, texts, host)
    given = Answer(item.id, status, texts, lines, progress.concerned(me.space_id, item.id))
    async with site.database.write() as connection:
        told = await give(connection, me, given, now)
        await audit.note(connection, me.entry(now, "reply", "contributions", item.id, status=status, people=told))
    return RedirectResponse(f"{LIST}/{item.id}", 303)


async def score(request: Request, me: Me) -> Response:
    """Keep what this member of the jury gives; a criterion left empty keeps what it had."""
    site, (item, step) = site_of(request), await find(request, me)
    now = site.clock()
    asked = {one.id: me.form.text(f"score_{one.id}", 2) for one in (step.module.criteria if step.module else ())}
    points = {criterion: int(given) for criterion, given in asked.items() if given.isascii() and given.isdigit()}
    if any(not scores.LEAST <= given <= scores.MOST for given in points.values()):
        raise HTTPException(400)
    juror = me.session.organiser_id
    given = [NewScore(me.space_id, item.id, juror, criterion, number, now) for criterion, number in points.items()]
    async with site.database.write() as connection:
        await scores.put(connection, given)
        if given:
            await audit.note(connection, me.entry(now, "score", "contributions", item.id, criteria=len(given)))
    return RedirectResponse(f"{LIST}/{item.id}", 303)
