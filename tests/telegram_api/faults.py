"""What goes wrong with calls to the Bot API."""

from __future__ import annotations

import json
from typing import TypeAlias

from tests import faults
from tests.faults import Told, cut_after, cut_before, slow
from tests.telegram_api.refusal import Refusal, too_many

__all__ = [
    "WRITES",
    "Fault",
    "Faults",
    "Told",
    "blocked",
    "broken",
    "conflict",
    "cut_after",
    "cut_before",
    "deactivated",
    "garbled",
    "moved",
    "slow",
    "unknown_chat",
    "wait",
]
PAGE = "<html>\r\n<head><title>{0}</title></head>\r\n<body>\r\n<center><h1>{0}</h1></center>\r\n</body>\r\n</html>\r\n"
REASONS = {500: "Internal Server Error", 502: "Bad Gateway", 503: "Service Unavailable", 504: "Gateway Timeout"}
WRITES = ("sendmessage", "sendphoto", "senddocument")


Fault: TypeAlias = faults.Fault[Refusal]
Faults: TypeAlias = faults.Faults[Refusal]


def wait(seconds: int) -> Fault:
    """429 that asks for so many seconds without a word."""
    return Fault("429", refusal=too_many(seconds))


def blocked() -> Fault:
    return Fault("blocked", refusal=Refusal(403, "Forbidden: bot was blocked by the user"))


def deactivated() -> Fault:
    return Fault("deactivated", refusal=Refusal(403, "Forbidden: user is deactivated"))


def unknown_chat() -> Fault:
    return Fault("unknown chat", refusal=Refusal(400, "Bad Request: chat not found"))


def moved(to: int) -> Fault:
    """The group has become a supergroup with this id."""
    sentence = "Bad Request: group chat was upgraded to a supergroup chat"
    return Fault("moved", refusal=Refusal(400, sentence, {"migrate_to_chat_id": to}))


def conflict() -> Fault:
    """Another getUpdates."""
    sentence = "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"
    return Fault("409", refusal=Refusal(409, sentence))


def broken(status: int = 500, *, page: bool = False) -> Fault:
    """An error of the platform: nothing was done. As JSON, or as the HTML page of a proxy before it."""
    if page:
        told = Told(status, PAGE.format(f"{status} {REASONS[status]}").encode(), "text/html")
    else:
        told = Told(status, json.dumps({"ok": False, "error_code": status, "description": REASONS[status]}).encode())
    return Fault(f"{status}{' page' if page else ''}", told=told)


def garbled() -> Fault:
    """It was done, and the answer breaks off in the middle of its JSON."""
    return Fault("garbled", done=True, told=Told(200, b'{"ok":true,"result":{"message_id":'))
