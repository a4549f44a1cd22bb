"""Contributions: what participants gave, with one row a countable answer beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, insert, select, tuple_
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.models import Answer, Consultation, Contribution, Phase
from storage.refusals import AlreadySent, Closed, Refusal
from storage.types import new_id
from storage.value import value


@value
class Part:
    """One countable answer: of a question, maybe of one of its items; by choice, rank, number or text."""

    question: str
    item: str | None = None
    choice: str | None = None
    rank: int | None = None
    number: float | None = None
    text: str | None = None
    folded: str | None = None


@value
class NewContribution:
    """What a conversation gives to its phase. `single` refuses a second one by the same participant."""

    space_id: int
    phase_id: int
    participant_id: int
    conversation_id: int
    key: str
    kind: str
    fields: Mapping[str, Any]
    parts: tuple[Part, ...]
    origin: str
    place: str | None
    at: datetime
    single: bool = True


async def put(connection: AsyncConnection, given: Sequence[NewContribution]) -> Sequence[int | Refusal]:
    """Write contributions, or replace what the same conversation gave under the same key; answers their ids.

    Refuses what comes after closing (Closed) and a second one where one a person is the rule (AlreadySent).
    """
    closed = await _closed(connection, given)
    theirs = await _by_participant(connection, given)
    results: list[int | Refusal] = []
    accepted: dict[int, NewContribution] = {}
    for item in given:
        mine = theirs.setdefault((item.space_id, item.phase_id, item.participant_id), {})
        slot = (item.conversation_id, item.key)
        if item.phase_id in closed:
            results.append(Closed())
        elif item.single and any(other != slot for other in mine):
            results.append(AlreadySent())
        else:
            contribution_id = mine.setdefault(slot, 0) or new_id()
            mine[slot] = contribution_id
            accepted[contribution_id] = item
            results.append(contribution_id)
    await _write(connection, accepted)
    return results


async def _closed(connection: AsyncConnection, given: Sequence[NewContribution]) -> set[int]:
    """The phases among these that don't take anything at the time of their contributions."""
    rows = await connection.execute(
        select(Phase.id, Consultation.state, Consultation.closes_at)
        .join(Consultation, (Consultation.space_id == Phase.space_id) & (Consultation.id == Phase.consultation_id))
        .where(tuple_(Phase.space_id, Phase.id).in_({(item.space_id, item.phase_id) for item in given}))
    )
    latest = {item.phase_id: item.at for item in sorted(given, key=lambda item: item.at)}
    return {
        phase_id
        for phase_id, state, closes_at in rows
        if state != "open" or (closes_at is not None and closes_at <= latest[phase_id])
    }


async def _by_participant(
    connection: AsyncConnection, given: Sequence[NewContribution]
) -> dict[tuple[int, int, int], dict[tuple[int | None, str], int]]:
    """What these participants gave to these phases already: (conversation, key) to its id."""
    rows = await connection.execute(
        select(
            Contribution.space_id,
            Contribution.phase_id,
            Contribution.participant_id,
            Contribution.conversation_id,
            Contribution.key,
            Contribution.id,
        ).where(
            tuple_(Contribution.space_id, Contribution.participant_id).in_(
                {(item.space_id, item.participant_id) for item in given}
            ),
            Contribution.phase_id.in_({item.phase_id for item in given}),
        )
    )
    theirs: dict[tuple[int, int, int], dict[tuple[int | None, str], int]] = {}
    for space_id, phase_id, participant_id, conversation_id, key, contribution_id in rows:
        assert participant_id is not None
        theirs.setdefault((space_id, phase_id, participant_id), {})[conversation_id, key] = contribution_id
    return theirs


async def _write(connection: AsyncConnection, accepted: Mapping[int, NewContribution]) -> None:
    if not accepted:
        return
    make = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    statement = make(Contribution)
    statement = statement.on_conflict_do_update(
        index_elements=["space_id", "id"],
        set_={
            "fields": statement.excluded.fields,
            "state": statement.excluded.state,
            "updated_at": statement.excluded.updated_at,
        },
    )
    await connection.execute(statement, [_row(cid, item) for cid, item in accepted.items()])
    await connection.execute(
        delete(Answer).where(
            tuple_(Answer.space_id, Answer.contribution_id).in_(
                [(item.space_id, contribution_id) for contribution_id, item in accepted.items()]
            )
        )
    )
    parts = [_part(cid, item, part) for cid, item in accepted.items() for part in item.parts]
    if parts:
        await connection.execute(insert(Answer), parts)


def _row(contribution_id: int, item: NewContribution) -> dict[str, Any]:
    return {
        "space_id": item.space_id,
        "id": contribution_id,
        "phase_id": item.phase_id,
        "participant_id": item.participant_id,
        "conversation_id": item.conversation_id,
        "parent_id": None,
        "key": item.key,
        "kind": item.kind,
        "state": "sent",
        "fields": dict(item.fields),
        "origin": item.origin,
        "place": item.place,
        "created_at": item.at,
        "updated_at": item.at,
    }


def _part(contribution_id: int, item: NewContribution, part: Part) -> dict[str, Any]:
    return {
        "space_id": item.space_id,
        "id": new_id(),
        "phase_id": item.phase_id,
        "contribution_id": contribution_id,
        "question": part.question,
        "item": part.item,
        "choice": part.choice,
        "rank": part.rank,
        "number": part.number,
        "text": part.text,
        "folded": part.folded,
    }
