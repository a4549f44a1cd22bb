"""The team: who works in this panel, as what; adding a colleague with a password for one time."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from admin_web.session import Me, panel, signed_in
from admin_web.site import site_of
from flows.texts import Said, _
from storage import audit, consultations, organisers, roles
from storage.consultations import Consultation
from storage.organisers import AlreadyOrganiser
from storage.roles import NONE, ROLES, LastOrganiser, Member

TEAM = "/panel/team"
ROLE_NAMES: Mapping[str, Said] = {
    "organiser": _("Organiser"),
    "moderator": _("Moderator"),
    "analyst": _("Analyst"),
    "reader": _("Reader"),
    "none": _("No role"),
}
ROLE_MEANS: Mapping[str, Said] = {
    "organiser": _("does everything, and sets up the doors and the team"),
    "moderator": _("reads what residents wrote, shows it, hides it, answers it; nothing else"),
    "analyst": _("sees the results, and downloads the answers"),
    "reader": _("sees the results"),
    "none": _("sees nothing, unless they have a role in a consultation"),
}


def routes() -> list[BaseRoute]:
    return [
        Route(TEAM, signed_in(show), methods=["GET"]),
        Route(f"{TEAM}/new", signed_in(show_new), methods=["GET"]),
        Route(f"{TEAM}/new", signed_in(add), methods=["POST"]),
        Route(f"{TEAM}/{{id:int}}", signed_in(show_member), methods=["GET"]),
        Route(f"{TEAM}/{{id:int}}", signed_in(give), methods=["POST"]),
    ]


async def show(request: Request, me: Me) -> Response:
    async with site_of(request).database.read() as connection:
        team = await roles.team(connection, me.space_id)
        listed = await consultations.listed(connection, me.space_id, site_of(request).clock())
    titles = {one.consultation.id: one.consultation.title for one in listed}
    return panel(request, me, "team.html", team=team, titles=titles, names=ROLE_NAMES)


# -- a colleague more ----------------------------------------------------------------------------------------------


async def show_new(request: Request, me: Me) -> Response:
    return _draw_new(request, me)


def _draw_new(request: Request, me: Me, fault: Said | None = None, password: str | None = None) -> Response:
    return panel(
        request, me, "team_new.html", 400 if fault else 200, names=ROLE_NAMES, means=ROLE_MEANS, fault=fault,
        password=password, name=me.form.text("name"), email=me.form.text("email"), role=me.form.text("role"),
    )  # fmt: skip


async def add(request: Request, me: Me) -> Response:
    """The password is shown on this page and nowhere any more."""
    site, name, role = site_of(request), " ".join(me.form.text("name").split()), me.form.text("role")
    email = organisers.normal_email(me.form.text("email"))
    if not name or len(name) > 80 or "@" not in email or len(email) > 320 or role not in ROLES:
        return _draw_new(request, me, _("Give a name, an e-mail address, and a role."))
    password, now = organisers.one_time_password(), site.clock()
    protected = await organisers.protect(password)
    try:
        async with site.database.write() as connection:
            made = await organisers.create(
                connection, me.space_id, email=email, name=name, role=role, protected=protected, now=now
            )
            await audit.note(connection, me.entry(now, "welcome", "organisers", made, name=name, role=role))
    except AlreadyOrganiser:
        return _draw_new(request, me, _("Somebody works in this panel with this address already."))
    return _draw_new(request, me, password=password)


# -- what somebody may do ------------------------------------------------------------------------------------------


async def find(request: Request, me: Me) -> tuple[Member, list[Consultation]]:
    """The member of this address, or 404, with the consultations there are."""
    site = site_of(request)
    async with site.database.read() as connection:
        team = await roles.team(connection, me.space_id)
        listed = await consultations.listed(connection, me.space_id, site.clock())
    member = next((one for one in team if one.id == request.path_params["id"]), None)
    if member is None:
        raise HTTPException(404)
    return member, [one.consultation for one in listed]


async def show_member(request: Request, me: Me) -> Response:
    return await _draw_member(request, me)


async def _draw_member(request: Request, me: Me, fault: Said | None = None) -> Response:
    member, listed = await find(request, me)
    return panel(
        request, me, "team_member.html", 400 if fault else 200, member=member, listed=listed, names=ROLE_NAMES,
        means=ROLE_MEANS, fault=fault,
    )  # fmt: skip


async def give(request: Request, me: Me) -> Response:
    site, (member, listed) = site_of(request), await find(request, me)
    role = me.form.text("role")
    asked = {one.id: me.form.text(f"role_{one.id}") or NONE for one in listed}
    if not {role, *asked.values()} <= set(ROLES):
        raise HTTPException(400)
    now = site.clock()
    try:
        async with site.database.write() as connection:
            await roles.give(connection, me.space_id, member.id, role, asked)
            changed = me.entry(now, "role", "organisers", member.id, name=member.name, role=role)
            await audit.note(connection, changed)
    except LastOrganiser:
        return await _draw_member(request, me, _("Nobody else is an organiser: give that role to somebody first."))
    return RedirectResponse(TEAM, 303)
