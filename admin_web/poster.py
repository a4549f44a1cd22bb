"""Posters: one for each relay, each with a code of its own, so that one sees by where people arrive."""

from __future__ import annotations

import re
from datetime import datetime

from markupsafe import Markup, escape
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from admin_web import consultations
from admin_web.channels import offered
from admin_web.forms import number
from admin_web.qr import qr
from admin_web.session import Me, panel, signed_in
from admin_web.site import language_of, say, site_of
from flows.texts import Said, _
from storage import accounts, audit, codes, relays
from storage.audit import NewEntry
from storage.codes import Code
from storage.consultations import Consultation
from storage.refusals import AlreadyExists
from storage.relays import Relay

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
    """A poster for one more place, or for a relay that is known already."""
    consultation = await consultations.find(request, me)
    place = " ".join(me.form.text("place").split())
    chosen = number(me.form.text("relay") or "0")
    if len(place) > LONGEST_PLACE or not (place or chosen):
        fault = _("Give the place a name of {count} characters at most.", count=LONGEST_PLACE)
        return await _draw(request, me, fault)
    async with site_of(request).database.write() as connection:
        now = site_of(request).clock()
        if chosen:
            relay = await relays.find(connection, me.space_id, chosen)
        else:
            relay = await relays.of_place(connection, me.space_id, place, now)
        if relay is None:
            raise HTTPException(404)
        try:
            await codes.hang(connection, consultation, relay, now)
        except AlreadyExists:
            return await _draw(request, me, _("There is a poster for this place already."))
        await audit.note(connection, hung(me, now, consultation, relay))
    return RedirectResponse(request.url.path, 303)


def hung(me: Me, now: datetime, consultation: Consultation, relay: Relay) -> NewEntry:
    """For the journal, where the name of a person would stay for ever: only a place is named."""
    details = {"title": consultation.title, **({"place": relay.place} if relay.place is not None else {})}
    action = "poster" if relay.place is not None else "card"
    return me.entry(now, action, "consultations", consultation.id, **details)


async def _draw(request: Request, me: Me, fault: Said | None = None) -> Response:
    consultation = await consultations.find(request, me)
    async with site_of(request).database.read() as connection:
        listed = await codes.hung(connection, me.space_id, consultation.id)
        known = await relays.listed(connection, me.space_id)
    there = {one.relay.id for one in listed}
    return panel(
        request, me, "posters.html", 400 if fault else 200, consultation=consultation, hung=listed, fault=fault,
        others=[relay for relay in known if relay.id not in there], longest=LONGEST_PLACE,
        link=lambda code: link(request, code), typed=typed,
    )  # fmt: skip


async def show_sheets(request: Request, me: Me) -> Response:
    """The sheets to print, one a page: `?code=` draws only one of them."""
    consultation = await consultations.find(request, me)
    async with site_of(request).database.read() as connection:
        listed = await codes.hung(connection, me.space_id, consultation.id)
        others = offered(await accounts.listed(connection, me.space_id))
    wanted = request.query_params.get("code")
    sheets = [one.code for one in listed if wanted in (None, one.code.code)]
    language = language_of(request)
    description = say(_("QR code of the page of the consultation"), language)
    return panel(
        request, me, "sheets.html", consultation=consultation, codes=sheets, others=others,
        link=lambda code: link(request, code), typed=typed, qr=lambda code: qr(link(request, code), description),
    )  # fmt: skip


def link(request: Request, code: Code) -> str:
    """What the poster carries: short, for it may be typed."""
    return f"{site_of(request).base_url}/p/{code.code}"


def typed(address: str) -> Markup:
    """The address as it is typed, without its scheme; it breaks between its parts only."""
    return Markup(re.sub(r"(?=\.)|(?<=/)", "<wbr>", str(escape(address.partition("://")[2]))))
