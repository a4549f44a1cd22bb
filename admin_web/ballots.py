"""Typing in ballots on paper: so many that are alike at once, by the numbers that stand on them; spoilt ones apart."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from admin_web.contributions import LIST
from admin_web.forms import number
from admin_web.session import Me, panel, signed_in
from admin_web.site import site_of
from admin_web.steps import Step, moderated
from flows.answers import Misread
from flows.papers import Papers
from flows.texts import Said, _
from storage import audit, paper, phases
from storage.paper import MOST_ALIKE, Mistake, OnPaper
from storage.value import value

PAGE = f"{LIST}/ballots"
SHOWN = 100
"""Lines that can be corrected on the page: the last ones."""
LONGEST_PLACE, LONGEST_REASON = 60, 300
KINDS: Mapping[str, Said] = {"vote": _("What is written above"), "blank": _("Blank"), "spoilt": _("Spoilt")}


def routes() -> list[BaseRoute]:
    return [
        Route(PAGE, signed_in(show), methods=["GET"]),
        Route(PAGE, signed_in(add), methods=["POST"]),
        Route(f"{PAGE}/{{line:int}}", signed_in(correct), methods=["POST"]),
    ]


@value
class Fault:
    """What is wrong with what was typed: in the form above, or in that of a line."""

    said: Said
    line: int | None = None


async def takers(request: Request, me: Me) -> dict[int, tuple[Step, Papers]]:
    """The votes that may have ballots on paper, by the phase's id: those that have opened, and were not put away."""
    steps, now = await moderated(request, me), site_of(request).clock()
    votes: dict[int, tuple[Step, Papers]] = {}
    for id_, step in steps.items():
        if isinstance(step.module, Papers) and step.consultation.archived_at is None:
            votes[id_] = step, step.module
    async with site_of(request).database.read() as connection:
        facts = await phases.load(connection, votes)
    return {id_: vote for id_, vote in votes.items() if facts[id_].is_open(now) or facts[id_].is_over(now)}


async def _step(request: Request, me: Me) -> tuple[Step, Papers]:
    """The vote that the form names, or 404."""
    found = (await takers(request, me)).get(number(me.form.text("step")))
    if found is None:
        raise HTTPException(404)
    return found


async def show(request: Request, me: Me) -> Response:
    return await _draw(request, me)


async def _draw(request: Request, me: Me, fault: Fault | None = None) -> Response:
    votes, asked = await takers(request, me), request.query_params.get("step") or me.form.text("step")
    chosen = number(asked) if asked else next(iter(votes), 0)
    step, papers = votes.get(chosen, (None, None))
    if asked and step is None:
        raise HTTPException(404)
    async with site_of(request).database.read() as connection:
        lines = await paper.listed(connection, me.space_id, chosen, SHOWN)
        counted = await paper.number(connection, me.space_id, chosen)
    return panel(
        request, me, "ballots.html", 400 if fault else 200, votes=votes, step=step, papers=papers, lines=lines,
        counted=counted, fault=fault, kinds=KINDS, most=MOST_ALIKE, longest_place=LONGEST_PLACE,
        longest_reason=LONGEST_REASON, kept=bool(request.query_params.get("kept")),
        place=request.query_params.get("place") or me.form.text("place"),
        typed={name: me.form.text(name) for name in ("ballots", "text", "kind", "reason", "instead")},
    )  # fmt: skip


async def add(request: Request, me: Me) -> Response:
    """Keep the line and show the empty form again, for the same box: ballots are counted in piles."""
    site, form = site_of(request), me.form
    step, papers = await _step(request, me)
    ballots, kind, place = _ballots(form.text("ballots")), form.text("kind") or "vote", form.text("place")
    if kind not in KINDS:
        raise HTTPException(400)
    if not ballots:
        return await _draw(
            request, me, Fault(_("Say how many ballots are alike: from 1 to {count}.", count=MOST_ALIKE))
        )
    if len(place) > LONGEST_PLACE:
        said = _("Give the place a name of {count} characters at most.", count=LONGEST_PLACE)
        return await _draw(request, me, Fault(said))
    if kind == "vote" and not form.text("text"):
        return await _draw(request, me, Fault(_("Say what is on the ballots, or that they are blank or spoilt.")))
    try:
        chosen = None if kind == "spoilt" else papers.read_paper(form.text("text") if kind == "vote" else "")
    except Misread as misread:
        return await _draw(request, me, Fault(misread.reason))
    now, phase = site.clock(), step.phase.id
    line = OnPaper(me.space_id, phase, chosen, ballots, me.session.organiser_id, now, place or None)
    async with site.database.write() as connection:
        await paper.type_in(connection, [line])
        action = "type_in_spoilt" if chosen is None else "type_in_ballots"
        await audit.note(connection, me.entry(now, action, "phases", phase, ballots=ballots))
    address = request.url.replace_query_params(step=phase, place=place, kept=1)
    return RedirectResponse(f"{PAGE}?{address.query}", 303)


async def correct(request: Request, me: Me) -> Response:
    """Take a line back, or say of how many ballots it really is, with the reason."""
    site, form, line = site_of(request), me.form, request.path_params["line"]
    step, _papers = await _step(request, me)
    reason, text = form.text("reason"), form.text("instead")
    instead = 0 if text == "0" else _ballots(text)
    if instead is None:
        said = _("Say how many there are: 0 for none, {count} at most.", count=MOST_ALIKE)
        return await _draw(request, me, Fault(said, line))
    if not reason or len(reason) > LONGEST_REASON:
        return await _draw(request, me, Fault(_("Say why, in {count} characters at most.", count=LONGEST_REASON), line))
    now, phase = site.clock(), step.phase.id
    async with site.database.write() as connection:
        mistake = Mistake(me.space_id, phase, line, reason, instead, me.session.organiser_id, now)
        [before] = await paper.correct(connection, [mistake])
        if before is not None:  # None: somebody was here first
            entry = me.entry(now, "correct_ballots", "phases", phase, before=before, ballots=instead, reason=reason)
            await audit.note(connection, entry)
    return RedirectResponse(f"{PAGE}?step={phase}&kept=1", 303)


def _ballots(text: str) -> int | None:
    """A number of ballots there can be, or None."""
    whole = text.isascii() and text.isdigit() and len(text) < 5
    return int(text) if whole and 1 <= int(text) <= MOST_ALIKE else None
