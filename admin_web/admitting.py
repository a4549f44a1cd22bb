"""Who may take part in a step: its stages, as a form draws and reads them, in words and with their number of people."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from admin_web import ages
from admin_web.audience_words import whom
from admin_web.dates import NOT_A_DATE, Civil, NotADate
from admin_web.dates import typed as typed_date
from admin_web.forms import Form
from flows.texts import Said, Words, _
from storage import access, areas, audiences, groups
from storage.naming import Named
from storage.rules import Aged, InArea, InGroup, Rule, Tagged, from_json
from storage.value import value

STAGES = 3
"""Rows that the form offers."""
TAGS = 50
"""At most offered: those that most people have."""
SEVERAL = 2
"""People who have a tag that is offered: what one person alone has is a name, which no rule should keep."""
EVERYBODY, AGE, CHECKED_AGE, AS_IT_IS = "everybody", "age", "checked-age", "as-it-is"


@value
class Offer:
    """Whom a stage may be for: its id in the form, its words, and how many people are known to be meant."""

    id: str
    words: Said
    people: int | None


@value
class Line:
    """One stage as its form shows it; `rule` is kept where the form has no words for it."""

    since: Civil
    who: str
    least: str = ""
    most: str = ""
    rule: str = ""


async def offers(connection: AsyncConnection, space_id: int, now: datetime) -> list[Offer]:
    """Everything the form offers, counted by the database."""
    named: list[tuple[str, Said, Rule | None]] = [(EVERYBODY, _("Everybody"), None)]
    for area in await areas.listed(connection, space_id):
        name = Words(area.name)
        named.append((f"area:{area.slug}", _("{area}: those who say they live there", area=name), InArea((area.slug,))))
        checked = _("{area}: those whose code says so", area=name)
        named.append((f"checked-area:{area.slug}", checked, InArea((area.slug,), True)))
    for group in await groups.listed(connection, space_id):
        words = _("{group}: those who are in it", group=Words(group.name))
        named.append((f"group:{group.slug}", words, InGroup((group.slug,))))
    for tag, people in (await groups.tags(connection, space_id)).most_common(TAGS):
        if people >= SEVERAL:
            named.append((f"tag:{tag}", _("{tag}: those whom you gave this word", tag=tag), Tagged((tag,))))
    counts = await audiences.count(connection, space_id, [rule for _id, _words, rule in named], now)
    old = [Offer(AGE, _("An age, as people say it"), None), Offer(CHECKED_AGE, _("An age, as their code says"), None)]
    return [*(Offer(*one[:2], count) for one, count in zip(named, counts, strict=True)), *old]


def shown(stages: Sequence[Mapping[str, Any]], zone: str) -> list[Line]:
    """The stages of a phase, and empty rows."""
    lines = [_line(Civil.of(stage.since, zone), stage.who) for stage in access.read(stages)]
    return [*lines, *(Line(Civil(), "") for _number in range(max(1, STAGES - len(lines))))]


def _line(since: Civil, who: Rule | None) -> Line:
    match who:
        case None:
            return Line(since, EVERYBODY)
        case InArea(areas=(area,)):
            return Line(since, f"{'checked-' if who.checked else ''}area:{area}")
        case InGroup(groups=(group,)):
            return Line(since, f"group:{group}")
        case Tagged(tags=(tag,)):
            return Line(since, f"tag:{tag}")
        case Aged():
            return Line(since, CHECKED_AGE if who.checked else AGE, *ages.written(who))
    return Line(since, AS_IT_IS, rule=json.dumps(who.to_json()))


def typed(form: Form) -> list[Line]:
    rows = min(form.number("stages") or 0, 20)
    return [
        Line(
            typed_date(form, f"stage.{at}"),
            form.text(f"stage.{at}.who"),
            form.text(f"stage.{at}.least", 5),
            form.text(f"stage.{at}.most", 5),
            form.text(f"stage.{at}.rule"),
        )
        for at in range(rows)
    ]


def in_words(line: Line, names: Named) -> Said:
    """A line whose rule is not among the offers."""
    try:
        return _("As it was set elsewhere: {whom}", whom=whom(_rule(line, {line.who}), names))
    except NotStages:
        return _("As it was set elsewhere")


class NotStages(ValueError):
    """What was typed makes no stages; `said` is why."""

    def __init__(self, said: Said) -> None:
        super().__init__("these are no stages")
        self.said = said


def stages_of(lines: Sequence[Line], offered: Sequence[Offer], zone: str) -> list[dict[str, Any]]:
    """The stages these lines make; none where everybody may take part from the beginning. Raises NotStages."""
    made: list[access.Stage] = []
    for line in lines:
        if not line.who:
            continue
        try:
            since = line.since.at(zone)
        except NotADate:
            raise NotStages(NOT_A_DATE) from None
        made.append(access.Stage(since, _rule(line, {one.id for one in offered})))
    if len({stage.since for stage in made}) < len(made):
        raise NotStages(_("Two stages begin at the same moment: give the later one its day."))
    if [stage.who for stage in made] == [None]:
        return []
    if made and all(stage.since is not None for stage in made):
        raise NotStages(_("Who may take part at the beginning? One line has to be without a day."))
    return [stage.to_json() for stage in made]


_GONE = _("This area or group is not there any more.")


def _rule(line: Line, offered: set[str]) -> Rule | None:
    if line.who == EVERYBODY:
        return None
    if line.who in (AGE, CHECKED_AGE):
        try:
            return ages.typed(line.least, line.most, checked=line.who == CHECKED_AGE)
        except ages.NotAges as refused:
            raise NotStages(refused.said) from None
    if line.who == AS_IT_IS:
        try:
            return from_json(json.loads(line.rule))
        except (ValueError, RecursionError):
            raise NotStages(_GONE) from None
    kind, _colon, name = line.who.partition(":")
    if kind == "tag" and name:
        return Tagged((name,))  # nobody may have it any more: then it is for nobody
    if line.who not in offered:
        raise NotStages(_GONE)
    return InGroup((name,)) if kind == "group" else InArea((name,), kind == "checked-area")
