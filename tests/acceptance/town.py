"""A town in a test: reception and courier on one database, and a door that remembers what it was given to show."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import select

from bot.channels import Outgoing, Receive
from bot.courier import Courier
from bot.reception import Reception
from flows.figures import PhaseRef
from flows.messages import Incoming, Message
from flows.questionnaires.file import Draft
from flows.rendering import Capabilities
from storage import codes, consultations, spaces
from storage.database import Database
from storage.models import Address, Conversation
from tests.tables import make_tables

MORNING = datetime(2027, 3, 6, 9, 40, tzinfo=UTC)
SLUG = "montaubry"


@dataclass
class Door:
    """A channel that shows nothing to anybody, and remembers it by person."""

    capabilities: Capabilities
    shown: dict[str, list[Message]] = field(default_factory=lambda: defaultdict(list))

    async def send(self, outgoing: Outgoing) -> str | None:
        self.shown[outgoing.sender].append(outgoing.message)
        return None

    async def run(self, receive: Receive) -> None:
        return None


@dataclass
class Town:
    """One consultation, answered by whoever says something. The clock goes on by a minute a message."""

    database: Database
    doors: dict[str, Door]
    where: PhaseRef
    now: datetime = MORNING
    count: int = 0

    def __post_init__(self) -> None:
        self.reception = Reception(
            self.database, {name: door.capabilities for name, door in self.doors.items()}, lambda: self.now
        )
        self.courier = Courier(self.database, self.doors, lambda: self.now)

    async def hear(self, name: str, door: str, **said: Any) -> list[Message]:
        """This person says something by this door; answers what they are shown in return."""
        self.count, self.now = self.count + 1, self.now + timedelta(minutes=1)
        before = len(self.doors[door].shown[name])
        incoming = Incoming(door, SLUG, name, str(self.count), self.now, language="fr", **said)
        await self.reception.keep([incoming])
        await self.courier.deliver()
        return self.doors[door].shown[name][before:]

    async def waits_at(self, name: str) -> str | None:
        """The key this person's conversation waits at; None when it has ended."""
        async with self.database.read() as connection:
            rows = await connection.execute(
                select(Conversation.waiting)
                .join(Address, Address.participant_id == Conversation.participant_id)
                .where(Address.sender == name, Conversation.phase_id == self.where.phase_id)
                .where(Conversation.state == "open")
            )
            return rows.scalar()


@asynccontextmanager
async def opened(url: str, draft: Draft) -> AsyncIterator[Town]:
    """A new database with a town that asks this, open by two doors: `web` with buttons, `terminal` with numbers."""
    database = Database(url)
    try:
        doors = {"web": Door(Capabilities("web")), "terminal": Door(Capabilities("terminal", False, True))}
        yield Town(database, doors, await _consult(database, draft))
    finally:
        await database.close()


async def _consult(database: Database, draft: Draft) -> PhaseRef:
    async with database.write() as connection:
        await make_tables(connection)
        space = await spaces.create(
            connection,
            slug=SLUG,
            name={"fr": "Montaubry"},
            languages=["fr"],
            zone="Europe/Paris",
            colour=None,
            contact={},
            privacy={},
            now=MORNING,
        )
        consultation = await consultations.create(
            connection,
            space.id,
            slug=draft.slug,
            title=draft.title,
            topic=draft.topic,
            why=draft.why,
            decides=draft.decides,
            opens_at=None,
            closes_at=None,
            answer_on=date(2027, 4, 8),
            now=MORNING,
        )
        phase = await consultations.add_phase(
            connection, consultation, "questionnaire", draft.questionnaire.to_settings()
        )
        await codes.create(connection, consultation, MORNING, code="affiche", place="Boulangerie")
        await consultations.open_now(connection, consultation, MORNING)
        return PhaseRef(space.id, phase.id)
