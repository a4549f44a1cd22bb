"""What a machine asks a running house: is it alive, can it serve, and what does it count."""

from __future__ import annotations

import asyncio

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from bot.metrics import REGISTRY
from storage import migrating
from storage.database import Database

PATIENCE = 5.0
"""Seconds the database has to answer."""
ASKED_BY = "palabre-asked-by"
"""A header that says `https` or `http`, as the house understood it: `palabre check` learns from it whether the web
server before the house is believed."""


def routes(database: Database) -> list[Route]:
    """`/healthz`, `/readyz` and `/metrics`. Their words are English: no resident reads them."""

    async def healthz(request: Request) -> Response:
        return PlainTextResponse("alive\n", headers={ASKED_BY: request.url.scheme})

    async def readyz(_request: Request) -> Response:
        trouble = await not_ready(database)
        return PlainTextResponse(f"{trouble}\n", 503) if trouble else PlainTextResponse("ready\n")

    async def metrics(_request: Request) -> Response:
        return Response(generate_latest(REGISTRY), media_type=CONTENT_TYPE_LATEST)

    return [
        Route("/healthz", healthz, methods=["GET"]),
        Route("/readyz", readyz, methods=["GET"]),
        Route("/metrics", metrics, methods=["GET"]),
    ]


async def not_ready(database: Database) -> str | None:
    """Why the house can't serve just now; None when it can."""
    try:
        async with asyncio.timeout(PATIENCE), database.read() as connection:
            found = await migrating.revision(connection)
    except migrating.SchemaIsNewer as newer:
        return str(newer)
    except (SQLAlchemyError, OSError, TimeoutError):
        return "the database does not answer"
    return None if found == migrating.NEEDED else "the database has not been migrated"
