"""What came along with links: the codes of posters, who arrived by them, the codes of letters that were shown, and
those of broadcasts that somebody tries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.seats import Seat
from flows.routing import may_be_a_code
from storage import broadcast_rows, letters, phases, relays
from storage.broadcast_rows import Try
from storage.conversations import Record
from storage.letters import Shown
from storage.phases import CodeFacts
from storage.refusals import Refusal
from storage.relays import Came


class Coming:
    """The codes that the messages of one batch came with."""

    def __init__(self) -> None:
        self._codes: dict[tuple[int, str], CodeFacts] = {}
        self._tests: dict[tuple[int, str], int] = {}

    async def look_up(self, connection: AsyncConnection, seats: Sequence[Seat], now: datetime) -> None:
        """Load what the codes say; whoever came by the link of a letter has shown its code."""
        carried = [(seat.space.id, code) for seat in seats if (code := _carried(seat))]
        self._codes = await phases.codes(connection, carried, now)
        self._tests = await broadcast_rows.tests(connection, [code for code in carried if code not in self._codes])
        await self._show_letters(connection, seats, now)

    def by(self, seat: Seat) -> CodeFacts | None:
        """What the code says that came with this message."""
        return self._codes.get((seat.space.id, seat.incoming.code)) if seat.incoming.code else None

    def recognise(self, seat: Seat, current: Record | None) -> None:
        """A word that is the code of a poster has come with it, where it does not answer the conversation `current`."""
        typed = (seat.space.id, _carried(seat)) in self._codes and not seat.incoming.code
        if typed and may_be_a_code(seat.incoming, seat.channel, current):
            seat.incoming = replace(seat.incoming, code=(seat.incoming.text or "").strip(), text=None)

    def test(self, seat: Seat) -> int | None:
        """The broadcast that this message asks for as a test."""
        return self._tests.get((seat.space.id, seat.incoming.code)) if seat.incoming.code else None

    def tries(self, seats: Sequence[Seat], now: datetime) -> list[Try]:
        """Who asked for a broadcast as a test."""
        asked = [(seat, self.test(seat)) for seat in seats]
        return [Try(seat.space.id, id_, seat.person.id, now) for seat, id_ in asked if id_ is not None]

    async def _show_letters(self, connection: AsyncConnection, seats: Sequence[Seat], now: datetime) -> None:
        """A code that is wrong is passed over in silence: the flow asks for it where it is needed."""
        shown = [
            (seat, Shown(seat.space.id, code.consultation_id, seat.person.id, seat.personal, now.isoformat()))
            for seat in seats
            if seat.personal is not None and (code := self.by(seat)) is not None
        ]
        results = await letters.redeem(connection, [one for _seat, one in shown])
        for (seat, one), found in zip(shown, results, strict=True):
            known = letters.settled(one, found) if not isinstance(found, Refusal) else None
            if known is not None:
                known.apply(seat.person)

    async def note_arrivals(self, connection: AsyncConnection, seats: Sequence[Seat], now: datetime) -> None:
        """Whom relays brought; before the conversations of this batch are written."""
        await relays.arrive(
            connection,
            [
                Came(seat.space.id, code.consultation_id, seat.person.id, code.relay_id, now)
                for seat in seats
                if (code := self.by(seat)) is not None and code.relay_id is not None
            ],
        )


def _carried(seat: Seat) -> str | None:
    """The code that came with this message, or the word that may be one."""
    if seat.incoming.code or not may_be_a_code(seat.incoming, seat.channel, None):
        return seat.incoming.code
    return (seat.incoming.text or "").strip()
