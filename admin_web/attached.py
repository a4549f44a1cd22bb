"""What came along with a contribution, for whoever may moderate it: a picture is shown, anything else is saved."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from admin_web.contributions import LIST, within
from admin_web.illustrations import sent
from admin_web.session import Me, signed_in
from admin_web.site import site_of
from storage import attached, moderation
from storage.types import LARGEST_ID


def routes() -> list[BaseRoute]:
    return [Route(f"{LIST}/{{id:int}}/files/{{file:int}}", signed_in(show), methods=["GET"])]


async def show(request: Request, me: Me) -> Response:
    """HTTPException 404 for what this person may not read, and for what is not there any more."""
    wanted: int = request.path_params["id"]
    file_id: int = request.path_params["file"]
    if max(wanted, file_id) > LARGEST_ID:
        raise HTTPException(404)
    async with site_of(request).database.read() as connection:
        mine = await moderation.find(connection, within(me), [wanted])
        found = await attached.read(connection, me.space_id, wanted, file_id) if mine else None
    return sent(found, "private, no-store")
