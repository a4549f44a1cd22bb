"""What the failures of the daemon are to a number that goes on trying."""

from __future__ import annotations

from datetime import timedelta

import structlog

from bot.channels import NotKept
from bot.patience import Trouble
from bot.signal.api import Away, CaptchaWanted, DaemonError, NoAnswer, NotRegistered, TooFast
from storage.accounts import AWAY, CAPTCHA, LIMITED, OTHER, UNREGISTERED

SHUT_OUT = timedelta(minutes=1)
"""Until it is looked again whether a number is registered now: that is asked of this machine, not of Signal."""

FAILURES = (NotKept, DaemonError, Away, NoAnswer)
log = structlog.get_logger()


def diagnose(error: Exception) -> Trouble:
    """What one of the FAILURES is."""
    match error:
        case CaptchaWanted():
            return Trouble(CAPTCHA, error.after)
        case TooFast():
            return Trouble(LIMITED, error.after)
        case NotRegistered():
            return Trouble(UNREGISTERED, SHUT_OUT)
        case Away() | NoAnswer():
            return Trouble(AWAY)
        case DaemonError():
            log.error("the daemon refuses", channel="signal", error=f"{type(error).__name__}: {error.description}")
            return Trouble(OTHER)
    return Trouble()
