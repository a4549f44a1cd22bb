"""Posters: one for each place, each with a code of its own, so that one sees by where people arrive."""

from __future__ import annotations

import re

from markupsafe import Markup, escape
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from admin_web import consultations
from admin_web.channels import offered
from admin_web.qr import qr
from admin_web.session import Me, panel, signed_in
from admin_web.site import language_of, say, site_of
from flows.texts import Said, _
from storage import accounts, audit, codes
from storage.codes import Code

LONGEST_PLACE = 60


def routes() -> list[BaseRoute]:
    return [
        Route("/panel/consultations/{id:int}/posters", signed_in(show), methods=["GET"]),
        Route("/panel/consultations/{id:int}/posters", signed_in(add), methods=["POST"]),
        Route("/panel/consultations/{id:int}/posters/print", signed_in(show_sheets), methods=["GET"]),
    ]


async def show(request: Request, me: Me) -> Response:
    return await _draw(request, me)


async def add(request: Request, me: Me) -> Response:
    """A poster for one more place."""
    site, consultation = site_of(request), await consultations.find(request, me)
    place = " ".join(me.form.text("place").split())
    if not place or len(place) > LONGEST_PLACE:
        fault = _("Give the place a name of {count} characters at most.", count=LONGEST_PLACE)
        return await _draw(request, me, fault)
    async with site.database.write() as connection:
        known = {
            (one.code.place or "").casefold() for one in await codes.places(connection, me.space_id, consultation.id)
        }
        if place.casefold() not in known:
            await codes.create(connection, consultation, site.clock(), place=place)
            hung = me.entry(
                site.clock(), "poster", "consultations", consultation.id, title=consultation.title, place=place
            )
            await audit.note(connection, hung)
            return RedirectResponse(request.url.path, 303)
    return await _draw(request, me, _("There is a poster for this place already."))


async def _draw(request: Request, me: Me, fault: Said | None = None) -> Response:
    consultation = await consultations.find(request, me)
    async with site_of(request).database.read() as connection:
        places = await codes.places(connection, me.space_id, consultation.id)
    status = 400 if fault else 200
    return panel(
        request, me, "posters.html", status, consultation=consultation, places=places, fault=fault,
        longest=LONGEST_PLACE, link=lambda code: link(request, code), typed=typed,
    )  # fmt: skip


async def show_sheets(request: Request, me: Me) -> Response:
    """The sheets to print, one a page: `?code=` draws only one of them."""
    consultation = await consultations.find(request, me)
    async with site_of(request).database.read() as connection:
        places = await codes.places(connection, me.space_id, consultation.id)
        others = offered(await accounts.listed(connection, me.space_id))
    wanted = request.query_params.get("code")
    hung = [one.code for one in places if wanted in (None, one.code.code)]
    language = language_of(request)
    description = say(_("QR code of the page of the consultation"), language)
    return panel(
        request, me, "sheets.html", consultation=consultation, codes=hung, others=others,
        link=lambda code: link(request, code), typed=typed, qr=lambda code: qr(link(request, code), description),
    )  # fmt: skip


def link(request: Request, code: Code) -> str:
    """What the poster carries: short, for it may be typed."""
    return f"{site_of(request).base_url}/p/{code.code}"


def typed(address: str) -> Markup:
    """The address as it is typed, without its scheme; it breaks between its parts only."""
    return Markup(re.sub(r"(?=\.)|(?<=/)", "<wbr>", str(escape(address.partition("://")[2]))))
