"""Downloading the responses: CSV, Excel, JSON.

The file is written to the disk first and sent from there: a slow download keeps no transaction open, and an error
is a page in words instead of half a file.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator
from typing import IO, cast

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from admin_web.results import find_shown
from admin_web.session import Me, signed_in
from admin_web.site import language_of, site_of
from flows import exporting
from flows.exporting import MEDIA_TYPES, Format, Separator

CHUNK = 256 * 1024


def routes() -> list[BaseRoute]:
    return [Route("/panel/consultations/{id:int}/export.{format}", signed_in(download), methods=["GET"])]


async def download(request: Request, me: Me) -> Response:
    """`?separator=semicolon` gives the CSV that a French spreadsheet opens by a double click."""
    if request.path_params["format"] not in MEDIA_TYPES:
        raise HTTPException(404)
    format = cast(Format, request.path_params["format"])
    separator: Separator = ";" if request.query_params.get("separator") == "semicolon" else ","
    shown, reports = await find_shown(request, me)
    file = tempfile.TemporaryFile()  # noqa: SIM115 (closed when it was sent)
    try:
        async with site_of(request).database.read() as connection:
            table = reports.table(connection, shown.ref, language_of(request))
            await exporting.write(table, file, format, separator)
    except BaseException:
        file.close()
        raise
    headers = {
        "Content-Disposition": f'attachment; filename="{shown.consultation.slug}.{format}"',
        "Content-Length": str(file.tell()),
        "Cache-Control": "no-store",
    }
    return StreamingResponse(_sent(file), media_type=MEDIA_TYPES[format], headers=headers)


async def _sent(file: IO[bytes]) -> AsyncIterator[bytes]:
    with file:
        file.seek(0)
        while chunk := await asyncio.to_thread(file.read, CHUNK):
            yield chunk
