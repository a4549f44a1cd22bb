"""One run of a conversation from its top, and the only things a flow may wait for: a Call, a Show, or an Aside."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeAlias, TypeVar
from zoneinfo import ZoneInfo

import orjson
from sqlalchemy.ext.asyncio import AsyncConnection

from flows.answers import Heard
from flows.commands import Command
from flows.journal import ANSWER, DONE, LARGEST_ENTRY, TOLD, Journal, TooLarge
from flows.prompt import Prompt
from flows.rendering import PLAIN, Capabilities
from flows.texts import Said
from storage.participants import Person
from storage.phases import PhaseFacts, SpaceFacts
from storage.refusals import Refusal
from storage.value import value

A = TypeVar("A")
R = TypeVar("R")
Verb: TypeAlias = "Callable[[AsyncConnection, Sequence[A]], Awaitable[Sequence[R | Refusal]]]"
"""A storage verb: takes a sequence, returns as many results, each a value a journal can hold, or a refusal."""

MOST_REQUESTS = 50


@value
class Scene:
    """Where a conversation takes place, and when: all that a flow may know without asking."""

    space: SpaceFacts
    phase: PhaseFacts | None
    person: Person
    conversation: int
    now: datetime
    channel: Capabilities = PLAIN
    place: str | None = None
    sent: bool = False
    """Whether this conversation has sent something already, and is being corrected."""
    aloud: bool = False
    """Whether a volunteer reads it aloud to this person, and answers for them."""
    written: datetime | None = None
    """When the message of this turn was written, by the platform's clock."""

    pages: str | None = None
    """Where the addresses of our pages begin; nothing where there are none."""

    def local(self, at: datetime | str) -> datetime:
        """A moment (maybe in ISO format) by the clocks of the town."""
        return (datetime.fromisoformat(at) if isinstance(at, str) else at).astimezone(ZoneInfo(self.space.zone))


@value
class Call:
    """A verb a flow waits for. `write` tells a `do` from a `know`."""

    verb: Verb[Any, Any]
    argument: Any
    write: bool


@value
class Show:
    """A run stopped at this prompt. `reason` is why the answer was not read; `former` what it was before, and `keep`
    that it may stay so; `alone` that it is corrected by itself, out of the order."""

    key: str
    prompt: Prompt
    optional: bool = False
    back: bool = False
    reason: Said | None = None
    former: Said | None = None
    keep: bool = False
    alone: bool = False
    secret: bool = False
    doubt: Command | None = None
    word: str = ""


@value
class Aside:
    """The message was a command, and the prompt that waits could not have taken it as an answer."""

    command: Command


@value
class Tell:
    """A delivery to somebody else, worded in their language when it leaves."""

    participant_id: int
    lines: tuple[Said, ...]


class FlowChanged(Exception):
    """Something was done in this conversation that the flow, as it is now, does not come to any more."""


class FlowMisused(TypeError):
    """A module broke a rule of conversations: a key twice, a foreign await, too many requests."""


class _Request:
    """The only thing a flow may await."""

    __slots__ = ("what",)

    def __init__(self, what: Call | Show | Aside) -> None:
        self.what = what

    def __await__(self) -> Generator[Call | Show | Aside, Any, Any]:
        return (yield self.what)


@dataclass(slots=True)
class Run:
    """One run of a conversation from its top: what it met, what it heard, what it said."""

    scene: Scene
    journal: Journal
    heard: Heard | None
    target: str | None
    live: bool
    correcting: str | None = None
    """The key whose answer is corrected by itself, out of the order."""
    revised: str | None = None
    """The key of an answer that an older button corrects, from where it is met on."""
    met: dict[str, None] = field(default_factory=dict)
    said: list[tuple[Said, ...]] = field(default_factory=list)
    echo: Said | None = None
    answered: str | None = None
    corrected: bool = False
    tells: list[Tell] = field(default_factory=list)
    requests: int = 0
    done: bool = False
    sent: bool = False
    secret: bool = False
    asked: list[str] = field(default_factory=list)

    def meet(self, key: str) -> None:
        if key in self.met:
            raise FlowMisused(f"the key {key!r} came twice in one run")
        self.met[key] = None

    def request(self, what: Call | Show | Aside) -> _Request:
        self.requests += 1
        if self.requests > MOST_REQUESTS:
            raise FlowMisused(f"more than {MOST_REQUESTS} requests in one turn")
        return _Request(what)

    def check_walls(self) -> None:
        """Something new is about to be done: all that was done before must have been met again on the way."""
        for key, entry in self.journal.entries.items():
            if entry[0] in (DONE, TOLD) and key not in self.met:
                raise FlowChanged(key)

    def keep(self, key: str, entry: list[Any]) -> None:
        if entry[0] != ANSWER and len(orjson.dumps(entry)) > LARGEST_ENTRY:
            raise TooLarge(f"the entry {key!r}")
        self.journal.entries[key] = entry
