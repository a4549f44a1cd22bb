"""What goes wrong with calls to the daemon.

Where Signal itself refuses, the daemon tells by recipient; such a fault is a Failure, which the send makes an error of.
"""

from __future__ import annotations

from typing import Any, TypeAlias

from storage.value import value
from tests import faults
from tests.faults import Told, cut_after, cut_before, slow
from tests.signal_daemon.refusal import FAILED, INTERNAL, IO, RATE, UNTRUSTED, USER, Refusal, unexpected

__all__ = [
    "WRITES",
    "Failure",
    "Fault",
    "Faults",
    "Told",
    "broken",
    "captcha",
    "cut_after",
    "cut_before",
    "failed",
    "garbled",
    "internal",
    "network",
    "offline",
    "prekey",
    "rate",
    "rate_in_words",
    "slow",
    "unauthorized",
    "unregistered",
    "untrusted",
]
WRITES = ("send", "remotedelete", "sendreaction")


@value
class Failure:
    """Signal did not take the message for this recipient: the error's code and sentence, and the recipient's result."""

    code: int
    message: str
    type: str
    token: str | None = None
    seconds: int | None = None


Fault: TypeAlias = faults.Fault[Refusal | Failure]
Faults: TypeAlias = faults.Faults[Refusal | Failure]


def failed(code: int, message: str, data: Any = None) -> Fault:
    """Any error of JSON-RPC."""
    return Fault(f"error {code}", refusal=Refusal(code, message, data))


def rate(seconds: int | None = None) -> Fault:
    """Too many messages. 0.14 tells how long to wait, 0.13 does not."""
    failure = Failure(RATE, f"{FAILED} due to rate limiting", "RATE_LIMIT_FAILURE", seconds=seconds)
    return Fault("rate", refusal=failure)


def captcha(token: str = "challenge", seconds: int = 86_400) -> Fault:
    """Too many messages, and a captcha would lift it."""
    failure = Failure(RATE, f"{FAILED} due to rate limiting", "RATE_LIMIT_FAILURE", token, seconds)
    return Fault("captcha", refusal=failure)


def rate_in_words() -> Fault:
    """A rate limit that comes as an unexpected error."""
    sentence = f"{FAILED}: [413] Rate limit exceeded: 413 (RateLimitException)"
    return Fault("rate in words", refusal=unexpected(sentence))


def unregistered() -> Fault:
    """The recipient has left Signal."""
    return Fault("unregistered", refusal=Failure(USER, FAILED, "UNREGISTERED_FAILURE"))


def network() -> Fault:
    """The daemon could not reach Signal for this recipient."""
    return Fault("network", refusal=Failure(USER, FAILED, "NETWORK_FAILURE"))


def prekey() -> Fault:
    return Fault("prekey", refusal=Failure(USER, FAILED, "INVALID_PRE_KEY_FAILURE"))


def untrusted() -> Fault:
    """The recipient's key has changed, and the daemon trusts only the first."""
    return Fault("untrusted", refusal=Failure(UNTRUSTED, f"{FAILED} due to untrusted identities", "IDENTITY_FAILURE"))


def offline() -> Fault:
    """The daemon can't reach Signal at all (as sends tell it)."""
    sentence = f"{FAILED}: chat.signal.org: Temporary failure in name resolution (UnknownHostException)"
    return Fault("offline", refusal=unexpected(sentence))


def unauthorized() -> Fault:
    """Signal no longer knows this device, and the daemon has not yet heard of it."""
    return Fault(
        "unauthorized", refusal=unexpected(f"{FAILED}: [403] Authorization failed! (AuthorizationFailedException)")
    )


def io() -> Fault:
    """An I/O error, as commands that are no sends tell it."""
    return failed(IO, "Unable to check if users are registered: timeout (SocketTimeoutException)")


def internal() -> Fault:
    return failed(INTERNAL, "null (NullPointerException)")


def broken(status: int = 500) -> Fault:
    """An error of HTTP: nothing was done. (A proxy before the daemon; itself it answers 200 nearly always.)"""
    return Fault(str(status), told=Told(status, b"", "text/plain"))


def garbled() -> Fault:
    """It was done, and the answer breaks off in the middle of its JSON."""
    return Fault("garbled", done=True, told=Told(200, b'{"jsonrpc":"2.0","result":{"timestamp":17'))
