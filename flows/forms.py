"""Forms: what the panel asks for a module's settings. A module says which fields; the panel draws and reads them.

The settings are a JSON object with one entry a field, in the shape each kind of field says.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Any, Literal, TypeAlias

from flows.answers import Choice
from flows.texts import Said
from storage.value import value

Kind: TypeAlias = Literal["words", "long_words", "number", "choice", "flag", "options", "picture", "questions"]
"""How a field is filled in, and what it is in the settings:

- `words`, `long_words`: a text in each language of the space, `{language: text}`;
- `number`: a whole number, or None where it is left empty;
- `choice`: the id of one of its choices;
- `flag`: True or False;
- `options`: things to choose between, `[{"id", "label": {language: text}, "about": {language: text}}]`, in order;
- `picture`: `{"address", "description": {language: text}}`, the address as in flows.messages.Media, or None;
- `questions`: questions of a questionnaire, as flows/questionnaires keeps them; its choices are the kinds that are
  offered, and its `most` how many questions.
"""

TAKES_CHOICES = "one_of"
"""The kind of question that is answered by one of the choices written with it."""


@value
class Field:
    """One thing a form asks. `rare` ones stand behind "More choices"."""

    name: str
    kind: Kind
    label: Said
    help: Said | None = None
    required: bool = False
    choices: Sequence[Choice] = ()
    default: Any = None
    least: int | None = None
    most: int | None = None
    rare: bool = False


@value
class Fault:
    """What is wrong with a field, said to the organiser."""

    field: str
    sentence: Said


class Faults(ValueError):
    """Settings that can't be used, with all that is wrong with them."""

    def __init__(self, *faults: Fault) -> None:
        super().__init__(", ".join(fault.field for fault in faults))
        self.faults: tuple[Fault, ...] = faults


@value
class Option:
    """Something to choose between, as settings hold it; `number` is published and the same on every channel."""

    id: str
    number: int
    label: Mapping[str, str]
    about: Mapping[str, str] = field(default_factory=dict)


def options(settings: Mapping[str, Any], name: str) -> tuple[Option, ...]:
    """The options of this field, numbered in the order they were published in."""
    return tuple(
        Option(one["id"], number, one["label"], one.get("about") or {})
        for number, one in enumerate(settings.get(name) or (), 1)
    )
