"""How fast a broadcast is written for everybody, and how long residents wait for their answers while one leaves."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from statistics import quantiles

from sqlalchemy import delete, func, insert, literal, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot import broadcasting
from bot.bench.town import Town, questionnaire, town
from bot.channels import Outgoing, Receive
from bot.courier import Courier
from bot.finishing import stop
from flows.rendering import Capabilities, Rates
from storage import broadcasts
from storage.broadcasts import Broadcast, Content
from storage.models import Consent, Consultation, Delivery, Participant, Space

DOOR = Capabilities("bench", rates=Rates(overall=30, person=1, group=20))
"""At Telegram's pace."""
PEOPLE = 20_000
ANSWERS = 120
FIRST = 1.5
"""Seconds before anybody writes: a courier lets its first second pass, which another may have used up."""
APART = 0.1
"""Seconds between what two residents write."""
SENDING = 0.05
"""Seconds that a message takes to the platform and back."""
PATIENCE = 30.0


async def enqueue(large: Town) -> float:
    """Seconds until everybody of a large town has their delivery."""
    one = await _planned(large, unasked=True)
    began = time.perf_counter()
    await broadcasting.go_on(large.database, {}, datetime.now(UTC))
    took = time.perf_counter() - began
    async with large.database.write() as connection:
        found = await broadcasts.find(connection, one.ref)
        assert found is not None
        assert found.queued == len(large.people)
        await connection.execute(delete(Delivery).where(Delivery.cause == one.cause))
        await broadcasts.cancel(connection, one.ref, datetime.now(UTC))
    return took


class Door:
    """A platform that takes its time; it notes when each person's answer arrived."""

    capabilities = DOOR

    def __init__(self) -> None:
        self.answered: dict[str, asyncio.Future[float]] = {}

    async def send(self, outgoing: Outgoing) -> str | None:
        await asyncio.sleep(SENDING)
        waits = self.answered.get(outgoing.sender)
        if waits is not None and outgoing.message.wants == "choice" and not waits.done():
            waits.set_result(time.perf_counter())
        return outgoing.key

    async def run(self, receive: Receive) -> None:
        await asyncio.Event().wait()


async def reply_p99() -> float:
    """Milliseconds within which 99 of 100 residents have their answer while a broadcast is written and leaves."""
    async with town(PEOPLE, questionnaire(10), door=DOOR) as built:
        door = Door()
        courier = Courier(built.database, {DOOR.name: door})
        built.reception.told = courier.wake
        await _planned(built, unasked=False)  # it leaves at any hour of the machine that is measured
        works = [
            asyncio.create_task(courier.run()),
            asyncio.create_task(broadcasting.go_on(built.database, {DOOR.name: door}, datetime.now(UTC))),
        ]
        try:
            waited = await asyncio.gather(*(_asks(built, door, number) for number in range(ANSWERS)))
        finally:
            for work in works:
                await stop(work)
        return quantiles(waited, n=100)[98] * 1000


async def _asks(built: Town, door: Door, number: int) -> float:
    """Seconds from what a resident writes to the next question."""
    await asyncio.sleep(FIRST + number * APART)
    person = PEOPLE - 1 - number  # whom the broadcast reaches last
    waits = door.answered[str(person)] = asyncio.get_running_loop().create_future()
    began = time.perf_counter()
    await built.reception.receive(*built.burst([person], "1"))
    return float(await asyncio.wait_for(waits, PATIENCE)) - began


async def _planned(built: Town, *, unasked: bool) -> Broadcast:
    """To everybody, due now; all of them have agreed, and none had too many."""
    now = datetime.now(UTC)
    async with built.database.write() as connection:
        await _agree(connection, built, now)
        await connection.execute(update(Space).values(cap=1_000))
        content = Content({"fr": "La consultation est ouverte."}, built.phase_id, unasked=unasked)
        one = await broadcasts.write(connection, built.space_id, content, None, now)
        await broadcasts.plan(connection, one.ref, None, "Europe/Paris", now)
    return one


async def _agree(connection: AsyncConnection, built: Town, now: datetime) -> None:
    """Once, by one statement."""
    if (await connection.execute(select(Consent.id).limit(1))).first() is not None:
        return
    consultation = select(Consultation.id).limit(1).scalar_subquery()
    said = [literal("Oui"), literal(now, Consent.given_at.type)]
    rows = select(Participant.space_id, func.row_number().over(), Participant.id, consultation, *said)
    columns = ["space_id", "id", "participant_id", "consultation_id", "words", "given_at"]
    await connection.execute(insert(Consent).from_select(columns, rows))
