"""The updates that wait for one bot: in order, each until it is confirmed or too old.

As the open-source server keeps them (td's TQueue): an offset confirms all below it, one that lies more than ten ahead
of what exists is taken for a mistake and confirms nothing, a negative one throws away all but the last.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

from tests.telegram_api.clock import Bell, Clock

DAY = 86_400
"""Seconds an update waits."""
TAP = 150
"""Seconds a tap waits, unless a test has the platform keep it longer."""
AHEAD = 10
MOST = 100
BY_DEFAULT_NOT = frozenset({"chat_member", "message_reaction", "message_reaction_count"})


@dataclass
class Update:
    """One update. `line` is the webhook queue it travels in: those of one line go one after another."""

    id: int
    kind: str
    body: dict[str, Any]
    line: int
    until: float

    def json(self) -> dict[str, Any]:
        return {"update_id": self.id, self.kind: self.body}


class Mailbox:
    """`again` is the share of confirmed updates that are handed over once more, as after a fault of the platform."""

    def __init__(self, clock: Clock, chance: random.Random, first: int) -> None:
        self.bell = Bell()
        self.allowed: frozenset[str] | None = None
        self.again = 0.0
        self._clock = clock
        self._chance = chance
        self._next = first
        self._waiting: dict[int, Update] = {}
        self._lines: dict[int, dict[int, Update]] = {}
        self._repeated: list[Update] = []
        self.pushed: list[Update] = []
        self.repeated: list[int] = []

    def push(self, kind: str, body: dict[str, Any], line: int, seconds: float = DAY) -> Update | None:
        """A new update, unless the bot did not allow its kind."""
        if kind not in self.allowed if self.allowed else kind in BY_DEFAULT_NOT:
            return None
        update = Update(self._next, kind, body, line, self._clock.now() + seconds)
        self._next += 1
        self._waiting[update.id] = update
        self._lines.setdefault(line, {})[update.id] = update
        self.pushed.append(update)
        self.bell.ring()
        return update

    def waiting(self) -> list[Update]:
        """All that wait, in order. Those that became too old are gone."""
        now = self._clock.now()
        for update in [update for update in self._waiting.values() if update.until <= now]:
            self.drop(update)
        return list(self._waiting.values())

    def lines(self) -> list[int]:
        """The queues in which something waits."""
        return list(self._lines)

    def first(self, line: int) -> Update | None:
        """What waits longest in one queue."""
        now = self._clock.now()
        while waiting := self._lines.get(line):
            update = next(iter(waiting.values()))
            if update.until > now:
                return update
            self.drop(update)
        return None

    def read(self, offset: int, limit: int) -> list[Update]:
        """What getUpdates hands over; all below the offset is confirmed."""
        if offset < 0:
            for update in self.waiting()[:offset]:
                self.drop(update)
        elif offset <= self._next + AHEAD:
            for update in [update for update in self.waiting() if update.id < offset]:
                self.confirm(update)
        repeated, self._repeated = self._repeated[:limit], self._repeated[limit:]
        self.repeated += [update.id for update in repeated]
        return [*repeated, *self.waiting()[: limit - len(repeated)]]

    def confirm(self, update: Update) -> None:
        """The bot has it. By chance it is handed over once more nevertheless."""
        self.drop(update)
        if self._chance.random() < self.again:
            self._repeated.append(update)

    def take_repeated(self) -> list[Update]:
        """The confirmed updates that a webhook is sent once more."""
        repeated, self._repeated = self._repeated, []
        self.repeated += [update.id for update in repeated]
        return repeated

    def drop(self, update: Update) -> None:
        """Forget it."""
        self._waiting.pop(update.id, None)
        line = self._lines.get(update.line, {})
        line.pop(update.id, None)
        if not line:
            self._lines.pop(update.line, None)

    def clear(self) -> None:
        self._waiting.clear()
        self._lines.clear()
