"""What one message of a batch brings along, and what all batches share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from flows.menu import HOUSE
from flows.messages import Incoming, Message
from flows.module import Module, load
from flows.rendering import Capabilities
from flows.turn import Turn
from storage.inbox import MessageKey, Note
from storage.participants import Person
from storage.phases import PhaseFacts, SpaceFacts


class Poison(Exception):
    """A flow raised after a verb of its own was run: the batch is rolled back and run again without it."""

    def __init__(self, key: MessageKey, error: Exception) -> None:
        super().__init__(key.key)
        self.key = key
        self.error = error


@dataclass(slots=True)
class Surroundings:
    """What batches share: the channels' capabilities, and modules kept by phase and version."""

    channels: Mapping[str, Capabilities]
    modules: dict[tuple[int, int], Module] = field(default_factory=dict)

    def module(self, kind: str, phase: PhaseFacts | None) -> Module:
        if phase is None:
            return HOUSE[kind]
        known = self.modules.get((phase.id, phase.version))
        if known is None:
            known = self.modules[phase.id, phase.version] = load(phase.kind, phase.settings)
        return known


@dataclass(slots=True)
class Seat:
    """One message on its way through the batch, and what comes of it."""

    incoming: Incoming
    key: MessageKey
    space: SpaceFacts
    person: Person
    note: Note
    channel: Capabilities
    turn: Turn = field(init=False)
    hops: int = 0
    messages: list[Message] = field(default_factory=list)
    error: Exception | None = None
    followed: bool = False

    def fell(self, error: Exception) -> None:
        """A message that has left no trace is left out alone; after a write, or once a first conversation has handed
        on to another, the batch must begin again without it."""
        if self.person.changed or self.followed or (self.hops and self.turn.wrote):
            raise Poison(self.key, error)
        self.error = error


def language_of(item: Incoming, space: SpaceFacts) -> str | None:
    """The platform's where it is spoken here (fr-CA is answered in fr), or the only one; else the person is asked."""
    spoken = (item.language or "").replace("_", "-").split("-")[0].lower()
    if spoken in space.languages:
        return spoken
    return space.languages[0] if len(space.languages) == 1 else None
