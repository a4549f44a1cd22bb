"""How a door is doing: what was seen, and what is to be done where it isn't well."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from admin_web.channels import SIGNAL, TELEGRAM
from flows.texts import Said, _, plural
from storage.accounts import AWAY, CAPTCHA, KEY, LIMITED, OTHER, TAKEN, UNREGISTERED, Account
from storage.value import value


@value
class Health:
    """The colour of its tag and its word, what was seen, and what to do when it isn't well, maybe step by step."""

    colour: str
    word: Said
    seen: Said
    to_do: Said | None = None
    steps: tuple[Said, ...] = ()


_TELL = _("Tell whoever installed Palabre.")

_TELEGRAM: Mapping[str, Health] = {
    KEY: Health(
        "stop",
        _("Closed by Telegram"),
        _("Telegram refuses the key of the robot: it was changed, or the robot was deleted."),
        _("Ask BotFather for the key, with the word /token, and replace it."),
    ),
    TAKEN: Health(
        "stop",
        _("Used elsewhere"),
        _("Another program uses this robot, and takes its messages."),
        _("Stop that program. If you don't know which it is, ask BotFather for a new key, with the word /revoke."),
    ),
    AWAY: Health(
        "watch",
        _("Telegram is away"),
        _("Telegram cannot be reached."),
        _("There is nothing to do: it is tried again all the time, and answers wait."),
    ),
    OTHER: Health("stop", _("In trouble"), _("Telegram answered something unexpected."), _TELL),
}

_SIGNAL: Mapping[str, Health] = {
    KEY: Health(
        "stop",
        _("Switched off"),
        _("This number stands in the settings of the program no more: nobody answers there."),
        _TELL,
    ),
    AWAY: Health(
        "watch",
        _("Signal is away"),
        _("The program signal-cli does not answer, or does not reach Signal."),
        _("It is tried again all the time, and answers wait. If it lasts, tell whoever installed Palabre."),
    ),
    UNREGISTERED: Health(
        "stop",
        _("Not registered"),
        _("Signal does not know this number, or has closed it to us."),
        _("Tell whoever installed Palabre: the number must be registered again, with signal-cli."),
    ),
    LIMITED: Health(
        "watch",
        _("Signal asks us to wait"),
        _("For a while Signal takes nothing more from this number."),
        _("There is nothing to do: answers wait, and leave by themselves. If it happens often, tell whoever installed "
          "Palabre."),
    ),
    CAPTCHA: Health(
        "stop",
        _("Signal wants a proof"),
        _("Signal wants to see that a person stands behind this number. Until then nothing leaves; answers wait."),
        _("Do this together with whoever installed Palabre:"),
        (
            _("Open the page https://signalcaptchas.org/challenge/generate.html and solve the puzzle."),
            _("Below “Open Signal” stands a link that begins with signalcaptcha://. Copy it."),
            _("On the server, hand it to signal-cli with the command submitRateLimitChallenge: docs/signal.md tells "
              "how. The challenge it asks for stands in the log of Palabre."),
            _("Within a quarter of an hour messages leave again, and this page says so."),
        ),
    ),
    OTHER: Health("stop", _("In trouble"), _("The program signal-cli answered something unexpected."), _TELL),
}  # fmt: skip

_TROUBLE: Mapping[str, Mapping[str, Health]] = {TELEGRAM: _TELEGRAM, SIGNAL: _SIGNAL}


def health(account: Account, now: datetime) -> Health:
    if account.error is None:
        when = ago(account.worked_at or now, now)
        if account.channel == SIGNAL:
            return Health("good", _("Open"), _("Signal answered {ago}.", ago=when))
        return Health("good", _("Open"), _("Telegram answered {ago}.", ago=when))
    troubles = _TROUBLE.get(account.channel, _TELEGRAM)
    return troubles.get(account.error, troubles[OTHER])


def ago(then: datetime, now: datetime) -> Said:
    """How long ago that was, as it is said: at most a day is counted."""
    minutes = (now - then) // timedelta(minutes=1)
    if minutes < 1:
        return _("less than a minute ago")
    if minutes < 60:
        return plural("{count} minute ago", "{count} minutes ago", minutes)
    if minutes < 24 * 60:
        return plural("{count} hour ago", "{count} hours ago", minutes // 60)
    return _("more than a day ago")
