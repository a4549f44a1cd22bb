"""Letters to contacts: each carries a code of its own, and is given once, as sheets to print or as a table to merge."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from admin_web import exports
from admin_web.consultations import midnight
from admin_web.contacts import CONTACTS
from admin_web.forms import number
from admin_web.poster import typed
from admin_web.qr import qr
from admin_web.session import Me, panel, signed_in
from admin_web.site import language_of, say, site_of
from flows.figures import Cell
from flows.texts import Said, _
from storage import audit, consultations, contacts
from storage.consultations import Consultation
from storage.contacts import Contact, Written
from storage.value import value

MOST_SHEETS, MOST_ROWS = 500, 20_000
"""In one go; whoever is left is written to the next time."""


@value
class Letter:
    """A contact, their code as it is read, and the address that carries it."""

    to: Contact
    code: str
    address: str


def routes() -> list[BaseRoute]:
    return [
        Route(f"{CONTACTS}/letters", signed_in(show), methods=["GET"]),
        Route(f"{CONTACTS}/letters", signed_in(write), methods=["POST"]),
    ]


async def _offered(request: Request, me: Me) -> list[Consultation]:
    """The consultations that one may still take part in."""
    async with site_of(request).database.read() as connection:
        listed = await consultations.listed(connection, me.space_id, midnight(me, site_of(request).clock()))
    found = [one.consultation for one in listed]
    return [one for one in found if one.archived_at is None and one.state != "closed"]


async def show(request: Request, me: Me) -> Response:
    return await _draw(request, me)


async def _draw(request: Request, me: Me, fault: Said | None = None) -> Response:
    offered = await _offered(request, me)
    async with site_of(request).database.read() as connection:
        written = await contacts.came(connection, me.space_id)
        left = {one.id: (await contacts.without_letter(connection, one, 0))[0] for one in offered}
        whole = await contacts.count(connection, me.space_id)
    return panel(
        request, me, "contact_letters.html", 400 if fault else 200, offered=offered, left=left, whole=whole,
        written={one.id: written.get(one.id, Written()) for one in offered}, fault=fault, sheets=MOST_SHEETS,
    )  # fmt: skip


async def write(request: Request, me: Me) -> Response:
    """The letters of those who were written none; with `again` of those as well who have not used theirs."""
    site, wanted = site_of(request), number(me.form.text("consultation") or "0")
    chosen = next((one for one in await _offered(request, me) if one.id == wanted), None)
    if chosen is None:
        return await _draw(request, me, _("Choose a consultation."))
    as_table = me.form.text("as") == "table"
    async with site.database.write() as connection:
        if me.form.text("again") == "yes":
            await contacts.take_back(connection, chosen)
        _left, people = await contacts.without_letter(connection, chosen, MOST_ROWS if as_table else MOST_SHEETS)
        codes = await contacts.write(connection, chosen, people, site.clock())
        details = {"title": chosen.title, "count": len(people)}
        entry = me.entry(site.clock(), "contact_letters", "consultations", chosen.id, **details)
        await audit.note(connection, *([entry] if people else []))
    if not people:
        return await _draw(request, me, _("Everybody was written a letter about it already."))
    letters = [
        Letter(one, code, f"{site.base_url}/p/{me.space.slug}.{chosen.slug}_{code.replace(' ', '')}")
        for one, code in zip(people, codes, strict=True)
    ]
    if as_table:
        table = _table(letters, language_of(request))
        return await exports.sent(table, f"{chosen.slug}-lettres", "csv", ";")
    description = say(_("QR code of the page of the consultation"), language_of(request))
    return panel(
        request, me, "contact_sheets.html", consultation=chosen, letters=letters, typed=typed,
        qr=lambda letter: qr(letter.address, description),
    )  # fmt: skip


async def _table(letters: Sequence[Letter], language: str) -> AsyncIterator[Sequence[Cell]]:
    """What a word processor merges into letters or labels."""
    named = (_("Name"), _("Postal address"), _("E-mail"), _("Phone"), _("Code"), _("Address of the page"))
    yield [say(said, language) for said in named]
    for one in letters:
        yield [one.to.name, one.to.street, one.to.email, one.to.phone, one.code, one.address]
