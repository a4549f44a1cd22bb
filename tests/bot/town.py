"""A town for tests of the way in and out: a real database, the real Reception and Courier, a channel that records."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import event, func, select

from bot.channels import Outgoing, Receive, Refused
from bot.courier import Courier
from bot.finishing import stop
from bot.reception import Reception
from flows.conversation import Ending, Talk
from flows.journal import Journal
from flows.messages import Incoming, Message
from flows.module import Module
from flows.rendering import Capabilities
from storage import consultations, spaces
from storage.database import Database
from storage.models import Conversation, Heard
from tests.flows.harness import Flow
from tests.tables import make_tables

NOON = datetime(2027, 3, 6, 12, 0, tzinfo=UTC)
STREET = Capabilities("street", edits=timedelta(hours=48))


class Street:
    """A channel that records what it sends; `trouble` may raise instead, or answer that it went well."""

    def __init__(self, capabilities: Capabilities = STREET) -> None:
        self.capabilities = capabilities
        self.sent: list[Outgoing] = []
        self.trouble: Callable[[Outgoing], Awaitable[None]] | None = None
        self.taken_back: list[str] = []
        self.clings: set[str] = set()

    async def send(self, outgoing: Outgoing) -> str | None:
        if self.trouble is not None:
            await self.trouble(outgoing)
        self.sent.append(outgoing)
        return f"street-{len(self.sent)}"

    async def take_back(self, account: str, sender: str, external: str) -> None:
        """Not from those to whom it `clings`."""
        if sender in self.clings:
            raise Refused("message can't be deleted")
        self.taken_back.append(sender)

    async def run(self, receive: Receive) -> None:
        await asyncio.Event().wait()

    def texts(self, sender: str | None = None) -> list[str]:
        """Every line sent, in order; to this person, or to everybody."""
        messages = [item.message for item in self.sent if sender in (None, item.sender)]
        return [line.text for message in messages for line in message.lines]


@dataclass
class Town:
    """One space with one open consultation whose module is the test's flow. `now` moves when the test says so."""

    database: Database
    reception: Reception
    courier: Courier
    street: Street
    space_id: int
    consultation_id: int
    phase_id: int
    now: datetime = NOON
    statements: list[str] = field(default_factory=list)
    _keys: Any = field(default_factory=lambda: itertools.count(1))

    def incoming(self, sender: str, text: str | None = None, *, key: str | None = None, **given: Any) -> Incoming:
        """A message of this person, with a key of its own unless one is given."""
        found = key or f"k{next(self._keys)}"
        return Incoming("street", "montaubry", sender, found, self.now, text=text, language="en", **given)

    async def hears(self, sender: str, text: str | None = None, **given: Any) -> list[str]:
        """One message through reception and courier; answers the lines this person then reads."""
        before = len(self.street.texts(sender))
        await self.keep(self.incoming(sender, text, **given))
        await self.deliver()
        return self.street.texts(sender)[before:]

    async def keep(self, *messages: Incoming) -> None:
        """One batch, without the queue."""
        await self.reception.keep(messages)

    async def deliver(self) -> None:
        while await self.courier.deliver():
            pass

    async def begin(self, *senders: str) -> None:
        """These people scan the code, agree, and see the first prompt."""
        await self.keep(*(self.incoming(sender, code="centre") for sender in senders))
        await self.keep(*(self.incoming(sender, "yes") for sender in senders))
        await self.deliver()
        self.street.sent.clear()

    def last(self, sender: str) -> Message:
        """The last message this person was sent."""
        return [item.message for item in self.street.sent if item.sender == sender][-1]

    def tap(self, sender: str, label: str) -> str:
        """What the button with this label carries, of the last message that has one."""
        for item in reversed(self.street.sent):
            for button in item.message.buttons:
                if item.sender == sender and button.label == label:
                    return button.data
        raise AssertionError(f"{sender} was offered no {label!r}")

    async def rows(self, *columns: Any, **where: Any) -> list[Any]:
        """Rows of one table, in the order of their ids."""
        table = columns[0].class_
        async with self.database.read() as connection:
            found = await connection.execute(
                select(*columns)
                .where(*(getattr(table, name) == value for name, value in where.items()))
                .order_by(table.id)
            )
            return [row[0] if len(columns) == 1 else tuple(row) for row in found]

    async def count(self, table: Any) -> int:
        async with self.database.read() as connection:
            return (await connection.execute(select(func.count()).select_from(table))).scalar_one()

    async def states(self) -> list[str]:
        """The inbox's states, in order."""
        return await self.rows(Heard.state)

    def later(self, **ahead: float) -> datetime:
        self.now += timedelta(**ahead)
        return self.now

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        """Reception and courier run as they do in the house."""
        tasks = [asyncio.create_task(self.reception.run()), asyncio.create_task(self.courier.run())]
        try:
            yield
        finally:
            for task in tasks:
                await stop(task)


async def one_question(talk: Talk) -> Ending:
    """The simplest talk: a question after the other, for ever."""
    for number in range(1, 1000):
        await talk.ask(f"q{number}", f"Question {number}?")
    return None


@asynccontextmanager
async def town(
    url: str, flow: Callable[[Talk], Awaitable[Ending]] = one_question, *, editable: bool = False
) -> AsyncIterator[Town]:
    """A town on an empty database."""
    database = Database(url)
    try:
        async with database.write() as connection:
            await make_tables(connection)
        found = await furnish(database, Flow(flow, editable))
        watch_statements(found)
        yield found
    finally:
        await database.close()


async def furnish(database: Database, module: Module) -> Town:
    space_id, consultation_id, phase_id = await make_consultation(database)
    street = Street()
    reception = Reception(database, {STREET.name: street.capabilities})
    reception.around.modules[phase_id, 1] = module
    courier = Courier(database, {STREET.name: street})
    found = Town(database, reception, courier, street, space_id, consultation_id, phase_id)
    reception.clock = courier.clock = lambda: found.now
    reception.told = courier.wake
    return found


async def make_consultation(database: Database) -> tuple[int, int, int]:
    async with database.write() as connection:
        space = await spaces.create(
            connection,
            slug="montaubry",
            name={"en": "Montaubry"},
            languages=["fr", "en"],
            zone="Europe/Paris",
            colour=None,
            contact={"host": {"en": "the town hall"}},
            privacy={},
            now=NOON,
        )
        made = await consultations.create(
            connection,
            space.id,
            slug="centre",
            title={"en": "The centre"},
            topic={"en": "about the centre"},
            why={},
            decides={},
            opens_at=None,
            closes_at=None,
            answer_on=None,
            now=NOON,
        )
        phase = await consultations.add_phase(connection, made, "test", {})
        await consultations.open_now(connection, made, NOON)
    return space.id, made.id, phase.id


def watch_statements(found: Town) -> None:
    """Note every statement, its first two words."""

    def note(_c: Any, _cursor: Any, statement: str, _parameters: Any, _context: Any, _many: bool) -> None:
        found.statements.append(" ".join(statement.split()))

    event.listen(found.database.engine.sync_engine, "before_cursor_execute", note)


def started(statements: Sequence[str], *words: str) -> list[str]:
    """The statements that hold all these words."""
    return [statement for statement in statements if all(word in statement for word in words)]


async def answers(house: Town) -> list[list[Any]]:
    """Every conversation's answers about the phase, in order."""
    journals = await house.rows(Conversation.journal, phase_id=house.phase_id)
    found = (Journal.loads(journal).answers() for journal in journals)
    return [[value for key, value in given.items() if key.startswith("q")] for given in found]
