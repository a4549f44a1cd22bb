"""Making a consultation: its phases set, moved, opened, closed, removed while nobody has begun; copying all of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import codes, consultations, files, models, rounds, turning
from storage.consultations import Consultation, Phase
from storage.refusals import HasBegun
from storage.value import value


async def has_begun(connection: AsyncConnection, phase: Phase) -> bool:
    """Whether anybody has begun to take part, or something was entered from paper."""
    for table in (models.Conversation, models.Contribution, models.Ballot, models.SecretBallot, models.PaperBallots):
        query = select(table.phase_id).where(table.space_id == phase.space_id, table.phase_id == phase.id).limit(1)
        if (await connection.execute(query)).first() is not None:
            return True
    return False


async def change(connection: AsyncConnection, phase: Phase, **values: Any) -> None:
    """Other fields of a phase. With other settings its version grows, so that a running house reads them at the next
    message; files that no prompt shows any more are removed."""
    table = models.Phase
    other = "settings" in values and values["settings"] != phase.settings
    version = {"version": table.version + 1} if other else {}
    row = (table.space_id == phase.space_id, table.id == phase.id)
    await connection.execute(update(table).where(*row).values(**values, **version))
    if other:
        await files.forget(connection, [(phase.space_id, reference) for reference in files.shown_by(phase.settings)])


async def move(connection: AsyncConnection, phase: Phase, places: int) -> None:
    """Change places with the phase before (-1) or after (1); at an end nothing happens."""
    ordered = await consultations.phases(connection, phase.space_id, phase.consultation_id)
    here = next(number for number, one in enumerate(ordered) if one.id == phase.id)
    there = here + places
    if 0 <= there < len(ordered):
        ordered[here], ordered[there] = ordered[there], ordered[here]
        await _number(connection, ordered)


async def remove(connection: AsyncConnection, phase: Phase) -> None:
    """Take a phase away, and its rounds. Raises HasBegun when somebody has begun to take part in it."""
    if await has_begun(connection, phase):
        raise HasBegun
    await rounds.forget(connection, phase.space_id, phase.id)
    table = models.Phase
    await connection.execute(delete(table).where(table.space_id == phase.space_id, table.id == phase.id))
    await _number(connection, await consultations.phases(connection, phase.space_id, phase.consultation_id))
    await files.forget(connection, [(phase.space_id, reference) for reference in files.shown_by(phase.settings)])


async def _number(connection: AsyncConnection, ordered: list[Phase]) -> None:
    table = models.Phase
    for position, phase in enumerate(ordered, 1):
        row = (table.space_id == phase.space_id, table.id == phase.id)
        await connection.execute(update(table).where(*row).values(position=position))


async def open_now(connection: AsyncConnection, phase: Phase, now: datetime) -> None:
    """Open it by hand, from now if its date was not reached; a closing date that has passed is taken away."""
    closes = phase.closes_at if phase.closes_at and phase.closes_at > now else None
    opens = phase.opens_at if phase.opens_at and phase.opens_at <= now else now
    await change(connection, phase, state="dated", opens_at=opens, closes_at=closes)
    await turning.notice_by_hand(connection, phase.consultation_id, now)


async def close_now(connection: AsyncConnection, phase: Phase, now: datetime) -> None:
    """Close it by hand, whatever its dates say."""
    await change(connection, phase, state="closed")
    await turning.notice_by_hand(connection, phase.consultation_id, now)


# -- a copy --------------------------------------------------------------------------------------------------------

AHEAD = timedelta(weeks=1)
"""How long before its first date a copy is made, at the least."""


async def copy(
    connection: AsyncConnection,
    source: Consultation,
    *,
    slug: str,
    zone: str,
    now: datetime,
    anew: Callable[[Phase], Mapping[str, Any]] = lambda phase: phase.settings,
) -> Consultation:
    """A draft with the words, dates, phases and posters of another consultation, and nothing of what residents gave;
    `anew` says with which settings a phase begins.

    Its dates keep their weekdays and hours in this zone: all come the same number of weeks later. Posters hang at the
    same places, under codes of their own. Raises AlreadyExists when the space has this slug.
    """
    phases = await consultations.phases(connection, source.space_id, source.id)
    later = Later.of([source, *phases], ZoneInfo(zone), now)
    made = await consultations.create(
        connection,
        source.space_id,
        slug=slug,
        title=source.title,
        topic=source.topic,
        why=source.why,
        decides=source.decides,
        does=source.does,
        opens_at=later.moment(source.opens_at),
        closes_at=later.moment(source.closes_at),
        answer_on=source.answered_on and source.answered_on + later.by,
        now=now,
    )
    for phase in phases:
        await consultations.add_phase(
            connection,
            made,
            phase.kind,
            anew(phase),
            title=phase.title,
            state="waiting" if phase.state == "waiting" else "dated",
            opens_at=later.moment(phase.opens_at),
            closes_at=later.moment(phase.closes_at),
            stages=[later.stage(one) for one in phase.stages],
            moderation=phase.moderation,
            per_day=phase.per_day,
        )
    await codes.copy(connection, source, made, now)
    return made


@value
class Later:
    """Dates moved by whole weeks, so that each keeps its weekday and its hour in the zone."""

    by: timedelta
    zone: ZoneInfo

    @classmethod
    def of(cls, dated: Sequence[Consultation | Phase], zone: ZoneInfo, now: datetime) -> Later:
        """By so many weeks that the first of all dates is AHEAD of now; by none where it is already."""
        dates = [at for one in dated for at in (one.opens_at, one.closes_at) if at is not None]
        weeks = -((min(dates, default=now + AHEAD) - now - AHEAD) // timedelta(weeks=1))
        return cls(timedelta(weeks=max(0, weeks)), zone)

    def moment(self, at: datetime | None) -> datetime | None:
        return (at.astimezone(self.zone) + self.by).astimezone(UTC) if at is not None else None

    def stage(self, stage: Mapping[str, Any]) -> dict[str, Any]:
        """A stage of a phase (storage/access.py), from a later day on."""
        since = self.moment(datetime.fromisoformat(stage["from"]) if stage.get("from") else None)
        return {**stage, "from": since.isoformat() if since is not None else None}
