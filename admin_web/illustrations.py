"""What prompts show, served from here: pictures and documents that were imported with their questionnaire."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from admin_web import consultations
from admin_web.session import Me, signed_in
from admin_web.site import site_of
from admin_web.static import FOR_EVER
from storage import files, spaces
from storage.files import PICTURES, SCHEME, File


def routes() -> list[BaseRoute]:
    return [
        Route("/files/{space}/{digest}", show, methods=["GET"]),
        Route("/panel/consultations/{id:int}/files/{digest}", signed_in(show_draft), methods=["GET"]),
    ]


def folder(space: str) -> str:
    """Where everybody finds the files of the space of this slug; a digest follows."""
    return f"/files/{space}/"


def draft_folder(consultation_id: int) -> str:
    """Where organisers find those of a consultation that may still be a draft."""
    return f"/panel/consultations/{consultation_id}/files/"


async def show(request: Request) -> Response:
    """To anybody, even before they begin: a chat app may fetch it too."""
    async with site_of(request).database.read() as connection:
        space = await spaces.find(connection, request.path_params["space"])
        found = await files.shown(connection, space.id, _reference(request)) if space is not None else None
    return sent(found, FOR_EVER)


async def show_draft(request: Request, me: Me) -> Response:
    draft = await consultations.find(request, me)
    async with site_of(request).database.read() as connection:
        found = await files.shown(connection, me.space_id, _reference(request), draft=draft.id)
    return sent(found, "private, max-age=86400")


def _reference(request: Request) -> str:
    return SCHEME + str(request.path_params["digest"])


def sent(file: File | None, kept: str) -> Response:
    """A file, for browsers to keep so; HTTPException 404 where there is none."""
    if file is None:
        raise HTTPException(404)
    headers = {"Cache-Control": kept}
    if file.media_type not in PICTURES:
        # Opened beside the conversation, not in its place; the link on the page says under which name.
        headers["Content-Disposition"] = "attachment"
    return Response(file.content, media_type=file.media_type, headers=headers)
