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
from flows.exporting import MEDIA_TYPES, Format, Separator, Table

CHUNK = 256 * 1024


def routes() -> list[BaseRoute]:
    return [Route("/panel/consultations/{id:int}/export.{format}", signed_in(download), methods=["GET"])]


async def download(request: Request, me: Me) -> Response:
    """`?separator=semicolon` gives the CSV that a French spreadsheet opens by a double click."""
    format, separator = wanted(request)
    shown, reports = await find_shown(request, me)
    async with site_of(request).database.read() as connection:
        table = reports.table(connection, shown.ref, language_of(request))
        return await sent(table, shown.consultation.slug, format, separator)


def wanted(request: Request) -> tuple[Format, Separator]:
    """What the address asks for, or 404."""
    if request.path_params["format"] not in MEDIA_TYPES:
        raise HTTPException(404)
    separator: Separator = ";" if request.query_params.get("separator") == "semicolon" else ","
    return cast(Format, request.path_params["format"]), separator


async def sent(table: Table, name: str, format: Format, separator: Separator) -> Response:
    """A table as a file of this name."""
    file = tempfile.TemporaryFile()  # noqa: SIM115 (closed when it was sent)
    try:
        await exporting.write(table, file, format, separator)
    except BaseException:
        file.close()
        raise
    headers = {
        "Content-Disposition": f'attachment; filename="{name}.{format}"',
        "Content-Length": str(file.tell()),
        "Cache-Control": "no-store",
    }
    return StreamingResponse(_sent(file), media_type=MEDIA_TYPES[format], headers=headers)


async def _sent(file: IO[bytes]) -> AsyncIterator[bytes]:
    with file:
        file.seek(0)
        while chunk := await asyncio.to_thread(file.read, CHUNK):
            yield chunk
