"""A text that says the same as another one of its step is merged into it: which other, and then it is done."""

from __future__ import annotations

from datetime import datetime

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from admin_web.contribution import find
from admin_web.contributions import LIST, origin, within
from admin_web.session import Me, panel, signed_in
from admin_web.site import site_of
from flows.moderating import merged
from flows.run import Tell
from flows.telling import pack_tell
from flows.texts import Said, _
from storage import audit, merging, moderation, outbox, similar, supporting
from storage.merging import Merge, Merged
from storage.moderation import Item
from storage.outbox import NewDelivery
from storage.similar import Asked

PAGE = f"{LIST}/{{id:int}}/merge"
OFFERED = 8
BAR = 0.05
"""Texts are offered here that are less alike than those that a resident is shown: somebody reads them anyway."""


def routes() -> list[BaseRoute]:
    return [
        Route(PAGE, signed_in(show), methods=["GET"]),
        Route(PAGE, signed_in(merge), methods=["POST"]),
    ]


async def show(request: Request, me: Me) -> Response:
    return await _draw(request, me)


async def _mergeable(request: Request, me: Me) -> tuple[Item, str]:
    """The text of this address, and the language in which it is found by its words; 404 where that is not done."""
    item, step = await find(request, me)
    language = step.language(item.kind, me)
    if language is None or item.state != "sent":
        raise HTTPException(404)
    return item, language


async def _draw(request: Request, me: Me, fault: Said | None = None) -> Response:
    """Those that are most like it; or those that hold the words that somebody looks for."""
    item, language = await _mergeable(request, me)
    sought = request.query_params.get("search", "").strip()[:200]
    asked = Asked(me.space_id, item.phase_id, sought or item.text, language, OFFERED, BAR, but=item.id)
    async with site_of(request).database.read() as connection:
        [near] = await (similar.search if sought else similar.similar)(connection, [asked])
        found = {one.id: one for one in await moderation.find(connection, within(me), [one["id"] for one in near])}
        support = {id_: (await supporting.people(connection, me.space_id, id_))[0] for id_ in (item.id, *found)}
    offered = [found[one["id"]] for one in near if one["id"] in found and found[one["id"]].kind == item.kind]
    return panel(
        request, me, "merging.html", 400 if fault else 200, item=item, offered=offered, support=support,
        origin=origin, sought=sought, fault=fault,
    )  # fmt: skip


async def merge(request: Request, me: Me) -> Response:
    """Merge it into the one that was chosen, and tell its author once."""
    site, (item, _language) = site_of(request), await _mergeable(request, me)
    chosen, now = me.form.numbers("into")[:1], site.clock()
    async with site.database.write() as connection:
        found = await moderation.find(connection, within(me), chosen)
        given = [Merge(me.space_id, item.id, one.id, now) for one in found]
        done = [one for one in await merging.merge(connection, given) if isinstance(one, Merged)]
        await outbox.put(connection, [_telling(one, me, now) for one in done if one.author is not None])
        await audit.note(connection, *(me.entry(now, "merge", "contributions", item.id) for _one in done))
    if not done:
        return await _draw(request, me, _("Choose the text that stays."))
    return RedirectResponse(f"{LIST}/{found[0].id}", 303)


def _telling(done: Merged, me: Me, now: datetime) -> NewDelivery:
    """To the author of what was merged, worded in their language when it leaves; it is about their own words."""
    assert done.author is not None
    tell = Tell(done.author, merged(done.text, done.into, me.space.contact, own=done.own))
    return NewDelivery(me.space_id, done.author, None, "receipt", pack_tell(tell), now)
