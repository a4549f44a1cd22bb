"""The form of a few questions of the organiser's own: a field of the kind `questions` (flows/forms.py), drawn and read.

A question that came from a file keeps what this form does not ask for: its condition, its limits, what it shows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from admin_web.forms import Form
from flows.forms import TAKES_CHOICES, Fault, Field
from flows.texts import Said, _
from storage.value import value

MOST_ROWS, MOST_CHOICES = 50, 20
"""What a form is read for at most."""
BLANKS, MORE = 2, 5
"""Empty choices below those that are written, and those added by the button for more."""
STAYS = ("short", "help", "media", "when")
"""What of a question from a file stays when it becomes one of another kind."""


@value
class Label:
    """A choice as the form shows it; `id` empty while it is new."""

    id: str
    words: Mapping[str, str]


@value
class Asked:
    """A question as the form shows it; `id` empty while it is new. A text that is missing in a language is "" there."""

    id: str
    kind: str
    text: Mapping[str, str]
    skip: bool
    choices: Sequence[Label]

    @property
    def written(self) -> list[Label]:
        return [one for one in self.choices if one.id or any(one.words.values())]

    @property
    def empty(self) -> bool:
        return not any(self.text.values()) and not self.written


def shown(kept: Sequence[Mapping[str, Any]] | None) -> list[Asked]:
    """The questions that were kept."""
    return [
        Asked(one["id"], one["kind"], one["text"], one.get("required") is False, _with_blanks(_labels(one), BLANKS))
        for one in kept or ()
    ]


def _labels(question: Mapping[str, Any]) -> list[Label]:
    """Its choices, which whoever wrote a file may have given as `{id: label}`."""
    given = question.get("choices") or ()
    pairs = given.items() if isinstance(given, Mapping) else [(one["id"], one["label"]) for one in given]
    return [Label(id_, label) for id_, label in pairs]


def _with_blanks(written: Sequence[Label], count: int) -> list[Label]:
    return [*written, *(Label("", {}) for _number in range(min(count, MOST_CHOICES - len(written))))]


# -- what was typed ------------------------------------------------------------------------------------------------


def typed(form: Form, field: Field, languages: Sequence[str]) -> list[Asked]:
    """The questions as they were typed, after what the pressed button asks for: one more, one less, another order, more
    choices. Those that are empty are left out."""
    rows = [_typed(form, f"{field.name}.{at}", languages) for at in range(_count(form, field.name, MOST_ROWS))]
    name, _dot, what = form.text("more").partition(".")
    if name != field.name:
        return [row for row in rows if not row.empty]
    at, _dot, verb = what.partition(".")
    if at.isascii() and at.isdigit() and int(at) < len(rows):
        rows = _acted(rows, int(at), verb)
    filled = [row for row in rows if not row.empty]
    return filled if what else [*filled, Asked("", field.choices[0].id, {}, False, _with_blanks([], BLANKS))]


def _acted(rows: list[Asked], at: int, verb: str) -> list[Asked]:
    before, row, after = rows[:at], rows[at], rows[at + 1 :]
    match verb:
        case "up" if before:
            return [*before[:-1], row, before[-1], *after]
        case "down" if after:
            return [*before, after[0], row, *after[1:]]
        case "remove":
            return [*before, *after]
        case "choices":
            return [*before, replace(row, choices=_with_blanks(row.written, MORE)), *after]
    return rows


def _count(form: Form, name: str, most: int) -> int:
    return min(form.number(f"{name}.rows") or 0, most)


def _typed(form: Form, base: str, languages: Sequence[str]) -> Asked:
    choices = [
        Label(form.text(f"{base}.choice.{at}.id"), _words(form, f"{base}.choice.{at}", languages))
        for at in range(_count(form, f"{base}.choice", MOST_CHOICES))
    ]
    text, skip = _words(form, f"{base}.text", languages), form.text(f"{base}.skip") == "yes"
    kept = [one for one in choices if any(one.words.values())]
    return Asked(form.text(f"{base}.id"), form.text(f"{base}.kind"), text, skip, _with_blanks(kept, BLANKS))


def _words(form: Form, name: str, languages: Sequence[str]) -> dict[str, str]:
    return {language: form.text(f"{name}.{language}") for language in languages}


# -- what is kept --------------------------------------------------------------------------------------------------


def settings_of(
    field: Field, rows: Sequence[Asked], before: Sequence[Mapping[str, Any]], faults: list[Fault]
) -> list[dict[str, Any]]:
    """The questions these rows make, those that are new under ids that none had `before`; what is wrong is noted under
    `name.row` and what of it is meant."""
    filled = [row for row in rows if not row.empty]
    known = {one["id"]: one for one in before}
    if field.most is not None and len(filled) > max(field.most, len(known)):
        faults.append(Fault(field.name, _("{most} questions are the most that are asked here.", most=field.most)))
    for at, row in enumerate(filled):
        found = _faults(field, row, known.get(row.id, {}))
        faults += [Fault(f"{field.name}.{at}.{what}", sentence) for what, sentence in found]
    free = _free("q", {*known, *(row.id for row in filled)})
    return [_question(row, row.id or next(free), known.get(row.id, {})) for row in filled]


def _faults(field: Field, row: Asked, before: Mapping[str, Any]) -> Iterator[tuple[str, Said]]:
    if not all(row.text.values()):
        yield "text", _("Write the question in each language.")
    if row.kind not in {one.id for one in field.choices} and row.kind != before.get("kind"):
        yield "kind", _("Choose how it is answered.")
    takes = row.kind == TAKES_CHOICES or ("choices" in before and row.kind == before["kind"])
    if row.written and not takes:
        yield "kind", _("Choices are written below: choose “With one of several choices”, or empty them.")
    elif takes and len(row.written) < 2:
        yield "choices", _("Write two choices at least.")
    elif not all(text for one in row.written for text in one.words.values()):
        yield "choices", _("Write each choice in each language.")


def _question(row: Asked, id_: str, before: Mapping[str, Any]) -> dict[str, Any]:
    same = row.kind == before.get("kind")
    stays = {name: before[name] for name in (before if same else STAYS) if name in before and name != "required"}
    made = {**stays, "id": id_, "kind": row.kind, "text": dict(row.text), **({"required": False} if row.skip else {})}
    if not row.written:
        return made
    free = _free("c", {one.id for one in (*row.written, *_labels(before))})
    return {**made, "choices": [{"id": one.id or next(free), "label": dict(one.words)} for one in row.written]}


def _free(letter: str, taken: set[str]) -> Iterator[str]:
    """Ids that nothing has: what was said of one is never taken for another."""
    return (name for number in range(1, 1_000) if (name := f"{letter}{number}") not in taken)


def reworded(before: Sequence[Mapping[str, Any]] | None, after: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """These questions once somebody has begun: as they were, in the words of those. An answer means what was asked, so
    kinds, order, choices, and what may be skipped stay."""
    new = {one["id"]: one for one in after}
    return [_reworded(one, new.get(one["id"], one)) for one in before or ()]


def _reworded(one: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    said = {label.id: label.words for label in _labels(new)}
    choices = [{"id": label.id, "label": said.get(label.id, label.words)} for label in _labels(one)]
    return {**one, "text": new["text"], **({"choices": choices} if choices else {})}
