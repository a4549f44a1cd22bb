"""What the house is held against: the usual way of writing such a thing, and the database with nothing around it."""

from __future__ import annotations

import sqlite3
import time

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.bench.town import CHANNEL, SLUG, Town
from flows.messages import Incoming
from flows.routing import Known, route
from flows.run import Scene
from flows.turn import Act, Errand, Turn
from storage import phases
from storage.clock import utc_now
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
    now = utc_now()
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
        conversation.heard_at,
    )
    errand = route(incoming, Known(person, CHANNEL, record)).errand or Errand(Act.SHOW)
    scene = Scene(space, phase, person, record.id, incoming.at, CHANNEL)
    turn = Turn(scene, record.copy(), built.reception.around.module(record.kind, phase), errand)
    turn.start()
    return turn


def raw(built: Town) -> float:
    """sqlite3 by hand: the rows of a turn read and written in the house's own tables, 64 turns a transaction."""
    connection = sqlite3.connect(str(built.database.url.database), isolation_level=None)
    for pragma in ("synchronous=FULL", "foreign_keys=ON", "cache_size=-16000", "wal_autocheckpoint=4000"):
        connection.execute(f"PRAGMA {pragma}")
    began = time.perf_counter()
    for start in range(0, RAW_TURNS, RAW_BATCH):
        connection.execute("BEGIN IMMEDIATE")
        for number in range(start, start + RAW_BATCH):
            _raw_turn(connection, number, str(number % len(built.people)))
        connection.execute("COMMIT")
    elapsed = time.perf_counter() - began
    connection.close()
    return RAW_TURNS / elapsed


RAW_JOURNAL = '{"e":{"agreed":["k","",false],"agree":["d",true],"q1":["a","c1",0]}}'
RAW_BODY = '{"l":[["echo","Noté : réponse 1."],["echo","Question 2 sur 10"],["ask","Question 2 ?"]]}' + " " * 200


def _raw_turn(connection: sqlite3.Connection, number: int, sender: str) -> None:
    key = f"raw {number}"
    assert connection.execute(RAW_KNOWN, (CHANNEL.name, SLUG, key)).fetchone() is None
    space_id, person, conversation = connection.execute(RAW_WHO, (CHANNEL.name, SLUG, sender)).fetchone()
    connection.execute(RAW_READ, (space_id, conversation)).fetchone()
    connection.execute(RAW_CHANGE, (RAW_JOURNAL, number, space_id, conversation))
    connection.execute(RAW_SEND, (space_id, new_id(), person, conversation, RAW_BODY, number, number))
    connection.execute(RAW_NOTE, (new_id(), space_id, person, CHANNEL.name, SLUG, key, conversation, number))


RAW_KNOWN = "SELECT key FROM inbox WHERE channel = ? AND account = ? AND key = ?"
RAW_WHO = """
SELECT p.space_id, p.id, p.current_id FROM addresses a JOIN participants p
ON p.space_id = a.space_id AND p.id = a.participant_id WHERE a.channel = ? AND a.account = ? AND a.sender = ?
"""
RAW_READ = "SELECT * FROM conversations WHERE space_id = ? AND id = ?"
RAW_CHANGE = """
UPDATE conversations SET state = 'open', waiting = 'q2', journal = ?, sent_at = NULL, heard_at = ?
WHERE space_id = ? AND id = ?
"""
RAW_SEND = """
INSERT INTO deliveries (space_id, id, participant_id, conversation_id, kind, body, state, tries, due_at, made_at)
VALUES (?, ?, ?, ?, 'reply', ?, 'waiting', 0, ?, ?)
"""
RAW_NOTE = """
INSERT INTO inbox (id, space_id, participant_id, channel, account, key, shown, state, tries, conversation_id, heard_at)
VALUES (?, ?, ?, ?, ?, ?, '2', 'handled', 1, ?, ?)
"""
