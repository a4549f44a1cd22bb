"""Rules over people in words, for organisers: whom a message is for, and who may take part."""

from __future__ import annotations

from collections.abc import Iterable

from admin_web.channels import channel_name
from flows.host import LANGUAGE_NAMES
from flows.texts import Joined, Said, Words, _
from storage.naming import Named, Step
from storage.rules import (
    Aged,
    Agreed,
    AllOf,
    AnyOf,
    Began,
    CameBy,
    FirstTime,
    InArea,
    InGroup,
    LatelyIn,
    Muted,
    Not,
    ReachedBy,
    Rule,
    Speaks,
    Supports,
    Tagged,
    TookPart,
    Unfinished,
    WantsResult,
)

_GONE = _("what is there no more")


def whom(rule: Rule | None, names: Named) -> Said:
    """Whom a rule is for, as it reads inside a sentence; None is everybody."""
    return _("everybody") if rule is None else _("people {who}", who=_clause(rule, names, holds=True))


def called(step: Step) -> Said:
    """A step by its name and that of its consultation."""
    if not any(step.title.values()) or step.title == step.whole:
        return Words(step.whole)
    return _("{consultation}: {step}", consultation=Words(step.whole), step=Words(step.title))


def _clause(rule: Rule, names: Named, *, holds: bool) -> Said:
    """What stands after "people": that the rule holds for them, or that it does not."""
    match rule:
        case Not():
            return _clause(rule.rule, names, holds=not holds)
        case AllOf() | AnyOf():
            parts = tuple(_part(inner, names, holds=holds) for inner in rule.rules)
            return _and(parts) if isinstance(rule, AllOf) is holds else _or(parts)
    return (_holding if holds else _failing)(rule, names)


def _part(rule: Rule, names: Named, *, holds: bool) -> Said:
    """The same inside of another rule: several together stand in brackets."""
    said = _clause(rule, names, holds=holds)
    while isinstance(rule, Not):
        rule = rule.rule
    several = isinstance(rule, AllOf | AnyOf) and len(rule.rules) > 1
    return _("({some})", some=said) if several else said


def _and(parts: tuple[Said, ...]) -> Said:
    if len(parts) == 1:
        return parts[0]
    return _("{some} and {last}", some=Joined(parts[:-1]), last=parts[-1])


def _or(parts: tuple[Said, ...]) -> Said:
    if len(parts) == 1:
        return parts[0]
    return _("{some} or {last}", some=Joined(parts[:-1]), last=parts[-1])


def _quoted(those: Iterable[Said]) -> Said:
    return _or(tuple(_("“{text}”", text=one) for one in those))


def _places(leaf: InArea, names: Named) -> Said:
    return _or(tuple(Words(names.areas[slug]) if slug in names.areas else slug for slug in leaf.areas))


def _groups(leaf: InGroup, names: Named) -> Said:
    return _quoted(Words(names.groups[slug]) if slug in names.groups else slug for slug in leaf.groups)


def _steps(leaf: TookPart | Unfinished | Began | LatelyIn | Muted, names: Named) -> Said:
    return _quoted(called(names.steps[id_]) if id_ in names.steps else _GONE for id_ in leaf.phases)


def _ideas(leaf: Supports, names: Named) -> Said:
    return _quoted(names.ideas.get(id_, _GONE) for id_ in leaf.ideas)


def _relays(leaf: CameBy, names: Named) -> Said:
    return _quoted(names.relays.get(id_, _GONE) for id_ in leaf.relays)


def _wholes(leaf: Agreed | WantsResult, names: Named) -> Said:
    known = names.consultations
    return _quoted(Words(known[id_]) if id_ in known else _GONE for id_ in leaf.consultations)


def _languages(leaf: Speaks) -> Said:
    return _quoted(LANGUAGE_NAMES.get(code, code) for code in leaf.languages)


def _years(leaf: Aged) -> Said:
    least, most = leaf.least or 0, leaf.most or 0
    if leaf.most is None:
        return _("at least {least} years old", least=least)
    if leaf.least is None:
        return _("at most {most} years old", most=most)
    return _("from {least} to {most} years old", least=least, most=most)


def _holding(leaf: Rule, names: Named) -> Said:
    match leaf:
        case InArea(checked=True):
            return _("whose code says that they live in {areas}", areas=_places(leaf, names))
        case InArea():
            return _("who live in {areas}", areas=_places(leaf, names))
        case InGroup():
            return _("who are in the group {groups}", groups=_groups(leaf, names))
        case Tagged():
            return _("whom you gave the word {tags}", tags=_quoted(leaf.tags))
        case Aged(checked=True):
            return _("whose code says that they are {years}", years=_years(leaf))
        case Aged():
            return _("who are {years}", years=_years(leaf))
        case Speaks():
            return _("whose language here is {languages}", languages=_languages(leaf))
        case ReachedBy():
            return _("who are written to by {channels}", channels=_quoted(map(channel_name, leaf.channels)))
        case CameBy():
            return _("who came by the code of {relays}", relays=_relays(leaf, names))
        case TookPart():
            return _("who took part in {steps}", steps=_steps(leaf, names))
        case Unfinished():
            return _("who began {steps} and have not finished", steps=_steps(leaf, names))
        case Supports():
            return _("who support {ideas}", ideas=_ideas(leaf, names))
        case Agreed():
            return _("who agreed to take part in {consultations}", consultations=_wholes(leaf, names))
        case FirstTime():
            return _("who took part in one consultation at most")
        case Began():
            return _("who began {steps}", steps=_steps(leaf, names))
        case LatelyIn():
            return _("who within two days wrote in {steps} or were told of it", steps=_steps(leaf, names))
        case Muted():
            return _("who want no reminder of {steps}", steps=_steps(leaf, names))
        case WantsResult():
            return _("who asked for the result of {consultations}", consultations=_wholes(leaf, names))
    return _("who gave certain answers")


def _failing(leaf: Rule, names: Named) -> Said:
    match leaf:
        case InArea(checked=True):
            return _("whose code does not say that they live in {areas}", areas=_places(leaf, names))
        case InArea():
            return _("who have not said that they live in {areas}", areas=_places(leaf, names))
        case InGroup():
            return _("who are not in the group {groups}", groups=_groups(leaf, names))
        case Tagged():
            return _("whom you did not give the word {tags}", tags=_quoted(leaf.tags))
        case Aged(checked=True):
            return _("whose code does not say that they are {years}", years=_years(leaf))
        case Aged():
            return _("who have not said that they are {years}", years=_years(leaf))
        case Speaks():
            return _("whose language here is not {languages}", languages=_languages(leaf))
        case ReachedBy():
            return _("who are not written to by {channels}", channels=_quoted(map(channel_name, leaf.channels)))
        case CameBy():
            return _("who did not come by the code of {relays}", relays=_relays(leaf, names))
        case TookPart():
            return _("who did not take part in {steps}", steps=_steps(leaf, names))
        case Unfinished():
            return _("who left nothing unfinished in {steps}", steps=_steps(leaf, names))
        case Supports():
            return _("who do not support {ideas}", ideas=_ideas(leaf, names))
        case Agreed():
            return _("who did not agree to take part in {consultations}", consultations=_wholes(leaf, names))
        case FirstTime():
            return _("who took part in several consultations")
        case Began():
            return _("who have not begun {steps}", steps=_steps(leaf, names))
        case LatelyIn():
            return _("who within two days neither wrote in {steps} nor were told of it", steps=_steps(leaf, names))
        case Muted():
            return _("who have not refused reminders of {steps}", steps=_steps(leaf, names))
        case WantsResult():
            return _("who have not asked for the result of {consultations}", consultations=_wholes(leaf, names))
    return _("who did not give certain answers")
