"""Messages to many: the list of what was and will be written, one of them with all that can be done with it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TypeAlias

from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from admin_web import audience_form, dates, illustrations, message_form, message_words
from admin_web.channels import bringing
from admin_web.dates import NOT_A_DATE, Civil, NotADate
from admin_web.message_form import LONGEST_TEXT, Typed
from admin_web.qr import qr
from admin_web.session import Me, panel, signed_in
from admin_web.site import language_of, say, site_of
from flows.host import LANGUAGE_NAMES
from flows.messages import Message
from flows.occasions.broadcast import compose
from flows.rendering import Capabilities, render
from flows.texts import Said, _
from storage import accounts, audit, broadcast_figures, broadcast_rows, broadcasts, codes, files, reach
from storage.broadcasts import DRAFT, PLANNED, QUEUEING, SENDING, Broadcast, NotNow, Ref
from storage.leaving import Due
from storage.reach import Asked, Reach
from storage.rules import from_json
from storage.types import LARGEST_ID

LIST = "/panel/messages"
ONE = "/panel/messages/{id:int}"
MOST_STEPS = 2
"""Of which a form offers who took part and who did not, while nobody has said which one it is about."""
IN_WORDS = Capabilities("words", buttons=False)
"""A channel that has nothing but words, as its preview shows it."""


def routes() -> list[BaseRoute]:
    return [
        Route(LIST, signed_in(show_list), methods=["GET"]),
        Route(f"{LIST}/new", signed_in(show_new), methods=["GET"]),
        Route(f"{LIST}/new", signed_in(add), methods=["POST"]),
        Route(f"{LIST}/files/{{digest}}", signed_in(show_file), methods=["GET"]),
        Route(ONE, signed_in(show), methods=["GET"]),
        Route(f"{ONE}/edit", signed_in(show_form), methods=["GET"]),
        Route(f"{ONE}/edit", signed_in(change), methods=["POST"]),
        Route(f"{ONE}/send", signed_in(send), methods=["POST"]),
        Route(f"{ONE}/take-back", signed_in(take_back), methods=["GET", "POST"]),
        Route(f"{ONE}/{{action}}", signed_in(act), methods=["POST"]),
    ]


async def find(request: Request, me: Me) -> Broadcast:
    """The message of this address; HTTPException 404 when it is none of this space."""
    ref = Ref(me.space_id, min(request.path_params["id"], LARGEST_ID))
    async with site_of(request).database.read() as connection:
        found = await broadcasts.find(connection, ref)
    if found is None:
        raise HTTPException(404)
    return found


# -- the list, and writing -----------------------------------------------------------------------------------------


async def show_list(request: Request, me: Me) -> Response:
    async with site_of(request).database.read() as connection:
        found = await broadcasts.listed(connection, me.space_id)
    coming = sorted((one for one in found if one.begun_at is None and one.ended_at is None), key=_when)
    gone = [one for one in found if one not in coming]
    return panel(request, me, "messages.html", coming=coming, gone=gone, words=message_words)


def _when(one: Broadcast) -> tuple[bool, datetime]:
    """Drafts last."""
    return one.due_at is None, one.due_at or one.created_at


async def show_new(request: Request, me: Me) -> Response:
    return await _draw_form(request, me, None, None)


async def show_form(request: Request, me: Me) -> Response:
    one = await find(request, me)
    if one.state not in (DRAFT, PLANNED) or one.occasion is not None:
        return RedirectResponse(f"{LIST}/{one.id}", 303)
    return await _draw_form(request, me, one, None)


async def add(request: Request, me: Me) -> Response:
    return await _keep(request, me, None)


async def change(request: Request, me: Me) -> Response:
    one = await find(request, me)
    if one.occasion is not None:
        raise HTTPException(404)
    return await _keep(request, me, one)


async def _keep(request: Request, me: Me, one: Broadcast | None) -> Response:
    site = site_of(request)
    now = site.clock()
    async with site.database.read() as connection:
        places = await message_form.targets(connection, me.space_id, now)
    typed, file = await message_form.typed(me, places, one)
    if typed.faults:
        return await _draw_form(request, me, one, typed)
    async with site.database.write() as connection:
        if file is not None and typed.media is not None:
            await files.put(connection, me.space_id, typed.media["address"], file, now)
        if one is None:
            one = await broadcasts.write(connection, me.space_id, typed.content, me.session.organiser_id, now)
        else:
            try:
                await broadcasts.change(connection, one.ref, typed.content)
            except NotNow:
                return RedirectResponse(f"{LIST}/{one.id}?late=yes", 303)
        await audit.note(connection, me.entry(now, "write_message", "broadcasts", one.id))
    return RedirectResponse(f"{LIST}/{one.id}", 303)


async def _draw_form(request: Request, me: Me, one: Broadcast | None, typed: Typed | None) -> Response:
    """As it was typed, else as it was kept."""
    now = site_of(request).clock()
    rule = from_json(one.audience) if one is not None and one.audience is not None else None
    async with site_of(request).database.read() as connection:
        places = await message_form.targets(connection, me.space_id, now)
        about = _about(one, typed)
        steps = [about] if about is not None else [place.phase.id for place in places[:MOST_STEPS]]
        offers = await audience_form.offers(connection, me.space_id, steps, now, rule)
        pays = any(account.paid for account in await accounts.listed(connection, me.space_id))
    found = typed if typed is not None else message_form.shown(one, offers)
    return panel(
        request, me, "message_form.html", 400 if found.faults else 200, one=one, typed=found, places=places,
        offers=offers, pays=pays, longest=LONGEST_TEXT, folder=f"{LIST}/files/", language_names=LANGUAGE_NAMES,
    )  # fmt: skip


def _about(one: Broadcast | None, typed: Typed | None) -> int | None:
    """The step that the message is about."""
    return typed.phase if typed is not None else one.phase_id if one is not None else None


async def show_file(request: Request, me: Me) -> Response:
    async with site_of(request).database.read() as connection:
        found = await files.shown(connection, me.space_id, files.SCHEME + str(request.path_params["digest"]))
    return illustrations.sent(found, "private, max-age=86400")


# -- one of them ---------------------------------------------------------------------------------------------------


async def show(request: Request, me: Me) -> Response:
    return await _draw(request, me, await find(request, me))


async def _draw(
    request: Request,
    me: Me,
    one: Broadcast,
    *,
    fault: Said | None = None,
    when: Civil | None = None,
    due: datetime | None = None,
    sure: bool = False,
) -> Response:
    site = site_of(request)
    now = site.clock()
    async with site.database.read() as connection:
        figures = await broadcast_figures.figures(connection, one)
        facts = (await broadcast_rows.facts(connection, [(one.space_id, one.id)]))[one.space_id, one.id]
        whom = await _reach(connection, one, now, site.doors.silent)
        doors = bringing(await accounts.listed(connection, me.space_id), one.test_code or "")
        page = await codes.find_entrance(connection, one.test_code or "")
        due = due or one.due_at or now
        leaves_at = await broadcasts.leaves_at(connection, me.space_id, due, unasked=one.unasked)
    spoken = _spoken(request, me, one)
    message = compose(facts, Due(one.space_id, 0, 0, one.id), spoken).with_files_in(f"{LIST}/files/")
    here = f"{site.base_url}/c/{one.test_code}" if page is not None else None
    described = say(_("QR code to receive the test"), language_of(request))
    return panel(
        request, me, "message.html", 400 if fault else 200, one=one, figures=figures, reach=whom, message=message,
        bare=render(_told(message), IN_WORDS, spoken).texts, spoken=spoken, leaves_at=leaves_at, words=message_words,
        step=facts.phase, fault=fault, chosen=when or Civil.of(one.due_at, me.space.zone), sure=sure,
        late="late" in request.query_params, here=here, doors=[(door, qr(door.address, described)) for door in doors],
        unsent=one.state in (DRAFT, PLANNED), leaving=one.state in (QUEUEING, SENDING), now=now, due=due,
    )  # fmt: skip


def _told(message: Message) -> Message:
    """The same where a picture can only be named."""
    media = message.media
    return message if media is None else replace(message, media=replace(media, address=files.SCHEME))


async def _reach(connection: AsyncConnection, one: Broadcast, now: datetime, silent: Sequence[str]) -> Reach:
    """Whom it would reach now, or what was found when its deliveries were written."""
    if one.begun_at is not None:
        return Reach(one.queued + sum(one.left_out.values()), one.left_out)
    rule = from_json(one.audience) if one.audience is not None else None
    [found] = await reach.look(connection, [Asked(one.space_id, rule, now, one.unasked, silent)])
    return found


def _spoken(request: Request, me: Me, one: Broadcast) -> str:
    """The language in which it is shown: the one asked for, else the reader's, else the first it is written in."""
    languages = [code for code in me.space.languages if one.text.get(code)] or list(me.space.languages)
    asked = request.query_params.get("talk", language_of(request))
    return asked if asked in languages else languages[0]


# -- what can be done with it --------------------------------------------------------------------------------------


async def send(request: Request, me: Me) -> Response:
    """First how many people it is for and when it leaves, then the same form again plans it."""
    one, site = await find(request, me), site_of(request)
    when = dates.typed(me.form, "when") if me.form.text("at") == "date" else Civil()
    try:
        due = when.at(me.space.zone)
    except NotADate:
        return await _draw(request, me, one, fault=NOT_A_DATE, when=when)
    now = site.clock()
    if me.form.text("at") == "date" and (due is None or due <= now):
        return await _draw(request, me, one, fault=_("Choose a day and an hour that are still to come."), when=when)
    if not me.form.text("sure"):
        return await _draw(request, me, one, when=when, due=due or now, sure=True)
    wall = f"{when.day}T{when.hour or '00:00'}" if due is not None else None
    try:
        async with site.database.write() as connection:
            people = (await _reach(connection, one, now, site.doors.silent)).reached
            await broadcasts.plan(connection, one.ref, wall, me.space.zone, now)
            await audit.note(connection, me.entry(now, "send_message", "broadcasts", one.id, people=people))
    except NotNow:
        return RedirectResponse(f"{LIST}/{one.id}?late=yes", 303)
    return RedirectResponse(f"{LIST}/{one.id}", 303)


async def take_back(request: Request, me: Me) -> Response:
    """What was sent is deleted where that can be done; asked for twice, since it is for good."""
    one, site = await find(request, me), site_of(request)
    if request.method == "POST":
        return await _do(request, me, one, "take-back", lambda c, now: broadcasts.take_back(c, one.ref, now))
    async with site.database.read() as connection:
        figures = await broadcast_figures.figures(connection, one)
    return panel(request, me, "message_take_back.html", one=one, figures=figures, words=message_words)


Verb: TypeAlias = Callable[[AsyncConnection, datetime], Awaitable[object]]


async def act(request: Request, me: Me) -> Response:
    """Pause it, go on, call it off, and the like: one button each."""
    one = await find(request, me)
    verbs: dict[str, Verb] = {
        "pause": lambda connection, _now: broadcasts.pause(connection, one.ref),
        "resume": lambda connection, _now: broadcasts.resume(connection, one.ref, me.form.number("ceiling")),
        "cancel": lambda connection, now: broadcasts.cancel(connection, one.ref, now),
        "unplan": lambda connection, _now: broadcasts.unplan(connection, one.ref),
        "discard": lambda connection, _now: broadcasts.discard(connection, one.ref),
        "release": lambda connection, now: broadcasts.release(connection, one, now),
        "give-up": lambda connection, _now: broadcasts.give_up(connection, one),
    }
    verb = verbs.get(request.path_params["action"])
    if verb is None or (one.occasion is not None and request.path_params["action"] in ("unplan", "discard")):
        raise HTTPException(404)
    return await _do(request, me, one, request.path_params["action"], verb)


async def _do(request: Request, me: Me, one: Broadcast, action: str, verb: Verb) -> Response:
    """Do it and note who did; where somebody else was faster the page says so."""
    site = site_of(request)
    now, back = site.clock(), LIST if action == "discard" else f"{LIST}/{one.id}"
    try:
        async with site.database.write() as connection:
            await verb(connection, now)
            noted = f"{action.replace('-', '_')}_message"
            await audit.note(connection, me.entry(now, noted, "broadcasts", one.id))
    except NotNow:
        return RedirectResponse(f"{LIST}/{one.id}?late=yes", 303)
    return RedirectResponse(back, 303)
