"""What residents wrote, across all ways of taking part: read it, show it, hide it, settle what was reported."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from admin_web.channels import channel_name
from admin_web.forms import number
from admin_web.permissions import Ability
from admin_web.session import Me, panel, signed_in
from admin_web.site import site_of
from admin_web.steps import Step, moderated
from flows.moderating import REASONS, hidden
from flows.papers import Papers
from flows.run import Tell
from flows.telling import pack_tell
from flows.texts import Said, _
from storage import attached, audit, moderation, outbox
from storage.moderation import TO_READ, Hiding, Item, Moved, Queue, Showing
from storage.outbox import NewDelivery
from storage.value import value

LIST = "/panel/contributions"
A_PAGE = 20
LONGEST_NOTE = 300
FILTERS = ("list", "consultation", "step", "kind", "search", "page")


def routes() -> list[BaseRoute]:
    return [
        Route(LIST, signed_in(show_list), methods=["GET"]),
        Route(f"{LIST}/show", signed_in(show), methods=["POST"]),
        Route(f"{LIST}/settle", signed_in(settle), methods=["POST"]),
        Route(f"{LIST}/hide", signed_in(ask_to_hide), methods=["GET"]),
        Route(f"{LIST}/hide", signed_in(hide), methods=["POST"]),
    ]


# -- the list ------------------------------------------------------------------------------------------------------


@value
class Asked:
    """What the address asks for: which list, narrowed how, which page of it."""

    state: str
    queue: Queue
    consultation: int | None
    page: int
    given: Mapping[str, str]

    def query(self, **changes: Any) -> str:
        """The same with these changes, as it stands in an address."""
        return urlencode({name: value for name, value in {**self.given, **changes}.items() if value})


def read_asked(request: Request, me: Me) -> Asked:
    """HTTPException 400 where something is no number, 404 for a list there is not."""
    given = {name: value[:200] for name in FILTERS if (value := request.query_params.get(name, "").strip())}
    state = given.get("list", TO_READ)
    if state not in moderation.STATES:
        raise HTTPException(404)
    chosen, step, page = (number(given[name]) if name in given else None for name in ("consultation", "step", "page"))
    where = within(me, chosen).consultations
    queue = Queue(me.space_id, where, step, given.get("kind"), given.get("search", ""))
    return Asked(state, queue, chosen, min(max(1, page or 1), 1_000_000), given)


def within(me: Me, consultation_id: int | None = None) -> Queue:
    """The texts this person may read, maybe only those of one consultation."""
    where = me.rights.where(Ability.MODERATE)
    if consultation_id is not None:
        where = [consultation_id] if where is None or consultation_id in where else []
    return Queue(me.space_id, where)


async def show_list(request: Request, me: Me) -> Response:
    asked, steps = read_asked(request, me), await moderated(request, me)
    async with site_of(request).database.read() as connection:
        counts = await moderation.count(connection, asked.queue)
        found = await moderation.listed(connection, asked.queue, asked.state, (asked.page - 1) * A_PAGE, A_PAGE)
        said = await moderation.reports(connection, me.space_id, [one.id for one in found])
        sent = await attached.of(connection, me.space_id, [one.id for one in found])
        figure = await moderation.figure(connection, within(me, asked.consultation))
    return panel(
        request, me, "contributions.html", asked=asked, counts=counts, found=found, said=said, sent=sent, figure=figure,
        last=max(1, -(-counts[asked.state] // A_PAGE)), steps=steps, kinds=kinds(steps), reasons=REASONS,
        named=LIST_NAMES, origin=origin, typing=any(step.module and step.module.typed_in for step in steps.values()),
        voting=any(isinstance(step.module, Papers) for step in steps.values()),
    )  # fmt: skip


LIST_NAMES: Mapping[str, Said] = {
    "read": _("To read"),
    "visible": _("Visible"),
    "hidden": _("Hidden"),
    "reported": _("Reported"),
}


def kinds(steps: Mapping[int, Step]) -> dict[str, Said]:
    """What the kinds of contributions of these steps are called."""
    return {kind: said for step in steps.values() if step.module for kind, said in step.module.kinds.items()}


_ORIGINS: Mapping[str, Said] = {"meeting": _("At a meeting"), "organiser": _("Typed in by the team")}


def origin(item: Item) -> Said:
    """By which door it came, or who typed it in."""
    return _ORIGINS.get(item.origin, channel_name(item.origin))


# -- what is done --------------------------------------------------------------------------------------------------


def back(me: Me) -> Response:
    """To the list as it was."""
    return RedirectResponse(f"{LIST}?{me.form.text('back')}".rstrip("?"), 303)


async def show(request: Request, me: Me) -> Response:
    """Let one text be seen, or leave it visible now that it was read."""
    site, steps = site_of(request), await moderated(request, me)
    now = site.clock()
    async with site.database.write() as connection:
        items = await moderation.find(connection, within(me), me.form.numbers("id"))
        given = [Showing(me.space_id, one.id, now, steps[one.phase_id].language(one.kind, me)) for one in items]
        results = await moderation.show(connection, given)
        moved = [one for one in results if isinstance(one, Moved)]
        await audit.note(connection, *(me.entry(now, "show", "contributions", one.contribution_id) for one in moved))
    return back(me)


async def settle(request: Request, me: Me) -> Response:
    """What was reported stays as it is: somebody looked."""
    site = site_of(request)
    now = site.clock()
    async with site.database.write() as connection:
        items = await moderation.find(connection, within(me), me.form.numbers("id"))
        settled = await moderation.settle(connection, [(me.space_id, one.id) for one in items], now)
        entries = [
            me.entry(now, "settle", "contributions", one.id, reports=many)
            for one, many in zip(items, settled, strict=True)
            if many
        ]
        await audit.note(connection, *entries)
    return back(me)


async def ask_to_hide(request: Request, me: Me) -> Response:
    """One text or several: why, and what to write to their authors."""
    ids = [number(given) for given in request.query_params.getlist("id")[:A_PAGE]]
    return await _ask_to_hide(request, me, ids, request.query_params.get("back", "")[:2_000])


async def _ask_to_hide(request: Request, me: Me, ids: list[int], back: str, fault: Said | None = None) -> Response:
    async with site_of(request).database.read() as connection:
        found = await moderation.find(connection, within(me), ids)
        sent = await attached.of(connection, me.space_id, ids)
    found = [one for one in found if one.state != "hidden"]
    if not found:
        return RedirectResponse(f"{LIST}?{back}".rstrip("?"), 303)
    told = len({one.author for one in found if one.author is not None})
    return panel(
        request, me, "contributions_hide.html", 400 if fault else 200, found=found, sent=sent, told=told,
        reasons=REASONS, back=back, fault=fault, longest=LONGEST_NOTE, chosen=me.form.text("reason"),
        note=me.form.text("note"),
    )  # fmt: skip


async def hide(request: Request, me: Me) -> Response:
    """Hide them, and queue one delivery to each author of what was hidden just now."""
    site, reason, note = site_of(request), me.form.text("reason"), me.form.text("note")
    ids, now = me.form.numbers("id"), site.clock()
    if reason not in REASONS:
        return await _ask_to_hide(request, me, ids, me.form.text("back"), _("Choose a reason: the author reads it."))
    if len(note) > LONGEST_NOTE:
        fault = _("The word to the author has {count} characters at most.", count=LONGEST_NOTE)
        return await _ask_to_hide(request, me, ids, me.form.text("back"), fault)
    async with site.database.write() as connection:
        items = await moderation.find(connection, within(me), ids)
        results = await moderation.hide(connection, [Hiding(me.space_id, one.id, reason, now) for one in items])
        moved = [one for one in results if isinstance(one, Moved)]
        await outbox.put(connection, [_telling(one, me, reason, note, now) for one in moved if one.author is not None])
        entries = [me.entry(now, "hide", "contributions", one.contribution_id, reason=reason) for one in moved]
        await audit.note(connection, *entries)
    return back(me)


def _telling(moved: Moved, me: Me, reason: str, note: str, now: datetime) -> NewDelivery:
    """To the author of what was hidden, worded in their language when it leaves; about nobody else's text."""
    assert moved.author is not None
    tell = Tell(moved.author, hidden(moved.text, reason, note, me.space.contact))
    return NewDelivery(me.space_id, moved.author, None, "receipt", pack_tell(tell), now)
