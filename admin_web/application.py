"""The web application: the panel, the public pages and the chat page, built for one house."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import structlog
from sqlalchemy.exc import OperationalError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from admin_web import (
    attached,
    ballots,
    chat,
    consultations,
    contact_import,
    contact_letters,
    contacts,
    contribution,
    contributions,
    door_pages,
    exports,
    failures,
    given,
    groups,
    hours,
    illustrations,
    journal,
    letter_pages,
    live,
    merging,
    messages,
    people,
    phase_pages,
    poster,
    public,
    relays,
    replying,
    results,
    rounds,
    sign_in,
    static,
    taking_over,
    team,
    town,
    try_it,
    typing_in,
    withdrawing,
    writing,
)
from admin_web.counter import Counter
from admin_web.doors import Doors
from admin_web.guard import HEADERS, Refusals, SafeHeaders
from admin_web.site import Site, render
from flows import module
from storage.clock import Clock, utc_now
from storage.database import Database

log = structlog.get_logger()


def build(
    database: Database,
    doors: Doors,
    *,
    base_url: str,
    clock: Clock = utc_now,
    load_module: Callable[[str, Mapping[str, Any]], object] = module.load,
    routes: Sequence[BaseRoute] = (),
) -> Starlette:
    """The application. `base_url` is what residents type and posters carry, `https://participe.example`;
    `routes` are the house's own (health, metrics)."""
    site = Site(database, doors, base_url.rstrip("/"), clock, load_module, Counter(database))
    pages = (
        static, illustrations, chat, given, sign_in, writing, consultations, replying, withdrawing, taking_over,
        phase_pages, letter_pages, town, hours, groups, results, exports, live, try_it, poster, rounds, failures,
        contributions, typing_in, ballots, contribution, attached, merging, messages, team, journal, door_pages,
        people, relays, contacts, contact_import, contact_letters, public,
    )  # fmt: skip
    application = Starlette(
        routes=[*routes, *(route for page in pages for route in page.routes())],
        middleware=[Middleware(SafeHeaders, secure=site.secure), Middleware(Refusals, page=say_what_happened)],
        exception_handlers={
            HTTPException: say_what_happened,
            OperationalError: say_try_again,
            Exception: say_what_happened,
        },
    )
    application.state.site = site
    return application


async def say_what_happened(request: Request, error: Exception) -> Response:
    """A page in words for whatever could not be answered; the log has the rest."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    response = render(request, "error.html", status, code=status)
    response.headers.update((isinstance(error, HTTPException) and error.headers) or {})
    response.headers.update(HEADERS)  # an error of ours is answered outside of SafeHeaders
    return response


async def say_try_again(request: Request, error: Exception) -> Response:
    """The database can't be written to or read just now: a full disk, another program holding it."""
    log.error("web.database", path=request.url.path, exc_info=error)
    return await say_what_happened(request, HTTPException(503, headers={"Retry-After": "5"}))
