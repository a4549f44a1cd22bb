"""The pages that residents open: a town's consultations, and the page of one of them, which offers every door.

Opening a page records nothing: chat programs open links to preview them.
"""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from admin_web.channels import offered
from admin_web.consultations import is_open, standing, steps
from admin_web.qr import qr
from admin_web.site import Site, language_of, render, say, site_of
from flows.figures import Measured
from flows.texts import _
from storage import accounts, codes, consultations, spaces
from storage.consultations import Consultation


def routes() -> list[BaseRoute]:
    return [
        Route("/", first, methods=["GET"]),
        Route("/p/{code}", by_code, methods=["GET"]),
        Route("/{space}", space, methods=["GET"]),
        Route("/{space}/{slug}", by_slug, methods=["GET"]),
    ]


async def first(request: Request) -> Response:
    """The town's page, or the choice of a town where there are several."""
    async with site_of(request).database.read() as connection:
        towns = await spaces.listed(connection)
    if len(towns) == 1:
        return RedirectResponse(f"/{towns[0].slug}", 302)
    return render(request, "towns.html", space=None, spaces=towns)


async def space(request: Request) -> Response:
    """What can be answered here now, and what was closed."""
    site = site_of(request)
    async with site.database.read() as connection:
        found = await spaces.find(connection, request.path_params["space"])
        if found is None:
            raise HTTPException(404)
        listed = await consultations.listed(connection, found.id, site.clock())
    opened = [one.consultation for one in listed if one.consultation.state != "draft"]
    shown = [one for one in opened if one.archived_at is None]
    return render(
        request, "space.html", zone=found.zone, space=found, shown=shown,
        standing=lambda one: standing(one, site.clock()),
    )  # fmt: skip


async def by_code(request: Request) -> Response:
    return await _page(request, request.path_params["code"])


async def by_slug(request: Request) -> Response:
    return await _page(request, request.path_params["slug"], request.path_params["space"])


async def _page(request: Request, word: str, space: str | None = None) -> Response:
    """The page of the consultation this word leads to, in this space when one is named."""
    site = site_of(request)
    async with site.database.read() as connection:
        entrance = await codes.find_entrance(connection, word, space)
        if entrance is None or entrance.consultation.state == "draft":
            raise HTTPException(404)
        ours = await accounts.listed(connection, entrance.space.id)
    found, now = entrance.consultation, site.clock()
    chat = f"{site.base_url}/c/{entrance.address}"
    description = say(_("QR code to answer on a phone"), language_of(request))
    others = [(door, qr(door.address, description)) for door in offered(ours, entrance.carried)]
    moderated = await site.counter.moderated(entrance.space.id, found.id)
    return render(
        request, "public.html", zone=entrance.space.zone, space=entrance.space, consultation=found,
        carried=entrance.address, open=is_open(found, now), standing=standing(found, now), steps=steps(found, now),
        others=others, moderated=moderated, length=await length_of(site, found), qr=qr(chat, description),
    )  # fmt: skip


async def length_of(site: Site, consultation: Consultation) -> tuple[int, int] | None:
    """How many questions and minutes its first phase takes; None when its module doesn't count them."""
    async with site.database.read() as connection:
        phases = await consultations.phases(connection, consultation.space_id, consultation.id)
    module = site.load_module(phases[0].kind, phases[0].settings) if phases else None
    return module.length() if isinstance(module, Measured) else None
