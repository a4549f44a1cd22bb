"""People, the first page: by whom residents arrive, to whom the town may write, who has something in common."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from admin_web.session import Me, panel, signed_in
from admin_web.site import site_of
from storage import contacts, groups, relays

PEOPLE = "/panel/people"


def routes() -> list[BaseRoute]:
    return [Route(PEOPLE, signed_in(show), methods=["GET"])]


async def show(request: Request, me: Me) -> Response:
    async with site_of(request).database.read() as connection:
        counts = {
            "relays": len(await relays.listed(connection, me.space_id)),
            "contacts": await contacts.count(connection, me.space_id),
            "groups": len(await groups.listed(connection, me.space_id)),
        }
    return panel(request, me, "people.html", counts=counts)
