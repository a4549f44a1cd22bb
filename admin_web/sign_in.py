"""Signing in and out, and choosing one's password."""

from __future__ import annotations

import math
from datetime import timedelta
from ipaddress import ip_address, ip_network

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from admin_web.forms import read_form
from admin_web.session import COOKIE, NEW_PASSWORD, SIGN_IN, Me, find_session, panel, set_cookie, signed_in
from admin_web.site import LANGUAGE_COOKIE, render, site_of
from flows.texts import LANGUAGES, Said, _, plural
from storage import attempts, audit, organisers, spaces
from storage.attempts import Limit
from storage.organisers import Account

BY_EMAIL = Limit(10, timedelta(minutes=15))
BY_CLIENT = Limit(30, timedelta(minutes=15))


def routes() -> list[BaseRoute]:
    return [
        Route(SIGN_IN, show_sign_in, methods=["GET"]),
        Route(SIGN_IN, sign_in, methods=["POST"]),
        Route("/panel/sign-out", signed_in(sign_out), methods=["POST"]),
        Route("/panel/sign-out-everywhere", signed_in(sign_out_everywhere), methods=["POST"]),
        Route(NEW_PASSWORD, signed_in(show_password), methods=["GET"]),
        Route(NEW_PASSWORD, signed_in(change_password), methods=["POST"]),
        Route("/panel/settings", signed_in(show_settings), methods=["GET"]),
        Route("/panel/language", signed_in(choose_language), methods=["POST"]),
    ]


async def show_sign_in(request: Request) -> Response:
    if await find_session(request, request.cookies.get(COOKIE, "")):
        return RedirectResponse(_next(request), 303)
    return await _gate(request)


async def sign_in(request: Request) -> Response:
    """Too many tries, or a wrong one, draw the page again; the password is never sent back."""
    site = site_of(request)
    form = await read_form(request)
    email, password = organisers.normal_email(form.text("email", 320)), form.secret("password")
    by_email = attempts.subject("sign-in of", email)
    limits = [(by_email, BY_EMAIL), (attempts.subject("sign-in from", client_of(request)), BY_CLIENT)]
    async with site.database.write() as connection:
        wait = await attempts.attempt(connection, limits, site.clock())
    if wait:
        return await _gate(request, 429, email=email, fault=_too_many(wait))
    account = await _right_one(request, email, password)
    if account is None:
        fault = _("This password does not match this address. Check both, then try again.")
        return await _gate(request, 400, email=email, fault=fault)
    async with site.database.write() as connection:
        await attempts.forgive(connection, by_email)
        cookie = await organisers.sign_in(connection, account.space_id, account.organiser_id, site.clock())
    response = RedirectResponse(NEW_PASSWORD if account.must_change else _next(request), 303)
    set_cookie(request, response, cookie)
    return response


async def _right_one(request: Request, email: str, password: str) -> Account | None:
    async with site_of(request).database.read() as connection:
        accounts = await organisers.find_by_email(connection, email)
    for account in accounts:
        if await organisers.matches(account.password, password):
            return account
    if not accounts:
        await organisers.matches(None, password)
    return None


def _too_many(wait: timedelta) -> Said:
    minutes = math.ceil(wait.total_seconds() / 60)
    return plural(
        "Too many tries. Try again in {count} minute.", "Too many tries. Try again in {count} minutes.", minutes
    )


async def _gate(request: Request, status: int = 200, email: str = "", fault: Said | None = None) -> Response:
    async with site_of(request).database.read() as connection:
        towns = await spaces.listed(connection)
    space = towns[0] if len(towns) == 1 else None
    return render(request, "sign_in.html", status, space=space, email=email, fault=fault, next=_next(request))


def _next(request: Request) -> str:
    """Where the person was going: a page of the panel, and nothing else."""
    asked = request.query_params.get("next", "")
    return asked if asked.startswith("/panel/") and not asked.startswith(SIGN_IN) else "/panel"


def client_of(request: Request) -> str:
    """The network tries are counted for: an IPv4 address, or the /64 that one subscriber holds of IPv6."""
    host = request.client.host if request.client else ""
    try:
        address = ip_address(host)
    except ValueError:
        return host
    return host if address.version == 4 else str(ip_network(f"{host}/64", strict=False))


async def sign_out(request: Request, me: Me) -> Response:
    async with site_of(request).database.write() as connection:
        await organisers.sign_out(connection, me.session)
    return _left()


async def sign_out_everywhere(request: Request, me: Me) -> Response:
    async with site_of(request).database.write() as connection:
        await organisers.sign_out_everywhere(connection, me.space_id, me.session.organiser_id)
    return _left()


def _left() -> Response:
    response = RedirectResponse(SIGN_IN, 303)
    response.delete_cookie(COOKIE)
    return response


async def show_password(request: Request, me: Me) -> Response:
    return panel(request, me, "password.html", fault=None)


async def change_password(request: Request, me: Me) -> Response:
    """The one who is signed in with a one-time password needn't repeat it; anybody else types the present one."""
    site = site_of(request)
    present, new = me.form.secret("present"), me.form.secret("new")
    fault = await _password_fault(request, me, present, new)
    if fault:
        return panel(request, me, "password.html", 400, fault=fault)
    protected = await organisers.protect(new)
    async with site.database.write() as connection:
        await organisers.change_password(connection, me.space_id, me.session.organiser_id, protected)
        mine = me.session.organiser_id
        await audit.note(connection, me.entry(site.clock(), "password", "organisers", mine))
        cookie = await organisers.sign_in(connection, me.space_id, me.session.organiser_id, site.clock())
    response = RedirectResponse("/panel" if me.session.must_change else "/panel/settings", 303)
    set_cookie(request, response, cookie)
    return response


async def _password_fault(request: Request, me: Me, present: str, new: str) -> Said | None:
    site = site_of(request)
    if len(new) < organisers.SHORTEST_PASSWORD:
        return _("This password is too short: it needs {count} characters.", count=organisers.SHORTEST_PASSWORD)
    async with site.database.write() as connection:
        account = await organisers.find_account(connection, me.space_id, me.session.organiser_id)
        tried = [(attempts.subject("sign-in of", me.session.email), BY_EMAIL)]
        wait = None if me.session.must_change else await attempts.attempt(connection, tried, site.clock())
    if wait:
        return _too_many(wait)
    protected = account.password if account else None
    if not me.session.must_change and not await organisers.matches(protected, present):
        return _("The present password is not this one.")
    if await organisers.matches(protected, new):
        return _("This is the password you have already. Choose another one.")
    return None


async def show_settings(request: Request, me: Me) -> Response:
    return panel(request, me, "settings.html")


async def choose_language(request: Request, me: Me) -> Response:
    chosen = me.form.text("language", 8)
    response = RedirectResponse("/panel/settings", 303)
    if chosen in LANGUAGES:
        response.set_cookie(LANGUAGE_COOKIE, chosen, max_age=365 * 86_400, httponly=True, samesite="lax")
    return response
