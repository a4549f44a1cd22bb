"""What came with the texts of others, on the chat page: for whoever a prompt has shown it to, while it may be seen."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from admin_web.chat import visit
from admin_web.illustrations import sent
from admin_web.site import site_of
from storage import attached, history

A_MOMENT = "private, max-age=300"
"""It is asked for anew with every page, and gone from them soon after a moderator has hidden it."""


def routes() -> list[BaseRoute]:
    return [Route("/c/{code}/given/{contribution:int}/files/{file:int}", show, methods=["GET"])]


async def show(request: Request) -> Response:
    """HTTPException 404 for what this person was not shown, and for what others do not see any more."""
    who, site = await visit(request), site_of(request)
    if who.seen is None:
        raise HTTPException(404)
    address = attached.address_of(request.path_params["contribution"], request.path_params["file"])
    async with site.database.read() as connection:
        mine = await history.was_shown(connection, who.seen, address, site.clock())
        found = await attached.shown(connection, who.seen.space_id, address) if mine else None
    return sent(found, A_MOMENT)
