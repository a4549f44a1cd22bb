"""Settings, the hours: when messages that nobody asked for may leave, and how many of them a person gets."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import time
from itertools import pairwise
from typing import Any

from babel.dates import get_day_names
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from admin_web.session import Me, panel, signed_in
from admin_web.site import language_of, site_of
from flows.texts import Said, _
from storage import audit, hours, spaces
from storage.hours import MORNING, NIGHT, Hours

PAGE = "/panel/settings/hours"
SPANS = 2
"""Of a day: most offices close at noon."""
MOST = 30
"""More a month is one a day."""


def routes() -> list[BaseRoute]:
    return [Route(PAGE, signed_in(show), methods=["GET"]), Route(PAGE, signed_in(save), methods=["POST"])]


async def show(request: Request, me: Me) -> Response:
    async with site_of(request).database.read() as connection:
        kept, cap = await spaces.reaching(connection, me.space_id)
    now = hours.from_json(kept)
    spans = [(begins.isoformat("minutes"), ends.isoformat("minutes")) for begins, ends in now.spans]
    return _draw(request, me, now.days, spans, str(cap), {})


def _draw(
    request: Request, me: Me, days: Any, spans: list[tuple[str, str]], cap: str, faults: Mapping[str, Said]
) -> Response:
    names = get_day_names("wide", locale=language_of(request))
    spans = [*spans, *[("", "")] * (SPANS - len(spans))][:SPANS]
    return panel(
        request, me, "hours.html", 400 if faults else 200, days=days, spans=spans, cap=cap, faults=faults,
        day_names=[(day, names[day - 1]) for day in range(1, 8)], morning=MORNING, night=NIGHT,
    )  # fmt: skip


async def save(request: Request, me: Me) -> Response:
    days = tuple(sorted({day for day in me.form.numbers("day") if 1 <= day <= 7}))
    typed = [(me.form.text(f"from{n}", 5), me.form.text(f"to{n}", 5)) for n in range(1, SPANS + 1)]
    cap = me.form.number("cap")
    faults: dict[str, Said] = {}
    if not days:
        faults["days"] = _("Choose at least one day.")
    spans = hours.by_day([span for span in map(_span, typed) if span is not None])
    if not spans or any(_span(one) is None for one in typed if any(one)) or _overlap(spans):
        faults["spans"] = _("Each begins before it ends, between {morning} and {night}, and they do not overlap.",
                            morning=MORNING.isoformat("minutes"), night=NIGHT.isoformat("minutes"))  # fmt: skip
    if cap is None or not 0 <= cap <= MOST:
        faults["cap"] = _("A number from 0 to {most}.", most=MOST)
    if faults or cap is None:
        return _draw(request, me, days, typed, me.form.text("cap", 10), faults)
    async with site_of(request).database.write() as connection:
        await spaces.choose_hours(connection, me.space_id, Hours(days, spans).to_json(), cap)
        await audit.note(connection, me.entry(site_of(request).clock(), "hours", "spaces", me.space_id, most=cap))
    return RedirectResponse("/panel/settings", 303)


def _span(typed: tuple[str, str]) -> tuple[time, time] | None:
    """The times that were typed; None where they are none, or not in this order."""
    try:
        begins, ends = (time.fromisoformat(one) for one in typed)
    except ValueError:
        return None
    return (begins, ends) if begins < ends else None


def _overlap(spans: tuple[tuple[time, time], ...]) -> bool:
    return any(before[1] > after[0] for before, after in pairwise(spans))
