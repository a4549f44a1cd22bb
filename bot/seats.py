"""What one message of a batch brings along, and what all batches share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypeAlias

from sqlalchemy.ext.asyncio import AsyncConnection

from flows.conversation import Go
from flows.folding import clean
from flows.journal import ANSWER, KEPT, Journal
from flows.menu import HOUSE
from flows.messages import Incoming, Message
from flows.module import Module, load
from flows.occasion import PHASE, Taken, taken
from flows.rendering import Capabilities
from flows.turn import Turn
from storage import accounts, letters, phases
from storage.conversations import Record
from storage.inbox import MessageKey, Note
from storage.participants import AddressKey, Person
from storage.phases import PhaseFacts, SpaceFacts
from storage.scope import FIELD
from storage.spreading import Click
from storage.types import new_id

Door: TypeAlias = tuple[str, str]
"""A channel and our account there."""


class Poison(Exception):
    """A flow raised after a verb of its own was run: the batch is rolled back and run again without it."""

    def __init__(self, key: MessageKey, error: Exception) -> None:
        super().__init__(key.key)
        self.key = key
        self.error = error


@dataclass(slots=True)
class Surroundings:
    """What batches share: the channels' capabilities, where our pages begin, and modules kept by phase and version."""

    channels: Mapping[str, Capabilities]
    pages: str | None = None
    modules: dict[tuple[int, int], Module] = field(default_factory=dict)

    async def spaces(self, connection: AsyncConnection) -> dict[Door, SpaceFacts]:
        """The account decides the space: the slug itself, or at a platform the space that our account there has."""
        by_slug = await phases.spaces(connection)
        found = {
            (name, slug): s for name, one in self.channels.items() if not one.hosted for slug, s in by_slug.items()
        }
        if any(one.hosted for one in self.channels.values()):
            by_id = {space.id: space for space in by_slug.values()}
            found |= {door: by_id[id_] for door, id_ in (await accounts.spaces(connection)).items()}
        return found

    def module(self, kind: str, phase: PhaseFacts | None) -> Module:
        if phase is None:
            return HOUSE[kind]
        known = self.modules.get((phase.id, phase.version))
        if known is None:
            known = self.modules[phase.id, phase.version] = load(phase.kind, phase.settings)
        return known


@dataclass(slots=True)
class Seat:
    """One message on its way through the batch, and what comes of it. `taken`: it pressed a button under what we began;
    `veiled`: its answer may show a secret; `personal`: the code of a letter came with its link, and is kept nowhere."""

    incoming: Incoming
    key: MessageKey
    space: SpaceFacts
    person: Person
    note: Note
    channel: Capabilities
    taken: Taken | None = None
    turn: Turn = field(init=False)
    hops: int = 0
    messages: list[Message] = field(default_factory=list)
    error: Exception | None = None
    followed: bool = False
    veiled: bool = False
    personal: str | None = None

    def clicks(self, now: datetime) -> list[Click]:
        """What is noted of the button it pressed."""
        return [Click(self.space.id, self.taken.delivery_id, self.person.id, now)] if self.taken is not None else []

    def fell(self, error: Exception) -> None:
        """A message that has left no trace is left out alone; after a write, or once a first conversation has handed
        on to another, the batch must begin again without it."""
        if self.person.changed or self.followed or (self.hops and self.turn.wrote):
            raise Poison(self.key, error)
        self.error = error


def take_seat(item: Incoming, space: SpaceFacts, person: Person, channel: Capabilities, now: datetime) -> Seat:
    """The seat of a message; the code of a letter stands in it apart, so that nothing keeps it with the message."""
    code, personal = letters.apart(item.code) if item.code else (item.code, None)
    given = item if personal is None else replace(item, code=code)
    key = key_of(item)
    note = Note(new_id(), space.id, person.id, key, now, shown_of(item), item.tap, attached_to(item))
    its = taken(item.tap) if item.tap is not None else None
    return Seat(given, key, space, person, note, channel, its, personal=personal)


def leads_to(seat: Seat, phases: Mapping[int, PhaseFacts]) -> Taken | None:
    """Where a button under what we began leads; not into a phase of another space, nor into one nobody opened."""
    if seat.taken is None or seat.taken.to != PHASE:
        return seat.taken
    phase = phases.get(seat.taken.about)
    return seat.taken if phase is not None and phase.space_id == seat.space.id and phase.state != "draft" else None


def language_of(item: Incoming, space: SpaceFacts) -> str | None:
    """The platform's where it is spoken here (fr-CA is answered in fr), or the only one; else the person is asked."""
    spoken = (item.language or "").replace("_", "-").split("-")[0].lower()
    if spoken in space.languages:
        return spoken
    return space.languages[0] if len(space.languages) == 1 else None


NOTHING = Journal().dumps()


def begun(seat: Seat, kind: str, phase: PhaseFacts | None, go: Go, place: str | None, now: datetime) -> Record:
    """A conversation that begins here, with the answers that a Go brings. One about somebody else is held through the
    person of this seat, and came by their door."""
    other = go.person is not None
    return Record(
        seat.space.id,
        new_id(),
        go.person or seat.person.id,
        phase.id if phase is not None else None,
        kind,
        "open",
        None,
        Journal({key: [ANSWER, given, KEPT] for key, given in go.answers}).dumps() if go.answers else NOTHING,
        go.place if other else place,
        FIELD if other else seat.incoming.channel,
        None,
        now,
        seat.person.id if other else None,
        fresh=True,
    )


def is_of(record: Record, phase: PhaseFacts, participant_id: int) -> bool:
    """Whether a conversation is about this phase and this participant, whoever holds it."""
    return record.phase_id == phase.id and record.participant_id == participant_id


def at_door(channel: Capabilities) -> Capabilities:
    """What somebody at their door is reached by: a volunteer, who has this channel in hand."""
    return replace(channel, name=FIELD, identity=None, reach=None)


LONGEST_TEXT = 20_000
"""Characters; more than any reader takes, so that whoever sends more is told, and one message stays one."""
LONGEST_TAP = 64
"""Telegram's bytes of a button."""


def fit(item: Incoming) -> Incoming:
    """What a message may bring into the database: a text of a bearable length without what can't be written, and a
    tap that a button of ours could carry."""
    text, tap = item.text, item.tap
    if text is not None and not (text.isprintable() and len(text) <= LONGEST_TEXT):
        text = clean(text[:LONGEST_TEXT])
    if tap is not None and not (tap.isprintable() and len(tap) <= LONGEST_TAP):
        tap = "?"
    return item if text is item.text and tap is item.tap else replace(item, text=text, tap=tap)


def key_of(item: Incoming) -> MessageKey:
    return MessageKey(item.channel, item.account, item.key)


def address_of(item: Incoming) -> AddressKey:
    return AddressKey(item.channel, item.account, item.sender)


def shown_of(item: Incoming) -> str | None:
    """The text as the chat page writes it: nothing in it that hides or turns words, or that PostgreSQL refuses."""
    return clean(item.text) if item.text is not None else None


def attached_to(item: Incoming) -> str | None:
    return item.attached.reference if item.attached is not None else None


def door_of(item: Incoming) -> Door:
    return item.channel, item.account
