"""What the failures of a call to the Bot API are to a bot that goes on trying."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import structlog

from bot.channels import NotKept
from bot.patience import Patience, Pause, Trouble
from bot.telegram.api import ApiError, Away, NoAnswer, TooFast, UsedElsewhere, WrongKey
from bot.wellbeing import Wellbeing
from storage.accounts import AWAY, KEY, OTHER, TAKEN

SHUT_OUT = timedelta(minutes=10)
"""Until a key that was refused is tried again: whoever sets another one begins anew at once, and a server that is just
starting may refuse any."""

FAILURES = (NotKept, ApiError, Away, NoAnswer)
log = structlog.get_logger()


def patience(wellbeing: Wellbeing, pause: Pause = asyncio.sleep) -> Patience:
    """One bot's."""
    return Patience(wellbeing, FAILURES, diagnose, pause)


def diagnose(error: Exception) -> Trouble:
    """What one of the FAILURES is."""
    match error:
        case TooFast():
            return Trouble(after=error.after)
        case WrongKey():
            return Trouble(KEY, SHUT_OUT)
        case UsedElsewhere():
            return Trouble(TAKEN)
        case Away() | NoAnswer():
            return Trouble(AWAY)
        case ApiError():
            log.error("the platform refuses", channel="telegram", error=f"{type(error).__name__}: {error.description}")
            return Trouble(OTHER)
    return Trouble()
