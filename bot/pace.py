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
from heapq import heappop, heappush
from math import inf
from typing import TypeAlias

from flows.rendering import Rates

SECOND, MINUTE = 1.001, 60.06
"""A thousandth more than the platform's: no clock runs that much faster than another."""
UNLIMITED = 1_000_000
CATCHING_UP = 3
"""How many of what we begin ourselves may leave at once, when their turn was missed."""
Place: TypeAlias = "tuple[str, bool]"
"""What one send takes: the chat, and whether it is paid for."""


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

    What is `paid` for has a window of its own, much larger, in which all the rest counts as well.
    `since` is when we began to send at all: another process may have used up the second before.
    """

    def __init__(self, rates: Rates | None, since: float) -> None:
        self.rates = rates
        self.paused_until = -inf
        self.even = -inf
        """Until when what we begin ourselves has used its even share of the time."""
        most = rates.overall if rates is not None else UNLIMITED
        self._overall = Window(most, SECOND, deque([since] * most if rates is not None else ()))
        paid = rates.paid if rates is not None else None
        self._paid = Window(paid, SECOND, deque([since] * paid)) if paid is not None else None
        self._chats: dict[str, list[Window]] = {}
        self._full: dict[str, None] = {}
        """The chats whose windows are full, as far as we have looked."""
        self._over: list[tuple[float, str]] = []
        """A heap: when a send to which chat is over, and counts no more."""

    def pause(self, until: float) -> None:
        """Nothing may begin until then."""
        self.paused_until = max(self.paused_until, until)

    def free(self, now: float, *, paid: bool = False) -> int:
        """How many sends may begin now, to chats that don't rest."""
        return min(one.free(now) for one in self._of_all(paid)) if now >= self.paused_until else 0

    @property
    def spacing(self) -> float:
        """Seconds between two of what we begin ourselves, where it is not paid for. Evenly spread, they leave a place
        that comes free to whoever answers all the time, and none of them idle; in bursts they would use up a second."""
        return SECOND / self.rates.overall if self.rates is not None and self.rates.paid is None else 0.0

    def turns(self, now: float) -> int:
        """How many of what we begin ourselves may leave now."""
        if self.even == -inf or not self.spacing:
            return CATCHING_UP if self.spacing else UNLIMITED
        return max(0, min(CATCHING_UP, int((now - self.even) / self.spacing + 1e-6)))

    def spread(self, count: int, now: float) -> None:
        """So many of them leave."""
        if count and self.spacing:
            self.even = max(self.even, now - CATCHING_UP * self.spacing) + count * self.spacing

    def resting(self, now: float) -> list[str]:
        """The chats to which nothing may be sent yet. Only those that may have changed are looked at: in a second there
        may be a thousand."""
        while self._over and self._over[0][0] <= now:
            self._look_at(heappop(self._over)[1], now)
        return list(self._full)

    def _look_at(self, chat: str, now: float) -> None:
        free = [(one.free(now), one.most) for one in self._chats.get(chat, ())]
        if all(left > 0 for left, _most in free):
            self._full.pop(chat, None)
        if all(left == most for left, most in free):
            self._chats.pop(chat, None)

    def may_begin(self, chat: str, now: float, *, paid: bool = False) -> bool:
        return self.opens_at(chat, now, paid=paid) <= now

    def opens_at(self, chat: str, now: float, *, paid: bool = False) -> float:
        """When a send to this chat may begin: now, or later; `inf` while that depends on sends that have not ended."""
        return max(self.paused_until, *(one.free_at(now) for one in self._windows(chat, paid)))

    def next_at(self, now: float) -> float:
        """When more may begin than may now; `inf` while that depends on sends that have not ended."""
        if now < self.paused_until:
            return self.paused_until
        if self.rates is None:
            return inf
        more = [one.more_at(now) for one in (self._overall, self._paid) if one is not None]
        if self.turns(now) == 0:
            more.append(self.even + self.spacing)
        if self.resting(now) and self._over:
            more.append(self._over[0][0])
        return min(more)

    def begin(self, chat: str, *, paid: bool = False) -> None:
        """A send to this chat begins."""
        for window in self._windows(chat, paid):
            window.under_way += 1
        if any(window.under_way + len(window.ended) >= window.most for window in self._chats.get(chat, ())):
            self._full[chat] = None

    def end(self, chat: str, now: float, *, paid: bool = False) -> None:
        """It has ended, well or not: the platform has seen it by now, if it ever does."""
        for window in self._windows(chat, paid):
            window.under_way -= 1
            window.ended.append(now)
        for window in self._chats.get(chat, ()):
            heappush(self._over, (now + window.length, chat))

    def forget(self, chat: str) -> None:
        """What was sent to this chat counts no more for it, only for all."""
        self._chats.pop(chat, None)
        self._full.pop(chat, None)

    def _of_all(self, paid: bool) -> list[Window]:
        """Those in which all chats count."""
        if self._paid is None:
            return [self._overall]
        return [self._paid] if paid else [self._overall, self._paid]

    def _windows(self, chat: str, paid: bool) -> list[Window]:
        """Those that a send to this chat falls into."""
        if self.rates is None:
            return [self._overall]
        if chat not in self._chats:
            self._chats[chat] = [Window(self.rates.person, SECOND)]
            if self.rates.groups is not None and chat.startswith(self.rates.groups):
                self._chats[chat].append(Window(self.rates.group, MINUTE))
        return [*self._of_all(paid), *self._chats[chat]]
