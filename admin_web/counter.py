"""Figures, counted once for all who look at them: with 20,000 responses it takes a processor two seconds."""

from __future__ import annotations

import asyncio
import time
from typing import TypeAlias

from flows.figures import Figures, Filter, PhaseRef, Reports
from storage import answers, moderation
from storage.consultations import Phase
from storage.database import Database
from storage.moderation import Queue
from storage.scope import Scope
from storage.value import value

MOST = 50
"""How many figures are kept, those that were looked at last."""

LONGEST = 60
"""Seconds after which figures are counted anew all the same: behind a clock that was set back a change may hide."""

_Asked: TypeAlias = tuple[int, int, int, Filter]


@value
class _Counted:
    """Figures, when their counting began (monotonic seconds), and the stamp of what was counted."""

    figures: Figures
    began: float
    stamp: object


class Counter:
    """Counts for one page at a time, and keeps what was counted until the data is another."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self._kept: dict[_Asked, _Counted] = {}
        self._counting = asyncio.Lock()
        self._moderated: dict[tuple[int, int], tuple[float, moderation.Figure]] = {}

    async def figures(self, reports: Reports, phase: Phase, where: Filter) -> Figures:
        """The figures as they are now. Whoever waits while others look at the same ones takes theirs, if they were
        counted after this was asked."""
        asked: _Asked = (phase.space_id, phase.id, phase.version, where)
        came = time.monotonic()
        async with self._counting:
            found = self._kept.pop(asked, None)
            if found is None or found.began < came:
                found = await self._count(reports, PhaseRef(phase.space_id, phase.id), where, found)
            self._kept[asked] = found
            if len(self._kept) > MOST:
                del self._kept[next(iter(self._kept))]
        return found.figures

    async def moderated(self, space_id: int, consultation_id: int) -> moderation.Figure:
        """How the texts of a consultation were moderated, at most a minute ago: many open the page it stands on."""
        key, now = (space_id, consultation_id), time.monotonic()
        kept = self._moderated.get(key)
        if kept is None or kept[0] + LONGEST < now:
            async with self.database.read() as connection:
                kept = now, await moderation.figure(connection, Queue(space_id, [consultation_id]))
            self._moderated[key] = kept
        return kept[1]

    async def _count(self, reports: Reports, phase: PhaseRef, where: Filter, before: _Counted | None) -> _Counted:
        """Counted anew, or as before when nothing has changed since."""
        began = time.monotonic()
        async with self.database.read() as connection:
            stamp = (began // LONGEST, *await answers.stamp(connection, Scope(phase.space_id, phase.phase_id)))
            if before is not None and before.stamp == stamp:
                return _Counted(before.figures, began, stamp)
            return _Counted(await reports.results(connection, phase, where), began, stamp)
