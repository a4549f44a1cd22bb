"""A participant's conversation as it was heard and written, drawn from the inbox and the outbox.

What was erased, swept by retention or blanked for a secret is not there.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, and_, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.addressing import NOTICE
from storage.files import SCHEME
from storage.models import Address, Conversation, Delivery, File, Heard, Participant, Phase
from storage.participants import AddressKey
from storage.value import value

LONGEST = 200
"""Messages drawn at most: the last ones."""


@value
class Seen:
    """Who is behind an address, as a page needs it."""

    space_id: int
    participant_id: int
    address_id: int
    language: str | None


@value
class Entry:
    """One message. From the resident it has a `text`, a `tap` or the reference of a photo or document (`attached`),
    with its `media_type` once its bytes are here; from us a `body`, a packed Message or a text for when it leaves."""

    id: int
    at: datetime
    text: str | None = None
    tap: str | None = None
    attached: str | None = None
    media_type: str | None = None
    body: str | None = None


async def behind(connection: AsyncConnection, key: AddressKey) -> Seen | None:
    """The participant who writes from this address; None when nobody does, or whoever did was erased."""
    row = (
        await connection.execute(
            select(Address.space_id, Address.participant_id, Address.id, Participant.language)
            .join(
                Participant,
                and_(Participant.space_id == Address.space_id, Participant.id == Address.participant_id),
            )
            .where(
                Address.channel == key.channel,
                Address.account == key.account,
                Address.sender == key.sender,
                Participant.erased_at.is_(None),
            )
        )
    ).one_or_none()
    return Seen(*row) if row is not None else None


async def entries(connection: AsyncConnection, seen: Seen, now: datetime, limit: int = LONGEST) -> list[Entry]:
    """The last messages of a participant by whichever door, in their order; what is due but has not left yet is among
    them."""
    heard = await connection.execute(
        select(Heard.id, Heard.heard_at, Heard.shown, Heard.tap, Heard.attached, _MEDIA_TYPE)
        .where(*_heard(seen))
        .order_by(Heard.id.desc())
        .limit(limit)
    )
    said = await connection.execute(
        select(Delivery.id, Delivery.made_at, Delivery.body)
        .where(*_said(seen, now))
        .order_by(Delivery.id.desc())
        .limit(limit)
    )
    found = [Entry(*row) for row in heard] + [Entry(id_, at, body=body) for id_, at, body in said]
    return sorted(found, key=lambda entry: entry.id)[-limit:]


_MEDIA_TYPE = (
    select(File.media_type)
    .where(File.space_id == Heard.space_id, File.digest == func.replace(Heard.attached, SCHEME, ""))
    .correlate(Heard)
    .scalar_subquery()
)


def _heard(seen: Seen) -> tuple[ColumnElement[bool], ...]:
    something = or_(Heard.shown.is_not(None), Heard.tap.is_not(None), Heard.attached.is_not(None))
    return Heard.space_id == seen.space_id, Heard.participant_id == seen.participant_id, something


def _said(seen: Seen, now: datetime) -> tuple[ColumnElement[bool], ...]:
    """What was sent to them; a notice for another of their doors is not shown at this one."""
    there = or_(Delivery.state.in_(("sent", "claimed")), and_(Delivery.state == "waiting", Delivery.due_at <= now))
    here = or_(Delivery.kind != NOTICE, Delivery.address_id == seen.address_id)
    mine = (Delivery.space_id == seen.space_id, Delivery.participant_id == seen.participant_id)
    return *mine, Delivery.body != "", there, here


def _unseen(seen: Seen) -> tuple[ColumnElement[bool], ...]:
    """Of what we began, what was sent to this person here and whose page was not opened since."""
    mine = (Delivery.space_id == seen.space_id, Delivery.participant_id == seen.participant_id)
    begun = (Delivery.cause.is_not(None), Delivery.address_id == seen.address_id)
    return *mine, *begun, Delivery.state == "sent", Delivery.seen_at.is_(None)


async def any_unseen(connection: AsyncConnection, seen: Seen) -> bool:
    """Whether `see` would note anything: a look that needs no writer."""
    return (await connection.execute(select(Delivery.id).where(*_unseen(seen)).limit(1))).first() is not None


async def see(connection: AsyncConnection, seen: Seen, now: datetime) -> None:
    """Their page was drawn."""
    await connection.execute(update(Delivery).where(*_unseen(seen)).values(seen_at=now))


async def latest(connection: AsyncConnection, seen: Seen, now: datetime) -> int:
    """The id of the last message that `entries` would draw; 0 when there is none."""
    heard = select(func.max(Heard.id)).where(*_heard(seen))
    said = select(func.max(Delivery.id)).where(*_said(seen, now))
    row = (await connection.execute(select(heard.scalar_subquery(), said.scalar_subquery()))).one()
    return max(row[0] or 0, row[1] or 0)


async def was_shown(connection: AsyncConnection, seen: Seen, address: str, now: datetime) -> bool:
    """Whether something that this participant was sent shows what stands at this address."""
    quoted = f'"{address}"'  # as it stands in a packed message: nobody's words can hold these quotes
    found = await connection.execute(
        select(Delivery.id).where(*_said(seen, now), Delivery.body.contains(quoted, autoescape=True)).limit(1)
    )
    return found.first() is not None


async def has_begun(connection: AsyncConnection, seen: Seen, consultation_id: int) -> bool:
    """Whether this participant ever began this consultation, for themselves or for somebody at a door."""
    theirs = (Conversation.participant_id == seen.participant_id) | (Conversation.through_id == seen.participant_id)
    found = await connection.execute(
        select(Conversation.id)
        .join(Phase, and_(Phase.space_id == Conversation.space_id, Phase.id == Conversation.phase_id))
        .where(
            Conversation.space_id == seen.space_id,
            theirs,
            Phase.consultation_id == consultation_id,
        )
        .limit(1)
    )
    return found.first() is not None
