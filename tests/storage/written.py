"""A phase in which residents wrote texts, for the tests of what is done about them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import insert, update
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import consultations, models, spaces
from storage.database import Database
from storage.models import Ballot, Contribution, Follow, Participant, Report
from storage.moderation import Queue
from storage.types import new_id
from tests.tables import make_tables

NOW = datetime(2027, 3, 10, 9, tzinfo=UTC)


@dataclass
class Written:
    connection: AsyncConnection
    space_id: int
    consultation_id: int
    phase_id: int

    @property
    def queue(self) -> Queue:
        return Queue(self.space_id)

    async def person(self, **values: Any) -> int:
        made = new_id()
        row = {"language": "fr", "groups": [], "channel": "web", "created_at": NOW, **values}
        await self.connection.execute(insert(Participant).values(space_id=self.space_id, id=made, **row))
        return made

    async def write(self, text: str | None, state: str = "sent", **values: Any) -> int:
        """A contribution of somebody new; answers its id."""
        made = new_id()
        row = {
            "space_id": self.space_id,
            "id": made,
            "phase_id": self.phase_id,
            "key": "idea",
            "kind": "idea",
            "state": state,
            "text": text,
            "fields": {},
            "origin": "web",
            "created_at": NOW,
            "updated_at": NOW,
            **values,
        }
        if "participant_id" not in row:
            row["participant_id"] = await self.person()
        await self.connection.execute(insert(Contribution).values(**row))
        return made

    async def moderate(self, when: str) -> None:
        await self.connection.execute(
            update(models.Phase).where(models.Phase.id == self.phase_id).values(moderation=when)
        )

    async def open(self) -> None:
        found = await consultations.find(self.connection, self.space_id, self.consultation_id)
        assert found is not None
        await consultations.open_now(self.connection, found, NOW)

    async def report(self, contribution_id: int, reason: str = "Insultant") -> None:
        row = {"space_id": self.space_id, "id": new_id(), "contribution_id": contribution_id}
        said = {"reporter": str(new_id()), "reason": reason, "at": NOW}
        await self.connection.execute(insert(Report).values(**row, **said))

    async def support(self, contribution_id: int, voter: object) -> None:
        row = {"space_id": self.space_id, "id": new_id(), "phase_id": self.phase_id, "subject": str(contribution_id)}
        await self.connection.execute(insert(Ballot).values(**row, voter=str(voter), value="yes", cast_at=NOW))

    async def follow(self, contribution_id: int, person: int) -> None:
        row = {"space_id": self.space_id, "id": new_id(), "contribution_id": contribution_id}
        await self.connection.execute(insert(Follow).values(**row, participant_id=person))


@asynccontextmanager
async def written(database_url: str) -> AsyncIterator[Written]:
    """One transaction on a new database with an open consultation of one phase."""
    database = Database(database_url)
    try:
        async with database.write() as connection:
            await make_tables(connection)
        async with database.write() as connection:
            yield await a_phase(connection)
    finally:
        await database.close()


async def a_phase(connection: AsyncConnection, slug: str = "montaubry") -> Written:
    """A town with one phase to write to."""
    space = await spaces.create(
        connection, slug=slug, name={"fr": "Montaubry"}, languages=["fr", "en"], zone="Europe/Paris", colour=None,
        contact={}, privacy={}, now=NOW,
    )  # fmt: skip
    consultation = await consultations.create(
        connection, space.id, slug="centre", title={"fr": "Le centre"}, topic={}, why={}, decides={}, now=NOW,
        opens_at=None, closes_at=None, answer_on=None,
    )  # fmt: skip
    phase = await consultations.add_phase(connection, consultation, "ideas", {})
    return Written(connection, space.id, consultation.id, phase.id)
