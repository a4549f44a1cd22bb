"""A vote's results: its figures with the rule they were counted by, and its table. From totals alone: no voter is read.

A vote is never shown split by channel, place or day: in a small part of it a total can tell who chose what.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from fractions import Fraction
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from flows.answers import Json
from flows.counting import approval, borda, judgment, one_of, points, schulze
from flows.counting.decision import Outcome, decide
from flows.counting.judgment import Gauge
from flows.counting.result import Marks, Place, Result, Score
from flows.counting.schulze import Duels
from flows.figures import Cell, Count, Figure, Figures, Filter, HeatRow, PhaseRef, Shape
from flows.texts import Joined, Said, Text, _, joined, plural, translate
from flows.voting import choices
from flows.voting.settings import APPROVAL, BORDA, FOR_AGAINST, JUDGMENT, ONE_OF, POINTS, Candidate, Vote
from storage import paper, phases, tallying
from storage.clock import Clock, utc_now
from storage.paper import Number
from storage.scope import PAPER
from storage.value import columns

FIGURE, PATHS = "vote", "paths"


async def results(
    connection: AsyncConnection,
    phase: PhaseRef,
    vote: Vote,
    where: Filter,
    clock: Clock = utc_now,
) -> Figures:
    """The figures of all ballots together; before closing, where they are hidden, and for a part of the voters, only
    how many voted."""
    here = (phase.space_id, phase.phase_id)
    on_paper = await paper.number(connection, *here)
    alike = await tallying.alike(connection, *here)
    over = await _is_over(connection, phase, clock())
    voters = sum(alike.values())
    figures: Sequence[Figure]
    if where != Filter():
        only_paper = where.channel == PAPER
        voters = on_paper.counted if only_paper else await tallying.people(connection, where.scope(phase))
        figures = [_silent(vote, voters, _("A vote is shown as a whole: its parts could tell who chose what."))]
    elif vote.hidden and not over:
        figures = [_silent(vote, voters, _("What people chose is shown after closing."))]
    else:
        figures = [_from_ideas(vote, _with_paper(one, on_paper)) for one in figured(vote, alike, over=over)]
    every = Filter().scope(phase)
    by_channel = await tallying.by_channel(connection, every)
    return Figures(
        people=voters,
        by_channel=(*by_channel, *([(PAPER, on_paper.counted)] if on_paper.counted else [])),
        by_place=tuple(await tallying.by_place(connection, every)),
        started=await tallying.begun(connection, every),
        figures=tuple(figures),
    )


def _with_paper(figure: Figure, number: Number) -> Figure:
    """How many of the ballots were on paper is said with the votes, and how many more were spoilt."""
    if figure.id != FIGURE or number == Number(0, 0):
        return figure
    said = _("On paper: {counted}. Spoilt on paper, and not counted: {spoilt}.", **columns(number))
    return replace(figure, note=Joined((figure.note or "", said), " "))


def _from_ideas(vote: Vote, figure: Figure) -> Figure:
    """Where a proposal came from is said with its row, and under the figure."""
    ideas = {one.id: one.idea for one in vote.published if one.idea is not None}
    if not ideas:
        return figure
    numbers = joined([str(one.number) for one in vote.published if one.id in ideas])
    return replace(
        figure,
        rows=tuple(replace(row, idea=ideas.get(row.id)) for row in figure.rows),
        heat=tuple(replace(row, idea=ideas.get(row.id)) for row in figure.heat),
        note=Joined((figure.note or "", _("Ideas of residents: {numbers}.", numbers=numbers)), " "),
    )


async def _is_over(connection: AsyncConnection, phase: PhaseRef, now: datetime) -> bool:
    found = await phases.load(connection, [phase.phase_id])
    return found[phase.phase_id].is_over(now)


def _figure(vote: Vote, shape: Shape, people: int, note: Said, **more: Any) -> Figure:
    return Figure(FIGURE, 1, vote.question, vote.question, shape, people, note=note, **more)


def _silent(vote: Vote, people: int, note: Said) -> Figure:
    return _figure(vote, "heat", people, note)


def figured(vote: Vote, alike: Mapping[str, int], *, over: bool) -> list[Figure]:
    """What was counted by this vote's method; what it means is said once it is `over`."""
    ballots = choices.counted(vote, alike)
    match vote.method:
        case "judgment":
            judged = judgment.count(ballots, vote.ids, len(vote.grades))
            return [_judged(vote, judged, _note(vote, judged, _JUDGED, over))]
        case "schulze":
            met = schulze.count(ballots, vote.ids)
            return _dueled(vote, met, _note(vote, met, _DUELED, over))
        case "borda" | "points":
            rule = borda if vote.method == BORDA else points
            added = rule.count(ballots, vote.ids)
            return [_added(vote, added, _note(vote, added, _SHARED if vote.method == POINTS else _RANKED, over))]
        case "approval":
            approved = approval.count(ballots, vote.ids)
            return [_barred(vote, approved, _note(vote, approved, _APPROVED, over), several=True)]
        case _one:
            chosen = one_of.count(ballots, vote.ids)
            return [_barred(vote, chosen, _note(vote, chosen, _CHOSEN, over), several=False)]


# -- what is said under a figure ---------------------------------------------------------------------------

_CHOSEN = _("First is what most people chose. Blank votes change no place.")
_APPROVED = _("Everybody chose as many as they liked. First is what most people chose.")
_RANKED = _("A candidate gets a point from each person for every other one below it. Those left out share the rest.")
_SHARED = _("First is what received most points.")
_DUELED = _(
    "Each two meet in a duel: how many people prefer the one to the other? Who wins all duels is first. Otherwise the "
    "strongest paths over won duels decide."
)
_JUDGED = _(
    "The result is the best grade that more than half of the people give or go beyond. Among equal grades, one with "
    "more above it than below comes first. Who was not graded gets the worst grade."
)


def _note(vote: Vote, result: Result[Any], rule: Said, over: bool) -> Said:
    """How many voted, by which rule it is counted, and what was decided."""
    turnout = plural(
        "{count} person voted. Blank votes: {blank}.",
        "{count} people voted. Blank votes: {blank}.",
        result.voters,
        blank=result.blank,
    )
    decided = _decided(vote, result) if over else None
    return Joined((turnout, rule, *([decided] if decided is not None else [])), " ")


def _decided(vote: Vote, result: Result[Any]) -> Said | None:
    """Whether what was asked is adopted; of several candidates, whether enough people voted."""
    quorum = vote.rule.quorum(vote.entitled)
    if vote.method != FOR_AGAINST:
        enough = result.voters >= quorum
        return None if enough else _("Nothing is decided: {quorum} people would have had to vote.", quorum=quorum)
    votes = {place.candidate: int(place.score) for place in result.ranked}
    found = decide(vote.rule, votes.get("for", 0), votes.get("against", 0), result.blank, entitled=vote.entitled)
    numbers = {"votes": found.in_favour, "needed": found.needed}
    sentences: Mapping[Outcome, Said] = {
        Outcome.ADOPTED: _("It is adopted: {votes} for, {needed} were needed.", **numbers),
        Outcome.REJECTED: _("It is not adopted: {votes} for, {needed} were needed.", **numbers),
        Outcome.TIE: _("It is not adopted: as many for as against."),
        Outcome.NO_QUORUM: _("Nothing is decided: {quorum} people would have had to vote.", quorum=quorum),
    }
    return sentences[found.outcome]


# -- figures -----------------------------------------------------------------------------------------------


def _ordered(vote: Vote, ranked: Iterable[Place[Any]]) -> list[Candidate]:
    """The candidates in the order of their places; all of them by their numbers where nobody is ranked."""
    by_id = {candidate.id: candidate for candidate in vote.standing}
    return [by_id[place.candidate] for place in ranked] or list(vote.standing)


def _barred(vote: Vote, result: Result[Marks], note: Said, *, several: bool) -> Figure:
    """One bar a candidate, and the blank votes last; shares are of all who voted."""
    votes = {place.candidate: int(place.score) for place in result.ranked}
    order = list(vote.standing) if vote.method == FOR_AGAINST else _ordered(vote, result.ranked)
    rows = [_count(one.id, one.line, votes.get(one.id, 0), result.voters) for one in order]
    rows.append(_count("blank", _("Blank vote"), result.blank, result.voters))
    return _figure(vote, "bars", result.voters, note, rows=tuple(rows), several=several, ordered=True)


def _added(vote: Vote, result: Result[Marks], note: Said) -> Figure:
    """A row a candidate: how many people gave it each number of points, and the sum."""
    marks = {place.candidate: place for place in result.ranked}
    steps = sorted({step for place in result.ranked for step in place.working}, reverse=True)
    ties = _ties(result.ranked)
    heat = []
    for one in _ordered(vote, result.ranked):
        place = marks.get(one.id)
        given = place.working if place is not None else {}
        cells = [_count(str(step), _score(step), given.get(step, 0), result.expressed) for step in steps]
        outcome = _placed(place.rank, _points(place.score), ties) if place is not None else None
        heat.append(HeatRow(one.id, one.line, tuple(cells), outcome))
    return _figure(vote, "heat", result.voters, note, heat=tuple(heat), ordered=True)


def _judged(vote: Vote, result: Result[Gauge], note: Said) -> Figure:
    """A row a candidate: how many people gave it each grade, and its majority grade."""
    places, ties = {place.candidate: place for place in result.ranked}, _ties(result.ranked)
    heat = []
    for one in _ordered(vote, result.ranked):
        place = places.get(one.id)
        given = place.working.given if place is not None else (0,) * len(vote.grades)
        cells = [
            _count(grade.id, grade.label, people, result.expressed)
            for grade, people in zip(vote.grades, given, strict=True)
        ]
        outcome = _placed(place.rank, _graded(vote, place.working), ties) if place is not None else None
        heat.append(HeatRow(one.id, one.line, tuple(cells), outcome))
    return _figure(vote, "heat", result.voters, note, heat=tuple(heat), ordered=True)


def _graded(vote: Vote, gauge: Gauge) -> Said:
    grade = vote.grades[gauge.grade].label
    return _("{grade}, plus", grade=grade) if gauge.plus else _("{grade}, minus", grade=grade)


def _dueled(vote: Vote, result: Result[Duels], note: Said) -> list[Figure]:
    """The duels, and the strongest paths: in the row of one and the column of another, how many people."""
    order, ties = _ordered(vote, result.ranked), _ties(result.ranked)
    places = {place.candidate: place for place in result.ranked}

    def rows(of: Callable[[Duels, str], int]) -> tuple[HeatRow, ...]:
        heat = []
        for one in order:
            place = places.get(one.id)
            cells = [
                _count(to.id, f"{to.number}", of(place.working, to.id) if place and to != one else 0, result.expressed)
                for to in order
            ]
            ahead = _("as good as {count} others", count=int(place.score)) if place is not None else None
            outcome = _placed(place.rank, ahead, ties) if place is not None and ahead is not None else None
            heat.append(HeatRow(one.id, one.line, tuple(cells), outcome))
        return tuple(heat)

    title = Joined((vote.question, _("the strongest paths")), " - ")
    duels = rows(lambda working, to: working.preferred[to])
    paths = rows(lambda working, to: working.paths[to].votes)
    return [
        _figure(vote, "heat", result.voters, note, heat=duels, ordered=True),
        Figure(PATHS, 2, title, title, "heat", result.voters, heat=paths, ordered=True, note=_PATHS),
    ]


_PATHS = _("A path is as strong as its weakest duel. In the row of one and the column of another: how many people.")


def _count(id: str, label: Said, people: int, of: int) -> Count:
    return Count(id, label, people, people / of if of else 0.0)


def _ties(ranked: Iterable[Place[Any]]) -> frozenset[int]:
    """The ranks that are shared."""
    ranks = Counter(place.rank for place in ranked)
    return frozenset(rank for rank, shared in ranks.items() if shared > 1)


def _placed(rank: int, outcome: Said, ties: frozenset[int]) -> Said:
    if rank in ties:
        return _("Place {rank}, tied: {outcome}", rank=rank, outcome=outcome)
    return _("Place {rank}: {outcome}", rank=rank, outcome=outcome)


def _points(score: Score) -> Said:
    """A sum of points as it is read; halves are written as such."""
    if isinstance(score, Fraction) and score.denominator > 1:
        return _("{count} points", count=float(score))
    return plural("{count} point", "{count} points", int(score))


def _score(step: Score) -> Said:
    whole = int(step) if Fraction(step).denominator == 1 else float(step)
    return Text("{number}", {"number": whole})


# -- the table ---------------------------------------------------------------------------------------------


async def table(
    connection: AsyncConnection,
    phase: PhaseRef,
    vote: Vote,
    language: str,
    clock: Clock = utc_now,
) -> AsyncIterator[Sequence[Cell]]:
    """The header, then one row a distinct ballot with how many people cast it, the most first; a candidate that was
    withdrawn is still told. Nobody's id, time or channel is in it. Where results are hidden, no row before closing."""
    named = [translate(candidate.line, language) for candidate in vote.published]
    one = vote.method in (FOR_AGAINST, ONE_OF)
    columns = [translate(_("Choice"), language)] if one else named
    yield [translate(_("Ballots"), language), translate(_("Blank vote"), language), *columns]
    if vote.hidden and not await _is_over(connection, phase, clock()):
        return
    alike = await tallying.alike(connection, phase.space_id, phase.phase_id)
    for kept, people in sorted(alike.items(), key=lambda pair: (-pair[1], pair[0])):
        choice = choices.unpacked(kept)
        yield [people, int(choice is None), *_cells(vote, choice, language)]


def _cells(vote: Vote, choice: Json, language: str) -> list[Cell]:
    """What a ballot says of each candidate: chosen, its rank, its grade, its points; or the one that was chosen."""
    if vote.method in (FOR_AGAINST, ONE_OF):
        lines = {candidate.id: translate(candidate.line, language) for candidate in vote.published}
        return [lines.get(choice, choice) if choice is not None else None]
    said: dict[str, Cell] = {}
    if isinstance(choice, list):
        ranked = vote.method != APPROVAL
        said = {one: rank if ranked else 1 for rank, one in enumerate(choice, 1)}
    elif isinstance(choice, dict):
        grades = {grade.id: translate(grade.label, language) for grade in vote.grades}
        said = {one: grades.get(mark, mark) if vote.method == JUDGMENT else mark for one, mark in choice.items()}
    return [said.get(candidate.id) for candidate in vote.published]
