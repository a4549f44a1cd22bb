"""Settings, the groups: their names, and who is in them by hand.

A resident has no name here. Whoever is put into a group by hand asks the robot for a code and reads it out, so that an
organiser knows whom they put there; the code serves once.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from admin_web.channels import channel_name
from admin_web.fields import NEEDED, words
from admin_web.forms import number
from admin_web.session import Me, panel, signed_in
from admin_web.site import site_of
from flows.folding import clean, slug
from flows.host import LANGUAGE_NAMES
from flows.texts import Said, _
from storage import audiences, audit, groups, returning
from storage.groups import Group
from storage.refusals import AlreadyExists
from storage.rules import InGroup

GROUPS = "/panel/settings/groups"
LONGEST_NAME = 80
MOST_SHOWN = 200


def routes() -> list[BaseRoute]:
    one = f"{GROUPS}/{{group:int}}"
    return [
        Route(GROUPS, signed_in(show_list), methods=["GET"]),
        Route(GROUPS, signed_in(add), methods=["POST"]),
        Route(one, signed_in(show), methods=["GET"]),
        Route(f"{one}/name", signed_in(rename), methods=["POST"]),
        Route(f"{one}/put", signed_in(put), methods=["POST"]),
        Route(f"{one}/take-off", signed_in(take_off), methods=["POST"]),
        Route(f"{one}/remove", signed_in(remove), methods=["POST"]),
    ]


# -- all of them ---------------------------------------------------------------------------------------------------


async def show_list(request: Request, me: Me) -> Response:
    return await _draw_list(request, me, {})


async def _draw_list(request: Request, me: Me, faults: Mapping[str, Said]) -> Response:
    site = site_of(request)
    async with site.database.read() as connection:
        listed = await groups.listed(connection, me.space_id)
        rules = [InGroup((group.slug,)) for group in listed]
        counts = await audiences.count(connection, me.space_id, rules, site.clock())
    return panel(
        request, me, "groups.html", 400 if faults else 200, listed=list(zip(listed, counts, strict=True)),
        faults=faults, name=words(me.form, "name", me.space.languages), language_names=LANGUAGE_NAMES,
    )  # fmt: skip


async def add(request: Request, me: Me) -> Response:
    site, name = site_of(request), words(me.form, "name", me.space.languages, LONGEST_NAME)
    if not name:
        return await _draw_list(request, me, {"name": NEEDED})
    try:
        async with site.database.write() as connection:
            called = slug(next(iter(name.values()))) or "group"
            made = await groups.add(connection, me.space_id, called, name, site.clock())
            await audit.note(connection, me.entry(site.clock(), "group", "groups", made.id, name=name))
    except AlreadyExists:
        return await _draw_list(request, me, {"name": _("There is such a group already.")})
    return RedirectResponse(f"{GROUPS}/{made.id}", 303)


# -- one of them ---------------------------------------------------------------------------------------------------


async def find(request: Request, me: Me) -> Group:
    """The group of this address, or 404."""
    async with site_of(request).database.read() as connection:
        for group in await groups.listed(connection, me.space_id):
            if group.id == request.path_params["group"]:
                return group
    raise HTTPException(404)


async def show(request: Request, me: Me) -> Response:
    return await _draw(request, me, await find(request, me), {})


async def _draw(request: Request, me: Me, group: Group, faults: Mapping[str, Said]) -> Response:
    site = site_of(request)
    async with site.database.read() as connection:
        [people] = await audiences.count(connection, me.space_id, [InGroup((group.slug,))], site.clock())
        members = await groups.members(connection, group, MOST_SHOWN)
        uses = await groups.uses(connection, group)
    return panel(
        request, me, "group.html", 400 if faults else 200, group=group, people=people, members=members, uses=uses,
        in_use=IN_USE, faults=faults, channel_name=channel_name, language_names=LANGUAGE_NAMES, tag=me.form.text("tag"),
    )  # fmt: skip


async def rename(request: Request, me: Me) -> Response:
    group, name = await find(request, me), words(me.form, "name", me.space.languages, LONGEST_NAME)
    if not name:
        return await _draw(request, me, group, {"name": NEEDED})
    async with site_of(request).database.write() as connection:
        await groups.rename(connection, group, name)
        await audit.note(connection, _entry(request, me, "name_group", group, name=name))
    return _back(group)


IN_USE = _("It can't be removed: these steps ask who is in it.")


async def remove(request: Request, me: Me) -> Response:
    """Only while no step asks for it. What people gave stays."""
    site, group = site_of(request), await find(request, me)
    async with site.database.write() as connection:
        used = await groups.uses(connection, group)
        if not used:
            people = await groups.remove(connection, group)
            entry = me.entry(site.clock(), "remove_group", "spaces", me.space_id, name=dict(group.name), people=people)
            await audit.note(connection, entry)
    if used:
        return await _draw(request, me, group, {"remove": IN_USE})
    return RedirectResponse(GROUPS, 303)


async def put(request: Request, me: Me) -> Response:
    """Put whoever read this code out into the group. The code is used up."""
    site, group = site_of(request), await find(request, me)
    tags = [tag for part in me.form.text("tag", LONGEST_NAME).split(",") if (tag := clean(part))]
    async with site.database.write() as connection:
        person = await returning.redeem(connection, me.space_id, me.form.text("code", 100), site.clock())
        if person is not None and await groups.put(connection, group, person, *tags):
            await audit.note(connection, _entry(request, me, "put_group", group, name=dict(group.name)))
    return _back(group) if person is not None else await _draw(request, me, group, {"code": _UNKNOWN})


_UNKNOWN = _("This code is not known. It serves once, and lasts seven days: ask for a new one.")


async def take_off(request: Request, me: Me) -> Response:
    """What they gave before stays."""
    group, person = await find(request, me), number(me.form.text("person"))
    async with site_of(request).database.write() as connection:
        if await groups.take_off(connection, group, person):
            await audit.note(connection, _entry(request, me, "take_off_group", group, name=dict(group.name)))
    return _back(group)


def _entry(request: Request, me: Me, action: str, group: Group, **details: Any) -> audit.NewEntry:
    return me.entry(site_of(request).clock(), action, "groups", group.id, **details)


def _back(group: Group) -> Response:
    return RedirectResponse(f"{GROUPS}/{group.id}", 303)
