"""How a channel is called on a page, and how the public page offers one that is hosted by a platform."""

from __future__ import annotations

import re
from collections.abc import Iterable

from flows.texts import Said, _
from storage.accounts import KEY, TAKEN, Account
from storage.value import value

TELEGRAM = "telegram"
PAYLOAD = re.compile(r"[A-Za-z0-9_-]{1,64}")
"""What Telegram carries from a link to the robot; whatever we make fits."""

_NAMES: dict[str, Said] = {
    "web": _("Web page"),
    "paper": _("Paper"),
    "field": _("By a volunteer"),
    "terminal": _("Terminal"),
    TELEGRAM: "Telegram",
    "signal": "Signal",
    "matrix": "Matrix",
    "sms": "SMS",
}


def channel_name(channel: str) -> Said:
    return _NAMES.get(channel, channel)


@value
class Offered:
    """A door besides the web page: what it is called, what to know of it, what its button says, what opens it."""

    name: Said
    about: Said
    open: Said
    address: str


def offered(accounts: Iterable[Account], carried: str = "") -> list[Offered]:
    """The doors that somebody who comes now finds open. `carried` is the code they came with, or the consultation's
    address; the robot shows all that is open to whoever comes without."""
    return [_by_telegram(one, carried) for one in accounts if one.channel == TELEGRAM and one.error not in (KEY, TAKEN)]


def _by_telegram(account: Account, carried: str) -> Offered:
    start = f"?start={carried}" if PAYLOAD.fullmatch(carried) else ""
    return Offered(
        _("With Telegram"),
        _("The robot is called {title}. It does not see your number.", title=account.title),
        _("Answer with Telegram"),
        f"https://t.me/{account.name}{start}",
    )
