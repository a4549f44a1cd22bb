"""*Try it*: a whole talk through the real reception, in a transaction that is always rolled back. No fakes.

The person exists only in there, and a draft is open in there. Each call replays the talk from its first message,
so nothing has to be kept between two steps.
"""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.batch import Batch
from bot.seats import Surroundings
from flows.composing import merged
from flows.messages import Button, Incoming, Line, Message
from storage import consultations, spaces
from storage.consultations import Consultation
from storage.database import Database
from storage.models import Consultation as Row

Said = list[tuple[bool, Message]]
"""A talk: (from the resident?, what was said)."""


async def preview(
    database: Database,
    around: Surroundings,
    channel: str,
    space_id: int,
    consultation_id: int,
    language: str,
    steps: Sequence[str],
    now: datetime,
) -> Said:
    """The talk that these steps make. A step is what a resident types, or the label or the data of a button shown.

    On SQLite writers wait for the few milliseconds it takes. LookupError when there is no such consultation.
    """
    async with _never_kept(database) as connection:
        consultation = await consultations.find(connection, space_id, consultation_id)
        if consultation is None:
            raise LookupError(consultation_id)
        await _open(connection, consultation)
        space = await spaces.load(connection, space_id)
        rehearsal = _Rehearsal(connection, around, channel, space.slug, language, now)
        await rehearsal.hear(code=consultation.slug)
        for step in steps:
            await rehearsal.take(step)
        return rehearsal.talk


@asynccontextmanager
async def _never_kept(database: Database) -> AsyncIterator[AsyncConnection]:
    async with database.write() as connection:
        try:
            yield connection
        finally:
            await connection.rollback()


async def _open(connection: AsyncConnection, consultation: Consultation) -> None:
    await connection.execute(
        update(Row)
        .where(Row.space_id == consultation.space_id, Row.id == consultation.id)
        .values(state="open", opens_at=None, closes_at=None)
    )


class _Rehearsal:
    """One person's talk in one transaction."""

    def __init__(
        self,
        connection: AsyncConnection,
        around: Surroundings,
        channel: str,
        account: str,
        language: str,
        now: datetime,
    ) -> None:
        self.connection, self.around, self.now = connection, around, now
        self.channel, self.account, self.language = channel, account, language
        self.sender = f"preview-{uuid.uuid4().hex}"
        self.talk: Said = []
        self.shown: list[Button] = []

    async def take(self, step: str) -> None:
        """Press the button that is meant, the one shown last first; type what is none."""
        button = next((button for button in reversed(self.shown) if _is_meant(button, step)), None)
        self.talk.append((True, Message((Line(button.label if button else step),))))
        if button is not None:
            await self.hear(tap=button.data)
        else:
            await self.hear(text=step)

    async def hear(self, *, text: str | None = None, tap: str | None = None, code: str | None = None) -> None:
        """One message through one batch, exactly as reception does it."""
        incoming = Incoming(
            self.channel,
            self.account,
            self.sender,
            uuid.uuid4().hex,
            self.now,
            text=text,
            tap=tap,
            code=code,
            language=self.language,
        )
        batch = Batch(self.connection, self.around, self.now)
        await batch.seat([incoming])
        await batch.run({})
        await batch.write()
        await batch.note()
        replies = [message for seat in batch.seats for message in merged(seat.messages)]
        self.talk += [(False, message) for message in replies]
        self.shown += [button for message in replies for button in message.buttons]


def _is_meant(button: Button, step: str) -> bool:
    """By its label, or by its data without the conversation, whose id is another in every replay."""
    return step == button.label or (":" in step and step.partition(":")[2] == button.data.partition(":")[2])
