"""What went wrong, with a sentence each; nothing here says who wrote, or what."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from admin_web.channels import channel_name
from admin_web.session import Me, panel, signed_in
from admin_web.site import site_of
from flows.texts import Said, _
from storage import failures
from storage.failures import Failure

SHOWN = 200


def routes() -> list[BaseRoute]:
    return [Route("/panel/failures", signed_in(show), methods=["GET"])]


async def show(request: Request, me: Me) -> Response:
    async with site_of(request).database.read() as connection:
        found = await failures.listed(connection, me.space_id, SHOWN)
        left = await failures.left(connection, me.space_id)
    return panel(request, me, "failures.html", found=found, left=left, explain=explain, channel_name=channel_name)


_UNDELIVERED: dict[str, Said] = {
    "reply": _("An answer of the robot did not arrive."),
    "receipt": _("A confirmation did not arrive."),
    "relay": _("A message between two people did not arrive."),
    "reminder": _("A reminder did not arrive."),
    "broadcast": _("A message written to many did not arrive for one person."),
}


def explain(failure: Failure) -> tuple[Said, Said]:
    """What happened, and what follows from it."""
    if failure.state == "dead":
        return (
            _("A message could not be handled, after several tries."),
            _("The person was told, and keeps their place in the conversation. Tell whoever installed Palabre."),
        )
    what = _UNDELIVERED.get(failure.kind or "", _("A message did not arrive."))
    if failure.state == "held":
        return what, _("The robot stopped while it was sending it. It is not sent again, so that nobody gets it twice.")
    service = channel_name(failure.channel) if failure.channel else _("The service that carries it")
    if failure.error == "tried too often":
        return what, _("{service} could not be reached for too long: it is not sent any more.", service=service)
    return what, _("{service} refused it. Tell whoever installed Palabre.", service=service)
