"""What becomes of the rows of two participants who are one: every row of the one who goes becomes the other's.

MOVED says it for each column that names a participant; tests/storage/test_joining.py holds it to the models, so that
whoever adds a table thinks of it. Where a person has one row of a kind, ONE_EACH says which of two stays.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, String, case, cast, delete, func, literal, select, update
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import InstrumentedAttribute

from storage import models, outbox, secrecy, talks_united
from storage.both_voted import Two
from storage.milestones import SIGNATURE
from storage.models import (
    Address,
    Arrival,
    Ballot,
    Consent,
    Contribution,
    Conversation,
    Delivery,
    Door,
    Doorstep,
    Follow,
    Heard,
    Join,
    Milestone,
    Mute,
    Participant,
    PersonalCode,
    Report,
    ReturnCode,
    Volunteer,
    Wish,
)
from storage.outbox import LaneKey, Mover
from storage.phases import PhaseFacts
from storage.signing import WHY
from storage.supporting import SUPPORT
from storage.value import value

Column = InstrumentedAttribute[Any]


@value
class OneEach:
    """A person has one row for each `about`; of two the one that comes `first` stays."""

    about: tuple[Column, ...]
    first: tuple[ColumnElement[Any] | Column, ...]


ONE_EACH: Mapping[Column, OneEach] = {
    Consent.participant_id: OneEach((Consent.consultation_id,), (Consent.given_at,)),
    Arrival.participant_id: OneEach((Arrival.consultation_id,), (Arrival.came_at,)),
    Wish.participant_id: OneEach((Wish.consultation_id,), (Wish.at.desc(),)),
    Mute.participant_id: OneEach((Mute.phase_id,), (Mute.at,)),
    Ballot.voter: OneEach((Ballot.phase_id, Ballot.subject), (Ballot.cast_at,)),
    Follow.participant_id: OneEach((Follow.contribution_id,), (Follow.id,)),
    Report.reporter: OneEach((Report.contribution_id,), (Report.at,)),
    ReturnCode.participant_id: OneEach((ReturnCode.kind,), (ReturnCode.created_at.desc(),)),
}
"""What was agreed to, or done, first; what was said last."""

MOVED: tuple[Column, ...] = (
    Delivery.participant_id,
    Address.participant_id,
    Heard.participant_id,
    Conversation.participant_id,
    Conversation.through_id,
    Volunteer.participant_id,
    Doorstep.participant_id,
    PersonalCode.used_by,
    Contribution.participant_id,
    *ONE_EACH,
    Join.into_id,
    Join.from_id,
)
"""In the order in which others write these. Who merges two texts in the panel holds the contributions, and casts a
ballot for the author of one (storage/merging.py); whoever uses a code up leaves a join behind."""


async def unite(
    connection: AsyncConnection,
    two: Two,
    now: datetime,
    repeatable: Callable[[PhaseFacts], bool],
    progress: Callable[[str], int],
) -> tuple[int, ...]:
    """Make these one person, who are locked, and have nowhere both voted. Answers the phases in which something begun
    was dropped."""
    dropped = await talks_united.drop_drafts(connection, two, repeatable, progress)
    await _person(connection, two, dropped.conversations)
    await _one_round_each(connection, two)
    await _one_signature_each(connection, two)
    await _one_delivery_each(connection, two)
    linked = update(Address).where(Address.space_id == two.space_id, Address.participant_id == two.gone)
    await connection.execute(linked.values(linked_at=now))
    for column in MOVED:
        await _move(connection, two, column)
    await _not_their_own(connection, two)
    await secrecy.hand_over(connection, two.space_id, two.gone, two.into)
    gone = (Participant.space_id == two.space_id, Participant.id == two.gone)
    await connection.execute(delete(Participant).where(*gone))
    return dropped.phases


async def _move(connection: AsyncConnection, two: Two, column: Column) -> None:
    table = column.class_
    if column in ONE_EACH:
        await _leave_one(connection, two, column, ONE_EACH[column])
    text = isinstance(column.type, String)
    into, gone = (str(two.into), str(two.gone)) if text else (two.into, two.gone)
    moved = update(table).where(table.space_id == two.space_id, column == gone)
    await connection.execute(moved.values({column.key: into}))


async def _leave_one(connection: AsyncConnection, two: Two, column: Column, rule: OneEach) -> None:
    """Delete the rows that do not stay."""
    table, text = column.class_, isinstance(column.type, String)
    both = [str(two.into), str(two.gone)] if text else [two.into, two.gone]
    query = select(column, *rule.about).where(table.space_id == two.space_id, column.in_(both))
    seen: set[tuple[Any, ...]] = set()
    for row in (await connection.execute(query.order_by(*rule.first, column))).all():
        about = tuple(row[1:])
        if about in seen:
            this = [one == found for one, found in zip((column, *rule.about), row, strict=True)]
            await connection.execute(delete(table).where(table.space_id == two.space_id, *this))
        seen.add(about)


async def _not_their_own(connection: AsyncConnection, two: Two) -> None:
    """Nobody supports a text of their own: what one wrote the other may have supported."""
    wrote = select(cast(Contribution.id, String)).where(
        Contribution.space_id == two.space_id, Contribution.participant_id == two.into
    )
    theirs = (Ballot.space_id == two.space_id, Ballot.voter == str(two.into), Ballot.value == SUPPORT)
    await connection.execute(delete(Ballot).where(*theirs, Ballot.subject.in_(wrote)))


async def _twice(
    connection: AsyncConnection, two: Two, owner: Column, about: Column, first: tuple[Any, ...], *where: Any
) -> list[tuple[Any, Any]]:
    """Of what both have a row about: the ids of the one that stays, which comes `first`, and of the other."""
    table = owner.class_
    rows = await connection.execute(
        select(about, table.id)
        .where(table.space_id == two.space_id, owner.in_((two.into, two.gone)), about.is_not(None), *where)
        .order_by(*first, table.id)
    )
    found: dict[Any, list[int]] = {}
    for which, id_ in rows:
        found.setdefault(which, []).append(id_)
    return [(ids[0], other) for ids in found.values() for other in ids[1:]]


async def _one_round_each(connection: AsyncConnection, two: Two) -> None:
    """Whoever walks for a round twice is one volunteer of it, under the name given first."""
    space = two.space_id
    first = (Volunteer.name.is_(None), Volunteer.joined_at)
    for stays, goes in await _twice(connection, two, Volunteer.participant_id, Volunteer.round_id, first):
        for table in (Door, Doorstep):
            noted = update(table).where(table.space_id == space, table.volunteer_id == goes)
            await connection.execute(noted.values(volunteer_id=stays))
        await connection.execute(delete(Volunteer).where(Volunteer.space_id == space, Volunteer.id == goes))


async def _one_signature_each(connection: AsyncConnection, two: Two) -> None:
    """The signature given first stays, before one that was withdrawn; of what was said with both what was said last."""
    given, space = Contribution, two.space_id
    first = (case((given.state == "withdrawn", 1), else_=0), given.created_at)
    is_one = given.kind == SIGNATURE
    for stays, goes in await _twice(connection, two, given.participant_id, given.phase_id, first, is_one):
        this = (given.space_id == space, given.id == goes)
        said = update(given).where(given.space_id == space, given.parent_id == goes)
        await connection.execute(said.values(parent_id=stays))
        words = (given.space_id == space, given.parent_id == stays, given.kind == WHY)
        last = select(func.max(given.id)).where(*words, given.state != "withdrawn").scalar_subquery()
        await connection.execute(update(given).where(*words, given.id != last).values(state="withdrawn"))
        theirs = (Follow.space_id == space, Follow.contribution_id.in_((stays, goes)))
        follows = (await connection.execute(select(Follow.id).where(*theirs).order_by(Follow.id))).scalars().all()
        await connection.execute(delete(Follow).where(*theirs, Follow.id.in_(follows[1:])))
        await connection.execute(update(Follow).where(*theirs).values(contribution_id=stays))
        reached = update(Milestone).where(Milestone.space_id == space, Milestone.signature_id == goes)
        await connection.execute(reached.values(signature_id=stays))
        await connection.execute(delete(given).where(*this))


async def _one_delivery_each(connection: AsyncConnection, two: Two) -> None:
    """What was begun for both leaves once. What has left twice stays in the history, and one of it is counted."""
    table = Delivery
    further = (case((table.state == "sent", 0), (table.state == "claimed", 1), else_=2), table.id)
    for _stays, goes in await _twice(connection, two, table.participant_id, table.cause, further):
        this = (table.space_id == two.space_id, table.id == goes)
        waits = table.state.in_(("waiting", "paused"))
        state = case((waits, literal("cancelled")), else_=table.state)
        await connection.execute(update(table).where(*this).values(cause=None, state=state))


# -- the person ----------------------------------------------------------------------------------------------------


async def _person(connection: AsyncConnection, two: Two, dropped: frozenset[int]) -> None:
    """The one who stays is what both are together."""
    table = models.Participant.__table__
    rows = await connection.execute(
        select(table).where(table.c.space_id == two.space_id, table.c.id.in_((two.into, two.gone)))
    )
    found: dict[int, Any] = {row.id: row for row in rows}
    into, gone = found[two.into], found[two.gone]
    last = await _heard_last(connection, two)
    known = united(into, gone) | {
        "current_id": await talks_united.current(connection, two, (into.current_id, gone.current_id), dropped),
        "address_id": found[last].address_id or into.address_id or gone.address_id,
    }
    this = (Participant.space_id == two.space_id, Participant.id == two.into)
    await connection.execute(update(Participant).where(*this).values(known))
    await _follow(connection, two, known["address_id"])


def united(into: Any, gone: Any) -> dict[str, Any]:
    """What is known of two who are one: what was proved before what was said, what the one who stays said before what
    the other did. Whoever wanted no messages by one door wants none."""
    proved = {*into.proved.split(), *gone.proved.split()}
    stopped = [at for at in (into.stopped_at, gone.stopped_at) if at is not None]
    hours = into.hours if into.hours is not None else gone.hours
    return {
        "language": into.language or gone.language,
        "area": _known("area", into, gone),
        "born": _known("born", into, gone),
        "proved": " ".join(sorted(proved)),
        "groups": sorted({*into.groups, *gone.groups}),
        "tags": list(dict.fromkeys([*into.tags, *gone.tags])),
        "chosen_id": into.chosen_id or gone.chosen_id,
        "stopped_at": min(stopped, default=None),
        "created_at": min(into.created_at, gone.created_at),
        "channel": min(into, gone, key=lambda one: one.created_at).channel,
    } | ({"hours": hours} if hours is not None else {})


def _known(name: str, into: Any, gone: Any) -> Any:
    if name in gone.proved.split() and name not in into.proved.split():
        return getattr(gone, name)
    return getattr(into, name) if getattr(into, name) is not None else getattr(gone, name)


async def _heard_last(connection: AsyncConnection, two: Two) -> int:
    """Which of the two was heard last."""
    theirs = (Heard.space_id == two.space_id, Heard.participant_id.in_((two.into, two.gone)))
    found = await connection.scalar(select(Heard.participant_id).where(*theirs).order_by(Heard.id.desc()).limit(1))
    return found or two.gone


async def _follow(connection: AsyncConnection, two: Two, address_id: int | None) -> None:
    """What waits for either leaves where they were heard last."""
    this = (Address.space_id == two.space_id, Address.id == address_id)
    lane = (await connection.execute(select(Address.channel, Address.account).where(*this))).first()
    if lane is not None:
        movers = [Mover(two.space_id, who, LaneKey(*lane)) for who in (two.into, two.gone)]
        await outbox.follow(connection, movers)
