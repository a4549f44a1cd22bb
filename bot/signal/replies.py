"""What the daemon replied to a call: the result, or one of our errors.

Its errors come with HTTP 200. Codes and texts are those of its SignalJsonRpcCommandHandler, SendMessageResultUtils and
JsonSendMessageResult, 0.13 to 0.14.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import orjson

from bot.signal.api import Away, CaptchaWanted, Gone, NoAnswer, NotNow, NotRegistered, TooFast, Untrusted, Wrong

SEND = "send"
"""The one method that must not be made twice: people would see two messages."""
USER, IO, UNTRUSTED, RATE = -1, -3, -4, -5
BAD_ACCOUNT, INTERNAL = -32602, -32603
AT_LEAST, AT_MOST = timedelta(seconds=1), timedelta(days=1)
"""How long we wait where we are told to; a day is what a captcha lifts."""
LONGEST_CHALLENGE = 200

RATE_LIMITS = ("ratelimit", "rate limit", "[413]", "[429]", "statuscode: 413", "statuscode: 429")
SHUT_OUT = ("authorizationfailed", "authorization failed", "[401]", "notregisteredexception", "not registered with")
UNSENT = ("unknownhost", "connectexception", "noroutetohost", "name resolution", "connection refused")
REFUSED = ("attachmentinvalid", "invalid attachment", "attachment is too", "invalidparam")
NO_KEYS = ("prekey",)
"""How the texts of unexpected errors tell what they are, in small letters."""


def result_of(method: str, status: int, body: bytes) -> Any:
    """The result of a call, as JSON, from the HTTP status and body. Raises one of the DaemonErrors, Away, or NoAnswer.

    What can't be read comes from something between the daemon and us, or breaks off: unless we were refused (3xx, 4xx),
    a message may have been sent.
    """
    try:
        reply = orjson.loads(body)
    except orjson.JSONDecodeError:
        reply = None
    if status == 200 and isinstance(reply, dict) and isinstance(reply.get("error"), dict):
        raise _error(method, reply["error"])
    if status == 200 and isinstance(reply, dict) and "result" in reply:
        return reply["result"]
    refused = 300 <= status < 500
    raise (Away if refused or method != SEND else NoAnswer)(f"HTTP {status}, and nothing that can be read")


def _error(method: str, error: Mapping[str, Any]) -> Exception:
    """What has to be done about it. Of several recipients there is one: we never write to more."""
    code, said = error.get("code"), str(error.get("message")).lower()
    for one in _results(error):
        if (failure := _of_recipient(one)) is not None:
            return failure
    match code:
        case _ if code == RATE:
            return TooFast("rate limit", None)
        case _ if code == UNTRUSTED:
            return Untrusted("another key than before")
        case _ if code == BAD_ACCOUNT:
            return NotRegistered("no such account") if "account" in said else Wrong("wrong parameters")
        case _ if code == USER:
            return Gone("not registered") if "not registered" in said else Wrong("refused")
        case _ if code in (IO, INTERNAL):
            return _unexpected(method, said)
    return Wrong(f"error {code}" if isinstance(code, int) else "an error without a code")


def _results(error: Mapping[str, Any]) -> list[Any]:
    """What became of the message, recipient by recipient."""
    match error.get("data"):
        case {"response": {"results": list(results)}}:
            return results
    return []


def _of_recipient(result: Any) -> Exception | None:
    match result:
        case {"type": "RATE_LIMIT_FAILURE", "token": str(challenge)} if 0 < len(challenge) <= LONGEST_CHALLENGE:
            return CaptchaWanted("a captcha is wanted", _seconds(result), challenge)
        case {"type": "RATE_LIMIT_FAILURE"}:
            return TooFast("rate limit", _seconds(result))
        case {"type": "UNREGISTERED_FAILURE"}:
            return Gone("unregistered")
        case {"type": "IDENTITY_FAILURE"}:
            return Untrusted("another key than before")
        case {"type": "INVALID_PRE_KEY_FAILURE"}:
            return NotNow("no keys to write with")
        case {"type": "NETWORK_FAILURE"}:
            return NoAnswer("the daemon lost Signal")
    return None


def _seconds(result: Mapping[str, Any]) -> timedelta | None:
    told = result.get("retryAfterSeconds")
    if type(told) is not int or told < 0:
        return None
    return max(AT_LEAST, timedelta(seconds=min(told, int(AT_MOST.total_seconds()))))


def _unexpected(method: str, said: str) -> Exception:
    """I/O, and what the daemon did not foresee: its text names what Java raised."""
    if any(words in said for words in RATE_LIMITS):
        return TooFast("rate limit, in words", None)
    if any(words in said for words in SHUT_OUT):
        return NotRegistered("Signal has closed the account to the daemon")
    if any(words in said for words in UNSENT):
        return Away("the daemon does not reach Signal")
    if any(words in said for words in NO_KEYS):
        return NotNow("no keys to write with")
    if any(words in said for words in REFUSED):
        return Wrong("not as it wants it")
    return NoAnswer("unexpected") if method == SEND else Away("unexpected")
