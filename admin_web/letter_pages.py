"""Personal codes for the town's letter: how many, what they prove, and the list to print from, which is given once."""

from __future__ import annotations

import csv
import io

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from admin_web import consultations
from admin_web.session import Me, panel, signed_in
from admin_web.site import language_of, site_of
from flows.texts import Said, _, translate
from storage import areas, audit, groups, letters
from storage.letters import Known

MOST_CODES = 20_000
"""At once: a town of 20,000 writes to everybody."""
OLDEST = 120


def routes() -> list[BaseRoute]:
    one = "/panel/consultations/{id:int}/codes"
    return [
        Route(one, signed_in(show), methods=["GET"]),
        Route(one, signed_in(write), methods=["POST"]),
    ]


async def show(request: Request, me: Me) -> Response:
    return await _draw(request, me, {})


async def _draw(request: Request, me: Me, faults: dict[str, Said]) -> Response:
    found = await consultations.find(request, me)
    async with site_of(request).database.read() as connection:
        written, used = await letters.counted(connection, found)
        known, grouped = await areas.listed(connection, me.space_id), await groups.listed(connection, me.space_id)
    return panel(
        request, me, "codes.html", 400 if faults else 200, consultation=found, written=written, used=used, areas=known,
        groups=grouped, faults=faults, form=me.form,
    )  # fmt: skip


async def write(request: Request, me: Me) -> Response:
    """The codes as a file; from then on only their digests are kept."""
    found, site = await consultations.find(request, me), site_of(request)
    count, known, faults = await _read(request, me)
    if faults:
        return await _draw(request, me, faults)
    async with site.database.write() as connection:
        codes = await letters.write(connection, found, [known] * count, site.clock())
        done = me.entry(site.clock(), "letters", "consultations", found.id, title=found.title, count=count)
        await audit.note(connection, done)
    return _file(request, found.slug, codes, known)


async def _read(request: Request, me: Me) -> tuple[int, Known, dict[str, Said]]:
    """How many letters, what each of their codes proves, and what is wrong with what was typed."""
    count, born = me.form.number("count") or 0, me.form.number("born")
    known = Known(me.form.text("area") or None, me.form.text("group") or None, born)
    faults: dict[str, Said] = {}
    if not 1 <= count <= MOST_CODES:
        faults["count"] = _("Between {least} and {most}.", least=1, most=MOST_CODES)
    year = site_of(request).clock().year
    if me.form.text("born") and (born is None or not year - OLDEST <= born <= year):
        faults["born"] = _("Between {least} and {most}.", least=str(year - OLDEST), most=str(year))
    async with site_of(request).database.read() as connection:
        there = {None, *(one.slug for one in await areas.listed(connection, me.space_id))}
        grouped = {None, *(one.slug for one in await groups.listed(connection, me.space_id))}
    if known.area not in there or known.group not in grouped:
        faults["area"] = _("This area or group is not there any more.")
    return count, known, faults


def _file(request: Request, slug: str, codes: list[str], known: Known) -> Response:
    """A table that a word processor merges into a letter."""
    text = io.StringIO()
    table = csv.writer(text, delimiter=";")
    language = language_of(request)
    table.writerow([translate(word, language) for word in (_("code"), _("area"), _("group"), _("year of birth"))])
    table.writerows([code, known.area or "", known.group or "", known.born or ""] for code in codes)
    headers = {"Content-Disposition": f'attachment; filename="{slug}-codes.csv"', "Cache-Control": "no-store"}
    return Response("\ufeff" + text.getvalue(), media_type="text/csv; charset=utf-8", headers=headers)
