"""Settings, the doors: which are open, how each is doing and what to do, setting one up, closing it.

A key is read from its form, asked about, and kept; no page, address or log ever holds it.
"""

from __future__ import annotations

import re

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from admin_web.channels import TELEGRAM, channel_name, found_at
from admin_web.door_health import health
from admin_web.doors import Introduced, NotIntroduced
from admin_web.poster import typed
from admin_web.session import Me, panel, signed_in
from admin_web.site import site_of
from flows.texts import Said, Words, _, translate
from storage import accounts, audit
from storage.accounts import KEY, Account, TakenElsewhere

DOORS = "/panel/doors"
TOKEN = re.compile(r"(?<![A-Za-z0-9])[0-9]{5,20}:[A-Za-z0-9_-]{20,100}(?![A-Za-z0-9_-])")
"""A key of Telegram's, found in the whole message of BotFather too."""
LONGEST_NAME, NAME_END = 32, "_bot"
"""Of the name by which a robot is found at Telegram."""


def routes() -> list[BaseRoute]:
    return [
        Route(DOORS, signed_in(show), methods=["GET"]),
        Route(f"{DOORS}/telegram", signed_in(show_steps), methods=["GET"]),
        Route(f"{DOORS}/telegram", signed_in(set_up), methods=["POST"]),
        Route(f"{DOORS}/{{id:int}}/key", signed_in(show_key), methods=["GET"]),
        Route(f"{DOORS}/{{id:int}}/key", signed_in(change_key), methods=["POST"]),
        Route(f"{DOORS}/{{id:int}}/paid", signed_in(show_paid), methods=["GET"]),
        Route(f"{DOORS}/{{id:int}}/paid", signed_in(pay), methods=["POST"]),
        Route(f"{DOORS}/{{id:int}}/close", signed_in(ask_to_close), methods=["GET"]),
        Route(f"{DOORS}/{{id:int}}/close", signed_in(close), methods=["POST"]),
    ]


async def kept(request: Request, me: Me) -> list[Account]:
    """The accounts of this space."""
    async with site_of(request).database.read() as connection:
        return await accounts.listed(connection, me.space_id)


async def find(request: Request, me: Me) -> Account:
    """The account of this address, or 404; the settings hold the key of some, and nothing is changed about those."""
    for account in await kept(request, me):
        if account.id == request.path_params["id"] and account.token is not None:
            return account
    raise HTTPException(404)


# -- how they are doing ----------------------------------------------------------------------------------------


async def show(request: Request, me: Me) -> Response:
    site = site_of(request)
    doors = await kept(request, me)
    checked = [one for one in doors if str(one.id) == request.query_params.get("checked") and one.error is None]
    return panel(
        request, me, "doors.html", doors=doors, health=lambda one: health(one, site.clock()), checked=checked,
        there=any(one.channel == TELEGRAM for one in doors), public=f"{site.base_url}/{me.space.slug}",
        typed=typed, channel_name=channel_name, found_at=found_at,
    )  # fmt: skip


# -- setting one up --------------------------------------------------------------------------------------------


class NotTaken(Exception):
    """Why a key that was typed is not kept, as it is said."""

    def __init__(self, said: Said) -> None:
        super().__init__("a key was not taken")
        self.said = said


async def show_steps(request: Request, me: Me) -> Response:
    return await _steps(request, me)


async def _steps(request: Request, me: Me, fault: Said | None = None) -> Response:
    if any(one.channel == TELEGRAM for one in await kept(request, me)):
        return RedirectResponse(DOORS, 303)
    lines = ["/newbot", proposed_title(me), proposed_name(me)]
    return panel(request, me, "door_telegram.html", 400 if fault else 200, lines=lines, fault=fault)


def proposed_title(me: Me) -> str:
    """How the robot may be called, in the town's first language: `Montaubry participe`."""
    return translate(_("{town} takes part", town=Words(me.space.name)), me.space.languages[0])


def proposed_name(me: Me) -> str:
    """By which the robot may be found: `montaubry_bot`. Telegram wants 5 to 32 letters, digits or _, and that end."""
    letters = re.sub(r"[^a-z0-9]+", "_", me.space.slug.casefold()).strip("_")
    start = letters if letters[:1].isalpha() else f"participe_{letters}"
    return start[: LONGEST_NAME - len(NAME_END)].rstrip("_") + NAME_END


async def set_up(request: Request, me: Me) -> Response:
    if any(one.channel == TELEGRAM for one in await kept(request, me)):
        return RedirectResponse(DOORS, 303)
    try:
        account = await take_key(request, me)
    except NotTaken as fault:
        return await _steps(request, me, fault.said)
    return RedirectResponse(f"{DOORS}?checked={account.id}", 303)


async def show_key(request: Request, me: Me) -> Response:
    return panel(request, me, "door_key.html", account=await find(request, me), fault=None)


async def change_key(request: Request, me: Me) -> Response:
    account = await find(request, me)
    try:
        await take_key(request, me, account)
    except NotTaken as fault:
        return panel(request, me, "door_key.html", 400, account=account, fault=fault.said)
    return RedirectResponse(f"{DOORS}?checked={account.id}", 303)


async def take_key(request: Request, me: Me, present: Account | None = None) -> Account:
    """Keep the key that was typed once Telegram said whose it is; of `present` only a key of its own is taken.

    Raises NotTaken; the key is kept nowhere then.
    """
    site = site_of(request)
    found = TOKEN.search(me.form.secret("secret"))
    if found is None:
        raise NotTaken(_NO_KEY)
    robot = await _introduced(request, found[0])
    if present is not None and robot.account != present.account:
        raise NotTaken(
            _("This is the key of another robot, @{name}. To use that one, close this door first.", name=robot.name)
        )
    try:
        async with site.database.write() as connection:
            account = await accounts.put(
                connection, me.space_id, TELEGRAM, robot.account, name=robot.name, title=robot.title,
                token=found[0], now=site.clock(),
            )  # fmt: skip
            action = "change_key" if present else "open_door"
            await audit.note(connection, me.entry(site.clock(), action, "accounts", account.id, door=robot.name))
            return account
    except TakenElsewhere:
        raise NotTaken(_TAKEN) from None


async def _introduced(request: Request, token: str) -> Introduced:
    try:
        return await site_of(request).doors.introduce(TELEGRAM, token)
    except NotIntroduced as refusal:
        raise NotTaken(_REFUSED if refusal.why == KEY else _AWAY) from None


_NO_KEY = _(
    "This is not a key. BotFather writes one like 123456:ABC-DEF1234ghIkl-zyx57W2v1u123ew11: digits, a colon, letters. "
    "Copy it again, whole."
)
_REFUSED = _("Telegram refuses this key. Copy it again, whole, from the last message of BotFather.")
_AWAY = _("Telegram cannot be reached just now. The key was not kept: paste it again in a moment.")
_TAKEN = _("This robot is another town's, or was. Make a new one with BotFather, as in the second step.")


# -- its pace --------------------------------------------------------------------------------------------------


async def show_paid(request: Request, me: Me) -> Response:
    return panel(request, me, "door_paid.html", account=await find(request, me))


async def pay(request: Request, me: Me) -> Response:
    site, account = site_of(request), await find(request, me)
    paid = bool(me.form.text("paid"))
    async with site.database.write() as connection:
        await accounts.pay(connection, account, paid=paid)
        action = "pay_door" if paid else "free_door"
        await audit.note(connection, me.entry(site.clock(), action, "accounts", account.id, door=account.name))
    return RedirectResponse(DOORS, 303)


# -- closing one -----------------------------------------------------------------------------------------------


async def ask_to_close(request: Request, me: Me) -> Response:
    account = await find(request, me)
    async with site_of(request).database.read() as connection:
        people = await accounts.people(connection, account)
    return panel(request, me, "door_close.html", account=account, people=people, channel_name=channel_name)


async def close(request: Request, me: Me) -> Response:
    site, account = site_of(request), await find(request, me)
    async with site.database.write() as connection:
        await accounts.remove(connection, account)
        await audit.note(connection, me.entry(site.clock(), "close_door", "accounts", account.id, door=account.name))
    return RedirectResponse(DOORS, 303)
