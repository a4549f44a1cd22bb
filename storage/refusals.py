"""Named refusals: what a rule of keeping answers when it says no. The docstring is the message.

A verb returns a refusal instead of a result; the engine raises it in the flow that asked, in this run and in
every later one, and the module words it for the resident.
"""

from __future__ import annotations

from typing import Any, ClassVar


class Refusal(Exception):
    """It can't be done."""

    kinds: ClassVar[dict[str, type[Refusal]]] = {}

    def __init__(self, **details: Any) -> None:
        super().__init__((type(self).__doc__ or "").strip())
        self.details = details

    def __init_subclass__(cls) -> None:
        Refusal.kinds[cls.__name__] = cls

    @staticmethod
    def recall(kind: str, details: dict[str, Any]) -> Refusal:
        """The refusal a journal remembers; one whose kind vanished with an upgrade is a plain refusal."""
        return Refusal.kinds.get(kind, Refusal)(**details)


class Closed(Refusal):
    """The phase is not open."""


class NotEligible(Refusal):
    """This person is not among those it is for."""


class Gone(Refusal):
    """It was withdrawn or hidden, or it is not theirs."""


class AlreadySent(Refusal):
    """One reply a person, and it was sent already."""


class TooMany(Refusal):
    """More than one person may give to this phase in a day."""


class AlreadyVoted(Refusal):
    """One ballot a person, and it was cast already."""


class NotSaid(Refusal):
    """Before it opens, residents must be told who decides, and what will be done with what they give."""


class HasBegun(Refusal):
    """Somebody has begun to take part: what they were asked stays as it was."""


class StillOpen(Refusal):
    """Residents can still take part: it has to be closed first."""


class AlreadyExists(Refusal):
    """There is one under this name already."""
