"""What came along with contributions: with a text, for whoever may moderate it; in answer to a question, for whoever
may download every answer. A picture is shown, anything else is saved.
"""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from admin_web.channels import channel_name
from admin_web.contributions import LIST, within
from admin_web.forms import number
from admin_web.illustrations import sent
from admin_web.results import Shown, figure_of, find_shown
from admin_web.session import Me, panel, signed_in
from admin_web.site import site_of
from flows.figures import Figure
from storage import attached, moderation
from storage.attached import Asked
from storage.types import LARGEST_ID

SENT = "/panel/consultations/{id:int}/sent/{question}"
A_PAGE = 20


def routes() -> list[BaseRoute]:
    return [
        Route(f"{LIST}/{{contribution:int}}/files/{{file:int}}", signed_in(show), methods=["GET"]),
        Route(SENT, signed_in(show_answers), methods=["GET"]),
        Route(f"{SENT}/{{contribution:int}}/{{file:int}}", signed_in(show_answer), methods=["GET"]),
    ]


async def show(request: Request, me: Me) -> Response:
    """HTTPException 404 for what this person may not read, and for what is not there any more."""
    contribution, file = _ids(request)
    async with site_of(request).database.read() as connection:
        mine = await moderation.find(connection, within(me), [contribution])
        found = await attached.read(connection, me.space_id, contribution, file) if mine else None
    return sent(found, "private, no-store")


def _ids(request: Request) -> tuple[int, int]:
    """The contribution and the file of this address. HTTPException 404 where there can't be such."""
    contribution, file = request.path_params["contribution"], request.path_params["file"]
    if max(contribution, file) > LARGEST_ID:
        raise HTTPException(404)
    return contribution, file


# -- all that answer a question ------------------------------------------------------------------------------------


async def _asked(request: Request, me: Me) -> tuple[Shown, Figure, Asked]:
    """The question of this address; HTTPException 404 where it asks for no file."""
    shown, reports = await find_shown(request, me)
    figure = await figure_of(site_of(request), reports, shown.phase, request.path_params["question"])
    if not figure.files:
        raise HTTPException(404)
    return shown, figure, Asked(me.space_id, shown.phase.id, figure.id)


async def show_answers(request: Request, me: Me) -> Response:
    shown, figure, asked = await _asked(request, me)
    page = min(max(1, number(request.query_params.get("page", "1"))), 1_000_000)
    async with site_of(request).database.read() as connection:
        found = await attached.given(connection, asked, (page - 1) * A_PAGE, A_PAGE + 1)
    return panel(
        request, me, "sent_files.html", shown=shown, consultation=shown.consultation, figure=figure,
        found=found[:A_PAGE], page=page, more=len(found) > A_PAGE, channel_name=channel_name,
    )  # fmt: skip


async def show_answer(request: Request, me: Me) -> Response:
    _shown, _figure, asked = await _asked(request, me)
    contribution, file = _ids(request)
    async with site_of(request).database.read() as connection:
        theirs = await attached.answers(connection, asked, contribution)
        found = await attached.read(connection, me.space_id, contribution, file) if theirs else None
    return sent(found, "private, no-store")
