"""Figures in a chat: each in a short line, the largest counts first.

A module states its results once (flows/figures.py). Here they become lines that a resident reads on a phone; `of_phase`
is the verb that a conversation asks for them.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, TypedDict

from sqlalchemy.ext.asyncio import AsyncConnection

from flows.figures import Count, Figure, Figures, Filter, PhaseRef, Reports
from flows.module import catalog, load
from flows.telling import pack
from flows.texts import Said, Words, _, joined, plural
from storage import phases
from storage.phases import PhaseFacts
from storage.refusals import Refusal
from storage.scope import FIELD
from storage.value import value

MOST_FIGURES = 8
MOST_ROWS = 3
"""Of a figure, those that most people chose."""


class Earlier(TypedDict):
    """A phase that has results, by its title in each language."""

    phase: int
    position: int
    title: dict[str, str]


@value
class Before:
    """A phase, at a moment: those before it in its consultation are asked for, as far as they are over."""

    space_id: int
    consultation_id: int
    position: int
    at: datetime


async def earlier(connection: AsyncConnection, wanted: Sequence[Before]) -> Sequence[list[Earlier] | Refusal]:
    """The phases that have results to show: nothing is told of one that is still open."""
    results: list[list[Earlier] | Refusal] = []
    for one in wanted:
        found = await phases.of_space(connection, one.space_id)
        told = [phase for phase in found if _is_told(phase, one)]
        results.append([Earlier(phase=each.id, position=each.position, title=dict(each.title)) for each in told])
    return results


def _is_told(phase: PhaseFacts, before: Before) -> bool:
    here = phase.consultation_id == before.consultation_id and phase.position < before.position
    known = catalog().get(phase.kind)
    return here and known is not None and issubclass(known, Reports) and phase.is_over(before.at)


async def of_phase(connection: AsyncConnection, wanted: Sequence[tuple[int, int]]) -> Sequence[list[Any] | Refusal]:
    """For each (space, phase) the lines of its results, packed as flows/telling.py does."""
    facts = await phases.load(connection, [phase_id for _space, phase_id in wanted])
    results: list[list[Any] | Refusal] = []
    for space_id, phase_id in wanted:
        module = load(facts[phase_id].kind, facts[phase_id].settings)
        assert isinstance(module, Reports)
        figures = await module.results(connection, PhaseRef(space_id, phase_id), Filter())
        results.append([pack(line) for line in lines(figures)])
    return results


def lines(figures: Figures) -> list[Said]:
    """How many people took part, on paper and by volunteers too, and a line for each figure."""
    people: list[Said] = [plural("{count} person took part.", "{count} people took part.", figures.people)]
    paper = dict(figures.by_channel).get("paper", 0)
    if paper:
        people.append(plural("{count} of them on paper.", "{count} of them on paper.", paper))
    at_doors = dict(figures.by_channel).get(FIELD, 0)
    if at_doors:
        people.append(plural("{count} of them by a volunteer.", "{count} of them by volunteers.", at_doors))
    if figures.apart.present:
        present = plural("{count} person at a table", "{count} people at tables", figures.apart.present)
        people.append(_("Besides, at meetings: {people}. They are not added.", people=present))
    return [*people, *(_line(figure) for figure in figures.figures[:MOST_FIGURES] if figure.people)]


def _line(figure: Figure) -> Said:
    return _("{number}. {name}: {figures}", number=figure.number, name=figure.short, figures=_said(figure))


def _said(figure: Figure) -> Said:
    """A figure in half a line: what came out of it, its largest rows (where they have an order of their own rather its
    note), or else how many people it is of."""
    if figure.heat:
        outcomes = [(row.label, row.outcome) for row in figure.heat if row.outcome is not None][:MOST_ROWS]
        if outcomes:
            return joined([_("{row}: {answer}", row=label, answer=outcome) for label, outcome in outcomes])
    if figure.rows and figure.shape in ("bars", "scale") and not (figure.ordered and figure.note is not None):
        first = sorted(figure.rows, key=lambda row: -row.people)[:MOST_ROWS]
        return joined([_row(row) for row in first if row.people])
    return figure.note or plural("{count} person answered", "{count} people answered", figure.people)


def _row(row: Count) -> Said:
    return _("{answer} ({people}, {share} %)", answer=row.label, people=row.people, share=round(100 * row.share))


def titled(one: Earlier) -> Said:
    return Words(one["title"])
