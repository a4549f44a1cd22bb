"""What several couriers send by one account: they keep its windows together, in the database.

Each place in a window is noted before its send begins, by whoever holds the row, and given back a window after the
send has ended. So a courier that stalls, however long, holds the places of what it has claimed and nothing more; one
that comes has nothing to wait for; and which of them are alive matters only for the places of one that has died.

Times are seconds of the database's clock, the only one that couriers on several machines have in common.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from math import ceil, inf

import orjson

from bot.pace import MINUTE, SECOND, Pace, Place
from flows.rendering import Rates

NOBODY = "0"
"""No chat."""


@dataclass
class Ledger:
    """Of one account. `held` are the places of sends under way, by courier; `ended` those of sends that are over."""

    rates: Rates
    held: defaultdict[str, list[Place]] = field(default_factory=lambda: defaultdict(list))
    ended: list[tuple[float, Place]] = field(default_factory=list)
    paused_until: float = -inf
    even: float = -inf
    """See Pace."""

    def begin(self, courier: str, place: Place) -> None:
        self.held[courier].append(place)

    def end(self, courier: str, place: Place, at: float, *, moved: bool = False) -> None:
        """It ended then. One that isn't held counts all the same: the platform has seen it. One whose chat has `moved`
        counts for no chat."""
        if place in self.held[courier]:
            self.held[courier].remove(place)
        self.ended.append((at, (NOBODY, place[1]) if moved else place))

    def is_gone(self, courier: str, now: float) -> None:
        """It is no more; what it had on the wire may just be arriving."""
        self.ended += [(now, place) for place in self.held.pop(courier, ())]

    def pace(self, now: float) -> Pace:
        """The windows as they are."""
        pace = Pace(self.rates, -inf)
        pace.pause(self.paused_until)
        pace.even = min(self.even, now)
        for at, (chat, paid) in sorted(self.ended):
            pace.begin(chat, paid=paid)
            pace.end(chat, min(at, now), paid=paid)
        for places in self.held.values():
            for chat, paid in places:
                pace.begin(chat, paid=paid)
        return pace

    # -- in the row ------------------------------------------------------------------------------------------------

    def pack(self, now: float) -> str:
        """Without what is over."""
        seen = [(min(at, now), place) for at, place in self.ended]  # a clock that was set back must not silence us
        ended = [(ceil(at * 1000) / 1000, *place) for at, place in seen if at + self._lasts(place) > now]
        held = {courier: places for courier, places in self.held.items() if places}
        paused = self.paused_until if self.paused_until > now else None
        even = self.even if self.even > -inf else None
        return orjson.dumps({"held": held, "ended": ended, "paused": paused, "even": even}).decode()

    @classmethod
    def unpack(cls, rates: Rates, packed: str) -> Ledger:
        ledger = cls(rates)
        if packed:
            read = orjson.loads(packed)
            for courier, places in read["held"].items():
                ledger.held[courier] = [(chat, paid) for chat, paid in places]
            ledger.ended = [(at, (chat, paid)) for at, chat, paid in read["ended"]]
            ledger.paused_until = -inf if read["paused"] is None else read["paused"]
            ledger.even = -inf if read["even"] is None else read["even"]
        return ledger

    def _lasts(self, place: Place) -> float:
        grouped = self.rates.groups is not None and place[0].startswith(self.rates.groups)
        return MINUTE if grouped else SECOND
