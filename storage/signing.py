"""Signing petitions: one signature a person, counted as it is given; milestones; an end by silence; taking back.

A signature is a contribution without a text. Why somebody signed is another one about it, so that words wait for a
moderator, or are hidden, and the signature counts all the same.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import field, replace
from datetime import datetime, timedelta
from typing import TypeAlias, TypedDict

from sqlalchemy import bindparam, func, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import contributions, gate, milestones, phases
from storage.contributions import NewContribution
from storage.milestones import GOAL, SIGNATURE, Place, Reached
from storage.models import Contribution, Phase
from storage.refusals import AlreadySent, Closed, Refusal
from storage.value import value

WHY = "why"
"""The kind of a contribution in which somebody says why they signed."""
OPENED = "opened"
"""What is told of the goal where reaching it has opened the next phase."""


@value
class Signature(NewContribution):
    """A signature as it is given. Reaching the `goal` opens the phase after it where `opens_next` says so; `silence` is
    the number of days without a signature after which the petition has ended. `news` is what the others are told of
    each milestone, packed, and of the goal that has opened a phase."""

    goal: int = 1
    silence: int | None = None
    opens_next: bool = False
    news: Mapping[str, str] = field(default_factory=dict)


class Signed(TypedDict):
    """How many have signed, this person being the last; the milestone that is theirs; whether a phase was opened."""

    count: int
    milestone: str | None
    opened: bool


# -- signing -------------------------------------------------------------------------------------------------------


async def sign(connection: AsyncConnection, given: Sequence[Signature]) -> Sequence[Signed | Refusal]:
    """Sign, or sign anew after one's signature was withdrawn.

    Refuses what comes after closing, or after a silence that ended it (Closed), from whom it is not for (NotEligible),
    and a second signature (AlreadySent). Each call gets its own running count: the phase is locked, so that of several
    processes too exactly one sees each milestone.
    """
    places = sorted({(one.space_id, one.phase_id) for one in given})
    await _lock(connection, places)
    before = await lives(connection, places)
    results: dict[int, int | Refusal] = {
        at: Closed() for at, one in enumerate(given) if _silent(before[one.space_id, one.phase_id], one)
    }
    left = {at: one for at, one in enumerate(given) if at not in results}
    results |= zip(left, await _write(connection, list(left.values())), strict=True)
    new = [(one, results[at]) for at, one in enumerate(given) if isinstance(results[at], int)]
    reached = await _tally(connection, [(one, id_) for one, id_ in new if isinstance(id_, int)], before)
    return [reached[found] if isinstance(found, int) else found for found in (results[at] for at in range(len(given)))]


async def _lock(connection: AsyncConnection, places: Sequence[Place]) -> None:
    """Who counts the signatures of a phase counts them alone, until the transaction ends."""
    phases_ = select(Phase.id).where(tuple_(Phase.space_id, Phase.id).in_(places)).order_by(Phase.space_id, Phase.id)
    await connection.execute(phases_.with_for_update(key_share=True))


async def _write(connection: AsyncConnection, given: Sequence[Signature]) -> list[int | Refusal]:
    """Write these signatures; one that was withdrawn stands again, as of now."""
    before = await _before(connection, given)
    known = [one for one in given if _whose(one) in before]
    new = [one for one in given if _whose(one) not in before]
    found = {id(one): result for one, result in zip(known, await _stand_again(connection, known, before), strict=True)}
    found |= {id(one): result for one, result in zip(new, await contributions.put(connection, new), strict=True)}
    return [found[id(one)] for one in given]


Whose: TypeAlias = tuple[int, int, int]
"""A space, a phase, a participant."""


def _whose(one: NewContribution) -> Whose:
    return one.space_id, one.phase_id, one.participant_id


async def _before(connection: AsyncConnection, given: Sequence[NewContribution]) -> dict[Whose, tuple[int, bool]]:
    """The signatures these people gave before: their ids, and whether they were withdrawn."""
    table = Contribution
    rows = await connection.execute(
        select(table.space_id, table.phase_id, table.participant_id, table.id, table.state).where(
            tuple_(table.space_id, table.phase_id, table.participant_id).in_({_whose(one) for one in given}),
            table.kind == SIGNATURE,
        )
    )
    return {
        (space, phase, who): (id_, state == "withdrawn") for space, phase, who, id_, state in rows if who is not None
    }


async def _stand_again(
    connection: AsyncConnection, given: Sequence[Signature], before: Mapping[Whose, tuple[int, bool]]
) -> list[int | Refusal]:
    """A withdrawn signature counts again, from now on, once; one that stands is not given twice."""
    _doors, refused = await gate.look(connection, given)
    results: list[int | Refusal] = []
    for one, refusal in zip(given, refused, strict=True):
        id_, withdrawn = before[_whose(one)]
        results.append(refusal or (id_ if withdrawn and id_ not in results else AlreadySent()))
    standing = [
        {"s": one.space_id, "i": id_, "then": one.at, "by": one.origin, "near": one.place}
        for one, id_ in zip(given, results, strict=True)
        if isinstance(id_, int)
    ]
    if standing:
        await connection.execute(_STAND, standing)
    return results


_THIS = (Contribution.space_id == bindparam("s"), Contribution.id == bindparam("i"))
_STAND = (
    update(Contribution)
    .where(*_THIS)
    .values(
        state="sent",
        created_at=bindparam("then"),
        updated_at=bindparam("then"),
        origin=bindparam("by"),
        place=bindparam("near"),
    )
)


# -- counting ------------------------------------------------------------------------------------------------------


async def _tally(
    connection: AsyncConnection, signed: Sequence[tuple[Signature, int]], before: Mapping[Place, Life]
) -> dict[int, Signed]:
    """By their ids, what these signatures, just written in this order, have brought about."""
    places = {(one.space_id, one.phase_id) for one, _id in signed}
    reached = await milestones.reached(connection, places)
    counts = {place: before[place].count for place in places}
    results: dict[int, Signed] = {}
    marks: list[Reached] = []
    for one, id_ in signed:
        place = (one.space_id, one.phase_id)
        counts[place] += 1
        new = [name for name in milestones.made(counts[place], one.goal) if name not in reached[place]]
        reached[place] |= set(new)
        opened = False
        if GOAL in new and one.opens_next:
            [result] = await phases.open_next(connection, [(one.space_id, one.phase_id, one.at.isoformat())])
            opened = result is True
        marks += [Reached(*place, name, id_, one.news.get(OPENED if opened else name), one.at) for name in new]
        results[id_] = Signed(count=counts[place], milestone=new[-1] if new else None, opened=opened)
    await milestones.note(connection, marks)
    return results


@value
class Life:
    """How many signatures count, and when the last one was given, or else when signing began."""

    count: int
    last: datetime | None


async def lives(connection: AsyncConnection, places: Collection[Place]) -> dict[Place, Life]:
    table = Contribution
    rows = await connection.execute(
        select(
            table.space_id,
            table.phase_id,
            func.count().filter(table.state == "sent"),
            func.max(table.created_at),
        )
        .where(tuple_(table.space_id, table.phase_id).in_(places), table.kind == SIGNATURE)
        .group_by(table.space_id, table.phase_id)
    )
    found = {(space_id, phase_id): Life(count, last) for space_id, phase_id, count, last in rows}
    doors = await gate.doorways(connection, [place for place in places if place not in found])
    return found | {place: Life(0, doors[place[1]].opens_at) for place in places if place not in found}


def ends_at(last: datetime | None, silence: int | None) -> datetime | None:
    """When a petition ends by itself that nobody signs any more; None where silence doesn't end it."""
    return last + timedelta(days=silence) if last is not None and silence is not None else None


def _silent(life: Life, one: Signature) -> bool:
    ends = ends_at(life.last, one.silence)
    return ends is not None and ends <= one.at


# -- one's words, and taking back ----------------------------------------------------------------------------------


class Unsigned(Refusal):
    """There is no signature of theirs that counts."""


async def explain(connection: AsyncConnection, given: Sequence[NewContribution]) -> Sequence[int | Refusal]:
    """Say why one signed, instead of what one said before. Refuses who has not signed (Unsigned), and like
    contributions.put."""
    before = await _before(connection, given)
    about = {whose: id_ for whose, (id_, withdrawn) in before.items() if not withdrawn}
    signed = [replace(one, parent_id=about[_whose(one)]) for one in given if _whose(one) in about]
    put = iter(await contributions.put(connection, signed))
    results = [next(put) if _whose(one) in about else Unsigned() for one in given]
    new = [result for result in results if isinstance(result, int)]
    kept = [one for one, result in zip(given, results, strict=True) if isinstance(result, int)]
    if kept:
        await connection.execute(
            _TAKE_BACK.where(Contribution.kind == WHY, Contribution.id.not_in(new)),
            [{"s": one.space_id, "p": one.phase_id, "who": one.participant_id, "then": one.at} for one in kept],
        )
    return results


@value
class Withdrawal:
    """Somebody takes their signature back."""

    space_id: int
    phase_id: int
    participant_id: int
    at: datetime


async def withdraw(connection: AsyncConnection, given: Sequence[Withdrawal]) -> Sequence[bool | Refusal]:
    """Take these signatures back, and what was said with them; answers whether there was one. Refuses what comes after
    closing (Closed): then it was counted."""
    doors = await gate.doorways(connection, {(one.space_id, one.phase_id) for one in given})
    results: list[bool | Refusal] = []
    for one in given:
        if not doors[one.phase_id].is_open(one.at):
            results.append(Closed())
            continue
        theirs = {"s": one.space_id, "p": one.phase_id, "who": one.participant_id, "then": one.at}
        taken = await connection.execute(_TAKE_BACK.where(Contribution.kind == SIGNATURE), theirs)
        await connection.execute(_TAKE_BACK.where(Contribution.kind == WHY), theirs)
        results.append(bool(taken.rowcount))
    return results


_TAKE_BACK = (
    update(Contribution)
    .where(
        Contribution.space_id == bindparam("s"),
        Contribution.phase_id == bindparam("p"),
        Contribution.participant_id == bindparam("who"),
        Contribution.state != "withdrawn",
    )
    .values(state="withdrawn", updated_at=bindparam("then"))
)


@value
class Silence:
    """A petition that has ended, it seems: so many days without a signature."""

    space_id: int
    phase_id: int
    days: int | None
    at: datetime


async def close(connection: AsyncConnection, given: Sequence[Silence]) -> Sequence[bool | Refusal]:
    """Close the phases that silence has ended; answers whether it has."""
    results: list[bool | Refusal] = []
    for one in given:
        place = (one.space_id, one.phase_id)
        await _lock(connection, [place])
        ends = ends_at((await lives(connection, [place]))[place].last, one.days)
        over = ends is not None and ends <= one.at
        if over:
            this = (Phase.space_id == one.space_id, Phase.id == one.phase_id)
            await connection.execute(update(Phase).where(*this).values(state="closed", closes_at=ends))
        results.append(over)
    return results
