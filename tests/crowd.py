"""A crowd for tests of results: people who send responses to one phase, through the same verbs as real ones."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from storage import consultations, contributions, conversations, participants, spaces
from storage.contributions import NewContribution, Part
from storage.database import Database
from storage.types import new_id
from tests.tables import make_tables

MORNING = datetime(2027, 3, 6, 9, 40, tzinfo=UTC)


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[AsyncConnection]:
    """A connection to a new database with all its tables, in one transaction."""
    database = Database(url)
    try:
        async with database.write() as connection:
            await make_tables(connection)
            yield connection
    finally:
        await database.close()


@dataclass
class Crowd:
    """Sends responses to one phase; each person is known by the name the test gives them."""

    connection: AsyncConnection
    space_id: int
    phase_id: int

    def __post_init__(self) -> None:
        self.ids: dict[str, int] = {}
        self.talks: dict[str, int] = {}

    @staticmethod
    async def gather(
        connection: AsyncConnection, settings: Mapping[str, Any] | None = None, slug: str = "montaubry"
    ) -> Crowd:
        """A space with one open consultation of one questionnaire."""
        space = await spaces.create(
            connection,
            slug=slug,
            name={"fr": "Montaubry"},
            languages=["fr", "en"],
            zone="Europe/Paris",
            colour=None,
            contact={},
            privacy={},
            now=MORNING,
        )
        words = {"fr": "Le centre-ville et vous"}
        consultation = await consultations.create(
            connection,
            space.id,
            slug=slug,
            title=words,
            topic=words,
            why=words,
            decides=words,
            opens_at=None,
            closes_at=None,
            answer_on=None,
            now=MORNING,
        )
        phase = await consultations.add_phase(connection, consultation, "questionnaire", settings or {})
        await consultations.open_now(connection, consultation, MORNING)
        return Crowd(connection, space.id, phase.id)

    async def begins(
        self, name: str, waiting: str | None, *, channel: str = "web", place: str | None = None, at: datetime = MORNING
    ) -> int:
        """This person begins a conversation, or goes on with it, and it waits at this key."""
        if name not in self.ids:
            await self._arrives(name, channel, at)
        again = name in self.talks
        talk = self.talks.setdefault(name, new_id())
        record = conversations.Record(
            self.space_id,
            talk,
            self.ids[name],
            self.phase_id,
            "questionnaire",
            "open",
            waiting,
            "{}",
            place,
            channel,
            None,
            at,
            fresh=not again,
        )
        await conversations.save(self.connection, [record])
        return talk

    async def _arrives(self, name: str, channel: str, at: datetime) -> None:
        self.ids[name] = new_id()
        person = participants.Person(self.space_id, self.ids[name], "fr", None, [], None, None, channel, None)
        key = participants.AddressKey(channel, str(self.space_id), name)
        await participants.welcome(self.connection, [(key, person)], at)

    async def sends(
        self,
        name: str,
        *parts: Part,
        channel: str = "web",
        place: str | None = None,
        at: datetime = MORNING,
        fields: Mapping[str, Any] | None = None,
        single: bool = True,
    ) -> int:
        """This person sends a response, or sends it again corrected; answers the contribution's id."""
        talk = self.talks.get(name) or await self.begins(name, None, channel=channel, place=place, at=at)
        given = NewContribution(
            self.space_id,
            self.phase_id,
            self.ids[name],
            talk,
            "response",
            "response",
            fields or {},
            tuple(parts),
            channel,
            place,
            at,
            single,
        )
        [result] = await contributions.put(self.connection, [given])
        assert isinstance(result, int), result
        await self._ends(name, talk, channel, place, at)
        return result

    async def _ends(self, name: str, talk: int, channel: str, place: str | None, at: datetime) -> None:
        record = conversations.Record(
            self.space_id,
            talk,
            self.ids[name],
            self.phase_id,
            "questionnaire",
            "ended",
            None,
            "{}",
            place,
            channel,
            at,
            at,
        )
        await conversations.save(self.connection, [record])


def several(question: str, choices: Sequence[str]) -> list[Part]:
    """The parts of an answer with several choices."""
    return [Part(question, choice=choice) for choice in choices]
