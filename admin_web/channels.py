"""How the public page offers a channel that is hosted by a platform."""

from __future__ import annotations

import re
from collections.abc import Iterable

from flows.host import channel_name
from flows.texts import Said, _
from storage.accounts import KEY, TAKEN, UNREGISTERED, Account
from storage.value import value

__all__ = ["SIGNAL", "TELEGRAM", "Offered", "channel_name", "offered"]

TELEGRAM, SIGNAL = "telegram", "signal"
PAYLOAD = re.compile(r"[A-Za-z0-9_-]{1,64}")
"""What Telegram carries from a link to the robot; whatever we make fits."""


@value
class Offered:
    """A door besides the web page: what it is called, what to know of it, what its button says, what opens it."""

    name: Said
    about: Said
    open: Said
    address: str


def offered(accounts: Iterable[Account], carried: str = "") -> list[Offered]:
    """The doors that somebody who comes now finds open. `carried` is the code they came with, or the consultation's
    address; whoever comes without is shown all that is open."""
    return [_BY[one.channel](one, carried) for one in accounts if one.channel in _BY and one.error not in SHUT]


def bringing(accounts: Iterable[Account], code: str) -> list[Offered]:
    """Those whose address brings this code along, which nobody could type."""
    return offered((one for one in accounts if one.channel == TELEGRAM), code)


SHUT = (KEY, TAKEN, UNREGISTERED)


def found_at(account: Account) -> tuple[str, str]:
    """How people find one of our accounts: what they type there, and the address that opens it."""
    if account.channel == SIGNAL:
        return account.name, f"https://signal.me/#p/{account.name}"
    return f"@{account.name}", f"https://t.me/{account.name}"


def _by_telegram(account: Account, carried: str) -> Offered:
    start = f"?start={carried}" if PAYLOAD.fullmatch(carried) else ""
    return Offered(
        _("With Telegram"),
        _("The robot is called {title}. It does not see your number.", title=account.title),
        _("Answer with Telegram"),
        f"https://t.me/{account.name}{start}",
    )


def _by_signal(account: Account, carried: str) -> Offered:
    """Its links bring no code: people type it, without what tells a letter's own."""
    number, address = found_at(account)
    word = carried.partition("_")[0]
    about = _("Write to {number}.", number=number)
    if word:
        about = _("Write the word {word} to {number}.", word=word, number=number)
    return Offered(_("With Signal"), about, _("Answer with Signal"), address)


_BY = {TELEGRAM: _by_telegram, SIGNAL: _by_signal}
