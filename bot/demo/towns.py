"""What else is open in the demo town: a file for each consultation in towns/, with what neighbours gave to it.

title, topic, why, decides, does: {fr: …, en: …}    code: what its poster carries
closes_in, answered_in: days from now               areas: {gare: {fr: La Gare}}
phases:
  - module: ideas        title, moderation, per_day: as storage keeps them; settings: as the module reads them
    given:               contributions: kind, text, fields, theme, area, ago (days), state, reason, status, reply,
                         support (how many neighbours), times (how many such), arguments: [{for: true, text: …}],
                         words: … (what is said with a signature)
    ballots: {for: 96}   how many neighbours voted so
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import orjson
import yaml
from sqlalchemy import insert, update
from sqlalchemy.ext.asyncio import AsyncConnection

from flows.journal import Journal
from storage import areas, ballots, codes, consultations, contributions, conversations, participants, similar
from storage.ballots import NewBallot
from storage.consultations import Phase
from storage.contributions import NewContribution
from storage.conversations import Record
from storage.models import Contribution, Progress
from storage.participants import AddressKey, Person
from storage.similar import Text
from storage.spaces import Space
from storage.types import new_id

FOLDER = Path(__file__).parent / "towns"
WORDS = ("title", "topic", "why", "decides", "does")
NEIGHBOURS = 170
CHANNELS = {"web": 6, "telegram": 4}
BEGUN_BEFORE = timedelta(days=14)
READ_WITHIN = timedelta(days=2)
"""What is older was read by a moderator, unless the file says otherwise."""
SPREAD = 4
"""Days over which those of a kind came."""
INDEXED = ("idea", "question")
"""Kinds of which similar ones are looked for."""


async def open_all(connection: AsyncConnection, space: Space, now: datetime) -> None:
    """Open every consultation of the folder, with what was given to it."""
    chance = random.Random(len(WORDS))
    people = await _move_in(connection, space, now - BEGUN_BEFORE, chance)
    for file in sorted(FOLDER.glob("*.yaml")):
        await _Opening(connection, space, now, people, chance).open(file.stem, yaml.safe_load(file.read_text("utf-8")))


async def _move_in(connection: AsyncConnection, space: Space, at: datetime, chance: random.Random) -> list[Person]:
    """The neighbours who took part in any of these."""
    drawn = chance.choices(list(CHANNELS), list(CHANNELS.values()), k=NEIGHBOURS)
    people = [Person(space.id, new_id(), "fr", None, [], None, None, channel, None) for channel in drawn]
    keyed = [(AddressKey(person.channel, f"{space.slug}-demo", str(person.id)), person) for person in people]
    await participants.welcome(connection, keyed, at)
    return people


@dataclass
class _Opening:
    """One consultation on its way into the database."""

    connection: AsyncConnection
    space: Space
    now: datetime
    people: Sequence[Person]
    chance: random.Random
    phase: Phase = field(init=False)

    async def open(self, slug: str, said: Mapping[str, Any]) -> None:
        for area, name in (said.get("areas") or {}).items():
            await areas.add(self.connection, self.space.id, area, name)
        begun = self.now - BEGUN_BEFORE
        made = await consultations.create(
            self.connection,
            self.space.id,
            slug=slug,
            **{word: said.get(word) or {} for word in WORDS},
            opens_at=begun,
            closes_at=datetime.combine(self._day(said["closes_in"]), time(20), ZoneInfo(self.space.zone)),
            answer_on=self._day(said["answered_in"]),
            now=begun,
        )
        await consultations.open_now(self.connection, made, self.now)
        await codes.create(self.connection, made, begun, code=said["code"])
        for one in said["phases"]:
            kept = {name: one[name] for name in ("title", "moderation", "per_day") if name in one}
            self.phase = await consultations.add_phase(
                self.connection, made, one["module"], one.get("settings") or {}, **kept
            )
            await self._give(one.get("given") or ())
            await self._vote(one.get("ballots") or {})

    def _day(self, days: int) -> date:
        return (self.now + timedelta(days=days)).astimezone(ZoneInfo(self.space.zone)).date()

    def _moment(self, ago: int) -> datetime:
        """Some time of a day when people are awake."""
        return self.now - timedelta(days=ago, minutes=self.chance.randrange(600))

    def _shuffled(self) -> Iterator[Person]:
        """Everybody once, in an order of its own."""
        return iter(self.chance.sample(self.people, len(self.people)))

    # -- contributions -----------------------------------------------------------------------------------------

    async def _give(self, given: Sequence[Mapping[str, Any]]) -> None:
        authors = self._shuffled()
        for said in given:
            for number in range(said.get("times", 1)):
                days = max(1, said["ago"] - number % SPREAD)
                await self._one({**said, "ago": days}, next(authors))

    async def _one(self, said: Mapping[str, Any], author: Person) -> None:
        at = self._moment(said["ago"])
        id_ = await self._put(said, author, at)
        changed = {name: said[name] for name in ("state", "reason", "status") if name in said}
        if changed:
            this = (Contribution.space_id == self.space.id, Contribution.id == id_)
            await self.connection.execute(update(Contribution).where(*this).values(**changed))
        if said["kind"] in INDEXED and said.get("state", "sent") == "sent":
            text = Text(self.space.id, self.phase.id, id_, said["text"], self.space.languages[0])
            await similar.index(self.connection, [text])
        if "reply" in said:
            row = {"space_id": self.space.id, "id": new_id(), "contribution_id": id_, "organiser_id": None}
            await self.connection.execute(
                insert(Progress).values(**row, status=said.get("status"), text=said["reply"], at=self._moment(1))
            )
        supporters = [person for person in self._shuffled() if person is not author][: said.get("support", 0)]
        cast = [NewBallot(self.space.id, self.phase.id, one.id, str(id_), "support", self.now) for one in supporters]
        if cast:
            await ballots.cast(self.connection, cast)
        if "words" in said:
            await self._put({"kind": "why", "text": said["words"]}, author, at, parent=id_)
        for argument in said.get("arguments") or ():
            kind = "argument_for" if argument["for"] else "argument_against"
            await self._put({"kind": kind, "text": argument["text"]}, next(self._shuffled()), self.now, parent=id_)

    async def _put(self, said: Mapping[str, Any], author: Person, at: datetime, parent: int | None = None) -> int:
        talk = await self._talk(author, at)
        [made] = await contributions.put(
            self.connection,
            [
                NewContribution(
                    space_id=self.space.id,
                    phase_id=self.phase.id,
                    participant_id=author.id,
                    conversation_id=talk.id,
                    key=said["kind"],
                    kind=said["kind"],
                    fields=said.get("fields") or {},
                    parts=(),
                    origin=author.channel,
                    place=None,
                    at=at,
                    single=False,
                    text=said.get("text"),
                    theme=said.get("theme"),
                    area=said.get("area"),
                    parent_id=parent,
                )
            ],
        )
        if not isinstance(made, int):
            raise made
        read = {"state": "sent", "read_at": at if self.now - at > READ_WITHIN else None}
        this = (Contribution.space_id == self.space.id, Contribution.id == made)
        await self.connection.execute(update(Contribution).where(*this).values(**read))
        return made

    async def _talk(self, person: Person, at: datetime) -> Record:
        """The conversation in which it was given, over by now."""
        record = Record(
            self.space.id,
            new_id(),
            person.id,
            self.phase.id,
            self.phase.kind,
            "ended",
            None,
            Journal().dumps(),
            None,
            person.channel,
            at,
            at,
            fresh=True,
        )
        await conversations.save(self.connection, [record])
        return record

    # -- ballots -----------------------------------------------------------------------------------------------

    async def _vote(self, given: Mapping[str, int]) -> None:
        voters = self._shuffled()
        chosen = [choice for choice, number in given.items() for _ballot in range(number)]
        for choice in chosen:
            voter, at = next(voters), self._moment(self.chance.randrange(1, 10))
            await self._talk(voter, at)
            value = orjson.dumps(None if choice == "blank" else choice).decode()
            new = NewBallot(self.space.id, self.phase.id, voter.id, "vote", value, at, change=True)
            [cast] = await ballots.cast(self.connection, [new])
            if not isinstance(cast, int):
                raise cast
