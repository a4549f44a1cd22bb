"""Choosing whom something is for: one of the ready audiences, and maybe only a part of it, by up to four conditions and
an age.

The page draws it with the macro of templates/audience.html, and what was sent is read by `typed`. A value of the form
is a rule as JSON, so that whatever it offers can be kept; a rule it can't show as conditions is offered as it is.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from admin_web import ages
from admin_web.audience_words import called, whom
from admin_web.channels import channel_name
from admin_web.forms import Form
from flows.host import LANGUAGE_NAMES
from flows.texts import Said, Words, _
from storage import audiences, groups, naming
from storage.naming import Named
from storage.rules import (
    Aged,
    Agreed,
    AllOf,
    AnyOf,
    BadRule,
    CameBy,
    FirstTime,
    InArea,
    InGroup,
    Not,
    ReachedBy,
    Rule,
    Speaks,
    Supports,
    Tagged,
    TookPart,
    Unfinished,
    from_json,
)
from storage.value import value

ROWS = 4
EVERYBODY = "everybody"
ALL, ANY = "all", "any"
CHECKED = "checked"
MOST_STEPS = 12
"""Offered in conditions: those of the newest consultations."""
TAGS, SEVERAL = 30, 2
"""At most offered, and how many people have one that is: what one person alone has is a name."""


@value
class Ready:
    """An audience that makes sense as it is: the rule as JSON, its words, and how many people it is for."""

    id: str
    words: Said
    people: int


@value
class Row:
    """A condition: a leaf as JSON, or nothing; `no` where it has not to hold."""

    leaf: str = ""
    no: bool = False


@value
class Age:
    """The condition that is typed: from so many years to so many, as they say it themselves or as their code does."""

    least: str = ""
    most: str = ""
    checked: bool = False
    no: bool = False

    def rules(self) -> tuple[Rule, ...]:
        """The condition, if there is one. Raises NotAnAudience."""
        if not self.least and not self.most:
            return ()
        try:
            rule = ages.typed(self.least, self.most, checked=self.checked)
        except ages.NotAges as refused:
            raise NotAnAudience(refused.said) from None
        return (Not(rule) if self.no else rule,)


@value
class Choice:
    """What the form shows, or what was typed into it."""

    base: str = ""
    join: str = ALL
    rows: tuple[Row, ...] = (Row(),) * ROWS
    age: Age = Age()

    @property
    def narrowed(self) -> bool:
        return any(row.leaf for row in self.rows) or bool(self.age.least or self.age.most)

    def rule(self) -> Rule | None:
        """Whom it is; None is everybody. Raises NotAnAudience."""
        if not self.base:
            raise NotAnAudience(_("Choose whom it is for."))
        base = None if self.base == EVERYBODY else _read(self.base)
        conditions = tuple(Not(_read(row.leaf)) if row.no else _read(row.leaf) for row in self.rows if row.leaf)
        conditions += self.age.rules()
        if self.join == ANY and len(conditions) > 1:
            conditions = (AnyOf(conditions),)
        both = ((base,) if base is not None else ()) + conditions
        whole = AllOf(both) if len(both) > 1 else both[0] if both else None
        return None if whole is None else _read(written(whole))  # together they may be nested too deep


class NotAnAudience(ValueError):
    """What was chosen can't be used; `said` is why."""

    def __init__(self, said: Said) -> None:
        super().__init__("this is no audience")
        self.said = said


def _read(text: str) -> Rule:
    try:
        return from_json(json.loads(text))
    except (ValueError, RecursionError, BadRule):
        raise NotAnAudience(_("This can't be chosen any more. Choose again.")) from None


def written(rule: Rule) -> str:
    """A rule as a value of the form; the same text for the same rule."""
    return json.dumps(rule.to_json(), ensure_ascii=False, sort_keys=True)


# -- read, and drawn -----------------------------------------------------------------------------------------------


def typed(form: Form, name: str = "audience") -> Choice:
    rows = (Row(form.text(f"{name}.{at}.leaf"), form.text(f"{name}.{at}.no") == "yes") for at in range(ROWS))
    age = Age(
        form.text(f"{name}.age.least"),
        form.text(f"{name}.age.most"),
        form.text(f"{name}.age.by") == CHECKED,
        form.text(f"{name}.age.no") == "yes",
    )
    return Choice(form.text(name), ANY if form.text(f"{name}.join") == ANY else ALL, tuple(rows), age)


def shown(rule: Rule | None, ready: Sequence[Ready]) -> Choice:
    """What the form shows for a rule that was kept: a ready audience and conditions where it is made of these, else the
    rule as it is."""
    known = {one.id for one in ready}
    if rule is None:
        return Choice(EVERYBODY)
    if (whole := written(rule)) in known:
        return Choice(whole)
    parts = rule.rules if isinstance(rule, AllOf) else (rule,)
    first = written(parts[0])
    base, rest = (first, parts[1:]) if first in known else (EVERYBODY, parts)
    for start, conditions in ((base, rest), (EVERYBODY, parts)):
        choice = _as_conditions(start, conditions)
        if choice is not None and choice.rule() == rule:
            return choice
    return Choice(whole)


def _as_conditions(base: str, conditions: Sequence[Rule]) -> Choice | None:
    """None where it takes more than the form has."""
    join = ALL
    if len(conditions) == 1 and isinstance(conditions[0], AnyOf):
        join, conditions = ANY, conditions[0].rules
    age = _as_age(conditions[-1]) if conditions else None
    if age is not None:
        conditions = conditions[:-1]
    if len(conditions) > ROWS or any(len(list(rule.leaves())) != 1 for rule in conditions):
        return None
    rows = [Row(written(one.rule), True) if isinstance(one, Not) else Row(written(one)) for one in conditions]
    return Choice(base, join, (*rows, *((Row(),) * (ROWS - len(rows)))), age or Age())


def _as_age(rule: Rule) -> Age | None:
    """None where it is no age, or none that one can type."""
    inner = rule.rule if isinstance(rule, Not) else rule
    if not isinstance(inner, Aged):
        return None
    age = Age(*ages.written(inner), inner.checked, isinstance(rule, Not))
    try:
        return age if age.rules() == (rule,) else None
    except NotAnAudience:
        return None


# -- offered -------------------------------------------------------------------------------------------------------


@value
class Offers:
    """All that one may choose: ready audiences, and what a condition looks at, by what it is about; of how many people
    the year of birth is known. `names` say a rule in words."""

    ready: Sequence[Ready]
    conditions: Sequence[tuple[Said, Sequence[tuple[str, Said]]]]
    born: int
    names: Named

    def words(self, text: str) -> Said:
        """A value of the form that is not among its offers, in words."""
        try:
            return whom(_read(text), self.names)
        except NotAnAudience:
            return text


async def offers(
    connection: AsyncConnection, space_id: int, phases: Sequence[int], now: datetime, rule: Rule | None = None
) -> Offers:
    """What a form offers that is about these phases; `rule` is the one it stands at. Of the ready ones those in which
    there is nobody are left out, but for that one."""
    names = await naming.named(connection, space_id, [rule] if rule is not None else [])
    found = ready_ones(names, phases)
    known = Aged(0, None)
    *counts, born = await audiences.count(connection, space_id, [*(one for _words, one in found), known], now)
    ready = [
        Ready(EVERYBODY if one is None else written(one), words, people)
        for (words, one), people in zip(found, counts, strict=True)
        if people or one in (None, rule)
    ]
    return Offers(ready, await _conditions(connection, space_id, names), born, names)


def ready_ones(names: Named, phases: Sequence[int]) -> list[tuple[Said, Rule | None]]:
    """The audiences that make sense in a space, for a message about these phases: words and rule."""
    found: list[tuple[Said, Rule | None]] = [(_("Everybody"), None)]
    for id_ in phases:
        if id_ in names.steps:
            step = called(names.steps[id_])
            found += [
                (_("Who has not taken part in “{step}” yet", step=step), Not(TookPart((id_,)))),
                (_("Who began “{step}” and has not finished", step=step), Unfinished((id_,))),
                (_("Who took part in “{step}”", step=step), TookPart((id_,))),
            ]
    found.append((_("Newcomers: who took part in one consultation at most"), FirstTime()))
    found += [(_("Who lives in {area}", area=Words(name)), InArea((slug,))) for slug, name in names.areas.items()]
    found += [(_("Group: {group}", group=Words(name)), InGroup((slug,))) for slug, name in names.groups.items()]
    return found


async def _conditions(
    connection: AsyncConnection, space_id: int, names: Named
) -> list[tuple[Said, Sequence[tuple[str, Said]]]]:
    tags = (await groups.tags(connection, space_id)).most_common(TAGS)
    steps = list(names.steps.values())[:MOST_STEPS]
    channels = await naming.channels(connection, space_id)
    offered: list[tuple[Said, list[tuple[Rule, Said]]]] = [
        (_("They say that they live in"), [(InArea((slug,)), Words(name)) for slug, name in names.areas.items()]),
        (_("They are in the group"), [(InGroup((slug,)), Words(name)) for slug, name in names.groups.items()]),
        (_("You gave them the word"), [(Tagged((tag,)), tag) for tag, people in tags if people >= SEVERAL]),
        (_("They took part in"), [(TookPart((step.id,)), called(step)) for step in steps]),
        (_("They began, and have not finished"), [(Unfinished((step.id,)), called(step)) for step in steps]),
        (
            _("They agreed to take part in"),
            [(Agreed((id_,)), Words(name)) for id_, name in names.consultations.items()],
        ),
        (_("They support the idea"), [(Supports((id_,)), text) for id_, text in names.ideas.items()]),
        (_("They came by the code of"), [(CameBy((id_,)), name) for id_, name in names.relays.items()]),
        (_("They are written to by"), [(ReachedBy((channel,)), channel_name(channel)) for channel in channels]),
        (_("Their language here is"), [(Speaks((code,)), name) for code, name in LANGUAGE_NAMES.items()]),
        (_("They are new"), [(FirstTime(), _("One consultation at most"))]),
    ]
    return [(about, [(written(rule), words) for rule, words in some]) for about, some in offered if some]
