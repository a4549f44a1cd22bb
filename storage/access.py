"""Who may take part in a phase: its stages, each a rule that holds from a moment on.

Opening up by stages (a list, those with a code, a group, then everybody) changes who may give, and nothing else: what
was given before stays.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from storage.participants import Person
from storage.rules import Facts, Rule, from_json
from storage.value import value


@value
class Stage:
    """`who` None: everybody. `since` None: from the beginning."""

    since: datetime | None
    who: Rule | None

    def to_json(self) -> dict[str, Any]:
        return {"from": self.since.isoformat() if self.since else None, "who": self.who.to_json() if self.who else None}


def read(stages: Sequence[Mapping[str, Any]]) -> list[Stage]:
    """The stages of a phase, the first one first. Raises BadRule."""
    found = [
        Stage(
            datetime.fromisoformat(one["from"]) if one.get("from") else None,
            from_json(one["who"]) if one.get("who") else None,
        )
        for one in stages
    ]
    return sorted(found, key=lambda stage: stage.since.timestamp() if stage.since else 0.0)


def in_force(stages: Sequence[Mapping[str, Any]], now: datetime) -> Rule | None:
    """The rule for who may take part now: that of the last stage that has begun, or else of the first one. None:
    everybody."""
    if not stages:
        return None
    ordered = read(stages)
    begun = [stage for stage in ordered if stage.since is None or stage.since <= now]
    return (begun or ordered)[-1 if begun else 0].who


def facts(person: Person, now: datetime) -> Facts:
    """What rules about people are judged by."""
    age = now.year - person.born if person.born is not None else None
    return Facts({}, person.area, person.groups, age, person.proved, person.tags)


def admits(stages: Sequence[Mapping[str, Any]], person: Person, now: datetime) -> bool:
    """Whether this person may take part now."""
    rule = in_force(stages, now)
    return rule is None or rule.judge(facts(person, now)) is True
