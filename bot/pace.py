"""How fast one of our accounts may send: sliding windows, as the platform sees them.

A token bucket of 30 a second lets 59 through in its worst second; a window counts the sends themselves. The platform
counts each when it comes in, and all we know of that moment is that it lies between a send's beginning and its end. So
a send keeps its place from its beginning until a whole window after its end: whatever the network does between us, no
window of the platform's ever holds more than its limit. That costs the time of one send in each second.

Times are seconds of a clock that is never set back, handed in by the caller.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from math import inf

from flows.rendering import Rates

SECOND, MINUTE = 1.01, 60.1
"""A little more than the platform's: our clock is not its own."""
UNLIMITED = 1_000_000


@dataclass(slots=True)
class Window:
    """At most `most` sends within any `length` seconds. `ended` is when the last ones ended, the earliest first."""

    most: int
    length: float
    ended: deque[float] = field(default_factory=deque)
    under_way: int = 0

    def free(self, now: float) -> int:
        """How many more may begin now."""
        while self.ended and self.ended[0] + self.length <= now:
            self.ended.popleft()
        return self.most - self.under_way - len(self.ended)

    def free_at(self, now: float) -> float:
        """When a send may begin: now, or later; `inf` while that depends on sends that have not ended."""
        return now if self.free(now) > 0 else self.more_at(now)

    def more_at(self, now: float) -> float:
        """When one more will be free than are now."""
        self.free(now)
        return self.ended[0] + self.length if self.ended else inf


class Pace:
    """The windows of one account, those of all it sends and those of each chat; without `rates` only its pauses.

    `since` is when we began to send at all: another process may have used up the second before.
    """

    def __init__(self, rates: Rates | None, since: float) -> None:
        self.rates = rates
        self.paused_until = -inf
        most = rates.overall if rates is not None else UNLIMITED
        self._overall = Window(most, SECOND, deque([since] * most if rates is not None else ()))
        self._chats: dict[str, list[Window]] = {}

    def pause(self, until: float) -> None:
        """Nothing may begin until then."""
        self.paused_until = max(self.paused_until, until)

    def free(self, now: float) -> int:
        """How many sends may begin now, to chats that don't rest."""
        return self._overall.free(now) if now >= self.paused_until else 0

    def resting(self, now: float) -> list[str]:
        """The chats to which nothing may be sent yet."""
        self._chats = {chat: its for chat, its in self._chats.items() if any(one.free(now) < one.most for one in its)}
        return [chat for chat, its in self._chats.items() if any(one.free(now) <= 0 for one in its)]

    def may_begin(self, chat: str, now: float) -> bool:
        return self.opens_at(chat, now) <= now

    def opens_at(self, chat: str, now: float) -> float:
        """When a send to this chat may begin: now, or later; `inf` while that depends on sends that have not ended."""
        return max(self.paused_until, *(one.free_at(now) for one in self._windows(chat)))

    def next_at(self, now: float) -> float:
        """When more may begin than may now; `inf` while that depends on sends that have not ended."""
        if now < self.paused_until:
            return self.paused_until
        if self.rates is None:
            return inf
        return min([self._overall.more_at(now), *(self.opens_at(chat, now) for chat in self.resting(now))])

    def begin(self, chat: str) -> None:
        """A send to this chat begins."""
        for window in self._windows(chat):
            window.under_way += 1

    def end(self, chat: str, now: float) -> None:
        """It has ended, well or not: the platform has seen it by now, if it ever does."""
        for window in self._windows(chat):
            window.under_way -= 1
            window.ended.append(now)

    def _windows(self, chat: str) -> list[Window]:
        """Those that a send to this chat falls into."""
        if self.rates is None:
            return [self._overall]
        if chat not in self._chats:
            self._chats[chat] = [Window(self.rates.person, SECOND)]
            if self.rates.groups is not None and chat.startswith(self.rates.groups):
                self._chats[chat].append(Window(self.rates.group, MINUTE))
        return [self._overall, *self._chats[chat]]
