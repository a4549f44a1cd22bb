"""What a participation module is: its settings, its conversation and its results. The catalog is the folder.

A new way of taking part is one file in flows/modules/ with a Module in it, and its transcripts in tests/talks.
"""

from __future__ import annotations

import importlib
import pkgutil
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, ClassVar, Self

import flows.modules
from flows.answers import Choice, Json
from flows.conversation import Ending, Talk
from flows.forms import Field
from flows.texts import Said, _
from storage.value import value

STATUSES = (
    Choice("received", _("Received")),
    Choice("studied", _("Being studied")),
    Choice("accepted", _("Accepted")),
    Choice("done", _("Done")),
    Choice("not_kept", _("Not kept")),
)
"""How far a town is with a contribution, where its module knows no better."""


@value
class Left:
    """How far somebody is: answers `kept`, `questions` left, and the `minutes` those take, about."""

    kept: int
    questions: int
    minutes: int


class Module(ABC):
    """A way of taking part. `kind` names it in the database and never changes."""

    kind: ClassVar[str]

    editable: bool = False
    """Whether what was sent can be reopened until closing: only where every road ends in the same `do` keys. Settings
    may forbid it."""

    own: ClassVar[tuple[tuple[str, Json], ...] | None] = None
    """The answers with which a conversation begins that shows somebody what they gave, where it is not editable: none
    where a new one does so by itself. None where nothing shows it."""

    kept: ClassVar[Said] = _("What you gave here is kept, except what you withdrew.")
    """What somebody is told of what they gave who comes back to it once it is over."""

    gathers: ClassVar[bool] = True
    """Whether it keeps anything of what residents say; where it only tells them something, nobody need agree first."""

    name: ClassVar[Said] = ""
    purpose: ClassVar[Said] = ""
    """What the panel calls this way of taking part, and a sentence on what it is good for."""

    statuses: ClassVar[Sequence[Choice]] = STATUSES
    """How far the town may be with a contribution, in their order."""

    kinds: ClassVar[Mapping[str, Said]] = {}
    """What each kind of its contributions is called, in the singular, where it has several."""

    found: ClassVar[frozenset[str]] = frozenset()
    """The kinds of its contributions that are found by their words (storage/similar.py)."""

    typed_in: ClassVar[str | None] = None
    """The kind of contribution an organiser may type in from paper or a meeting: a text, maybe with a theme."""

    offers: ClassVar[str | None] = None
    """The field of its form whose options people vote on: one may be withdrawn while they do (flows/offering.py), and
    what residents proposed in an earlier phase may become some."""

    proposes: ClassVar[bool] = False
    """Whether what it gathers may become options of a vote."""

    themes: Sequence[Choice] = ()
    """What its contributions may be about, where they are sorted by theme."""

    criteria: Sequence[Choice] = ()
    """By what a jury scores its contributions, beside the support: two to five of them, or none."""

    seals: bool = False
    """Whether closing it is for good: its ballots are secret, and only totals are left (docs/secret-votes.md)."""

    aloud: ClassVar[bool] = False
    """Whether a volunteer may put it to somebody at their door, reading it aloud and answering for them."""

    repeatable: bool = False
    """Whether one person may give several contributions, each in a conversation of its own."""

    @classmethod
    @abstractmethod
    def load(cls, settings: Mapping[str, Any]) -> Self:
        """The module for these settings, as they were checked when they were imported. Raises Faults."""

    @abstractmethod
    async def converse(self, talk: Talk) -> Ending:
        """The conversation, run from its top for every message."""

    def already(self) -> tuple[Said, ...]:
        """What somebody is told who comes again, where one contribution a person is all."""
        return (
            _("You have answered already. Thank you."),
            _("To change an answer, write “correct”. To see what else is open, write “menu”."),
        )

    def told(self, _fields: Mapping[str, Any]) -> Sequence[tuple[Said, Said]]:
        """What else was given with a contribution, by what its fields hold: what is asked, and the answer, for those
        who read it for the town. Photos and documents are shown beside it anyhow."""
        return ()

    @classmethod
    def form(cls) -> Sequence[Field]:
        """What the panel asks for its settings; none where they come from a file."""
        return ()

    def announce(self, talk: Talk) -> Said | None:
        """What the robot says it asks for, at the first contact: how many questions, how many minutes."""
        return None

    def left(self, answers: Mapping[str, Any]) -> Left | None:
        """For these recorded answers, how far somebody is; None where no questions are counted."""
        return None


class HouseModule(Module):
    """A conversation of the house itself: it belongs to no phase, and has no settings."""

    @classmethod
    def load(cls, settings: Mapping[str, Any]) -> Self:
        return cls()


@cache
def catalog() -> Mapping[str, type[Module]]:
    """Every module of the folder, by its kind."""
    for found in pkgutil.iter_modules(flows.modules.__path__):
        importlib.import_module(f"flows.modules.{found.name}")
    return {kind.kind: kind for kind in _below(Module) if hasattr(kind, "kind")}


def _below(base: type[Any]) -> set[type[Module]]:
    return {leaf for child in base.__subclasses__() for leaf in {child, *_below(child)}}


def load(kind: str, settings: Mapping[str, Any]) -> Module:
    """The module of this kind with these settings; KeyError when this program has no such module."""
    return catalog()[kind].load(settings)
