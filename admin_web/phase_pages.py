"""The steps of a consultation: adding one from the catalog of ways of taking part, setting it, moving and removing it.

Which ways there are, what each asks for and what is wrong with it, the modules say (flows/module.py, flows/forms.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field, replace
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from admin_web import admitting, consultations, fields, illustrations, taking_over
from admin_web.admitting import Line, NotStages
from admin_web.dates import Civil, span
from admin_web.dates import typed as typed_date
from admin_web.forms import Form
from admin_web.session import Me, panel, signed_in
from admin_web.site import site_of
from admin_web.steps import FOR_GOOD, seals
from flows.forms import Faults, Field
from flows.host import LANGUAGE_NAMES
from flows.module import Module, catalog
from flows.texts import Said, _
from storage import audit, files, making, naming
from storage import consultations as kept
from storage.audit import NewEntry
from storage.consultations import Consultation, Phase
from storage.files import File
from storage.refusals import HasBegun
from storage.value import value

MODERATION: Mapping[str, Said] = {
    "none": _("Nobody reads them first"),
    "after": _("They are seen at once, and read afterwards"),
    "before": _("They are read before others see them"),
}
STATES: Mapping[str, Said] = {
    "dated": _("At its dates"),
    "waiting": _("When the step before has reached its goal, or I open it"),
    "closed": _("It is closed by hand"),
}
MOST_A_DAY = 1_000
FEEDBACK = "feedback"
"""The setting of every way of taking part that asks at the end whether it was easy (flows/feedback.py)."""


def routes() -> list[BaseRoute]:
    one = "/panel/consultations/{id:int}/steps"
    return [
        Route(f"{one}/new", signed_in(choose), methods=["GET"]),
        Route(f"{one}/new/{{kind}}", signed_in(show_new), methods=["GET"]),
        Route(f"{one}/new/{{kind}}", signed_in(add), methods=["POST"]),
        Route(f"{one}/{{step:int}}", signed_in(show), methods=["GET"]),
        Route(f"{one}/{{step:int}}", signed_in(save), methods=["POST"]),
        Route(f"{one}/{{step:int}}/{{verb}}", signed_in(act), methods=["POST"]),
    ]


def offered() -> dict[str, type[Module]]:
    """The ways of taking part that can be set here, by their kind: those with a name and a form."""
    return {kind: module for kind, module in sorted(catalog().items()) if module.form()}


@value
class Typed:
    """A step as its form shows it."""

    feedback: bool
    title: Mapping[str, str]
    settings: Mapping[str, Any]
    opens: Civil
    closes: Civil
    state: str
    moderation: str
    per_day: str
    stages: list[Line]
    pictures: Mapping[str, File] = field(default_factory=dict)
    faults: dict[str, Said] = field(default_factory=dict)


@value
class About:
    """What a step's page is about: the step is None while it is new."""

    consultation: Consultation
    step: Phase | None
    module: type[Module] | None
    begun: bool


async def find(request: Request, me: Me) -> tuple[Consultation, Phase]:
    """The step of this address, or 404."""
    consultation = await consultations.find(request, me)
    async with site_of(request).database.read() as connection:
        phases = await kept.phases(connection, me.space_id, consultation.id)
    for phase in phases:
        if phase.id == request.path_params["step"]:
            return consultation, phase
    raise HTTPException(404)


async def about(request: Request, me: Me) -> About:
    consultation, phase = await find(request, me)
    async with site_of(request).database.read() as connection:
        begun = await making.has_begun(connection, phase)
    return About(consultation, phase, offered().get(phase.kind), begun)


async def about_new(request: Request, me: Me) -> About:
    module = offered().get(request.path_params["kind"])
    if module is None:
        raise HTTPException(404)
    return About(await consultations.find(request, me), None, module, False)


# -- pages ---------------------------------------------------------------------------------------------------------


async def choose(request: Request, me: Me) -> Response:
    """Which way of taking part?"""
    found = await consultations.find(request, me)
    return panel(request, me, "step_choose.html", consultation=found, ways=offered())


async def show_new(request: Request, me: Me) -> Response:
    to = await about_new(request, me)
    blank = Phase(me.space_id, 0, to.consultation.id, 0, request.path_params["kind"], {}, 0)
    return await _draw(request, me, to, await _with_ideas(request, me, to, shown(to, blank, me)))


async def show(request: Request, me: Me) -> Response:
    to = await about(request, me)
    assert to.step is not None
    return await _draw(request, me, to, await _with_ideas(request, me, to, shown(to, to.step, me)))


async def _with_ideas(request: Request, me: Me, to: About, now: Typed) -> Typed:
    """With the ideas that were ticked to become options."""
    if to.module is None or to.module.offers is None or to.begun:
        return now
    rows = await taking_over.rows(request, me, to.consultation, to.step)
    return replace(now, settings=fields.with_rows(now.settings, to.module.offers, rows))


def shown(to: About, phase: Phase, me: Me) -> Typed:
    """The step as it is kept, as its form shows it."""
    zone = me.space.zone
    asked = to.module.form() if to.module is not None else ()
    return Typed(
        bool(phase.settings.get(FEEDBACK)),
        phase.title,
        fields.shown(asked, phase.settings),
        Civil.of(phase.opens_at, zone),
        Civil.of(phase.closes_at, zone),
        phase.state,
        phase.moderation,
        "" if phase.per_day is None else str(phase.per_day),
        admitting.shown(phase.stages, zone),
    )


async def _draw(request: Request, me: Me, to: About, now: Typed) -> Response:
    site = site_of(request)
    async with site.database.read() as connection:
        offers = await admitting.offers(connection, me.space_id, site.clock())
        names = await naming.named(connection, me.space_id)
        ideas = bool(await taking_over.sources(connection, to.consultation, to.step))
    asked = to.module.form() if to.module is not None else ()
    return panel(
        request, me, "step.html", 400 if now.faults else 200, consultation=to.consultation, step=to.step,
        module=to.module, begun=to.begun, fields=[one for one in asked if not one.rare], typed=now,
        rare=[one for one in asked if one.rare], offers=offers, moderations=MODERATION, states=STATES,
        language_names=LANGUAGE_NAMES, in_words=lambda line: admitting.in_words(line, names),
        ideas=ideas and to.module is not None and to.module.offers is not None and not to.begun,
        folder=illustrations.draft_folder(to.consultation.id),
    )  # fmt: skip


# -- saving --------------------------------------------------------------------------------------------------------


async def add(request: Request, me: Me) -> Response:
    to = await about_new(request, me)
    now, values = await read(request, me, to)
    if values is None:
        return await _draw(request, me, to, now)
    async with site_of(request).database.write() as connection:
        await _put(connection, me, now, site_of(request).clock())
        offers = to.module.offers if to.module is not None else None
        await taking_over.tell(request, me, connection, to.consultation, None, offers, values)
        await kept.add_phase(connection, to.consultation, request.path_params["kind"], **values)
        await audit.note(connection, _entry(request, me, "add", to.consultation))
    return _back(to.consultation)


async def save(request: Request, me: Me) -> Response:
    to = await about(request, me)
    assert to.step is not None
    now, values = await read(request, me, to)
    if values is None:
        return await _draw(request, me, to, now)
    async with site_of(request).database.write() as connection:
        if to.module is not None and await making.has_begun(connection, to.step):  # maybe since the form was drawn
            feedback = {FEEDBACK: values["settings"][FEEDBACK]}
            words = fields.only_words(to.module.form(), to.step.settings, values["settings"])
            values["settings"] = {**words, **feedback}
        await _put(connection, me, now, site_of(request).clock())
        offers = to.module.offers if to.module is not None else None
        await taking_over.tell(request, me, connection, to.consultation, to.step, offers, values)
        await making.change(connection, to.step, **values)
        await audit.note(connection, _entry(request, me, "set", to.consultation))
    return _back(to.consultation)


async def _put(connection: AsyncConnection, me: Me, now: Typed, at: datetime) -> None:
    """Keep the pictures that were chosen."""
    for picture in now.pictures.values():
        await files.put(connection, me.space_id, files.reference_of(picture.content), picture, at)


def _entry(request: Request, me: Me, verb: str, to: Consultation) -> NewEntry:
    """For the audit log: what was done to a step of this consultation."""
    return me.entry(site_of(request).clock(), f"{verb}_step", "consultations", to.id, title=to.title)


def _back(consultation: Consultation) -> Response:
    return RedirectResponse(f"/panel/consultations/{consultation.id}", 303)


async def read(request: Request, me: Me, to: About) -> tuple[Typed, dict[str, Any] | None]:
    """The form as it was typed, and the fields of a Phase it makes: None while something is wrong, or more rows are
    wanted."""
    form, languages = me.form, me.space.languages
    asked = to.module.form() if to.module is not None else ()
    before = to.step.settings if to.step is not None else {}
    pictures, unfit = await _pictures(asked, form)
    now = Typed(
        form.text(FEEDBACK) == "yes",
        fields.words(form, "title", languages),
        fields.typed(asked, form, languages, before),
        typed_date(form, "opens"),
        typed_date(form, "closes"),
        form.text("state"),
        form.text("moderation"),
        form.text("per_day", 10),
        admitting.typed(form),
        pictures,
        dict(unfit),
    )
    again = dict.fromkeys(pictures, _AGAIN)
    if form.text("more"):
        now.faults.update(again)
        return now, None
    opens, closes = span(now.opens, now.closes, me.space.zone, now.faults)
    values: dict[str, Any] = {"title": now.title, "opens_at": opens, "closes_at": closes, **_rules(now)}
    async with site_of(request).database.read() as connection:
        offers = await admitting.offers(connection, me.space_id, site_of(request).clock())
    try:
        values["stages"] = admitting.stages_of(now.stages, offers, me.space.zone)
    except NotStages as refused:
        now.faults["stages"] = refused.said
    if to.step is not None and to.begun and seals(site_of(request), to.step):
        _not_sealed_by_the_way(now, values, site_of(request).clock())
    if to.module is not None:
        values["settings"] = _settings(to.module, now, before)
        async with site_of(request).database.read() as connection:
            made = values["settings"]
            now.faults.update(await taking_over.fault(connection, to.consultation, to.step, to.module, made))
    if now.faults:
        now.faults.update({**again, **now.faults})
    return now, None if now.faults else values


_AGAIN = _("Choose the picture again: browsers do not keep it while something else is put right.")


async def _pictures(asked: Sequence[Field], form: Form) -> tuple[Mapping[str, File], Mapping[str, Said]]:
    """The pictures that were chosen, and what is wrong with one that can't be used; by their field."""
    try:
        return await fields.uploaded(asked, form), {}
    except Faults as found:
        return {}, {fault.field: fault.sentence for fault in found.faults}


def _settings(module: type[Module], now: Typed, before: Mapping[str, Any]) -> dict[str, Any]:
    """The settings that were typed; what is wrong with them is noted in `now`."""
    chosen = {
        name: {**now.settings[name], "address": files.reference_of(picture.content)}
        for name, picture in now.pictures.items()
    }
    try:
        made = fields.settings_of(module.form(), {**now.settings, **chosen}, before)
    except Faults as found:
        now.faults.update({fault.field: fault.sentence for fault in found.faults})
        return {}
    now.faults.update(fields.checked(module, made))
    return {**made, FEEDBACK: now.feedback}


def _not_sealed_by_the_way(now: Typed, values: Mapping[str, Any], at: datetime) -> None:
    """A secret vote is closed by hand where it is said what that means, and not by another date or a tick."""
    closes = values.get("closes_at")
    if now.state == "closed":
        now.faults["state"] = FOR_GOOD
    if closes is not None and closes <= at:
        now.faults["closes"] = FOR_GOOD


def _rules(now: Typed) -> dict[str, Any]:
    text = now.per_day
    rate = int(text) if text.isascii() and text.isdigit() and 1 <= int(text) <= MOST_A_DAY else None
    if text and rate is None:
        now.faults["per_day"] = _("Between {least} and {most}.", least=1, most=MOST_A_DAY)
    if now.moderation not in MODERATION or now.state not in STATES:
        raise HTTPException(400)
    return {"moderation": now.moderation, "state": now.state, "per_day": rate}


async def act(request: Request, me: Me) -> Response:
    """Move it up or down, open or close it by hand, remove it."""
    consultation, phase = await find(request, me)
    site = site_of(request)
    if request.path_params["verb"] == "open" and phase.sealed_at is not None:
        raise HTTPException(409)
    async with site.database.write() as connection:
        match request.path_params["verb"]:
            case "up":
                await making.move(connection, phase, -1)
            case "down":
                await making.move(connection, phase, 1)
            case "open":
                await making.open_now(connection, phase, site.clock())
            case "close":
                await making.close_now(connection, phase, site.clock())
            case "remove":
                try:
                    await making.remove(connection, phase)
                except HasBegun:
                    raise HTTPException(409) from None
            case _:
                raise HTTPException(404)
        await audit.note(connection, _entry(request, me, request.path_params["verb"], consultation))
    return _back(consultation)
