"""Durable turns: from Incoming to the commit with the reply in the outbox, as the house does it."""

from __future__ import annotations

import asyncio
import random
import time
from statistics import median
from typing import Any, Self

from bot.bench.town import BURST, CHANNEL, Town, questionnaire, town
from bot.channels import Channel, Outgoing, Receive
from bot.courier import Courier
from bot.finishing import stop
from flows.answers import Choice
from flows.conversation import Ending, Talk
from flows.module import Module
from flows.rendering import Capabilities
from storage import ballots
from storage.ballots import NewBallot

BURSTS = 30


class Votes(Module):
    """One read and one vote in each flow."""

    kind = "bench-votes"

    @classmethod
    def load(cls, settings: Any) -> Self:
        return cls()

    async def converse(self, talk: Talk) -> Ending:
        subject = (talk.scene.space.id, talk.scene.phase.id if talk.scene.phase else 0, "square")
        chosen = await talk.choose("q1", "Pour ou contre ?", [Choice("for", "Pour"), Choice("against", "Contre")])
        before = await talk.know("count", ballots.count, subject)
        ballot = NewBallot(*subject[:2], talk.person.id, subject[2], chosen, talk.now)
        after = await talk.do("vote", ballots.cast, ballot)
        talk.say(f"{before} puis {after}.")
        return None


async def durable(built: Town) -> float:
    """Turns a second, bursts of a hundred different people answering a question."""
    chance = random.Random(1)
    groups = [built.some(chance) for _ in range(BURSTS)]
    began = time.perf_counter()
    for people in groups:
        await built.receive(people, "2")
    return BURSTS * BURST / (time.perf_counter() - began)


async def votes() -> float:
    """The same with one read and one vote in each flow; everybody votes once."""
    async with town(BURSTS * BURST, {}, kind=Votes.kind, module=Votes()) as built:
        began = time.perf_counter()
        for start in range(0, BURSTS * BURST, BURST):
            await built.receive(range(start, start + BURST), "Pour")
        return BURSTS * BURST / (time.perf_counter() - began)


async def cpu_per_turn(built: Town) -> float:
    """Microseconds of processor a turn, all threads, for people drawn from the whole town."""
    chance = random.Random(2)
    groups = [built.some(chance) for _ in range(BURSTS)]
    began = time.process_time()
    for people in groups:
        await built.receive(people, "2")
    return (time.process_time() - began) / (BURSTS * BURST) * 1e6


class Bell(Channel):
    """A channel that rings when something is sent."""

    capabilities: Capabilities = CHANNEL

    def __init__(self) -> None:
        self.rung = asyncio.Event()

    async def send(self, outgoing: Outgoing) -> str | None:
        self.rung.set()
        return None

    async def run(self, receive: Receive) -> None:
        await asyncio.Event().wait()


async def idle_answer(messages: int = 40) -> float:
    """Milliseconds from a message to its answer at the channel, in a house that does nothing else; the median."""
    async with town(messages, questionnaire(10)) as built:
        bell = Bell()
        courier = Courier(built.database, {CHANNEL.name: bell})
        built.reception.told = courier.wake
        sending = asyncio.create_task(courier.run())
        waited = []
        for person in range(messages):
            await asyncio.sleep(0.02)
            bell.rung.clear()
            began = time.perf_counter()
            await built.reception.receive(*built.burst([person], "1"))
            await bell.rung.wait()
            waited.append((time.perf_counter() - began) * 1000)
        await stop(sending)
        return median(waited)
