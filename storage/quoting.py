"""Which of our messages somebody means who quotes it or reacts to it, and whether the newest one has left."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import and_, func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import aliased

from storage.models import Address, Delivery
from storage.value import value

REPLY = "reply"


@value
class Quote:
    """A message of ours as the platform calls it, in the chat of this person with this account of ours."""

    space_id: int
    participant_id: int
    channel: str
    account: str
    external: str


@value
class Quoted:
    """What was sent to that person then. `newest`: in their last turn; `last`: nothing was answered to them since."""

    body: str
    newest: bool
    last: bool


async def find(connection: AsyncConnection, quotes: Sequence[Quote]) -> list[Quoted | None]:
    """Each message as it is kept now; None where there is none, or it was another person's."""
    if not quotes:
        return []
    later = aliased(Delivery)
    same = and_(later.space_id == Delivery.space_id, later.participant_id == Delivery.participant_id)
    newest = select(func.max(later.id)).where(same, later.kind == REPLY).scalar_subquery()
    made = select(func.max(later.made_at)).where(same, later.kind == REPLY).scalar_subquery()
    wanted = {(one.space_id, one.participant_id, one.external) for one in quotes}
    rows = await connection.execute(
        select(
            Delivery.space_id,
            Delivery.participant_id,
            Address.channel,
            Address.account,
            Delivery.external,
            Delivery.id,
            Delivery.kind,
            Delivery.body,
            Delivery.made_at,
            newest.label("newest"),
            made.label("made"),
        )
        .join(Address, and_(Address.space_id == Delivery.space_id, Address.id == Delivery.address_id))
        .where(tuple_(Delivery.space_id, Delivery.participant_id, Delivery.external).in_(sorted(wanted)))
    )
    found: dict[Quote, Quoted] = {}
    for row in rows:
        answer = row.kind == REPLY
        quote = Quote(row.space_id, row.participant_id, row.channel, row.account, row.external)
        found[quote] = Quoted(row.body, answer and row.made_at >= row.made, answer and row.id >= row.newest)
    return [found.get(one) for one in quotes]


@value
class Put:
    """What was answered to this person at this moment."""

    space_id: int
    participant_id: int
    at: datetime


async def left(connection: AsyncConnection, put: Sequence[Put]) -> list[datetime | None]:
    """When all of it had left; None while something waits. What is not kept any more left long ago."""
    if not put:
        return []
    people = sorted({(one.space_id, one.participant_id) for one in put})
    rows = await connection.execute(
        select(Delivery.space_id, Delivery.participant_id, Delivery.made_at, Delivery.sent_at).where(
            tuple_(Delivery.space_id, Delivery.participant_id).in_(people),
            Delivery.made_at >= min(one.at for one in put),
            Delivery.kind == REPLY,
            Delivery.state.in_(["waiting", "claimed", "sent"]),
        )
    )
    of: dict[tuple[int, int], list[tuple[datetime, datetime | None]]] = {}
    for space_id, participant_id, made_at, sent_at in rows:
        of.setdefault((space_id, participant_id), []).append((made_at, sent_at))
    return [_left(of.get((one.space_id, one.participant_id), []), one) for one in put]


def _left(found: Sequence[tuple[datetime, datetime | None]], put: Put) -> datetime | None:
    """Only what was put at the first moment: what came later showed the question again."""
    since = [each for each in found if each[0] >= put.at]
    first = min((made_at for made_at, _sent in since), default=put.at)
    sent = [sent_at for made_at, sent_at in since if made_at == first]
    return None if None in sent else max((at for at in sent if at is not None), default=put.at)
