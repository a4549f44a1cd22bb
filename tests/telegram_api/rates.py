"""How fast a bot may send, and who went faster.

The real platform lets short bursts pass; this one is strict, so that a courier that holds to the documented limits is
seen to. Times are monotonic seconds at which a call's request had arrived.
"""

from __future__ import annotations

import asyncio
import math
from collections import Counter, defaultdict, deque
from dataclasses import dataclass, field
from time import monotonic

from storage.value import value

SENDS = frozenset({"sendmessage", "sendphoto", "senddocument"})
EDITS = frozenset({"editmessagetext", "editmessagecaption", "editmessagereplymarkup", "deletemessage"})
SECOND, MINUTE = 1.0, 60.0
TICK = 0.02
"""Seconds between looks at how late we are."""
EVERYTHING = "everything"
"""Whose window it is in which paid sends and others count."""
THEIRS = 4
"""Times as late as we are the bot may be, which has more to do on the same machine."""


@dataclass
class Limits:
    """None switches a limit off. `slack` is how many seconds of a window are forgiven: what is sent a second apart
    arrives a little less apart on a busy machine. `grace` is how long after a 429 calls may still arrive that had left
    before it was heard. Unless it is `told`, who is too fast is noted but not answered with 429.

    With `allow_paid_broadcast` up to `paid_per_second` leave, everything counted; each of them beyond the free ones of
    its second costs a tenth of a Star. How unpaid messages count beside paid ones is not documented: here they keep to
    their own limit."""

    per_second: int | None = 30
    paid_per_second: int | None = 1_000
    per_chat: int | None = 1
    per_group_minute: int | None = 20
    slack: float = 0.05
    grace: float = 0.05
    told: bool = True


@value
class Violation:
    """A rule that a bot broke. `by` is how many seconds too early the call came."""

    bot: int
    chat: int
    method: str
    rule: str
    at: float
    by: float


@dataclass
class Pause:
    """What a 429 asks for: nothing from when it was answered until then."""

    since: float
    until: float


@dataclass
class Rates:
    """The sends of all bots, and the violations among them."""

    limits: Limits = field(default_factory=Limits)
    violations: list[Violation] = field(default_factory=list)
    pauses: dict[int, Pause] = field(default_factory=dict)
    late: deque[tuple[float, float]] = field(default_factory=lambda: deque(maxlen=100))
    """When we woke last, and how many seconds too late: on a busy machine a 429 is heard as much later."""
    charged: Counter[int] = field(default_factory=Counter)
    """Tenths of a Star, by bot."""
    _sent: dict[tuple[int, int | str | None, float], deque[float]] = field(default_factory=lambda: defaultdict(deque))

    async def watch_the_time(self) -> None:
        """Notice how late we are, until cancelled."""
        while True:
            before = monotonic()
            await asyncio.sleep(TICK)
            now = monotonic()
            self.late.append((now, now - before - TICK))

    def pause(self, bot: int, now: float, seconds: float) -> None:
        """A 429 leaves now."""
        before = self.pauses.get(bot)
        self.pauses[bot] = Pause(now, max(now + seconds, before.until if before else 0.0))

    def paused(self, bot: int, chat: int, method: str, begun: float) -> int | None:
        """Seconds this call has still to wait because of a 429 before it, or None. A call that came although the bot
        must have heard it is a violation."""
        pause = self.pauses.get(bot)
        if pause is None or begun >= pause.until or method not in SENDS | EDITS:
            return None
        late = max((by for at, by in self.late if at > pause.since - SECOND), default=0.0)
        if begun > pause.since + self.limits.grace + THEIRS * late:
            early = pause.until - begun
            self.violations.append(Violation(bot, chat, method, "during a pause", begun, early))
        return math.ceil(pause.until - begun) if begun > pause.since else None

    def send(self, bot: int, chat: int, method: str, begun: float, *, paid: bool = False) -> int | None:
        """Count a send. Seconds to wait when it is too early and was not counted, else None."""
        if method not in SENDS:
            return None
        rules = self._rules(bot, chat, paid)
        early = 0.0
        for times, most, window, rule in rules:
            while times and begun - times[0] >= window:
                times.popleft()
            if len(times) >= most:
                by = window - (begun - times[len(times) - most])
                early = max(early, by)
                self.violations.append(Violation(bot, chat, method, rule, begun, by))
        if early and self.limits.told:
            return math.ceil(early)
        for times, _most, _window, _rule in rules:
            times.append(begun)
        if paid and len(self._sent[bot, EVERYTHING, SECOND]) > (self.limits.per_second or 0):
            self.charged[bot] += 1
        return None

    def _rules(self, bot: int, chat: int, paid: bool) -> list[tuple[deque[float], int, float, str]]:
        """The windows a send to this chat falls into: its times, how many, in how many seconds, and its name."""
        limits, rules = self.limits, []
        whose: int | str | None
        for whose, most, seconds, rule in (
            (None, None if paid else limits.per_second, SECOND, f"{limits.per_second} a second"),
            (EVERYTHING, limits.paid_per_second, SECOND, f"{limits.paid_per_second} a second, paid ones and others"),
            (chat, limits.per_chat, SECOND, f"{limits.per_chat} a second in a chat"),
            (chat, limits.per_group_minute if chat < 0 else None, MINUTE, f"{limits.per_group_minute} a minute"),
        ):
            if most is not None:
                rules.append((self._sent[bot, whose, seconds], most, seconds - limits.slack, rule))
        return rules


def busiest(times: list[float], window: float = SECOND) -> int:
    """The most of these moments within any window of so many seconds."""
    ordered, first, most = sorted(times), 0, 0
    for last, time in enumerate(ordered):
        while time - ordered[first] >= window:
            first += 1
        most = max(most, last - first + 1)
    return most
