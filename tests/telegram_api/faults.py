"""What goes wrong with calls, by a script or by chance. A fault says whether the call is carried out all the same, so
that what residents see and what the bot was told can differ, as they do in the world."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from storage.value import value
from tests.telegram_api.refusal import Refusal, too_many

PAGE = "<html>\r\n<head><title>{0}</title></head>\r\n<body>\r\n<center><h1>{0}</h1></center>\r\n</body>\r\n</html>\r\n"
REASONS = {500: "Internal Server Error", 502: "Bad Gateway", 503: "Service Unavailable", 504: "Gateway Timeout"}
WRITES = ("sendmessage", "sendphoto", "senddocument")


@value
class Told:
    """An HTTP answer, whole."""

    status: int
    body: bytes
    kind: str = "application/json"
    retry_after: int | None = None


@value
class Fault:
    """What happens to one call. `done`: it is carried out all the same. Then, after so many `seconds`, the bot is given
    `refusal` or `told`, or nothing when the connection is `cut`, or the real answer if none of these is set."""

    name: str
    done: bool = False
    seconds: float = 0.0
    refusal: Refusal | None = None
    told: Told | None = None
    cut: bool = False


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


def cut_before() -> Fault:
    """The connection is closed and nothing was done."""
    return Fault("cut before", cut=True)


def cut_after() -> Fault:
    """It was done, and then the connection is closed: the bot can't know."""
    return Fault("cut after", done=True, cut=True)


def slow(seconds: float) -> Fault:
    """It was done at once, and the answer takes so many seconds."""
    return Fault("slow", done=True, seconds=seconds)


def garbled() -> Fault:
    """It was done, and the answer breaks off in the middle of its JSON."""
    return Fault("garbled", done=True, told=Told(200, b'{"ok":true,"result":{"message_id":'))


@dataclass
class Rule:
    """When a fault strikes: the calls it is meant for, how many of them it lets pass first, how many it then strikes
    (None: all that come), and how often by chance."""

    fault: Fault
    methods: frozenset[str]
    chat: int | None
    bot: int | None
    times: int | None
    after: int = 0
    chance: float = 1.0
    struck: int = 0

    def meant(self, bot: int, method: str, chat: int | None) -> bool:
        return (
            method in self.methods
            and self.chat in (None, chat)
            and self.bot in (None, bot)
            and (self.times is None or self.struck < self.times)
        )


@dataclass
class Faults:
    """The faults to come. The first rule that strikes decides."""

    chance: random.Random
    rules: list[Rule] = field(default_factory=list)

    def script(
        self,
        fault: Fault,
        methods: str | Iterable[str] = WRITES,
        *,
        chat: int | None = None,
        bot: int | None = None,
        times: int | None = 1,
        after: int = 0,
    ) -> Rule:
        """The next calls of these methods fail so, once `after` of them have passed."""
        return self._add(fault, methods, chat=chat, bot=bot, times=times, after=after)

    def often(self, chance: float, fault: Fault, methods: str | Iterable[str] = WRITES) -> Rule:
        """Calls of these methods fail so with this probability (0 to 1)."""
        return self._add(fault, methods, chat=None, bot=None, times=None, chance=chance)

    def _add(self, fault: Fault, methods: str | Iterable[str], **when: Any) -> Rule:
        names = [methods] if isinstance(methods, str) else methods
        rule = Rule(fault, frozenset(name.lower() for name in names), **when)
        self.rules.append(rule)
        return rule

    def stop(self) -> None:
        """From now on all is well."""
        self.rules.clear()

    def pick(self, bot: int, method: str, chat: int | None) -> Fault | None:
        """What happens to this call."""
        for rule in self.rules:
            if not rule.meant(bot, method, chat):
                continue
            if rule.after:
                rule.after -= 1
            elif self.chance.random() < rule.chance:
                rule.struck += 1
                return rule.fault
        return None
