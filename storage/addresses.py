"""The doors of a person: which there are, the one chosen for what we send, and taking one away."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict

from sqlalchemy import and_, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.models import Address, Heard, Participant, ReturnCode
from storage.refusals import Gone, Refusal
from storage.value import value


class ThisDoor(Refusal):
    """It is the door this was said at: another one can take it away."""


# -- showing ---------------------------------------------------------------------------------------------------------


class SeenDoor(TypedDict):
    """A door: the id of its address, its channel, since when it is theirs and when its channel was last heard from
    (ISO format; None where that is forgotten), whether what we send goes there by choice, and why it can't (models.
    Address)."""

    id: int
    channel: str
    linked: str
    heard: str | None
    chosen: bool
    unreachable: str | None


async def doors(connection: AsyncConnection, wanted: Sequence[tuple[int, int]]) -> Sequence[list[SeenDoor] | Refusal]:
    """For each (space, participant) their doors, the oldest first. Never the name or number that a platform knows
    somebody by."""
    return [await _doors(connection, space_id, participant_id) for space_id, participant_id in wanted]


async def _doors(connection: AsyncConnection, space_id: int, participant_id: int) -> list[SeenDoor]:
    heard = (
        select(func.max(Heard.heard_at))
        .where(Heard.space_id == space_id, Heard.participant_id == participant_id)
        .where(Heard.channel == Address.channel, Heard.account == Address.account)
        .scalar_subquery()
    )
    since = func.coalesce(Address.linked_at, Address.created_at)
    its_person = and_(Participant.space_id == Address.space_id, Participant.id == Address.participant_id)
    rows = await connection.execute(
        select(Address.id, Address.channel, since, heard, Participant.chosen_id, Address.unreachable)
        .join(Participant, its_person)
        .where(Address.space_id == space_id, Address.participant_id == participant_id)
        .order_by(since, Address.id)
    )
    return [
        SeenDoor(
            id=id_,
            channel=channel,
            linked=linked.isoformat(),
            heard=last.isoformat() if last is not None else None,
            chosen=id_ == chosen,
            unreachable=unreachable,
        )
        for id_, channel, linked, last, chosen, unreachable in rows
    ]


# -- choosing --------------------------------------------------------------------------------------------------------


@value
class Choosing:
    """Where somebody wants what we send; None for where they wrote last."""

    space_id: int
    participant_id: int
    address_id: int | None


async def choose(connection: AsyncConnection, given: Sequence[Choosing]) -> Sequence[bool | Refusal]:
    """Note these; refused where it is no door of theirs (Gone)."""
    return [await _choose(connection, one) for one in given]


async def _choose(connection: AsyncConnection, one: Choosing) -> bool | Refusal:
    if one.address_id is not None and one.address_id not in await _theirs(connection, one.space_id, one.participant_id):
        return Gone()
    person = (Participant.space_id == one.space_id, Participant.id == one.participant_id)
    await connection.execute(update(Participant).where(*person).values(chosen_id=one.address_id))
    return True


# -- taking away -----------------------------------------------------------------------------------------------------


@value
class Unlinking:
    """Somebody takes a door away from themselves. `here` is the address they say it at."""

    space_id: int
    participant_id: int
    address_id: int
    here: int | None


async def unlink(connection: AsyncConnection, given: Sequence[Unlinking]) -> Sequence[bool | Refusal]:
    """Forget these doors: whoever writes there next is a stranger, with no history, and is never shown what was theirs.
    Refused for the one it is said at (ThisDoor), so that one is always left, and where it is not theirs (Gone). Codes
    they had go as well: they may have been shown at that door."""
    return [await _unlink(connection, one) for one in given]


async def _unlink(connection: AsyncConnection, one: Unlinking) -> bool | Refusal:
    if one.address_id == one.here:
        return ThisDoor()
    if one.address_id not in await _theirs(connection, one.space_id, one.participant_id):
        return Gone()
    this = (Address.space_id == one.space_id, Address.id == one.address_id)
    await connection.execute(delete(Address).where(*this))
    codes = (ReturnCode.space_id == one.space_id, ReturnCode.participant_id == one.participant_id)
    await connection.execute(delete(ReturnCode).where(*codes))
    person = update(Participant).where(Participant.space_id == one.space_id, Participant.id == one.participant_id)
    await connection.execute(person.where(Participant.chosen_id == one.address_id).values(chosen_id=None))
    await connection.execute(person.where(Participant.address_id == one.address_id).values(address_id=one.here))
    return True


async def _theirs(connection: AsyncConnection, space_id: int, participant_id: int) -> set[int]:
    """The addresses of a person, who is locked."""
    mine = (Address.space_id == space_id, Address.participant_id == participant_id)
    return set((await connection.execute(select(Address.id).where(*mine))).scalars())
