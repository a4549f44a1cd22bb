"""Contributions: what participants gave, with one row a countable answer beside them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import case, delete, insert, select, tuple_
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import gate
from storage.models import Answer, Contribution
from storage.refusals import AlreadySent, Refusal, TooMany
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
    """What a conversation gives to its phase. `single` refuses a second one by the same participant.

    `text` is what others read of it, once it was read by a moderator where the phase says so; a response has none.
    `parent_id` is the contribution it is about (an argument, a detail); `people` how many sat at its table. With
    `read_first` a moderator reads it before others do, whatever the phase says.
    """

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
    text: str | None = None
    theme: str | None = None
    area: str | None = None
    parent_id: int | None = None
    people: int = 1
    read_first: bool = False


async def put(connection: AsyncConnection, given: Sequence[NewContribution]) -> Sequence[int | Refusal]:
    """Write contributions, or replace what the same conversation gave under the same key; answers their ids.

    Refuses what comes after closing (Closed), from whom it is not for (NotEligible), a second one where one a person
    is the rule (AlreadySent), and more in a day than the phase allows (TooMany).
    """
    doors, refused = await gate.look(connection, given)
    theirs = await _by_participant(connection, given)
    results: list[int | Refusal] = []
    accepted: dict[int, tuple[NewContribution, str]] = {}
    for item, refusal in zip(given, refused, strict=True):
        mine = theirs[item.space_id, item.phase_id, item.participant_id, item.kind]
        slot = (item.conversation_id, item.key)
        door = doors[item.phase_id]
        if refusal is not None:
            results.append(refusal)
        elif item.single and any(other != slot for other in mine):
            results.append(AlreadySent())
        elif slot not in mine and door.per_day is not None and _lately(mine, item.at) >= door.per_day:
            results.append(TooMany(most=door.per_day))
        else:
            contribution_id = mine.setdefault(slot, Given(0, item.at)).id or new_id()
            mine[slot] = Given(contribution_id, item.at)
            to_be_read = item.text is not None and (item.read_first or door.moderation == "before")
            accepted[contribution_id] = (item, "waiting" if to_be_read else "sent")
            results.append(contribution_id)
    await _write(connection, accepted)
    return results


@value
class Given:
    """Something a participant gave before: its id, and when first."""

    id: int
    at: datetime


A_DAY = timedelta(hours=24)


def _lately(mine: Mapping[tuple[int | None, str], Given], now: datetime) -> int:
    return sum(one.at > now - A_DAY for one in mine.values())


async def _by_participant(
    connection: AsyncConnection, given: Sequence[NewContribution]
) -> dict[tuple[int, int, int, str], dict[tuple[int | None, str], Given]]:
    """What these participants gave of each kind to these phases already, by (conversation, key)."""
    rows = await connection.execute(
        select(
            Contribution.space_id,
            Contribution.phase_id,
            Contribution.participant_id,
            Contribution.kind,
            Contribution.conversation_id,
            Contribution.key,
            Contribution.id,
            Contribution.created_at,
        ).where(
            tuple_(Contribution.space_id, Contribution.participant_id).in_(
                {(item.space_id, item.participant_id) for item in given}
            ),
            Contribution.phase_id.in_({item.phase_id for item in given}),
        )
    )
    theirs: dict[tuple[int, int, int, str], dict[tuple[int | None, str], Given]] = defaultdict(dict)
    for space_id, phase_id, participant_id, kind, conversation_id, key, contribution_id, at in rows:
        assert participant_id is not None
        theirs[space_id, phase_id, participant_id, kind][conversation_id, key] = Given(contribution_id, at)
    return theirs


async def _write(connection: AsyncConnection, accepted: Mapping[int, tuple[NewContribution, str]]) -> None:
    if not accepted:
        return
    make = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    statement = make(Contribution)
    statement = statement.on_conflict_do_update(
        index_elements=["space_id", "id"],
        set_={
            "fields": statement.excluded.fields,
            "state": case((Contribution.state == "hidden", "waiting"), else_=statement.excluded.state),
            "text": statement.excluded.text,
            "folded": statement.excluded.folded,
            "theme": statement.excluded.theme,
            "area": statement.excluded.area,
            "read_at": None,
            "updated_at": statement.excluded.updated_at,
        },
    )
    await connection.execute(statement, [_row(cid, item, state) for cid, (item, state) in accepted.items()])
    await connection.execute(
        delete(Answer).where(
            tuple_(Answer.space_id, Answer.contribution_id).in_(
                [(item.space_id, contribution_id) for contribution_id, (item, _state) in accepted.items()]
            )
        )
    )
    parts = [_part(cid, item, part) for cid, (item, _state) in accepted.items() for part in item.parts]
    if parts:
        await connection.execute(insert(Answer), parts)


def _row(contribution_id: int, item: NewContribution, state: str) -> dict[str, Any]:
    return {
        "space_id": item.space_id,
        "id": contribution_id,
        "phase_id": item.phase_id,
        "participant_id": item.participant_id,
        "conversation_id": item.conversation_id,
        "parent_id": item.parent_id,
        "key": item.key,
        "kind": item.kind,
        "state": state,
        "text": item.text,
        "theme": item.theme,
        "area": item.area,
        "people": item.people,
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
