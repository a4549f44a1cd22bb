"""Erasing a person: whatever leads to them goes; what they sent stays in the totals without anybody."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import String, bindparam, case, cast, delete, exists, literal, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import files, similar
from storage.models import (
    Address,
    Answer,
    Arrival,
    Ballot,
    Consent,
    Contribution,
    Conversation,
    Delivery,
    Doorstep,
    Follow,
    Heard,
    Participant,
    Report,
    ReturnCode,
    Volunteer,
)
from storage.refusals import Refusal


async def erase(connection: AsyncConnection, wanted: Sequence[tuple[int, int, str]]) -> Sequence[bool | Refusal]:
    """Erase these (space, participant, time in ISO format).

    The address stays until the last message to it has left (`forget_erased`), so that the person is told.
    """
    keys = [(space_id, participant_id) for space_id, participant_id, _at in wanted]
    attached = await _attached(connection, keys)
    for table in (Consent, ReturnCode, Delivery, Conversation, Follow, Arrival, Doorstep):
        await connection.execute(delete(table).where(tuple_(table.space_id, table.participant_id).in_(keys)))
    await _leave_rounds(connection, keys)
    await _keep_what_counts(connection, keys)
    theirs = tuple_(Heard.space_id, Heard.participant_id).in_(keys)
    await connection.execute(update(Heard).where(theirs, Heard.state == "aside").values(state="handled"))
    await connection.execute(
        update(Heard)
        .where(theirs)
        .values(participant_id=None, body=None, shown=None, tap=None, attached=None, conversation_id=None)
    )
    await files.forget(connection, attached)
    for space_id, participant_id in keys:
        await connection.execute(
            update(Ballot)
            .where(Ballot.space_id == space_id, Ballot.voter == str(participant_id))
            .values(voter=literal("erased-").concat(cast(Ballot.id, String)))
        )
        await connection.execute(
            update(Report)
            .where(Report.space_id == space_id, Report.reporter == str(participant_id))
            .values(reporter=literal("erased-").concat(cast(Report.id, String)))
        )
    await connection.execute(
        update(Participant)
        .where(tuple_(Participant.space_id, Participant.id).in_(keys))
        .values(
            erased_at=datetime.fromisoformat(wanted[0][2]),
            area=None,
            groups=[],
            born=None,
            proved="",
            tags=[],
            hours=None,
            current_id=None,
        )
    )
    return [True for _ in wanted]


async def _leave_rounds(connection: AsyncConnection, keys: Sequence[tuple[int, int]]) -> None:
    """What others answered through a volunteer is theirs and stays, and so do the counts; who it was goes."""
    walked = tuple_(Volunteer.space_id, Volunteer.participant_id).in_(keys)
    await connection.execute(update(Volunteer).where(walked).values(participant_id=None, name=None))
    held = tuple_(Conversation.space_id, Conversation.through_id).in_(keys)
    await connection.execute(update(Conversation).where(held).values(through_id=None))


async def _keep_what_counts(connection: AsyncConnection, keys: Sequence[tuple[int, int]]) -> None:
    """What was sent stays in the totals: its choices and numbers. One's own words, points and addresses go, and with
    them what others could read."""
    rows = await connection.execute(
        select(Contribution.space_id, Contribution.id, Contribution.fields).where(
            tuple_(Contribution.space_id, Contribution.participant_id).in_(keys)
        )
    )
    fields = {(space_id, id_): given for space_id, id_, given in rows}
    if not fields:
        return
    theirs = tuple_(Answer.space_id, Answer.contribution_id).in_(list(fields))
    counted: dict[tuple[int, int], set[str | float]] = {key: set() for key in fields}
    for space_id, id_, *values in await connection.execute(
        select(Answer.space_id, Answer.contribution_id, Answer.choice, Answer.number).where(theirs)
    ):
        counted[space_id, id_] |= {value for value in values if value is not None}
    await connection.execute(update(Answer).where(theirs).values(text=None, folded=None))
    await similar.forget(connection, list(fields))
    await connection.execute(
        _BLANK, [{"s": key[0], "i": key[1], "new_fields": _only(given, counted[key])} for key, given in fields.items()]
    )


_BLANK = (
    update(Contribution)
    .where(Contribution.space_id == bindparam("s"), Contribution.id == bindparam("i"))
    .values(
        participant_id=None,
        conversation_id=None,
        fields=bindparam("new_fields"),
        state=case((Contribution.text.is_not(None), "withdrawn"), else_=Contribution.state),
        text=None,
        folded=None,
    )
)


def _only(value: Any, counted: Collection[str | float]) -> Any:
    """An answer without what is not counted."""
    if isinstance(value, dict):
        return {name: _only(inner, counted) for name, inner in value.items()}
    if isinstance(value, list):
        return [_only(inner, counted) for inner in value]
    return value if isinstance(value, bool) or value in counted else None


async def _attached(connection: AsyncConnection, keys: Sequence[tuple[int, int]]) -> set[tuple[int, str]]:
    """The (space, reference) of every photo and document these people sent, wherever one still stands."""
    found: set[tuple[int, str]] = set()
    for table, column in files.REFERRING:
        rows = await connection.execute(
            select(table.space_id, cast(column, String)).where(
                tuple_(table.space_id, table.participant_id).in_(keys), cast(column, String).contains(":")
            )
        )
        found |= {(space_id, reference) for space_id, text in rows for reference in files.REFERENCE.findall(text)}
    return found


async def forget_erased(connection: AsyncConnection) -> int:
    """Remove the addresses and rows of erased people to whom nothing is left to say; answers how many."""
    waiting = exists().where(
        Delivery.space_id == Participant.space_id,
        Delivery.participant_id == Participant.id,
        Delivery.state.in_(("waiting", "claimed")),
    )
    rows = await connection.execute(
        select(Participant.space_id, Participant.id).where(Participant.erased_at.is_not(None), ~waiting)
    )
    keys = [(row.space_id, row.id) for row in rows]
    if keys:
        for table in (Delivery, Address, Conversation):
            await connection.execute(delete(table).where(tuple_(table.space_id, table.participant_id).in_(keys)))
        await connection.execute(delete(Participant).where(tuple_(Participant.space_id, Participant.id).in_(keys)))
    return len(keys)
