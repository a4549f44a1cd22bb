"""Bringing contacts in: a list is looked at first, and kept once an organiser has seen what would become of it.

Between the two the list stands only in the page of whoever looks at it; nothing of it is here.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace

from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from admin_web.contacts import CONTACTS, town_of
from admin_web.session import Me, panel, signed_in
from admin_web.site import site_of
from flows import contacts as lists
from flows.contacts import MOST_BYTES, MOST_LINES, Lines, NotAList, Preview
from flows.texts import Said, _
from storage import audit, contacts

MOST_SHOWN = 100


def routes() -> list[BaseRoute]:
    return [
        Route(f"{CONTACTS}/import", signed_in(show), methods=["GET"]),
        Route(f"{CONTACTS}/import", signed_in(look), methods=["POST"]),
        Route(f"{CONTACTS}/keep", signed_in(keep), methods=["POST"]),
    ]


async def show(request: Request, me: Me) -> Response:
    return _draw(request, me)


def _draw(request: Request, me: Me, fault: Said | None = None) -> Response:
    columns = list(lists.COLUMNS.values())
    return panel(
        request, me, "contacts_import.html", 400 if fault else 200, fault=fault, form=me.form, columns=columns,
        most=MOST_LINES, megabytes=MOST_BYTES // 1_000_000,
    )  # fmt: skip


async def look(request: Request, me: Me) -> Response:
    """What would become of the list; nothing is kept."""
    content = await me.form.file("list")
    if not content:
        return _draw(request, me, _("Choose a file."))
    try:
        text = lists.text_of(content)
        lines = await _read(request, me, text)
        async with site_of(request).database.read() as connection:
            preview = await _weigh(connection, me, lines)
    except NotAList as refused:
        return _draw(request, me, refused.said)
    return _preview(request, me, text, preview)


async def _read(request: Request, me: Me, text: str) -> Lines:
    """Raises NotAList. Thousands of lines take seconds: they are read where they hold up nobody."""
    source, day = (" ".join(me.form.text(name, lists.LONGEST_CELL).split()) for name in ("source", "agreed_on"))
    async with site_of(request).database.read() as connection:
        town = replace(await town_of(connection, request, me), source=source, agreed_on=day)
    return await asyncio.to_thread(lists.read, text, town)


async def _weigh(connection: AsyncConnection, me: Me, lines: Lines) -> Preview:
    before = await contacts.known(connection, me.space_id, lines.good.values())
    return lists.weigh(lines, before)


def _preview(request: Request, me: Me, text: str, preview: Preview, fault: Said | None = None) -> Response:
    return panel(
        request, me, "contacts_preview.html", 400 if fault else 200, text=text, preview=preview, form=me.form,
        fault=fault, shown=preview.refused[:MOST_SHOWN],
    )  # fmt: skip


async def keep(request: Request, me: Me) -> Response:
    """Keep those who are new: all of them, or none."""
    text, site = me.form.text("text", 2 * MOST_BYTES), site_of(request)
    try:
        lines = await _read(request, me, text)
        async with site.database.write() as connection:
            preview = await _weigh(connection, me, lines)
            if me.form.text("no_roll") != "yes":
                return _preview(request, me, text, preview, _("Tick the box: an electoral roll can't be taken."))
            new = await contacts.put(connection, me.space_id, preview.new, me.session.organiser_id, site.clock())
            details = {"new": new, "refused": len(preview.refused)}
            await audit.note(connection, me.entry(site.clock(), "contacts", "spaces", me.space_id, **details))
    except NotAList as refused:
        return _draw(request, me, refused.said)
    return RedirectResponse(f"{CONTACTS}?new={new}", 303)
