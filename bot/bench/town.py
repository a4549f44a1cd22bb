"""A town to measure: a database with this many participants, each at the first question of the same phase."""

from __future__ import annotations

import asyncio
import random
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.finishing import stop
from bot.reception import Reception
from flows.journal import DONE, KNOWN, Journal
from flows.messages import Incoming
from flows.module import Module, load
from flows.questionnaires.questionnaire import Questionnaire
from flows.questionnaires.questions import OneOf
from flows.questionnaires.settings import Option
from flows.rendering import Capabilities
from flows.texts import Words
from storage import accounts, consultations, migrating, spaces
from storage.clock import utc_now
from storage.database import Database
from storage.models import Address, Conversation, Participant
from storage.types import new_id

BURST = 100
CHANNEL = Capabilities("bench")
SLUG = "bench"
ROWS_AT_ONCE = 5_000


def questionnaire(questions: int) -> dict[str, Any]:
    """Settings of a questionnaire of this many questions with four choices each."""
    options = tuple(Option(id=f"c{n}", label=Words(fr=f"Réponse {n}", en=f"Answer {n}")) for n in range(4))
    steps = tuple(
        OneOf(id=f"q{number}", text=Words(fr=f"Question {number} ?", en=f"Question {number}?"), choices=options)
        for number in range(1, questions + 1)
    )
    return Questionnaire(steps=steps).to_settings()


@dataclass
class Town:
    """The database, its reception, and the messages its people send."""

    database: Database
    reception: Reception
    door: Capabilities
    account: str
    space_id: int
    phase_id: int
    people: list[int]
    sent: int = 0

    async def receive(self, people: Sequence[int], text: str) -> None:
        """One message from each of these people, all waiting at once; returns after the commit."""
        await self.reception.receive(*self.burst(people, text))

    def burst(self, people: Sequence[int], text: str) -> list[Incoming]:
        """One message from each of these people (numbers from 0), all with keys of their own."""
        now = utc_now()
        self.sent += len(people)
        return [
            Incoming(self.door.name, self.account, str(person), f"{self.sent}.{index}", now, text=text)
            for index, person in enumerate(people)
        ]

    def some(self, chance: random.Random) -> list[int]:
        """A burst's worth of different people."""
        return chance.sample(range(len(self.people)), BURST)


@asynccontextmanager
async def town(
    participants: int,
    settings: dict[str, Any],
    *,
    kind: str = "questionnaire",
    module: Module | None = None,
    door: Capabilities = CHANNEL,
    account: str = SLUG,
) -> AsyncIterator[Town]:
    """A furnished town on a new SQLite file, removed afterwards, whose people come by this door. `module` stands in
    for one of the catalog."""
    with tempfile.TemporaryDirectory(prefix="palabre-bench-") as folder:
        database = Database(f"sqlite+aiosqlite:///{Path(folder) / 'bench.db'}")
        try:
            await migrating.migrate(database)
            reception = Reception(database, {door.name: door})
            async with database.write() as connection:
                space_id, phase_id = await _consultation(connection, settings, kind)
                if door.hosted:
                    now = utc_now()
                    await accounts.put(
                        connection, space_id, door.name, account, name=SLUG, title=SLUG, token=None, now=now
                    )
            built = Town(database, reception, door, account, space_id, phase_id, [])
            reception.around.modules[phase_id, 1] = module or load(kind, settings)
            for start in range(0, participants, ROWS_AT_ONCE):
                async with database.write() as connection:
                    await _people(connection, built, min(ROWS_AT_ONCE, participants - start), kind)
            serving = asyncio.create_task(reception.run())
            yield built
            await stop(serving)
        finally:
            await database.close()


async def _consultation(connection: AsyncConnection, settings: dict[str, Any], kind: str) -> tuple[int, int]:
    """A space with one open consultation of one phase; their ids."""
    now = utc_now()
    name = {"fr": "Banc d'essai", "en": "Bench"}
    space = await spaces.create(
        connection,
        slug=SLUG,
        name=name,
        languages=["fr", "en"],
        zone="Europe/Paris",
        colour=None,
        contact={},
        privacy={},
        now=now,
    )
    made = await consultations.create(
        connection,
        space.id,
        slug=SLUG,
        title=name,
        topic=name,
        why={},
        decides={},
        opens_at=None,
        closes_at=None,
        answer_on=None,
        now=now,
    )
    phase = await consultations.add_phase(connection, made, kind, settings)
    await consultations.open_now(connection, made, now)
    return space.id, phase.id


async def _people(connection: AsyncConnection, built: Town, count: int, kind: str) -> None:
    """Participants who have agreed and wait at the first question."""
    now = utc_now()
    first = len(built.people)
    journal = Journal({"agreed": [KNOWN, "", False], "agree": [DONE, True]}).dumps()
    rows = [(first + n, new_id(), new_id(), new_id()) for n in range(count)]
    built.people += [participant for _n, participant, _a, _c in rows]
    await connection.execute(
        insert(Participant),
        [
            {
                "space_id": built.space_id,
                "id": participant,
                "language": "fr",
                "area": None,
                "groups": [],
                "current_id": conversation,
                "address_id": address,
                "channel": built.door.name,
                "created_at": now,
            }
            for _n, participant, address, conversation in rows
        ],
    )
    await connection.execute(
        insert(Address),
        [
            {
                "space_id": built.space_id,
                "id": address,
                "participant_id": participant,
                "channel": built.door.name,
                "account": built.account,
                "sender": str(number),
                "created_at": now,
            }
            for number, participant, address, _conversation in rows
        ],
    )
    await connection.execute(
        insert(Conversation),
        [
            {
                "space_id": built.space_id,
                "id": conversation,
                "participant_id": participant,
                "phase_id": built.phase_id,
                "kind": kind,
                "state": "open",
                "waiting": "q1",
                "journal": journal,
                "channel": built.door.name,
                "begun_at": now,
                "heard_at": now,
            }
            for _n, participant, _address, conversation in rows
        ],
    )
