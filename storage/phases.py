"""What a conversation needs to know of where it takes place: its space, its consultation and its phase."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import field
from datetime import date, datetime
from typing import Any

from sqlalchemy import bindparam, null, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.models import Code, Consultation, Phase, Space
from storage.refusals import Refusal
from storage.value import value


@value
class SpaceFacts:
    """A space as conversations see it; names and texts are `{language: text}`."""

    id: int
    slug: str
    name: Mapping[str, str]
    languages: Sequence[str]
    zone: str
    contact: Mapping[str, Any]
    privacy: Mapping[str, str]


@value
class PhaseFacts:
    """A phase with what its consultation says; texts are `{language: text}`, times UTC.

    `title` is its own, or its consultation's; `state` and the dates are of both together; `stages`, `moderation`,
    `per_day` and `reopened_at` are those of models.Phase.
    """

    id: int
    space_id: int
    consultation_id: int
    slug: str
    kind: str
    settings: Mapping[str, Any]
    version: int
    title: Mapping[str, str]
    topic: Mapping[str, str]
    why: Mapping[str, str]
    decides: Mapping[str, str]
    state: str
    opens_at: datetime | None
    closes_at: datetime | None
    answer_on: date | None
    does: Mapping[str, str] = field(default_factory=dict)
    position: int = 1
    stages: Sequence[Mapping[str, Any]] = ()
    moderation: str = "none"
    per_day: int | None = None
    sealed_at: datetime | None = None
    reopened_at: datetime | None = None

    def is_open(self, now: datetime) -> bool:
        """Open by hand and by the dates; a date not set does not bound."""
        begun = self.opens_at is None or self.opens_at <= now
        return self.state == "open" and begun and not self.is_over(now)

    def is_over(self, now: datetime) -> bool:
        """Closed, by hand or by the dates; a secret phase that was sealed stays so."""
        return (
            self.sealed_at is not None
            or self.state == "closed"
            or (self.closes_at is not None and self.closes_at <= now)
        )


@value
class CodeFacts:
    """What a poster's code says: where it leads (the phase of its consultation that is open, else the next one, else
    the last), and what it tells of who scanned it."""

    space_id: int
    code: str
    consultation_id: int
    phase_id: int
    place: str | None
    area: str | None
    group: str | None
    relay_id: int | None = None


_SPACE = select(Space.id, Space.slug, Space.name, Space.languages, Space.zone, Space.contact, Space.privacy)


async def spaces(connection: AsyncConnection) -> dict[str, SpaceFacts]:
    """Every space, by its slug."""
    rows = await connection.execute(_SPACE)
    return {row.slug: SpaceFacts(*row) for row in rows}


_PHASES = select(
    Phase.id,
    Phase.space_id,
    Phase.consultation_id,
    Consultation.slug,
    Phase.kind,
    Phase.settings,
    Phase.version,
    Phase.title,
    Consultation.title.label("named"),
    Consultation.topic,
    Consultation.why,
    Consultation.decides,
    Phase.state,
    Consultation.state.label("whole_state"),
    Phase.opens_at,
    Consultation.opens_at.label("whole_opens"),
    Phase.closes_at,
    Consultation.closes_at.label("whole_closes"),
    Consultation.answer_on,
    Consultation.does,
    Phase.position,
    Phase.stages,
    Phase.moderation,
    Phase.per_day,
    Phase.sealed_at,
    Phase.reopened_at,
).join(Consultation, (Consultation.space_id == Phase.space_id) & (Consultation.id == Phase.consultation_id))

_LOAD = _PHASES.where(Phase.id.in_(bindparam("ids", expanding=True)))


def _facts(row: Any) -> PhaseFacts:
    columns = dict(row._mapping)
    named, answer_on = columns.pop("named"), columns.pop("answer_on")
    columns["title"] = columns["title"] or named
    columns["state"] = state_of(columns.pop("whole_state"), columns["state"])
    columns["opens_at"] = latest(columns.pop("whole_opens"), columns["opens_at"])
    columns["closes_at"] = earliest(columns.pop("whole_closes"), columns["closes_at"])
    return PhaseFacts(**columns, answer_on=date.fromisoformat(answer_on) if answer_on else None)


def state_of(consultation: str, phase: str) -> str:
    """`open` when by hand nothing stands in the way; else what does: `draft`, `waiting` or `closed`."""
    if consultation != "open":
        return consultation
    return "open" if phase == "dated" else phase


def latest(one: datetime | None, other: datetime | None) -> datetime | None:
    """Of two moments that may be missing."""
    return max(one, other) if one and other else one or other


def earliest(one: datetime | None, other: datetime | None) -> datetime | None:
    """Of two moments that may be missing."""
    return min(one, other) if one and other else one or other


async def load(connection: AsyncConnection, ids: Iterable[int]) -> dict[int, PhaseFacts]:
    """These phases, by id."""
    wanted = list(ids)
    if not wanted:
        return {}
    rows = await connection.execute(_LOAD, {"ids": wanted})
    return {row.id: _facts(row) for row in rows}


async def of_space(connection: AsyncConnection, space_id: int) -> list[PhaseFacts]:
    """All phases of the consultations of a space that were opened, in their order."""
    rows = await connection.execute(
        _PHASES.where(Consultation.space_id == space_id, Consultation.state != "draft").order_by(
            Consultation.id, Phase.position
        )
    )
    return [_facts(row) for row in rows]


async def open_now(connection: AsyncConnection, space_id: int, now: datetime) -> list[PhaseFacts]:
    """What residents of this space can take part in now, the one that closes first at the top."""
    found = [facts for facts in await of_space(connection, space_id) if facts.is_open(now)]
    return sorted(found, key=lambda facts: (facts.closes_at is None, facts.closes_at or now))


async def codes(
    connection: AsyncConnection, pairs: Iterable[tuple[int, str]], now: datetime
) -> dict[tuple[int, str], CodeFacts]:
    """What these (space, code) pairs say; a consultation's own address is a code without a place."""
    wanted = {(space_id, code): code.casefold() for space_id, code in pairs}
    if not wanted:
        return {}
    texts = set(wanted.values())
    addresses = await connection.execute(
        select(Consultation.space_id, Consultation.slug, Consultation.id, null(), null(), null(), null()).where(
            Consultation.slug.in_(texts)
        )
    )
    posters = await connection.execute(
        select(Code.space_id, Code.code, Code.consultation_id, Code.place, Code.area, Code.group, Code.relay_id).where(
            Code.code.in_(texts)
        )
    )
    found = {(row[0], row[1]): row for row in [*addresses, *posters]}
    reached = {pair: found[pair[0], text] for pair, text in wanted.items() if (pair[0], text) in found}
    leads_to = await _current(connection, {row[2] for row in reached.values()}, now)
    return {
        pair: CodeFacts(row[0], row[1], row[2], leads_to[row[2]], *row[3:])
        for pair, row in reached.items()
        if row[2] in leads_to
    }


async def _current(connection: AsyncConnection, consultations: Collection[int], now: datetime) -> dict[int, int]:
    """The phase to go to in each of these consultations."""
    rows = await connection.execute(
        _PHASES.where(Consultation.id.in_(consultations)).order_by(Consultation.id, Phase.position)
    )
    by_consultation: dict[int, list[PhaseFacts]] = defaultdict(list)
    for row in rows:
        by_consultation[row.consultation_id].append(_facts(row))
    return {id_: current(ordered, now).id for id_, ordered in by_consultation.items()}


def current(ordered: Sequence[PhaseFacts], now: datetime) -> PhaseFacts:
    """Of the phases of a consultation, in their order: the first that is open, else the next to open, else the
    last."""
    is_open = next((phase for phase in ordered if phase.is_open(now)), None)
    to_come = next((phase for phase in ordered if not phase.is_over(now)), None)
    return is_open or to_come or ordered[-1]


async def open_next(connection: AsyncConnection, wanted: Sequence[tuple[int, int, str]]) -> Sequence[bool | Refusal]:
    """For each (space, phase, time in ISO format) that has reached its goal: open the phase after it, if that waits for
    it. Answers whether it did."""
    results: list[bool | Refusal] = []
    for space_id, phase_id, at in wanted:
        this = select(Phase.consultation_id, Phase.position).where(Phase.space_id == space_id, Phase.id == phase_id)
        row = (await connection.execute(this)).one()
        opened = await connection.execute(
            update(Phase)
            .where(
                Phase.space_id == space_id,
                Phase.consultation_id == row.consultation_id,
                Phase.position == row.position + 1,
                Phase.state == "waiting",
            )
            .values(state="dated", opens_at=datetime.fromisoformat(at))
        )
        results.append(bool(opened.rowcount))
    return results
