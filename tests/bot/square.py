"""A town with a second consultation, the square, of which the program announces by itself what happens to it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot import broadcasting
from bot.jobs import announce, notice_what_turned
from storage import codes, consultations
from storage.models import Broadcast, Consultation
from tests.bot.town import Town, one_question, town
from tests.flows.harness import Flow

MONDAY = datetime(2027, 3, 8, 8, tzinfo=UTC)
"""Nine in the morning where the town is: its hours begin at ten."""
TEN = datetime(2027, 3, 8, 9, tzinfo=UTC)
FRIDAY_EVENING = datetime(2027, 3, 19, 19, tzinfo=UTC)
OPEN_TODAY = "Hello. “The square” opens today."
OUT = "Hello. The result of “The square” is out."


@asynccontextmanager
async def settled(database_url: str) -> AsyncIterator[Town]:
    """Ada and Ben have agreed to something two days ago; Cleo has never agreed to anything."""
    async with town(database_url) as found:
        await found.begin("ada", "ben")
        await found.keep(found.incoming("cleo", code="centre"))
        await found.deliver()
        found.street.sent.clear()
        found.now = MONDAY
        yield found


async def square(
    house: Town, kind: str = "ideas", opens: datetime | None = TEN, closes: datetime | None = None, **more: Any
) -> int:
    """A second consultation that opens by itself, with one phase."""
    async with house.database.write() as connection:
        made = await consultations.create(
            connection,
            house.space_id,
            slug="square",
            title={"en": "The square"},
            topic={"en": "about the square"},
            why={},
            decides={},
            opens_at=opens,
            closes_at=closes,
            answer_on=date(2027, 4, 1),
            now=MONDAY - timedelta(days=9),
        )
        phase = await consultations.add_phase(connection, made, kind, {}, **more)
        await codes.create(connection, made, MONDAY, code="pond")
        await consultations.open_now(connection, made, min(MONDAY, opens or MONDAY), on_its_date=True)
    house.reception.around.modules[phase.id, 1] = Flow(one_question)
    return phase.id


async def ticks(house: Town) -> list[str]:
    """One look of the jobs, and what leaves at once: the first line of each message."""
    before = len(house.street.sent)
    await notice_what_turned(house.database, house.now)
    await announce(house.database, house.now)
    await broadcasting.go_on(house.database, house.courier.channels, house.now)
    await house.deliver()
    await broadcasting.go_on(house.database, house.courier.channels, house.now)
    return [item.message.lines[0].text for item in house.street.sent[before:]]


async def rows(house: Town) -> list[tuple[str, str, str | None, datetime | None]]:
    """Occasion, state, wall time and moment of what is announced."""
    table = Broadcast
    return sorted(await house.rows(table.occasion, table.state, table.wall, table.due_at))


async def set_dates(house: Town, **values: Any) -> None:
    async with house.database.write() as connection:
        await connection.execute(update(Consultation).where(Consultation.slug == "square").values(**values))


async def steps_in(house: Town, who: str) -> None:
    """Somebody begins the second consultation, and is in the middle of it."""
    await house.keep(house.incoming(who, code="pond"))
    await house.keep(house.incoming(who, "yes"))
    await house.deliver()


async def close(house: Town) -> None:
    async with house.database.write() as connection:
        await consultations.close_now(connection, await _whole(house, connection), house.now)


async def reopen(house: Town, closes: datetime | None = None) -> None:
    """Open it again by hand, until then or for good."""
    async with house.database.write() as connection:
        await consultations.change(connection, await _whole(house, connection), closes_at=closes)
        await consultations.open_now(connection, await _whole(house, connection), house.now)


async def _whole(house: Town, connection: AsyncConnection) -> consultations.Consultation:
    found = await consultations.find_by_slug(connection, house.space_id, "square")
    assert found is not None
    return found
