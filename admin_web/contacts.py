"""People, the contacts: found, seen with where and when they agreed, corrected, erased, downloaded."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode

from babel.dates import format_date
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from admin_web import exports
from admin_web.consultations import midnight
from admin_web.forms import number
from admin_web.people import PEOPLE
from admin_web.session import Me, panel, signed_in
from admin_web.site import language_of, site_of
from flows import contacts as lists
from flows.answers import Misread
from flows.contacts import Town
from flows.texts import Said, Words, _
from flows.values import Phone
from storage import areas, audit, contacts, groups
from storage.contacts import Contact
from storage.refusals import AlreadyExists

CONTACTS = f"{PEOPLE}/contacts"
A_PAGE = 50


def routes() -> list[BaseRoute]:
    one = f"{CONTACTS}/{{contact:int}}"
    return [
        Route(CONTACTS, signed_in(show_list), methods=["GET"]),
        Route(f"{CONTACTS}/export.{{format}}", signed_in(download), methods=["POST"]),
        Route(one, signed_in(show), methods=["GET"]),
        Route(one, signed_in(save), methods=["POST"]),
        Route(f"{one}/erase", signed_in(erase), methods=["POST"]),
        Route(f"{one}/withdraw", signed_in(withdraw), methods=["POST"]),
    ]


async def town_of(connection: AsyncConnection, request: Request, me: Me) -> Town:
    """What a line is read by here."""
    known = lists.named({one.slug: one.name for one in await areas.listed(connection, me.space_id)})
    grouped = lists.named({one.slug: one.name for one in await groups.listed(connection, me.space_id)})
    return Town(midnight(me, site_of(request).clock()).date(), known, grouped)


# -- all of them ---------------------------------------------------------------------------------------------------


async def show_list(request: Request, me: Me) -> Response:
    asked = request.query_params
    search, page = asked.get("search", "").strip()[:200], max(1, min(number(asked.get("page") or "1"), 1_000_000))
    async with site_of(request).database.read() as connection:
        count, found = await contacts.listed(connection, me.space_id, search, (page - 1) * A_PAGE, A_PAGE)
        whole = await contacts.count(connection, me.space_id)
        written = await contacts.came(connection, me.space_id)
    return panel(
        request, me, "contacts.html", found=found, count=count, whole=whole, search=search, page=page,
        last=max(1, -(-count // A_PAGE)), added=number(asked["new"]) if "new" in asked else None, phone=phone,
        agreed=agreed(request),
        letters=sum(one.letters for one in written.values()), came=sum(one.came for one in written.values()),
        other=lambda page: f"?{urlencode({'search': search, 'page': page})}",
    )  # fmt: skip


def phone(contact: Contact) -> Said:
    """As people write it."""
    return Phone().echo(contact.phone) if contact.phone else ""


def agreed(request: Request) -> Callable[[Contact], str]:
    """The day on which somebody agreed, with its year: it may be long ago."""
    language = language_of(request)
    return lambda contact: format_date(contact.day, "long", locale=language)


async def download(request: Request, me: Me) -> Response:
    """All of them, as a list that can be read again. The journal says who took it."""
    format, separator = exports.wanted(request)
    async with site_of(request).database.write() as connection:
        count, found = await contacts.listed(connection, me.space_id)
        taken = me.entry(site_of(request).clock(), "export_contacts", "spaces", me.space_id, count=count)
        await audit.note(connection, taken)
    table = lists.table(found, language_of(request))
    return await exports.sent(table, f"{me.space.slug}-contacts", format, separator)


# -- one of them ---------------------------------------------------------------------------------------------------


async def find(request: Request, me: Me) -> Contact:
    """The contact of this address, or 404."""
    async with site_of(request).database.read() as connection:
        found = await contacts.find(connection, me.space_id, request.path_params["contact"])
    if found is None:
        raise HTTPException(404)
    return found


def _shown(contact: Contact) -> dict[str, Any]:
    """What the form holds."""
    return {
        "name": contact.name, "email": contact.email or "", "phone": contact.phone or "",
        "street": contact.street or "", "area": contact.area or "", "groups": contact.groups,
        "tags": ", ".join(contact.tags), "source": contact.source, "agreed_on": contact.agreed_on,
    }  # fmt: skip


def _typed(me: Me) -> dict[str, Any]:
    """The same, as it was typed."""
    texts = ("name", "email", "phone", "street", "area", "tags", "source", "agreed_on")
    typed = {name: " ".join(me.form.text(name, lists.LONGEST_CELL).split()) for name in texts}
    return {**typed, "groups": [one for one in me.form.data.getlist("group") if isinstance(one, str)]}


async def show(request: Request, me: Me) -> Response:
    contact = await find(request, me)
    return await _draw(request, me, contact, _shown(contact))


async def _draw(
    request: Request, me: Me, contact: Contact, shown: Mapping[str, Any], fault: Said | None = None
) -> Response:
    async with site_of(request).database.read() as connection:
        known = {one.slug: Words(one.name) for one in await areas.listed(connection, me.space_id)}
        grouped = {one.slug: Words(one.name) for one in await groups.listed(connection, me.space_id)}
        importer = await contacts.importer(connection, contact)
    return panel(
        request, me, "contact.html", 400 if fault else 200, contact=contact, shown=shown, fault=fault, areas=known,
        groups=grouped, importer=importer, longest=lists.LONGEST_CELL, agreed=agreed(request),
    )  # fmt: skip


async def save(request: Request, me: Me) -> Response:
    contact, typed = await find(request, me), _typed(me)
    try:
        async with site_of(request).database.write() as connection:
            town = await town_of(connection, request, me)
            line = lists.contact(**{**typed, "groups": "|".join(typed["groups"])}, town=town)
            await contacts.change(connection, contact, line)
            await audit.note(connection, _entry(request, me, "set_contact", contact))
    except Misread as wrong:
        return await _draw(request, me, contact, typed, wrong.reason)
    except AlreadyExists:
        return await _draw(request, me, contact, typed, _("Another contact says the same: erase one of the two."))
    return RedirectResponse(request.url.path, 303)


async def erase(request: Request, me: Me) -> Response:
    contact = await find(request, me)
    async with site_of(request).database.write() as connection:
        await contacts.erase(connection, contact)
        await audit.note(connection, _entry(request, me, "erase_contact", contact))
    return RedirectResponse(CONTACTS, 303)


async def withdraw(request: Request, me: Me) -> Response:
    """They agree no more: erased, and not brought back by an old list."""
    contact, site = await find(request, me), site_of(request)
    async with site.database.write() as connection:
        await contacts.withdraw(connection, contact, midnight(me, site.clock()).date())
        await audit.note(connection, _entry(request, me, "withdraw_contact", contact))
    return RedirectResponse(CONTACTS, 303)


def _entry(request: Request, me: Me, action: str, contact: Contact) -> audit.NewEntry:
    return me.entry(site_of(request).clock(), action, "contacts", contact.id)
