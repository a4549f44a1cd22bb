"""Typing in a contribution from paper or from a table at a meeting; it keeps where it came from."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from admin_web.contributions import LIST
from admin_web.forms import number
from admin_web.session import Me, panel, signed_in
from admin_web.site import site_of
from admin_web.steps import Step, moderated
from flows.texts import Said, _
from storage import areas, audit, typing_in
from storage.typing_in import MOST_PEOPLE, ORIGINS, TypedIn

LONGEST_TEXT, LONGEST_PLACE = 1_500, 60


def routes() -> list[BaseRoute]:
    return [
        Route(f"{LIST}/new", signed_in(show), methods=["GET"]),
        Route(f"{LIST}/new", signed_in(add), methods=["POST"]),
    ]


async def takers(request: Request, me: Me) -> dict[int, Step]:
    """The steps that take contributions typed in: those of consultations that were opened, and not put away."""

    def takes(step: Step) -> bool:
        one = step.consultation
        opened = one.state != "draft" and one.archived_at is None
        return opened and step.module is not None and step.module.typed_in is not None

    return {id_: step for id_, step in (await moderated(request, me)).items() if takes(step)}


async def show(request: Request, me: Me) -> Response:
    return await _draw(request, me)


async def _draw(request: Request, me: Me, fault: Said | None = None) -> Response:
    steps = await takers(request, me)
    asked = request.query_params.get("step") or me.form.text("step")
    chosen = number(asked) if asked else next(iter(steps), None)
    async with site_of(request).database.read() as connection:
        districts = await areas.listed(connection, me.space_id)
    return panel(
        request, me, "contribution_new.html", 400 if fault else 200, steps=steps, step=steps.get(chosen or 0),
        fault=fault, districts=districts, most=MOST_PEOPLE, longest=LONGEST_TEXT, longest_place=LONGEST_PLACE,
        kept=request.query_params.get("kept"), place=request.query_params.get("place") or me.form.text("place"),
        origin=request.query_params.get("origin") or me.form.text("origin") or "paper",
        text=me.form.text("text", 20_000), people=me.form.text("people") or "1",
    )  # fmt: skip


async def add(request: Request, me: Me) -> Response:
    """Keep it and show the empty form again, at the same meeting: papers come in piles."""
    site, form = site_of(request), me.form
    step = (await takers(request, me)).get(number(form.text("step")))
    if step is None or step.module is None or step.module.typed_in is None:
        raise HTTPException(404)
    text, people, origin, place = (
        form.text("text", 20_000),
        form.text("people"),
        form.text("origin"),
        form.text("place"),
    )
    if fault := _fault(text, people, origin, place):
        return await _draw(request, me, fault)
    kind, theme, now = step.module.typed_in, form.text("theme") or None, site.clock()
    if theme is not None and theme not in {one.id for one in step.module.themes}:
        raise HTTPException(400)
    async with site.database.read() as connection:
        known = {one.slug for one in await areas.listed(connection, me.space_id)}
    area = form.text("area") or None
    if area is not None and area not in known:
        raise HTTPException(400)
    typed = TypedIn(
        me.space_id, step.phase.id, kind, text, theme, area,
        int(people) if origin == "meeting" else 1, origin, place or None, now, step.language(kind, me),
    )  # fmt: skip
    async with site.database.write() as connection:
        [made] = await typing_in.put(connection, [typed])
        entry = me.entry(now, "type_in", "contributions", made, origin=origin, people=typed.people)
        await audit.note(connection, entry)
    address = request.url.replace_query_params(step=step.phase.id, origin=origin, place=place, kept=made)
    return RedirectResponse(f"{LIST}/new?{address.query}", 303)


def _fault(text: str, people: str, origin: str, place: str) -> Said | None:
    if not text or len(text) > LONGEST_TEXT:
        return _("Type the text, of {count} characters at most.", count=LONGEST_TEXT)
    if origin not in ORIGINS:
        return _("Say where it comes from.")
    if not (people.isascii() and people.isdigit() and len(people) < 5 and 1 <= int(people) <= MOST_PEOPLE):
        return _("Say how many people sat at the table: from 1 to {count}.", count=MOST_PEOPLE)
    if len(place) > LONGEST_PLACE:
        return _("Give the place a name of {count} characters at most.", count=LONGEST_PLACE)
    return None
