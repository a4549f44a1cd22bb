"""What goes wrong with calls to a platform of a test's own, by a script or by chance. A fault says whether the call is
carried out all the same, so that what residents see and what we are told can differ, as they do in the world."""

from __future__ import annotations

import random
from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from storage.value import value

R = TypeVar("R")
"""How the platform says no."""


@value
class Told:
    """An HTTP answer, whole."""

    status: int
    body: bytes
    kind: str = "application/json"
    retry_after: int | None = None


@value
class Fault(Generic[R]):
    """What happens to one call. `done`: it is carried out all the same. Then, after so many `seconds`, we are given
    `refusal` or `told`, or nothing when the connection is `cut`, or the real answer if none of these is set."""

    name: str
    done: bool = False
    seconds: float = 0.0
    refusal: R | None = None
    told: Told | None = None
    cut: bool = False


def cut_before() -> Fault[Any]:
    """The connection is closed and nothing was done."""
    return Fault("cut before", cut=True)


def cut_after() -> Fault[Any]:
    """It was done, and then the connection is closed: we can't know."""
    return Fault("cut after", done=True, cut=True)


def slow(seconds: float) -> Fault[Any]:
    """It was done at once, and the answer takes so many seconds."""
    return Fault("slow", done=True, seconds=seconds)


@dataclass
class Rule(Generic[R]):
    """When a fault strikes: the calls it is meant for, how many of them it lets pass first, how many it then strikes
    (None: all that come), and how often by chance."""

    fault: Fault[R]
    methods: frozenset[str]
    chat: Hashable
    bot: Hashable
    times: int | None
    after: int = 0
    chance: float = 1.0
    struck: int = 0

    def meant(self, bot: Hashable, method: str, chat: Hashable) -> bool:
        return (
            method in self.methods
            and self.chat in (None, chat)
            and self.bot in (None, bot)
            and (self.times is None or self.struck < self.times)
        )


@dataclass
class Faults(Generic[R]):
    """The faults to come: the first rule that strikes decides. One that names no methods is meant for `writes`.
    Chats and bots are named as the platform does."""

    chance: random.Random
    writes: tuple[str, ...]
    rules: list[Rule[R]] = field(default_factory=list)

    def script(
        self,
        fault: Fault[R],
        methods: str | Iterable[str] = (),
        *,
        chat: Hashable = None,
        bot: Hashable = None,
        times: int | None = 1,
        after: int = 0,
    ) -> Rule[R]:
        """The next calls of these methods fail so, once `after` of them have passed."""
        return self._add(fault, methods, chat=chat, bot=bot, times=times, after=after)

    def often(self, chance: float, fault: Fault[R], methods: str | Iterable[str] = ()) -> Rule[R]:
        """Calls of these methods fail so with this probability (0 to 1)."""
        return self._add(fault, methods, chat=None, bot=None, times=None, chance=chance)

    def _add(self, fault: Fault[R], methods: str | Iterable[str], **when: Any) -> Rule[R]:
        names = [methods] if isinstance(methods, str) else list(methods) or self.writes
        rule = Rule(fault, frozenset(name.lower() for name in names), **when)
        self.rules.append(rule)
        return rule

    def stop(self) -> None:
        """From now on all is well."""
        self.rules.clear()

    def pick(self, bot: Hashable, method: str, chat: Hashable) -> Fault[R] | None:
        """What happens to this call; its method in small letters."""
        for rule in self.rules:
            if not rule.meant(bot, method, chat):
                continue
            if rule.after:
                rule.after -= 1
            elif self.chance.random() < rule.chance:
                rule.struck += 1
                return rule.fault
        return None
