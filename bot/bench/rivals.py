"""What the house is held against: the usual way of writing such a thing, and the database with nothing around it."""

from __future__ import annotations

import sqlite3
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.bench.town import CHANNEL, Town
from flows.messages import Incoming
from flows.routing import Known, route
from flows.run import Scene
from flows.turn import Act, Errand, Turn
from storage import phases
from storage.conversations import Record
from storage.models import Address, Conversation, Delivery, Heard, Participant, Space
from storage.participants import Person
from storage.types import new_id

NAIVE_TURNS = 100
RAW_TURNS = 6_400
RAW_BATCH = 64


async def naive(built: Town) -> float:
    """AsyncSession, one transaction a message, a query per noun; the same conversations, the same rows."""
    began = time.perf_counter()
    for incoming in built.burst(range(NAIVE_TURNS), "2"):
        await _naive_turn(built, incoming)
    return NAIVE_TURNS / (time.perf_counter() - began)


async def _naive_turn(built: Town, incoming: Incoming) -> None:
    now = datetime.now(UTC)
    async with AsyncSession(built.database.engine.execution_options(writes=True)) as session, session.begin():
        seen = await session.scalar(select(Heard).where(Heard.channel == incoming.channel, Heard.key == incoming.key))
        assert seen is None
        space = (await session.scalars(select(Space).where(Space.slug == incoming.account))).one()
        address = (
            await session.scalars(
                select(Address).where(
                    Address.channel == incoming.channel,
                    Address.account == incoming.account,
                    Address.sender == incoming.sender,
                )
            )
        ).one()
        participant = (
            await session.scalars(
                select(Participant).where(Participant.space_id == space.id, Participant.id == address.participant_id)
            )
        ).one()
        conversation = (
            await session.scalars(
                select(Conversation).where(Conversation.space_id == space.id, Conversation.id == participant.current_id)
            )
        ).one()
        facts = await phases.load(await session.connection(), [built.phase_id])
        scene_space = (await phases.spaces(await session.connection()))[space.slug]
        turn = _run(built, conversation, participant, facts[built.phase_id], scene_space, incoming)
        conversation.journal, conversation.waiting = turn.record.journal, turn.record.waiting
        conversation.state, conversation.heard_at = turn.record.state, now
        session.add_all(
            Delivery(
                space_id=space.id,
                id=new_id(),
                participant_id=participant.id,
                conversation_id=conversation.id,
                kind="reply",
                body=message.pack(),
                state="waiting",
                tries=0,
                due_at=now,
                made_at=now,
            )
            for message in turn.messages
        )
        session.add(
            Heard(
                id=new_id(),
                space_id=space.id,
                participant_id=participant.id,
                channel=incoming.channel,
                account=incoming.account,
                key=incoming.key,
                shown=incoming.text,
                state="handled",
                tries=1,
                conversation_id=conversation.id,
                heard_at=now,
            )
        )


def _run(
    built: Town,
    conversation: Conversation,
    participant: Participant,
    phase: phases.PhaseFacts,
    space: phases.SpaceFacts,
    incoming: Incoming,
) -> Turn:
    """The same turn as the house runs."""
    person = Person(space.id, participant.id, participant.language, None, [], conversation.id, None, CHANNEL.name, None)
    record = Record(
        space.id,
        conversation.id,
        participant.id,
        phase.id,
        conversation.kind,
        conversation.state,
        conversation.waiting,
        conversation.journal,
        None,
        CHANNEL.name,
        None,
        conversation.begun_at,
        conversation.heard_at,
    )
    errand = route(incoming, Known(person, CHANNEL, record)).errand or Errand(Act.SHOW)
    scene = Scene(space, phase, person, record.id, incoming.at, CHANNEL)
    turn = Turn(scene, record.copy(), built.reception.around.module(record.kind, phase), errand)
    turn.start()
    return turn


RAW_SCHEMA = """
CREATE TABLE inbox (id INTEGER PRIMARY KEY, channel TEXT, account TEXT, key TEXT, shown TEXT, heard_at INTEGER,
  UNIQUE (channel, account, key));
CREATE TABLE conversations (id INTEGER PRIMARY KEY, waiting TEXT, journal TEXT, heard_at INTEGER);
CREATE TABLE deliveries (id INTEGER PRIMARY KEY, participant_id INTEGER, body TEXT, state TEXT, due_at INTEGER);
CREATE INDEX due ON deliveries (state, due_at);
"""
RAW_JOURNAL = '{"e":{"agreed":["k","",false],"agree":["d",true],"q1":["a","c1",0]}}'
RAW_BODY = '{"l":[["echo","Noté : réponse 1."],["echo","Question 2 sur 10"],["ask","Question 2 ?"]]}' + " " * 200


def raw() -> float:
    """sqlite3 by hand: the same rows read and written, 64 turns a transaction, WAL, synchronous=FULL."""
    with tempfile.TemporaryDirectory(prefix="palabre-bench-") as folder:
        connection = sqlite3.connect(Path(folder) / "raw.db", isolation_level=None)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.executescript(RAW_SCHEMA)
        rows = [(number, "q1", RAW_JOURNAL, 0) for number in range(RAW_TURNS)]
        connection.executemany("INSERT INTO conversations VALUES (?, ?, ?, ?)", rows)
        began = time.perf_counter()
        for start in range(0, RAW_TURNS, RAW_BATCH):
            connection.execute("BEGIN IMMEDIATE")
            for number in range(start, start + RAW_BATCH):
                _raw_turn(connection, number)
            connection.execute("COMMIT")
        elapsed = time.perf_counter() - began
        connection.close()
    return RAW_TURNS / elapsed


def _raw_turn(connection: sqlite3.Connection, number: int) -> None:
    connection.execute("INSERT INTO inbox VALUES (?, 'bench', 'bench', ?, '2', 0)", (number, str(number)))
    connection.execute("SELECT waiting, journal FROM conversations WHERE id = ?", (number,)).fetchone()
    connection.execute(
        "UPDATE conversations SET waiting = 'q2', journal = ?, heard_at = 1 WHERE id = ?", (RAW_JOURNAL, number)
    )
    connection.execute("INSERT INTO deliveries VALUES (?, ?, ?, 'waiting', 0)", (number, number, RAW_BODY))
