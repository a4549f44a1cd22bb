"""What the server replied to a call: the result, or one of our errors, whichever library fetched it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import orjson

from bot.telegram.api import ApiError, Away, Moved, NoAnswer, Shut, TooFast, UsedElsewhere, Wrong, WrongKey

TOKEN = re.compile(r"[0-9]{1,20}:[A-Za-z0-9_-]{1,100}")
"""The form of a bot's key."""
AT_LEAST = timedelta(seconds=1)
"""How long to wait after a 429 that doesn't tell."""
AT_MOST = timedelta(days=7)
"""Hours have been seen; what is longer is a mistake."""
LONGEST = 300
"""Characters of a sentence for the log."""
TOO_LARGE = 413


def is_harmless(method: str) -> bool:
    """Whether a call may be made twice: all but those that people would see two messages of."""
    return not method.startswith(("send", "copy", "forward"))


def result_of(status: int, body: bytes, *, harmless: bool) -> Any:
    """The result of a call, as JSON, from the HTTP status and body. Raises one of the ApiErrors, Away, or NoAnswer.

    What can't be read comes from something between the server and us. It passed the call on or it didn't: unless it
    says that it would not (3xx, 4xx), a call that must not be made twice (not `harmless`) may have been carried out.
    """
    try:
        reply = orjson.loads(body)
    except orjson.JSONDecodeError:
        reply = None
    if not isinstance(reply, dict) or not isinstance(reply.get("ok"), bool):
        raise _unreadable(status, harmless=harmless)
    if not reply["ok"]:
        raise _error(status, reply)
    return reply.get("result")


def _unreadable(status: int, *, harmless: bool) -> Exception:
    if status == TOO_LARGE:
        return Wrong("Request Entity Too Large")
    refused = 300 <= status < 500
    return (Away if harmless or refused else NoAnswer)(f"HTTP {status}, and nothing that can be read")


def _error(status: int, reply: Mapping[str, Any]) -> Exception:
    """What has to be done about `{"ok": false, ...}`."""
    sentence = str(reply.get("description"))[:LONGEST]
    told = reply.get("parameters")
    parameters = told if isinstance(told, dict) else {}
    wait, to = parameters.get("retry_after"), parameters.get("migrate_to_chat_id")
    if isinstance(to, int):
        return Moved(sentence, to)
    code = reply.get("error_code")
    code = code if isinstance(code, int) else status
    if code == 429 or isinstance(wait, int):
        seconds = min(wait, AT_MOST.total_seconds()) if isinstance(wait, int) else 0
        return TooFast(sentence, max(AT_LEAST, timedelta(seconds=seconds)))
    if code >= 500:
        return Away(sentence)
    return ERRORS.get(code, Wrong)(sentence)


def _not_found(sentence: str) -> ApiError:
    """404: there is no such bot, or no such method."""
    return Wrong(sentence) if "method" in sentence else WrongKey(sentence)


def _forbidden(sentence: str) -> ApiError:
    return Shut(sentence, gone="deactivated" in sentence)


def _bad(sentence: str) -> ApiError:
    """400: somebody who is not there, or is there no more; else our fault."""
    gone = any(words in sentence for words in ("chat not found", "user is deactivated"))
    return Shut(sentence, gone=True) if gone else Wrong(sentence)


ERRORS: Mapping[int, Callable[[str], ApiError]] = {
    400: _bad,
    401: WrongKey,
    403: _forbidden,
    404: _not_found,
    409: UsedElsewhere,
    421: WrongKey,  # a server of one's own that serves certain bots only
}
