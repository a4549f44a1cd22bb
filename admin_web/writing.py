"""What a consultation says of itself: a new one, one begun from another, and changing its words and dates."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import field
from datetime import date
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from admin_web import consultations, fields
from admin_web.dates import Civil, span
from admin_web.dates import typed as typed_date
from admin_web.fields import NEEDED, words
from admin_web.session import Me, panel, signed_in
from admin_web.site import site_of
from admin_web.steps import FOR_GOOD, seals
from flows.folding import slug
from flows.host import LANGUAGE_NAMES
from flows.module import catalog
from flows.texts import Said, _
from storage import audit, making
from storage import consultations as kept
from storage.consultations import Consultation, Phase
from storage.refusals import AlreadyExists
from storage.value import value

WORDS = ("title", "topic", "why", "decides", "does")
MOST_NAMESAKES = 100


def routes() -> list[BaseRoute]:
    return [
        Route("/panel/consultations/new", signed_in(show_new), methods=["GET"]),
        Route("/panel/consultations/new", signed_in(create), methods=["POST"]),
        Route("/panel/consultations/{id:int}/edit", signed_in(show), methods=["GET"]),
        Route("/panel/consultations/{id:int}/edit", signed_in(save), methods=["POST"]),
        Route("/panel/consultations/{id:int}/copy", signed_in(copy), methods=["POST"]),
    ]


@value
class Typed:
    """A consultation as its form shows it."""

    words: Mapping[str, Mapping[str, str]]
    opens: Civil = Civil()
    closes: Civil = Civil()
    answer_on: str = ""
    faults: dict[str, Said] = field(default_factory=dict)


async def show_new(request: Request, me: Me) -> Response:
    return _draw(request, me, None, Typed({name: {} for name in WORDS}))


async def show(request: Request, me: Me) -> Response:
    found, zone = await consultations.find(request, me), me.space.zone
    opens, closes = Civil.of(found.opens_at, zone), Civil.of(found.closes_at, zone)
    said = {name: getattr(found, name) for name in WORDS}
    return _draw(request, me, found, Typed(said, opens, closes, found.answer_on or ""))


def _draw(request: Request, me: Me, found: Consultation | None, now: Typed) -> Response:
    return panel(
        request, me, "writing.html", 400 if now.faults else 200, consultation=found, typed=now,
        language_names=LANGUAGE_NAMES,
    )  # fmt: skip


async def create(request: Request, me: Me) -> Response:
    now, values = read(me)
    if now.faults:
        return _draw(request, me, None, now)
    site = site_of(request)
    async with site.database.write() as connection:
        made = await _under_a_free_name(
            now.words["title"],
            lambda slug: kept.create(connection, me.space_id, slug=slug, now=site.clock(), **values),
        )
        if made is not None:
            await audit.note(connection, me.entry(site.clock(), "write", "consultations", made.id, title=made.title))
            return RedirectResponse(f"/panel/consultations/{made.id}", 303)
    now.faults["title"] = _("There are many of this name already: choose another one.")
    return _draw(request, me, None, now)


async def copy(request: Request, me: Me) -> Response:
    """Begin one from another: the copy is a draft, and its words are read over first."""
    site, source = site_of(request), await consultations.find(request, me)
    async with site.database.write() as connection:
        made = await _under_a_free_name(
            source.title,
            lambda slug: making.copy(connection, source, slug=slug, zone=me.space.zone, now=site.clock(), anew=_anew),
        )
        if made is None:
            raise HTTPException(409)
        await audit.note(connection, me.entry(site.clock(), "copy", "consultations", made.id, title=made.title))
    return RedirectResponse(f"/panel/consultations/{made.id}/edit", 303)


def _anew(phase: Phase) -> Mapping[str, Any]:
    """The settings of a step as its copy begins with them."""
    module = catalog().get(phase.kind)
    return fields.anew(module.form(), phase.settings) if module is not None else phase.settings


async def _under_a_free_name(
    title: Mapping[str, str], make: Callable[[str], Awaitable[Consultation]]
) -> Consultation | None:
    """Made under the first name for its addresses that no other one has; None where all of them are taken."""
    for name in _slugs(next(iter(title.values()))):
        try:
            return await make(name)
        except AlreadyExists:
            continue
    return None


async def save(request: Request, me: Me) -> Response:
    found = await consultations.find(request, me)
    now, values = read(me)
    closes = values["closes_at"]
    if closes is not None and closes <= site_of(request).clock() and await _is_secret_vote(request, found):
        now.faults["closes"] = FOR_GOOD
    if now.faults:
        return _draw(request, me, found, now)
    site = site_of(request)
    async with site.database.write() as connection:
        await kept.change(connection, found, **values)
        await audit.note(connection, me.entry(site.clock(), "rewrite", "consultations", found.id, title=found.title))
    return RedirectResponse(f"/panel/consultations/{found.id}", 303)


async def _is_secret_vote(request: Request, found: Consultation) -> bool:
    """Whether somebody has begun a secret vote in it, which would be sealed."""
    site = site_of(request)
    async with site.database.read() as connection:
        steps = [one for one in await kept.phases(connection, found.space_id, found.id) if seals(site, one)]
        return any([await making.has_begun(connection, one) for one in steps])


def _slugs(title: str) -> list[str]:
    """Names for its addresses, made of its title: `le-square-de-la-gare`, then with a number."""
    start = slug(title) or "consultation"
    return [start, *(f"{start}-{number}" for number in range(2, MOST_NAMESAKES))]


def read(me: Me) -> tuple[Typed, dict[str, Any]]:
    """The form as it was typed, and the values it makes where nothing is wrong."""
    form, zone = me.form, me.space.zone
    now = Typed(
        {name: words(form, name, me.space.languages) for name in WORDS},
        typed_date(form, "opens"),
        typed_date(form, "closes"),
        form.text("answer_on", 20),
    )
    if not now.words["title"]:
        now.faults["title"] = NEEDED
    opens, closes = span(now.opens, now.closes, zone, now.faults)
    answer_on = _day(now)
    if answer_on and closes and answer_on < closes.date():
        now.faults["answer_on"] = _("People are answered after it closes.")
    return now, {**now.words, "opens_at": opens, "closes_at": closes, "answer_on": answer_on}


def _day(now: Typed) -> date | None:
    try:
        return date.fromisoformat(now.answer_on) if now.answer_on else None
    except ValueError:
        now.faults["answer_on"] = _("Write a day like 2027-03-19.")
        return None
