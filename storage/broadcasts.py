"""Broadcasts: one text to an audience, from the draft to what came of it. What organisers do with one stands here; how
its deliveries are written and ended in storage/spreading_out.py, what it counts in storage/broadcast_figures.py.

Each change of state is one conditional UPDATE: of two people who press at once, or two processes, one does it.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, func, insert, literal, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import hours, left_out, models
from storage.civil import moment
from storage.models import Delivery
from storage.refusals import Refusal
from storage.types import new_id
from storage.value import columns, selected, value

DRAFT, PLANNED, QUEUEING, SENDING = "draft", "planned", "queueing", "sending"
PAUSED, SENT, CANCELLED = "paused", "sent", "cancelled"
ASKED = "asked"
"""Why one stands still: somebody asked for it."""
BROADCAST, TEST = "broadcast", "test"
"""What the causes of their deliveries begin with; the program's own begin with their occasion."""
LASTS = 7 * 24
"""Hours after which what has not left is too old."""
GIVEN_UP = "given up"
"""Why a delivery in doubt was not sent again."""


class NotNow(Refusal):
    """The broadcast is in another state by now: somebody else was faster, or it has gone on by itself."""


@value
class Ref:
    """A broadcast by its keys."""

    space_id: int
    id: int


@value
class Broadcast:
    """As its row says it; models.Broadcast explains the words."""

    space_id: int
    id: int
    occasion: str | None
    nth: int
    text: Mapping[str, str]
    phase_id: int | None
    button: Mapping[str, str]
    media: Mapping[str, Any] | None
    audience: Mapping[str, Any] | None
    unasked: bool
    state: str
    wall: str | None
    due_at: datetime | None
    lasts: int
    ceiling: int | None
    spent: int
    paused_for: str | None
    queued: int
    queued_to: int
    left_out: Mapping[str, int]
    kept: Mapping[str, Any] | None
    test_code: str | None
    undone_at: datetime | None
    undone_to: int | None
    organiser_id: int | None
    created_at: datetime
    begun_at: datetime | None
    ended_at: datetime | None

    @property
    def ref(self) -> Ref:
        return Ref(self.space_id, self.id)

    @property
    def cause(self) -> str:
        return f"{self.occasion or BROADCAST}:{self.id}"

    @property
    def expires_at(self) -> datetime | None:
        """Since when what has not left is too old; nothing while it has not begun."""
        return self.begun_at + timedelta(hours=self.lasts) if self.begun_at is not None else None


@value
class Content:
    """What an organiser writes: models.Broadcast explains the words."""

    text: Mapping[str, str]
    phase_id: int | None = None
    button: Mapping[str, str] = field(default_factory=dict)
    media: Mapping[str, Any] | None = None
    audience: Mapping[str, Any] | None = None
    unasked: bool = True
    ceiling: int | None = None


ROW = selected(Broadcast, models.Broadcast)
_T = models.Broadcast


def these(ref: Ref) -> ColumnElement[bool]:
    return and_(_T.space_id == ref.space_id, _T.id == ref.id)


def its_deliveries(one: Broadcast) -> ColumnElement[bool]:
    return and_(Delivery.space_id == one.space_id, Delivery.cause == one.cause)


# -- written -------------------------------------------------------------------------------------------------------


async def write(
    connection: AsyncConnection,
    space_id: int,
    content: Content,
    organiser_id: int | None,
    now: datetime,
    *,
    occasion: str | None = None,
    nth: int = 0,
) -> Broadcast:
    """A new draft."""
    made = Broadcast(
        space_id, new_id(), occasion, nth, dict(content.text), content.phase_id, dict(content.button),
        content.media, content.audience, content.unasked, DRAFT, None, None, LASTS, content.ceiling, 0, None, 0, 0, {},
        None, _test_code(), None, None, organiser_id, now, None, None,
    )  # fmt: skip
    given = {name: given for name, given in columns(made).items() if given is not None}  # JSON has a null of its own
    await connection.execute(insert(_T).values(given))
    return made


def _test_code() -> str:
    """Nobody guesses it, and it fits what a link to a robot may carry."""
    return f"test-{secrets.token_hex(8)}"


async def change(connection: AsyncConnection, ref: Ref, content: Content) -> None:
    """Other words, another audience, while nothing has left. Raises NotNow."""
    values = {**columns(content), "text": dict(content.text), "button": dict(content.button)}
    await _moved(connection, ref, (DRAFT, PLANNED), **values)


async def discard(connection: AsyncConnection, ref: Ref) -> None:
    """A draft that nobody needs. Raises NotNow."""
    gone = await connection.execute(_T.__table__.delete().where(these(ref), _T.state == DRAFT))  # type: ignore[attr-defined]
    if not gone.rowcount:
        raise NotNow


async def find(connection: AsyncConnection, ref: Ref) -> Broadcast | None:
    row = (await connection.execute(select(*ROW).where(these(ref)))).first()
    return Broadcast(*row) if row is not None else None


async def listed(connection: AsyncConnection, space_id: int, limit: int = 200) -> list[Broadcast]:
    """All of a space, what comes last at the top: drafts, then by when each leaves or left."""
    at = func.coalesce(_T.begun_at, _T.due_at)
    rows = await connection.execute(
        select(*ROW)
        .where(_T.space_id == space_id)
        .order_by(at.is_not(None), at.desc(), _T.created_at.desc(), _T.id)
        .limit(limit)
    )
    return [Broadcast(*row) for row in rows]


# -- sent ----------------------------------------------------------------------------------------------------------


async def plan(connection: AsyncConnection, ref: Ref, wall: str | None, zone: str, now: datetime) -> datetime:
    """It leaves at this wall time (YYYY-MM-DDTHH:MM) of the town, or at once; answers the moment. Raises NotNow."""
    due = moment(datetime.fromisoformat(wall), zone) if wall is not None else now
    await _moved(connection, ref, (DRAFT, PLANNED), state=PLANNED, wall=wall, due_at=due)
    return due


async def leaves_at(connection: AsyncConnection, space_id: int, at: datetime, *, unasked: bool) -> datetime:
    """When the first of it really leaves that is due then: what nobody asked for waits for the hours of the town."""
    row = (
        await connection.execute(select(models.Space.hours, models.Space.zone).where(models.Space.id == space_id))
    ).one()
    return hours.from_json(row.hours).opens(row.zone, at) if unasked else at


async def unplan(connection: AsyncConnection, ref: Ref) -> None:
    """It is a draft again. Raises NotNow."""
    await _moved(connection, ref, (PLANNED,), state=DRAFT, wall=None, due_at=None)


async def begin(connection: AsyncConnection, given: Sequence[Ref], now: datetime) -> Sequence[bool]:
    """Those of these that are due begin; answers for each whether it did just now."""
    return [
        bool(
            (
                await connection.execute(
                    update(_T)
                    .where(these(ref), _T.state == PLANNED, _T.due_at <= now)
                    .values(state=QUEUEING, begun_at=now)
                )
            ).rowcount
        )
        for ref in given
    ]


async def pause(connection: AsyncConnection, ref: Ref, why: str = ASKED) -> None:
    """Nothing of it that is claimed from the commit on leaves. Raises NotNow."""
    await _moved(connection, ref, (QUEUEING, SENDING), state=PAUSED, paused_for=why)


async def resume(connection: AsyncConnection, ref: Ref, ceiling: int | None = None) -> None:
    """It goes on where it stood, maybe with another ceiling. Raises NotNow."""
    more = {"ceiling": ceiling} if ceiling is not None else {}
    await _moved(connection, ref, (PAUSED,), state=QUEUEING, paused_for=None, **more)


async def cancel(connection: AsyncConnection, ref: Ref, now: datetime) -> None:
    """What has not left of it never does. Raises NotNow."""
    over = (PLANNED,)
    if not await _set(connection, ref, over, state=CANCELLED, ended_at=now):
        await _moved(connection, ref, (QUEUEING, SENDING, PAUSED), state=CANCELLED, paused_for=None)


async def take_back(connection: AsyncConnection, ref: Ref, now: datetime) -> None:
    """What has left is deleted where the platform can, and the rest does not leave. Raises NotNow, also where somebody
    asked before."""
    await left_out.lock(connection, ref.space_id)
    once = _T.undone_at.is_(None)
    asked = {"undone_at": now, "undone_to": literal(0)}
    if not await _set(connection, ref, (SENT, CANCELLED), once, **asked):
        await _moved(connection, ref, (QUEUEING, SENDING, PAUSED), once, **asked, state=CANCELLED, paused_for=None)


async def release(connection: AsyncConnection, one: Broadcast, now: datetime) -> int:
    """Those in doubt are sent again, which may make them twice; answers how many. Raises NotNow."""
    await _moved(connection, one.ref, (QUEUEING, SENDING, PAUSED, SENT), ended_at=None)
    await _set(connection, one.ref, (SENT,), state=SENDING)
    return await _held(connection, one, state="waiting", due_at=now, error=None)


async def give_up(connection: AsyncConnection, one: Broadcast) -> int:
    """Those in doubt are not sent again; answers how many."""
    return await _held(connection, one, state="failed", error=GIVEN_UP)


async def _held(connection: AsyncConnection, one: Broadcast, **values: Any) -> int:
    held = (its_deliveries(one), Delivery.state == "held")
    return (await connection.execute(update(Delivery).where(*held).values(**values))).rowcount


async def _moved(
    connection: AsyncConnection, ref: Ref, states: Sequence[str], *only: ColumnElement[bool], **values: Any
) -> None:
    """Raises NotNow where it is in none of these states. Whoever is writing its deliveries is waited for."""
    await left_out.lock(connection, ref.space_id)
    if not await _set(connection, ref, states, *only, **values):
        raise NotNow


async def _set(
    connection: AsyncConnection, ref: Ref, states: Sequence[str], *only: ColumnElement[bool], **values: Any
) -> bool:
    changed = await connection.execute(update(_T).where(these(ref), _T.state.in_(states), *only).values(**values))
    return bool(changed.rowcount)
