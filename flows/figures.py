"""Figures: what a module's results are, stated once for the panel, the chat, the export and the public page.

Counts come from SQL and are people, never messages; every figure says how many people it is about.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import field
from datetime import date, datetime
from typing import Literal, Protocol, TypeAlias, runtime_checkable

from sqlalchemy.ext.asyncio import AsyncConnection

from flows.texts import Said
from storage.answers import Apart
from storage.scope import Scope
from storage.value import value

Shape: TypeAlias = Literal["bars", "scale", "heat", "numbers", "texts"]
"""How a figure is drawn: bars of choices; one stacked bar of ordered grades; a table of rows by columns;
a spread of numbers or dates in bins; open answers, to be read."""


@value
class Count:
    """One row of a figure: how many people, and their share of those who answered (0 to 1). `idea` is the contribution
    it came from."""

    id: str
    label: Said
    people: int
    share: float
    idea: int | None = None


@value
class HeatRow:
    """One row of a matrix or one candidate of a majority judgment: a count for each column, its outcome, and the
    contribution it came from."""

    id: str
    label: Said
    cells: tuple[Count, ...]
    outcome: Said | None = None
    idea: int | None = None


@value
class Figure:
    """The results of one question.

    `ordered` tells that the rows have an order of their own (a scale); otherwise the largest comes first.
    `several` tells that a person counts in several rows, so that shares don't add up to 100 %.
    `note` is a sentence under the table (an average with its count, a median, a rule of counting).
    `files` tells that photos or documents were given, which are for whoever may download every answer.
    """

    id: str
    number: int
    title: Said
    short: Said
    shape: Shape
    people: int
    rows: tuple[Count, ...] = ()
    heat: tuple[HeatRow, ...] = ()
    ordered: bool = False
    several: bool = False
    note: Said | None = None
    files: bool = False


@value
class Stage:
    """One bar of the drop-off: how many people reached this question, and how many of them stopped at it."""

    id: str
    label: Said
    reached: int
    stopped: int


NOTHING_APART = Apart(0, 0, 0)


@value
class Figures:
    """The results of one phase. `by_channel` and `by_place` count the same people as `people`; `apart` is what was
    typed in and is of none of them; `started` how many people began online, None where that is not known, as nothing
    is noted before somebody gives something."""

    people: int
    by_channel: tuple[tuple[str, int], ...] = ()
    by_place: tuple[tuple[str, int], ...] = ()
    started: int | None = None
    figures: tuple[Figure, ...] = ()
    stages: tuple[Stage, ...] = field(default=())
    apart: Apart = NOTHING_APART


@value
class PhaseRef:
    """Which phase results are asked of."""

    space_id: int
    phase_id: int


@value
class Filter:
    """Which responses to look at; what is None doesn't bound. `since` is a moment in UTC, the first one included.

    `channel` may be `paper`; an empty `place` means those who came by no poster.
    """

    channel: str | None = None
    place: str | None = None
    since: datetime | None = None

    def scope(self, phase: PhaseRef, kind: str = "response") -> Scope:
        """What is counted of these contributions."""
        return Scope(phase.space_id, phase.phase_id, self.channel, self.place, self.since, kind)


@value
class OpenText:
    """One open answer as the panel shows it: the text, the channel and the place it came by, and its civil day."""

    text: str
    origin: str
    place: str | None
    day: date


Cell: TypeAlias = "str | int | float | None"


@value
class Page:
    """Which open answers to read: those with all these words, whatever their accents; so many, after the first ones."""

    search: str = ""
    offset: int = 0
    limit: int = 50


@runtime_checkable
class Reports(Protocol):
    """What a module that has results can do; the panel, the export and the chat all ask it."""

    async def results(self, connection: AsyncConnection, phase: PhaseRef, where: Filter) -> Figures:
        """The figures of the responses sent, and how far the others came."""
        ...

    async def texts(
        self, connection: AsyncConnection, phase: PhaseRef, question_id: str, where: Filter, page: Page
    ) -> tuple[int, list[OpenText]]:
        """How many open answers hold the words, and one page of them, the newest first."""
        ...

    def table(self, connection: AsyncConnection, phase: PhaseRef, language: str) -> AsyncIterator[Sequence[Cell]]:
        """The header, in which no two cells are alike, then one row a response, for exports."""
        ...


@runtime_checkable
class Measured(Protocol):
    """A module that can tell before it begins how long it takes."""

    def length(self) -> tuple[int, int]:
        """How many questions at most, and how many minutes about."""
        ...
