"""Who is at the panel: the cookie, the session behind it, and the key that every form of the panel carries."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, TypeAlias
from urllib.parse import quote

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from admin_web.forms import Form, read_form
from admin_web.guard import SAFE_METHODS
from admin_web.permissions import Ability, Rights, allowed
from admin_web.site import render, site_of
from storage import failures, moderation, organisers, roles, spaces
from storage.audit import NewEntry
from storage.moderation import Queue
from storage.organisers import SignedIn
from storage.spaces import Space
from storage.value import value

COOKIE = "palabre"
SIGN_IN = "/panel/sign-in"
NEW_PASSWORD = "/panel/password"


@value
class Me:
    """The organiser this page is drawn for. `failures` and `to_read` are what the menu counts for them; `key` is what
    the session's forms carry; `form` what was sent, or empty."""

    session: SignedIn
    space: Space
    rights: Rights
    failures: int
    to_read: int
    key: str
    form: Form

    @property
    def space_id(self) -> int:
        return self.space.id

    @property
    def sets_up(self) -> bool:
        return self.may(Ability.SET_UP)

    def may(self, ability: str, consultation_id: int | None = None) -> bool:
        """In the whole space, or in this consultation (admin_web/permissions.py)."""
        return self.rights.may(ability, consultation_id)

    @property
    def home(self) -> str:
        """The first page of theirs."""
        if self.rights.somewhere(Ability.LOOK):
            return "/panel"
        return "/panel/contributions" if self.rights.somewhere(Ability.MODERATE) else "/panel/settings"

    def entry(self, at: datetime, action: str, about: str, about_id: int, **details: Any) -> NewEntry:
        """For the audit log: that they did this, then."""
        return NewEntry(self.space_id, self.session.organiser_id, action, about, about_id, at, details)


Page: TypeAlias = Callable[[Request, Me], Awaitable[Response]]
Endpoint: TypeAlias = Callable[[Request], Awaitable[Response]]


def signed_in(page: Page) -> Endpoint:
    """A page for those who work in the panel, and whose role opens it: strangers are led to the sign-in, forms without
    their key are refused, and what one may not open is not there."""

    async def endpoint(request: Request) -> Response:
        cookie = request.cookies.get(COOKIE, "")
        session = await find_session(request, cookie)
        if session is None:
            came_for = request.url.path if request.method in SAFE_METHODS else "/panel"
            return RedirectResponse(f"{SIGN_IN}?next={quote(came_for)}", 303)
        if session.must_change and request.url.path not in (NEW_PASSWORD, "/panel/sign-out"):
            return RedirectResponse(NEW_PASSWORD, 303)
        async with site_of(request).database.read() as connection:
            theirs = await roles.of(connection, session.space_id, session.organiser_id)
        rights = Rights(session.role, theirs)
        if not allowed(request.url.path, changing=request.method not in SAFE_METHODS, rights=rights):
            raise HTTPException(404)
        key = form_key(cookie)
        form = await read_form(request, files=1)
        if request.method not in SAFE_METHODS and not secrets.compare_digest(form.text("key").encode(), key.encode()):
            raise HTTPException(403)
        return await page(request, await _me(request, session, rights, key, form))

    return endpoint


async def _me(request: Request, session: SignedIn, rights: Rights, key: str, form: Form) -> Me:
    mine = Queue(session.space_id, rights.where(Ability.MODERATE))
    async with site_of(request).database.read() as connection:
        space = await spaces.load(connection, session.space_id)
        failed = await failures.count(connection, session.space_id) if rights.may(Ability.SET_UP) else 0
        to_read = await moderation.to_read(connection, mine) if rights.somewhere(Ability.MODERATE) else 0
    return Me(session, space, rights, failed, to_read, key, form)


async def find_session(request: Request, cookie: str) -> SignedIn | None:
    """The session of this cookie, prolonged when it is time."""
    if not cookie:
        return None
    site = site_of(request)
    now = site.clock()
    async with site.database.read() as connection:
        session = await organisers.find_session(connection, cookie, now)
    until = organisers.renewed(session, now) if session else None
    if session and until:
        async with site.database.write() as connection:
            await organisers.prolong(connection, session, until)
    return session


def form_key(cookie: str) -> str:
    """What our forms carry to prove that they are ours: worked out from the cookie, which other sites can't read."""
    return hashlib.sha256(b"form\0" + cookie.encode()).hexdigest()


def set_cookie(request: Request, response: Response, cookie: str) -> None:
    """The browser keeps it until it is closed or the session ends, whichever comes first."""
    response.set_cookie(COOKIE, cookie, httponly=True, samesite="lax", secure=site_of(request).secure)


def panel(request: Request, me: Me, template: str, status: int = 200, **context: Any) -> HTMLResponse:
    """A page of the panel, with its menu; times are shown in the space's zone."""
    return render(request, template, status, zone=me.space.zone, me=me, space=me.space, **context)
