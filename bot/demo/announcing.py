"""What the demo's town wrote to many: a message of last week and what became of it, and one that is still to leave."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import broadcast_rows, broadcasts, participants
from storage.broadcasts import Broadcast, Content
from storage.consultations import Phase
from storage.models import Conversation, Delivery
from storage.participants import ConsentGiven, Person
from storage.rules import Agreed, Not, TookPart
from storage.spaces import Space

WRITTEN = 8
"""Days ago that the first of them left."""
TEN = time(10)
OPENED = {
    "fr": "Faut-il éteindre les lampadaires entre minuit et cinq heures ? Votez en une minute.",
    "en": "Should the street lights go out between midnight and five? Vote in a minute.",
}
VOTE = {"fr": "Voter", "en": "Vote"}
CLOSES = {
    "fr": "Il reste quelques jours pour donner votre avis sur le centre-ville. Il faut trois minutes.",
    "en": "A few days are left to give your opinion about the town centre. It takes three minutes.",
}
ANSWER = {"fr": "Répondre", "en": "Answer"}
BLOCKED, SEEN, LOOKED = 0.05, 0.5, 0.08
"""Shares of those who have blocked the robot, who have opened the web page since, and who pressed and did not vote."""
HOUR, MINUTES = timedelta(hours=1), timedelta(minutes=4)


async def agree(connection: AsyncConnection, consultation_id: int, people: Sequence[Person], at: datetime) -> None:
    """These people have agreed to take part, as everybody does before their first answer."""
    agreed = [ConsentGiven(one.space_id, one.id, consultation_id, "D'accord", at) for one in people]
    await participants.consent(connection, agreed)


async def announce(
    connection: AsyncConnection, space: Space, vote: Phase, survey: Phase, organiser_id: int, now: datetime
) -> None:
    """One that has left, to those who had agreed to vote, and one to those who have not answered the survey yet."""
    at = _weekday(now - timedelta(days=WRITTEN), space.zone)
    those = Agreed((vote.consultation_id,)).to_json()
    sent = await broadcasts.write(connection, space.id, Content(OPENED, vote.id, VOTE, None, those), organiser_id, at)
    await broadcasts.plan(connection, sent.ref, None, space.zone, at)
    await broadcasts.begin(connection, [sent.ref], at)
    while await broadcast_rows.queue(connection, sent, at):
        continue
    await _leave(connection, sent, vote, at)
    await broadcast_rows.end(connection, sent, at + timedelta(minutes=6))
    others = Not(TookPart((survey.id,))).to_json()
    content = Content(CLOSES, survey.id, ANSWER, None, others)
    later = await broadcasts.write(connection, space.id, content, organiser_id, now)
    leaves = _weekday(now + timedelta(days=3), space.zone).astimezone(ZoneInfo(space.zone))
    await broadcasts.plan(connection, later.ref, f"{leaves:%Y-%m-%dT%H:%M}", space.zone, now)


def _weekday(moment: datetime, zone: str) -> datetime:
    """Ten o'clock of that day where the town is, or of the next Monday."""
    day = moment.astimezone(ZoneInfo(zone)).date()
    day += timedelta(days=max(0, 7 - day.weekday()) if day.weekday() > 4 else 0)
    return datetime.combine(day, TEN, ZoneInfo(zone)).astimezone(moment.tzinfo)


async def _leave(connection: AsyncConnection, one: Broadcast, phase: Phase, at: datetime) -> None:
    """It has reached nearly everybody: who voted afterwards had pressed its button, others have only looked."""
    chance = random.Random(WRITTEN)
    talks = select(Conversation.participant_id, Conversation.sent_at).where(Conversation.phase_id == phase.id)
    voted = {person: sent_at for person, sent_at in await connection.execute(talks) if sent_at and sent_at > at + HOUR}
    mine = select(Delivery.id, Delivery.participant_id, Delivery.lane).where(Delivery.cause == one.cause)
    for number, (id_, person, lane) in enumerate((await connection.execute(mine.order_by(Delivery.id))).all()):
        left = at + timedelta(seconds=number / 25)
        became = _became(chance, left, voted.get(person), web=str(lane).startswith("web:"))
        await connection.execute(
            update(Delivery).where(Delivery.id == id_, Delivery.space_id == one.space_id).values(became)
        )


def _became(chance: random.Random, left: datetime, voted: datetime | None, *, web: bool) -> dict[str, Any]:
    """What became of one delivery that left then; `voted` is when its person did."""
    if not web and chance.random() < BLOCKED:
        return {"state": "failed", "error": "blocked"}
    later = left + HOUR * chance.uniform(1, 40)
    pressed = voted - MINUTES if voted is not None else later if chance.random() < LOOKED else None
    seen = left + HOUR * chance.uniform(0.5, 1) if web and (pressed or chance.random() < SEEN) else None
    return {"state": "sent", "sent_at": left, "external": "0", "clicked_at": pressed, "seen_at": seen}
