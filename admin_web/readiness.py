"""The check-list before opening: what stops it, and what one may open all the same with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from flows.figures import Measured
from flows.module import Module
from flows.papers import Papers
from flows.texts import Said, Text, _, plural
from storage import access
from storage.consultations import Consultation, Phase
from storage.rules import Aged, InArea, InGroup, Rule
from storage.spaces import Space
from storage.value import value

MOST_QUESTIONS, MOST_MINUTES = 10, 5
"""More than a resident answers on a pavement."""
SATURDAY = 5
ATTENDED = range(7, 19)
"""The hours in which somebody may be there to help."""


@value
class Check:
    """One line: `stop` where it stands in the way of opening, `watch` where it is only asked about, else `good`."""

    colour: str
    said: Said
    to_do: str = ""
    """The page where it is put right."""


@value
class Looked:
    """What the check-list looks at. `modules` are the steps as they were loaded, None where one can't be; `known` how
    many people we know of that each of them is for at its beginning; `codes` how many were made for the letter."""

    space: Space
    consultation: Consultation
    phases: Sequence[Phase]
    modules: Sequence[object | None]
    known: Sequence[int]
    codes: int
    tried: bool
    now: datetime


def checks(at: Looked) -> list[Check]:
    """The whole list, what stops it first."""
    parts = (_said, _dates, _responsible, _passable, _asked_about, _with_codes, _on_paper, _attended, _read)
    found = [check for part in parts for check in part(at)]
    return sorted(found, key=lambda check: ("stop", "watch", "good").index(check.colour))


def _line(good: bool, said: Said, missing: Said, to_do: str, colour: str = "stop") -> Check:
    return Check("good", said) if good else Check(colour, missing, to_do)


def _said(at: Looked) -> Iterator[Check]:
    one, edit = at.consultation, f"/panel/consultations/{at.consultation.id}/edit"
    yield _line(any(one.decides.values()), _("Who decides is said."), _("Say who decides."), edit)
    yield _line(
        any(one.does.values()), _("What will be done with it is said."), _("Say what will be done with it."), edit
    )


def _dates(at: Looked) -> Iterator[Check]:
    one, edit = at.consultation, f"/panel/consultations/{at.consultation.id}/edit"
    if one.state != "draft":  # a date that has passed is taken away when it opens again
        return
    yield _line(
        one.closes_at is not None and one.closes_at > at.now, _("Its dates are set."), _("Say until when."), edit
    )
    for phase in at.phases:
        outside = phase.closes_at is not None and one.opens_at is not None and phase.closes_at <= one.opens_at
        late = phase.opens_at is not None and one.closes_at is not None and phase.opens_at >= one.closes_at
        if outside or late:
            said = _("Step {number} is never open: its dates lie outside of those above.", number=phase.position)
            yield Check("stop", said, _step(phase))


def _step(phase: Phase) -> str:
    return f"/panel/consultations/{phase.consultation_id}/steps/{phase.id}"


def _responsible(at: Looked) -> Iterator[Check]:
    whole = any(at.space.privacy.values()) and at.space.contact.get("name") and at.space.contact.get("phone")
    missing = _("Say who is responsible and can be called, and what is kept of people.")
    yield _line(bool(whole), _("Who is responsible, and what is kept, is said."), missing, "/panel/settings/town")
    yield Check("good", _("People can answer on the web page."))


def _passable(at: Looked) -> Iterator[Check]:
    add = f"/panel/consultations/{at.consultation.id}/steps/new"
    yield _line(bool(at.phases), _("There is something to take part in."), _("Add a first step."), add)
    for phase, module in zip(at.phases, at.modules, strict=True):
        if module is None:
            said = _("Step {number} can't be used as it is.", number=phase.position)
            yield Check("stop", said, _step(phase))
    if at.phases and at.phases[0].state != "dated":
        yield Check("stop", _("The first step waits for nothing: give it dates."), _step(at.phases[0]))


def _asked_about(at: Looked) -> Iterator[Check]:
    one, base = at.consultation, f"/panel/consultations/{at.consultation.id}"
    yield _line(at.tried, _("It was tried."), _("Nobody has tried it."), f"{base}/try", "watch")
    yield _line(
        one.answer_on is not None,
        _("People know when they are answered."),
        _("No date is set for the answer to those who take part."),
        f"{base}/edit",
        "watch",
    )
    for phase, module in zip(at.phases, at.modules, strict=True):
        questions, minutes = module.length() if isinstance(module, Measured) else (0, 0)
        if questions > MOST_QUESTIONS or minutes > MOST_MINUTES:
            said = _("Step {number} is long: {minutes} minutes about.", number=phase.position, minutes=minutes)
            yield Check("watch", said, _step(phase))
    words: list[Any] = [one.title, one.topic, one.why, one.decides, one.does]
    words += [part for phase in at.phases for part in (phase.title, phase.settings)]
    if any(_untranslated(part, set(at.space.languages)) for part in words):
        yield Check("watch", _("Something is missing in one of the languages."), f"{base}/edit")
    else:
        yield Check("good", _("Everything is said in every language."))


def _with_codes(at: Looked) -> Iterator[Check]:
    """Whether those whom a step is for have what lets them in."""
    coded = False
    for phase, known in zip(at.phases, at.known, strict=True):
        if _takes_a_code(access.in_force(phase.stages, at.now)):
            coded = True
            if not known and not at.codes:
                said = _("Nobody can enter step {number} yet: no code was made for the letter.", number=phase.position)
                yield Check("watch", said, f"/panel/consultations/{at.consultation.id}/codes")
    if coded and at.codes:
        made = plural("{count} code was made for the letter.", "{count} codes were made for the letter.", at.codes)
        yield Check("good", made)


def _takes_a_code(rule: Rule | None) -> bool:
    """Whether only a code, or an organiser, lets people in."""
    leaves = rule.leaves() if rule is not None else ()
    return any(isinstance(leaf, InGroup) or (isinstance(leaf, InArea | Aged) and leaf.checked) for leaf in leaves)


def _on_paper(at: Looked) -> Iterator[Check]:
    gathering = [module for module in at.modules if isinstance(module, Module) and module.gathers]
    if gathering:
        on_paper = any(module.typed_in or isinstance(module, Papers) for module in gathering)
        missing = _("None of its steps can be answered on paper: think of those who have no phone.")
        yield _line(on_paper, _("What comes on paper can be typed in."), missing, "", "watch")


def _attended(at: Looked) -> Iterator[Check]:
    """Whether somebody is there when it opens and closes."""
    edit = f"/panel/consultations/{at.consultation.id}/edit"
    alone = [*_alone(at, at.consultation, edit)]
    for phase in at.phases:
        alone += _alone(at, phase, _step(phase))
    yield from alone or [Check("good", _("It opens and closes when somebody can be there."))]


def _alone(at: Looked, dated: Consultation | Phase, to_do: str) -> Iterator[Check]:
    for moment, said in ((dated.opens_at, _OPENS), (dated.closes_at, _CLOSES)):
        there = moment.astimezone(ZoneInfo(at.space.zone)) if moment is not None and moment > at.now else None
        if there is not None and _unattended(there):
            yield Check("watch", Text(said.singular, {"when": there}), to_do)


_OPENS = _("It opens on {when}: on week-ends and in the evening nobody is there to help.")
_CLOSES = _("It closes on {when}: on week-ends and in the evening nobody is there to help.")


def _unattended(there: datetime) -> bool:
    """A week-end, or an hour in the evening or at night that was chosen: days alone begin at 0:00 and end at 23:59."""
    whole_day = (there.hour, there.minute) in ((0, 0), (23, 59))
    return there.weekday() >= SATURDAY or not (whole_day or there.hour in ATTENDED)


def _read(at: Looked) -> Iterator[Check]:
    """Whether somebody reads what others see: on week-ends as well, or before."""
    for phase, module in zip(at.phases, at.modules, strict=True):
        if isinstance(module, Module) and module.found:
            before = _("Step {number}: what people write is read before others see it.", number=phase.position)
            at_once = _(
                "Step {number}: what people write is seen at once. Who reads it on week-ends?", number=phase.position
            )
            yield _line(phase.moderation == "before", before, at_once, _step(phase), "watch")


def _untranslated(data: Any, languages: set[str]) -> bool:
    """Whether a text somewhere in here is there in some of these languages, and not in all."""
    if isinstance(data, Mapping):
        texts = {name for name, text in data.items() if isinstance(text, str) and text}
        if data and set(data) <= languages:
            return bool(texts) and texts != languages
        return any(_untranslated(inner, languages) for inner in data.values())
    return isinstance(data, list) and any(_untranslated(inner, languages) for inner in data)
