"""The check-list before opening: what stops it, and what one may open all the same with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from flows.figures import Measured
from flows.texts import Said, _
from storage.consultations import Consultation, Phase
from storage.spaces import Space
from storage.value import value

MOST_QUESTIONS, MOST_MINUTES = 10, 5
"""More than a resident answers on a pavement."""


@value
class Check:
    """One line: `stop` where it stands in the way of opening, `watch` where it is only asked about, else `good`."""

    colour: str
    said: Said
    to_do: str = ""
    """The page where it is put right."""


@value
class Looked:
    """What the check-list looks at. `modules` are the steps as they were loaded, None where one can't be."""

    space: Space
    consultation: Consultation
    phases: Sequence[Phase]
    modules: Sequence[object | None]
    tried: bool
    now: datetime


def checks(at: Looked) -> list[Check]:
    """The whole list, what stops it first."""
    found = [*_said(at), *_dates(at), *_responsible(at), *_passable(at), *_asked_about(at)]
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


def _untranslated(data: Any, languages: set[str]) -> bool:
    """Whether a text somewhere in here is there in some of these languages, and not in all."""
    if isinstance(data, Mapping):
        texts = {name for name, text in data.items() if isinstance(text, str) and text}
        if data and set(data) <= languages:
            return bool(texts) and texts != languages
        return any(_untranslated(inner, languages) for inner in data.values())
    return isinstance(data, list) and any(_untranslated(inner, languages) for inner in data)
