"""Rules: who or what something is for, said as all / any / not over a few kinds of leaves.

Over answers a rule is the condition of a question; over people it is eligibility or an audience. Judging has three
outcomes: True, False, and None while an answer it depends on is not known yet.

As JSON (and so in a questionnaire's file) a leaf is `{"<question>": "<choice>"}` or a list of choices, any of which
`{"area": ...}`, `{"group": ...}`, `{"tag": ...}` or `{"of-age": [least, most]}` (one of them may be null), where
`checked-area` and `checked-of-age` want more than somebody's word; the others are `{"all": [...]}`, `{"any": [...]}`
and `{"not": ...}`. An object with several names means all of them.

Twelve leaves look at what the database keeps of people, and only the database can say them (storage/audiences.py): an
audience may be made of them, and who may take part never. `in-language` (how they are written to), `by-channel` (where
they are written to now), `took-part` and `not-finished` (ids of phases), `supports-idea` (ids of contributions),
`came-by` (ids of relays), `agreed-to` (ids of consultations), each with one or a list of which any will do; and
`{"first-time": true}`. What the program announces by itself is made of four more: `began`, `lately-in` and `muted`
(ids of phases), `wants-result` (ids of consultations).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import field
from typing import Any, ClassVar, TypeAlias

from storage.types import LARGEST_ID
from storage.value import columns, value

WORDS = frozenset({"all", "any", "not", "area", "group", "tag"})
"""What a question can't be called, because a rule says something else with it."""

Verdict: TypeAlias = "bool | None"


class BadRule(ValueError):
    """This is not a rule."""


@value
class Facts:
    """What a rule is judged by: the ids of the choices taken in each question known so far (none where it was
    skipped or not asked), and of the participant the area, the groups, the age in years, which of `area` and `born`
    were checked, and the tags."""

    chosen: Mapping[str, Collection[str]] = field(default_factory=dict)
    area: str | None = None
    groups: Collection[str] = ()
    age: int | None = None
    proved: str = ""
    tags: Collection[str] = ()


@value
class Rule(ABC):
    @abstractmethod
    def judge(self, facts: Facts) -> Verdict:
        """Whether it holds; None while it can't be known."""

    @abstractmethod
    def to_json(self) -> dict[str, Any]:
        """As it is kept; from_json reads it back."""

    def leaves(self) -> Iterator[Rule]:
        """The leaves it is made of."""
        yield self


@value
class Answered(Rule):
    """One of these choices was taken in this question."""

    question: str
    choices: tuple[str, ...]

    def judge(self, facts: Facts) -> Verdict:
        taken = facts.chosen.get(self.question)
        if taken is None:
            return None
        return any(choice in taken for choice in self.choices)

    def to_json(self) -> dict[str, Any]:
        return {self.question: _one_or_several(self.choices)}


@value
class InArea(Rule):
    """The participant lives in one of these areas; `checked` where a word for it is not enough."""

    areas: tuple[str, ...]
    checked: bool = False

    def judge(self, facts: Facts) -> Verdict:
        return facts.area in self.areas and (not self.checked or "area" in facts.proved)

    def to_json(self) -> dict[str, Any]:
        return {"checked-area" if self.checked else "area": _one_or_several(self.areas)}


@value
class Aged(Rule):
    """The participant is at least and at most so many years old, this year's birthday included."""

    least: int | None
    most: int | None
    checked: bool = False

    def judge(self, facts: Facts) -> Verdict:
        if facts.age is None or (self.checked and "born" not in facts.proved):
            return False
        return (self.least is None or self.least <= facts.age) and (self.most is None or facts.age <= self.most)

    def to_json(self) -> dict[str, Any]:
        return {"checked-of-age" if self.checked else "of-age": [self.least, self.most]}


@value
class InGroup(Rule):
    """The participant belongs to one of these groups."""

    groups: tuple[str, ...]

    def judge(self, facts: Facts) -> Verdict:
        return any(group in facts.groups for group in self.groups)

    def to_json(self) -> dict[str, Any]:
        return {"group": _one_or_several(self.groups)}


@value
class Tagged(Rule):
    """The organisers gave the participant one of these tags."""

    tags: tuple[str, ...]

    def judge(self, facts: Facts) -> Verdict:
        return any(tag in facts.tags for tag in self.tags)

    def to_json(self) -> dict[str, Any]:
        return {"tag": _one_or_several(self.tags)}


# -- what only the database can say --------------------------------------------------------------------------------


@value
class Kept(Rule):
    """A leaf over what is kept of people beside what they are. Judged by facts it is never known, so that a phase that
    is for such people is for nobody."""

    called: ClassVar[str]

    def judge(self, facts: Facts) -> Verdict:
        return None

    def to_json(self) -> dict[str, Any]:
        [those] = columns(self).values()
        return {self.called: _one_or_several(those)}


@value
class Speaks(Kept):
    """They are written to in one of these languages, as they chose or their platform said."""

    languages: tuple[str, ...]
    called = "in-language"


@value
class ReachedBy(Kept):
    """The address they are written to now, the last one they were heard from, is of one of these channels."""

    channels: tuple[str, ...]
    called = "by-channel"


@value
class CameBy(Kept):
    """They arrived by a code of one of these relays, in any consultation (storage/relays.py)."""

    relays: tuple[int, ...]
    called = "came-by"


@value
class TookPart(Kept):
    """They took part in one of these phases, as taking part is counted (storage/taking_part.py)."""

    phases: tuple[int, ...]
    called = "took-part"


@value
class Unfinished(Kept):
    """They began one of these phases, are still in the middle of it, and have sent nothing there."""

    phases: tuple[int, ...]
    called = "not-finished"


@value
class Supports(Kept):
    """They support one of these ideas, or what one of them was merged into."""

    ideas: tuple[int, ...]
    called = "supports-idea"


@value
class Agreed(Kept):
    """They agreed to take part in one of these consultations, whether they then did or not."""

    consultations: tuple[int, ...]
    called = "agreed-to"


@value
class FirstTime(Kept):
    """They took part in at most one consultation of the space: in one or several phases of it, or in none."""

    called = "first-time"

    def to_json(self) -> dict[str, Any]:
        return {self.called: True}


@value
class Began(Kept):
    """They began one of these phases, whatever became of it."""

    phases: tuple[int, ...]
    called = "began"


@value
class LatelyIn(Kept):
    """Within two days they wrote in one of these phases, or were told of it though they had not asked."""

    phases: tuple[int, ...]
    called = "lately-in"


@value
class Muted(Kept):
    """They want to be reminded of one of these phases no more."""

    phases: tuple[int, ...]
    called = "muted"


@value
class WantsResult(Kept):
    """They asked to be sent the result of one of these consultations."""

    consultations: tuple[int, ...]
    called = "wants-result"


BY_ID = (CameBy, TookPart, Unfinished, Supports, Agreed, Began, LatelyIn, Muted, WantsResult)
KEPT: Mapping[str, type[Kept]] = {leaf.called: leaf for leaf in (Speaks, ReachedBy, FirstTime, *BY_ID)}
"""Those whose names are ids."""

# -- several together ----------------------------------------------------------------------------------------------


@value
class AllOf(Rule):
    rules: tuple[Rule, ...]

    def judge(self, facts: Facts) -> Verdict:
        verdicts = [rule.judge(facts) for rule in self.rules]
        return False if False in verdicts else None if None in verdicts else True

    def to_json(self) -> dict[str, Any]:
        return {"all": [rule.to_json() for rule in self.rules]}

    def leaves(self) -> Iterator[Rule]:
        for rule in self.rules:
            yield from rule.leaves()


@value
class AnyOf(Rule):
    rules: tuple[Rule, ...]

    def judge(self, facts: Facts) -> Verdict:
        verdicts = [rule.judge(facts) for rule in self.rules]
        return True if True in verdicts else None if None in verdicts else False

    def to_json(self) -> dict[str, Any]:
        return {"any": [rule.to_json() for rule in self.rules]}

    def leaves(self) -> Iterator[Rule]:
        for rule in self.rules:
            yield from rule.leaves()


@value
class Not(Rule):
    rule: Rule

    def judge(self, facts: Facts) -> Verdict:
        verdict = self.rule.judge(facts)
        return None if verdict is None else not verdict

    def to_json(self) -> dict[str, Any]:
        return {"not": self.rule.to_json()}

    def leaves(self) -> Iterator[Rule]:
        yield from self.rule.leaves()


def _one_or_several(names: tuple[Any, ...]) -> Any:
    return names[0] if len(names) == 1 else list(names)


DEEPEST = 10


def from_json(data: Any, depth: int = 0) -> Rule:
    """The rule this JSON says. Raises BadRule."""
    if depth > DEEPEST:
        raise BadRule("nested too deep")
    if not isinstance(data, Mapping) or not data:
        raise BadRule("not an object with a name in it")
    rules = [_named(name, value, depth) for name, value in data.items()]
    return rules[0] if len(rules) == 1 else AllOf(tuple(rules))


def _named(name: Any, value: Any, depth: int) -> Rule:
    if name in ("all", "any"):
        if not isinstance(value, list) or not value:
            raise BadRule(f"`{name}` needs a list of rules")
        rules = tuple(from_json(entry, depth + 1) for entry in value)
        return AllOf(rules) if name == "all" else AnyOf(rules)
    if name == "not":
        return Not(from_json(value, depth + 1))
    if name in ("of-age", "checked-of-age"):
        return _aged(value, checked=name == "checked-of-age")
    if name in KEPT:
        return _kept(KEPT[name], value)
    names = _names(name, value)
    if name in ("area", "checked-area"):
        return InArea(names, name == "checked-area")
    if name == "group":
        return InGroup(names)
    if name == "tag":
        return Tagged(names)
    return Answered(str(name), names)


def _aged(value: Any, *, checked: bool) -> Aged:
    match value:
        case [int() | None as least, int() | None as most] if (least, most) != (None, None):
            return Aged(least, most, checked)
    raise BadRule("`of-age` needs the least and the most years, one of which may be null")


def _kept(leaf: Any, value: Any) -> Kept:
    if leaf is FirstTime:
        if value is not True:
            raise BadRule(f"`{leaf.called}` is true or not there")
        return FirstTime()
    those: Sequence[Any] = _names(leaf.called, value)
    if leaf in BY_ID:
        if not all(name.isascii() and name.isdigit() and len(name) <= 19 for name in those):
            raise BadRule(f"`{leaf.called}` needs an id or a list of ids")
        those = [min(int(name), LARGEST_ID) for name in those]
    made: Kept = leaf(tuple(those))
    return made


def _names(name: Any, value: Any) -> tuple[str, ...]:
    listed = value if isinstance(value, list) else [value]
    if not listed or not all(isinstance(entry, str | int) and not isinstance(entry, bool) for entry in listed):
        raise BadRule(f"`{name}` needs a name or a list of names")
    return tuple(str(entry) for entry in listed)
