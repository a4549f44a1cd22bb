"""Figures: what a module's results are, stated once for the panel, the chat, the export and the public page.

Counts come from SQL and are people, never messages; every figure says how many people it is about.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from flows.texts import Said

Shape: TypeAlias = Literal["bars", "scale", "heat", "numbers", "texts"]
"""How a figure is drawn: bars of choices; one stacked bar of ordered grades; a table of rows by columns;
a spread of numbers or dates in bins; open answers, to be read."""


@dataclass(frozen=True, slots=True)
class Count:
    """One row of a figure: how many people, and their share of those who answered (0 to 1)."""

    id: str
    label: Said
    people: int
    share: float


@dataclass(frozen=True, slots=True)
class HeatRow:
    """One row of a matrix or one candidate of a majority judgment: a count for each column, and its outcome."""

    id: str
    label: Said
    cells: tuple[Count, ...]
    outcome: Said | None = None


@dataclass(frozen=True, slots=True)
class Figure:
    """The results of one question.

    `ordered` tells that the rows have an order of their own (a scale); otherwise the largest comes first.
    `several` tells that a person counts in several rows, so that shares don't add up to 100 %.
    `note` is a sentence under the table (an average with its count, a median, a rule of counting).
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


@dataclass(frozen=True, slots=True)
class Stage:
    """One bar of the drop-off: how many people reached this question, and how many of them stopped at it."""

    id: str
    label: Said
    reached: int
    stopped: int


@dataclass(frozen=True, slots=True)
class Figures:
    """The results of one phase. `by_channel` and `by_place` count the same people as `people`."""

    people: int
    by_channel: tuple[tuple[str, int], ...] = ()
    by_place: tuple[tuple[str, int], ...] = ()
    started: int = 0
    figures: tuple[Figure, ...] = ()
    stages: tuple[Stage, ...] = field(default=())
