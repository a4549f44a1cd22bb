"""Who is at the panel: the cookie, the session behind it, and the key that every form of the panel carries."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias
from urllib.parse import quote

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from admin_web.forms import Form, read_form
from admin_web.guard import SAFE_METHODS
from admin_web.site import render, site_of
from storage import failures, organisers, spaces
from storage.organisers import SignedIn
from storage.spaces import Space
from storage.value import value

COOKIE = "palabre"
SIGN_IN = "/panel/sign-in"
NEW_PASSWORD = "/panel/password"
SETTING_UP = frozenset({"owner", "organiser"})
"""The roles of those who set up how the house works; others follow what comes in."""


@value
class Me:
    """The organiser this page is drawn for. `key` is what the session's forms carry; `form` what was sent, or empty."""

    session: SignedIn
    space: Space
    failures: int
    key: str
    form: Form

    @property
    def space_id(self) -> int:
        return self.space.id

    @property
    def sets_up(self) -> bool:
        return self.session.role in SETTING_UP


Page: TypeAlias = Callable[[Request, Me], Awaitable[Response]]
Endpoint: TypeAlias = Callable[[Request], Awaitable[Response]]


def signed_in(page: Page) -> Endpoint:
    """A page for organisers only: others are led to the sign-in, forms without their key are refused."""

    async def endpoint(request: Request) -> Response:
        cookie = request.cookies.get(COOKIE, "")
        session = await find_session(request, cookie)
        if session is None:
            came_for = request.url.path if request.method in SAFE_METHODS else "/panel"
            return RedirectResponse(f"{SIGN_IN}?next={quote(came_for)}", 303)
        if session.must_change and request.url.path not in (NEW_PASSWORD, "/panel/sign-out"):
            return RedirectResponse(NEW_PASSWORD, 303)
        key = form_key(cookie)
        form = await read_form(request)
        if request.method not in SAFE_METHODS and not secrets.compare_digest(form.text("key").encode(), key.encode()):
            raise HTTPException(403)
        async with site_of(request).database.read() as connection:
            space = await spaces.load(connection, session.space_id)
            failed = await failures.count(connection, session.space_id)
        return await page(request, Me(session, space, failed, key, form))

    return endpoint


def setting_up(page: Page) -> Endpoint:
    """A page that is there only for organisers who set up how the house works."""

    async def checked(request: Request, me: Me) -> Response:
        if not me.sets_up:
            raise HTTPException(404)
        return await page(request, me)

    return signed_in(checked)


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
