"""Who may do what in the panel: one table of roles, one of pages. Every page asks both before anything else.

A page that is not named here is for organisers of the whole space: whoever adds one opens it on purpose.
docs/roles-and-audit.md says the same in words.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum

from storage.roles import ANALYST, MODERATOR, NONE, ORGANISER, READER
from storage.value import value


class Ability(StrEnum):
    OWN = "own"
    """One's own password, browsers and language: everybody who is signed in."""
    LOOK = "look"
    """See a consultation and its results."""
    EXPORT = "export"
    """Download every answer."""
    MODERATE = "moderate"
    """Read what residents wrote, show and hide it, answer it."""
    RUN = "run"
    """Change a consultation, open and close it."""
    SET_UP = "set_up"
    """Change how the house works: doors, team, journal, what failed."""


MAY: Mapping[str, frozenset[Ability]] = {
    ORGANISER: frozenset(Ability),
    MODERATOR: frozenset({Ability.OWN, Ability.MODERATE}),
    ANALYST: frozenset({Ability.OWN, Ability.LOOK, Ability.EXPORT}),
    READER: frozenset({Ability.OWN, Ability.LOOK}),
    NONE: frozenset({Ability.OWN}),
}


@value
class Rights:
    """What somebody is: in the space, and more in some consultations."""

    role: str
    roles: Mapping[int, str]

    def may(self, ability: str, consultation_id: int | None = None) -> bool:
        """In the whole space, or in this consultation."""
        there = self.roles.get(consultation_id, NONE) if consultation_id is not None else NONE
        return any(ability in MAY.get(role, MAY[NONE]) for role in (self.role, there))

    def somewhere(self, ability: str) -> bool:
        return self.may(ability) or any(self.may(ability, id_) for id_ in self.roles)

    def where(self, ability: str) -> list[int] | None:
        """The consultations in which they may; None for all of them."""
        return None if self.may(ability) else [id_ for id_ in self.roles if self.may(ability, id_)]


_ONE = r"/panel/consultations/(?P<id>\d+)"
_PAGES: tuple[tuple[str, Ability, Ability], ...] = (
    (r"/panel(/(archive|settings|password|language|stream|sign-out|sign-out-everywhere))?", Ability.OWN, Ability.OWN),
    (r"/panel/contributions(/.*)?", Ability.MODERATE, Ability.MODERATE),
    (r"/panel/consultations/\d+/copy", Ability.SET_UP, Ability.SET_UP),
    (rf"{_ONE}/(export\..*|sent/.*)", Ability.EXPORT, Ability.EXPORT),
    (rf"{_ONE}/try", Ability.LOOK, Ability.LOOK),
    (rf"{_ONE}/(edit|codes|rounds(/.*)?|steps/.*)", Ability.RUN, Ability.RUN),
    (rf"{_ONE}(/.*)?", Ability.LOOK, Ability.RUN),
    (r"/panel/.*", Ability.SET_UP, Ability.SET_UP),
)
"""For each page, what reading it takes, and what changing something there takes; the first that fits counts."""


def allowed(path: str, *, changing: bool, rights: Rights) -> bool:
    """Whether somebody may open this page, or change something there. Pages of contributions then hold only those of
    the consultations in which they may."""
    for pattern, reading, writing in _PAGES:
        if found := re.fullmatch(pattern, path):
            ability = writing if changing else reading
            named = found.groupdict().get("id")
            if named is not None:
                return rights.may(ability, int(named))
            return rights.somewhere(ability) if ability is Ability.MODERATE else rights.may(ability)
    return False
