"""What a conversation needs to know of where it takes place: its space, its consultation and its phase."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.models import Code, Consultation, Phase, Space
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
    """A phase with what its consultation says; texts are `{language: text}`, times UTC."""

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

    def is_open(self, now: datetime) -> bool:
        """Open by hand and by the dates; a date not set does not bound."""
        begun = self.opens_at is None or self.opens_at <= now
        return self.state == "open" and begun and (self.closes_at is None or now < self.closes_at)


@value
class CodeFacts:
    """What a poster's code says: where it leads, and what it tells of who scanned it."""

    space_id: int
    code: str
    consultation_id: int
    phase_id: int
    place: str | None
    area: str | None
    group: str | None


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
    Consultation.title,
    Consultation.topic,
    Consultation.why,
    Consultation.decides,
    Consultation.state,
    Consultation.opens_at,
    Consultation.closes_at,
    Consultation.answer_on,
).join(Consultation, (Consultation.space_id == Phase.space_id) & (Consultation.id == Phase.consultation_id))

_LOAD = _PHASES.where(Phase.id.in_(bindparam("ids", expanding=True)))


def _facts(row: Any) -> PhaseFacts:
    columns = dict(row._mapping)
    answer_on: str | None = columns.pop("answer_on")
    return PhaseFacts(**columns, answer_on=date.fromisoformat(answer_on) if answer_on else None)


async def load(connection: AsyncConnection, ids: Iterable[int]) -> dict[int, PhaseFacts]:
    """These phases, by id."""
    wanted = list(ids)
    if not wanted:
        return {}
    rows = await connection.execute(_LOAD, {"ids": wanted})
    return {row.id: _facts(row) for row in rows}


async def open_now(connection: AsyncConnection, space_id: int, now: datetime) -> list[PhaseFacts]:
    """What residents of this space can take part in now, the one that closes first at the top."""
    rows = await connection.execute(
        _PHASES.where(Consultation.space_id == space_id, Consultation.state == "open").order_by(Consultation.id)
    )
    found = [facts for facts in map(_facts, rows) if facts.is_open(now)]
    return sorted(found, key=lambda facts: (facts.closes_at is None, facts.closes_at or now))


async def codes(connection: AsyncConnection, pairs: Iterable[tuple[int, str]]) -> dict[tuple[int, str], CodeFacts]:
    """What these (space, code) pairs say; a consultation's own address is a code without a place."""
    wanted = {(space_id, code): code.casefold() for space_id, code in pairs}
    if not wanted:
        return {}
    texts = set(wanted.values())
    first = (Phase.space_id == Consultation.space_id) & (Phase.consultation_id == Consultation.id)
    addresses = await connection.execute(
        select(Consultation.space_id, Consultation.slug, Consultation.id, Phase.id)
        .join(Phase, first)
        .where(Consultation.slug.in_(texts), Phase.position == 1)
    )
    posters = await connection.execute(
        select(Code.space_id, Code.code, Code.consultation_id, Phase.id, Code.place, Code.area, Code.group)
        .join(Phase, (Phase.space_id == Code.space_id) & (Phase.consultation_id == Code.consultation_id))
        .where(Code.code.in_(texts), Phase.position == 1)
    )
    found = {(row[0], row[1]): CodeFacts(row[0], row[1], row[2], row[3], None, None, None) for row in addresses}
    found |= {(row[0], row[1]): CodeFacts(*row) for row in posters}
    return {pair: found[pair[0], text] for pair, text in wanted.items() if (pair[0], text) in found}
