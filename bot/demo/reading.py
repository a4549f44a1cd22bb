"""A consultation that is open already, with what residents gave to it, as a YAML file says: for the demo and for talks.

title, topic, why, decides, does: {fr: …, en: …}    code: what its poster carries       area: who scans it lives there
opens, closes, answer_on: days                      areas: {gare: {fr: La Gare}}
phases:
  - module: ideas        title, state, opens_at, closes_at, stages, moderation, per_day: as storage keeps them
    settings: {…}        as the module reads them
    given:               contributions: kind, text, fields, theme, area, at (a day), reply and replied (a day), status,
                         state (waiting or hidden, and the reason), support (how many neighbours), times (how many
                         such), arguments: [{for: true, text: …}], words: … (what is said with a signature)
    ballots: {for: 96}   how many neighbours voted so; of `stopped`, how many began and did not
    paper: {Mairie: {for: 14, blank: 1, spoilt: 2}}      how many ballots lay in which box, typed in this morning

A day is a date, or a number of days from now. Everything goes through the verbs that real residents' and organisers'
words go through.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import orjson
from sqlalchemy.ext.asyncio import AsyncConnection

from flows.journal import Journal
from flows.module import catalog
from storage import (
    areas,
    ballots,
    codes,
    consultations,
    contributions,
    conversations,
    moderation,
    paper,
    participants,
    progress,
    roles,
    signing,
    similar,
)
from storage.ballots import NewBallot
from storage.consultations import Consultation, Phase
from storage.contributions import NewContribution
from storage.conversations import Record
from storage.milestones import SIGNATURE
from storage.moderation import Hiding, Showing
from storage.paper import OnPaper
from storage.participants import AddressKey, Person
from storage.progress import NewProgress
from storage.refusals import Refusal
from storage.signing import WHY, Signature
from storage.similar import Text
from storage.spaces import Space
from storage.types import new_id
from storage.value import columns

WORDS = ("title", "topic", "why", "decides", "does")
KEPT = ("title", "state", "stages", "moderation", "per_day")
CHANNELS = {"web": 6, "telegram": 4}
READ_WITHIN = timedelta(days=2)
"""What is older was read by a moderator, unless the file says otherwise."""
SPREAD = 4
"""Days over which those of a kind came."""


async def move_in(
    connection: AsyncConnection, space: Space, at: datetime, number: int, chance: random.Random
) -> list[Person]:
    """So many neighbours, who give what the files say."""
    drawn = chance.choices(list(CHANNELS), list(CHANNELS.values()), k=number)
    people = [Person(space.id, new_id(), "fr", None, [], None, None, channel, None) for channel in drawn]
    keyed = [(AddressKey(person.channel, f"{space.slug}-demo", str(person.id)), person) for person in people]
    await participants.welcome(connection, keyed, at)
    return people


@dataclass
class Opening:
    """One consultation on its way into the database."""

    connection: AsyncConnection
    space: Space
    now: datetime
    people: Sequence[Person]
    chance: random.Random
    phase: Phase = field(init=False)

    async def open(self, slug: str, said: Mapping[str, Any]) -> Consultation:
        for area, name in (said.get("areas") or {}).items():
            await areas.add(self.connection, self.space.id, area, name)
        begun = self.now + timedelta(days=said.get("opens", 0))
        made = await consultations.create(
            self.connection,
            self.space.id,
            slug=slug,
            **{word: said.get(word) or {} for word in WORDS},
            opens_at=begun if "opens" in said else None,
            closes_at=self._until(said.get("closes")),
            answer_on=self._day(said["answer_on"]) if "answer_on" in said else None,
            now=begun,
        )
        await consultations.open_now(self.connection, made, self.now)
        await codes.create(self.connection, made, begun, code=said["code"], area=said.get("area"))
        for one in said["phases"]:
            kept = {name: one[name] for name in KEPT if name in one}
            dates = {name: self._until(one.get(name)) for name in ("opens_at", "closes_at")}
            self.phase = await consultations.add_phase(
                self.connection, made, one["module"], one.get("settings") or {}, **kept, **dates
            )
            await self._give(one.get("given") or ())
            await self._vote(one.get("ballots") or {})
            await self._type_in(one.get("paper") or {})
        return made

    # -- days ----------------------------------------------------------------------------------------------

    @property
    def _zone(self) -> ZoneInfo:
        return ZoneInfo(self.space.zone)

    def _day(self, said: date | int) -> date:
        return said if isinstance(said, date) else (self.now + timedelta(days=said)).astimezone(self._zone).date()

    def _until(self, said: datetime | date | int | None) -> datetime | None:
        """A moment of the town's clock; of a day its last minute."""
        if said is None:
            return None
        if isinstance(said, datetime):
            return said.replace(tzinfo=said.tzinfo or self._zone)
        return datetime.combine(self._day(said), time(23, 59), self._zone)

    def _moment(self, said: date | int, later: int = 0) -> datetime:
        """Some time of a day when people are awake, before now; `later`: not all come on the same day."""
        if isinstance(said, date):
            return datetime.combine(said, time(9, later % 60), self._zone)
        days = min(-1, said + later % SPREAD)
        return self.now + timedelta(days=days, minutes=-self.chance.randrange(600))

    def _shuffled(self) -> Iterator[Person]:
        """Everybody once, in an order of its own."""
        return iter(self.chance.sample(self.people, len(self.people)))

    # -- contributions -------------------------------------------------------------------------------------

    async def _give(self, given: Sequence[Mapping[str, Any]]) -> None:
        authors = self._shuffled()
        for said in given:
            for number in range(said.get("times", 1)):
                give = self._sign if said["kind"] == SIGNATURE else self._one
                await give(said, next(authors), self._moment(said["at"], number))

    async def _one(self, said: Mapping[str, Any], author: Person, at: datetime) -> None:
        """A contribution with all that came of it."""
        id_ = await self._put(said, author, at)
        if "reply" in said or "status" in said:
            replied = self._moment(said["replied"]) if "replied" in said else at
            new = NewProgress(self.space.id, id_, None, said.get("status"), said.get("reply") or {}, replied)
            await progress.add(self.connection, [new])
        supporters = [person for person in self._shuffled() if person is not author][: said.get("support", 0)]
        cast = [NewBallot(self.space.id, self.phase.id, one.id, str(id_), "support", at) for one in supporters]
        if cast:
            await ballots.cast(self.connection, cast)
        for argument in said.get("arguments") or ():
            kind = "argument_for" if argument["for"] else "argument_against"
            await self._put({"kind": kind, "text": argument["text"]}, next(self._shuffled()), self.now, parent=id_)

    async def _put(self, said: Mapping[str, Any], author: Person, at: datetime, parent: int | None = None) -> int:
        """Write it, and let it be read as far as the file says."""
        [made] = await contributions.put(self.connection, [await self._new(said, author, at, parent)])
        if not isinstance(made, int):
            raise made
        await self._read(said, made, at)
        return made

    async def _sign(self, said: Mapping[str, Any], author: Person, at: datetime) -> None:
        """Sign, and maybe say why."""
        given = columns(await self._new(said, author, at, None))
        [signed] = await signing.sign(self.connection, [Signature(**given, goal=self.phase.settings["goal"])])
        if isinstance(signed, Refusal):
            raise signed
        if "words" in said:
            why = {"kind": WHY, "text": said["words"]}
            [made] = await signing.explain(self.connection, [await self._new(why, author, at, None)])
            if not isinstance(made, int):
                raise made
            await self._read(why, made, at)

    async def _read(self, said: Mapping[str, Any], id_: int, at: datetime) -> None:
        """What is older was read and is shown, but for what is hidden, or waits."""
        state, found = said.get("state", "sent"), said["kind"] in catalog()[self.phase.kind].found
        language = self.space.languages[0] if found else None
        read = self.phase.moderation == "before" or (self.phase.moderation == "after" and self.now - at > READ_WITHIN)
        if state == "hidden":
            await moderation.hide(self.connection, [Hiding(self.space.id, id_, said["reason"], at)])
        elif state == "sent" and read:
            await moderation.show(self.connection, [Showing(self.space.id, id_, at, language)])
        elif state == "sent" and language is not None:
            text = Text(self.space.id, self.phase.id, id_, said["text"], language)
            await similar.index(self.connection, [text])

    async def _new(self, said: Mapping[str, Any], author: Person, at: datetime, parent: int | None) -> NewContribution:
        talk = await self._talk(author, at)
        return NewContribution(
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

    async def _talk(self, person: Person, at: datetime, state: str = "ended") -> Record:
        """The conversation in which it was given, over by now; one that is `open` was left."""
        record = Record(
            self.space.id,
            new_id(),
            person.id,
            self.phase.id,
            self.phase.kind,
            state,
            None,
            Journal().dumps(),
            None,
            person.channel,
            at if state == "ended" else None,
            at,
            fresh=True,
        )
        await conversations.save(self.connection, [record])
        return record

    # -- ballots -------------------------------------------------------------------------------------------

    async def _vote(self, given: Mapping[str, int]) -> None:
        voters = self._shuffled()
        for choice in [choice for choice, number in given.items() for _ballot in range(number)]:
            voter, at = next(voters), self._moment(-self.chance.randrange(1, 10))
            await self._talk(voter, at, "open" if choice == "stopped" else "ended")
            if choice == "stopped":
                continue
            new = NewBallot(self.space.id, self.phase.id, voter.id, "vote", _value(choice), at, change=True)
            [cast] = await ballots.cast(self.connection, [new])
            if not isinstance(cast, int):
                raise cast

    async def _type_in(self, boxes: Mapping[str, Mapping[str, int]]) -> None:
        """What lay in each box, as the first of the team typed it in."""
        for place, piles in boxes.items():
            clerk = (await roles.team(self.connection, self.space.id))[0]
            lines = [
                OnPaper(
                    self.space.id,
                    self.phase.id,
                    None if choice == "spoilt" else _value(choice),
                    alike,
                    clerk.id,
                    self._moment(-1),
                    place,
                )
                for choice, alike in piles.items()
            ]
            await paper.type_in(self.connection, lines)


def _value(choice: str) -> str:
    """A ballot's, as a vote reads it."""
    return orjson.dumps(None if choice == "blank" else choice).decode()
