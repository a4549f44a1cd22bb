"""Files that never change under one address, and each town's colour."""

from __future__ import annotations

import re

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from admin_web.site import STATIC, site_of
from storage import spaces

FOR_EVER = "public, max-age=31536000, immutable"
COLOUR = re.compile(r"#[0-9a-fA-F]{6}")


def routes() -> list[BaseRoute]:
    return [
        Mount("/static", LastingFiles(directory=STATIC)),
        Route("/town/{slug}.css", town, methods=["GET"]),
        Route("/favicon.ico", no_icon, methods=["GET"]),
    ]


class LastingFiles(StaticFiles):
    """Static files that a browser asks for once: their address carries a digest of their content."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        if response.status_code == 200 and scope["query_string"]:
            response.headers["Cache-Control"] = FOR_EVER
        return response


async def town(request: Request) -> Response:
    """The one property a space sets. Its address carries the colour too, so that it may be kept."""
    async with site_of(request).database.read() as connection:
        space = await spaces.find(connection, request.path_params["slug"])
    if space is None:
        raise HTTPException(404)
    colour = space.colour if space.colour and COLOUR.fullmatch(space.colour) else None
    css = f":root{{--town:{colour}}}" if colour else ""
    return Response(css, media_type="text/css", headers={"Cache-Control": "public, max-age=3600"})


async def no_icon(_request: Request) -> Response:
    return Response(status_code=204, headers={"Cache-Control": FOR_EVER})
