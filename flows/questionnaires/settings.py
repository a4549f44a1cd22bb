"""Settings: frozen dataclasses and the JSON they are kept as, read with every problem found at once.

What a field may hold is its type: Words, str, bool, int, float, date, a Literal, a Rule, another dataclass, or a
tuple of these. Options are written `{id: label}` by people, and kept as a list because a database may reorder an
object. Where only one language is spoken a text may be a plain string.
"""

from __future__ import annotations

import difflib
import re
import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, Field, fields, is_dataclass
from datetime import date
from functools import cache
from typing import Any, Literal, TypeAlias, TypeVar, Union, get_args, get_origin, get_type_hints

from flows.texts import Said, Words, _
from storage.rules import BadRule, Rule, from_json
from storage.value import value

T = TypeVar("T")
Path: TypeAlias = "tuple[str | int, ...]"
"""Where something stands in the data: the names and positions that lead to it."""

ID = re.compile(r"[a-z0-9_]{1,16}")
LONGEST_TEXT = 4_000


@value
class Option:
    """A choice, an item or a row: its id `[a-z0-9_]{1,16}` (15 for items and rows) and its label."""

    id: str
    label: Said


@value
class Problem:
    """What is wrong, and where; a warning doesn't prevent anything."""

    path: Path
    sentence: Said
    warning: bool = False


class _Wrong(Exception):
    """This value can't be read; the sentence says why."""

    def __init__(self, sentence: Said) -> None:
        self.sentence = sentence


class Reading:
    """One reading of data that people wrote: what is wrong is noted in `problems`, and reading goes on."""

    def __init__(self, languages: Sequence[str]) -> None:
        self.languages = languages
        self.problems: list[Problem] = []

    def wrong(self, path: Path, sentence: Said) -> None:
        self.problems.append(Problem(path, sentence))

    def warn(self, path: Path, sentence: Said) -> None:
        self.problems.append(Problem(path, sentence, warning=True))

    def read(self, kind: type[T], data: Any, path: Path, also: Sequence[str] = ()) -> T | None:
        """A dataclass from an object with its fields' names, and maybe names in `also` that others read.

        None when something in it is wrong; all that is wrong is noted.
        """
        if not isinstance(data, Mapping):
            self.wrong(path, _("This must be an object with names and values."))
            return None
        before = len(self.problems)
        shape: Any = kind  # a cache asks for a type it can hash
        known = _fields(shape)
        for name in data:
            if name not in known and name not in also:
                self.wrong((*path, name), _unknown(str(name), [*known, *also]))
        hints = _hints(shape)
        values = {name: self._field(field, hints[name], data, path) for name, field in known.items()}
        if len(self.problems) > before:
            return None
        return kind(**{name: value for name, value in values.items() if value is not MISSING})

    def _field(self, field: Field[Any], wanted: Any, data: Mapping[str, Any], path: Path) -> Any:
        value = data.get(field.name)
        if value is None:
            if field.default is MISSING and field.default_factory is MISSING:
                self.wrong(path, _("`{name}` is missing.", name=field.name))
            return MISSING
        return self.value(wanted, value, (*path, field.name))

    def value(self, wanted: Any, value: Any, path: Path) -> Any:
        """A value of this type, or None, the reason being noted."""
        origin = get_origin(wanted)
        if origin in (Union, types.UnionType):
            wanted = next(kind for kind in get_args(wanted) if kind is not type(None))
            return self.value(wanted, value, path)
        if origin is tuple:
            return self._tuple(get_args(wanted)[0], value, path)
        if wanted is Words:
            return self.words(value, path)
        if is_dataclass(wanted) and isinstance(wanted, type) and not issubclass(wanted, Rule):
            return self.read(wanted, value, path)
        try:
            if origin is Literal:
                return _literal(get_args(wanted), value)
            return _PLAIN[wanted](value)
        except _Wrong as wrong:
            self.wrong(path, wrong.sentence)
            return None

    def _tuple(self, wanted: Any, value: Any, path: Path) -> tuple[Any, ...]:
        if wanted is Option:
            return self._options(value, path)
        if not isinstance(value, list):
            self.wrong(path, _("This must be a list."))
            return ()
        return tuple(self.value(wanted, one, (*path, index)) for index, one in enumerate(value))

    def words(self, value: Any, path: Path) -> Words:
        """A text in every language spoken."""
        if not isinstance(value, Mapping):
            if len(self.languages) > 1:
                listed = ", ".join(self.languages)
                self.wrong(path, _("This text is needed in each language: {languages}.", languages=listed))
                return Words()
            value = {self.languages[0]: value}
        for language in self.languages:
            if language not in value:
                self.wrong(path, _("The text in `{language}` is missing.", language=language))
        for language in value:
            if language not in self.languages:
                self.wrong((*path, language), _("`{language}` is not one of the languages.", language=str(language)))
        return Words({str(language): self._text(text, (*path, language)) for language, text in value.items()})

    def _text(self, text: Any, path: Path) -> str:
        try:
            return _string(text)
        except _Wrong as wrong:
            self.wrong(path, wrong.sentence)
            return ""

    def _options(self, value: Any, path: Path) -> tuple[Option, ...]:
        """From `{id: label}`, or from a list of `{"id", "label"}`."""
        if isinstance(value, Mapping):
            named = [(name, label, (*path, name)) for name, label in value.items()]
        elif isinstance(value, list) and all(isinstance(one, Mapping) and {*one} == {"id", "label"} for one in value):
            named = [(one["id"], one["label"], (*path, index)) for index, one in enumerate(value)]
        else:
            self.wrong(path, _("These are written one a line, each as `id: label`."))
            return ()
        options = [Option(self.id(name, where), self.words(label, where)) for name, label, where in named]
        seen: set[str] = set()
        for option, (_name, _label, where) in zip(options, named, strict=True):
            if option.id in seen:
                self.wrong(where, _("The id `{id}` is used twice.", id=option.id))
            seen.add(option.id)
        return tuple(options)

    def id(self, value: Any, path: Path) -> str:
        name = str(value)
        if isinstance(value, bool | float) or not ID.fullmatch(name):
            self.wrong(path, _("`{id}` can't be an id: 1 to 16 of a-z, 0-9 and _.", id=name[:40]))
        return name


def _unknown(name: str, known: Sequence[str]) -> Said:
    near = difflib.get_close_matches(name, known, 1)
    if near:
        return _("There is no `{name}` here. Did you mean `{near}`?", name=name[:40], near=near[0])
    return _("There is no `{name}` here.", name=name[:40])


@cache
def _fields(kind: Any) -> dict[str, Field[Any]]:
    return {field.name: field for field in fields(kind)}


@cache
def _hints(kind: Any) -> dict[str, Any]:
    return get_type_hints(kind)


def _string(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float) or not str(value).strip():
        raise _Wrong(_("This must be a text."))
    text = str(value).strip()
    if len(text) > LONGEST_TEXT:
        raise _Wrong(_("This text is too long: {most} characters at most.", most=LONGEST_TEXT))
    return text


def _boolean(value: Any) -> bool:
    if not isinstance(value, bool):
        raise _Wrong(_("This must be `true` or `false`."))
    return value


def _integer(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > 10**15:
        raise _Wrong(_("This must be a whole number."))
    return value


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= 10**15:
        raise _Wrong(_("This must be a number."))
    return value


def _day(value: Any) -> date:
    try:
        return date.fromisoformat(value if isinstance(value, str) and len(value) == 10 else "")
    except ValueError:
        raise _Wrong(_("This must be a day, written like 2027-03-19.")) from None


def _literal(possible: Sequence[str], value: Any) -> str:
    if value not in possible:
        raise _Wrong(_("This must be one of: {possible}.", possible=", ".join(possible)))
    return str(value)


def _rule(value: Any) -> Rule:
    try:
        return from_json(value)
    except BadRule as bad:
        raise _Wrong(_("This is not a condition: {reason}.", reason=str(bad))) from None


_PLAIN: Mapping[Any, Callable[[Any], Any]] = {
    str: _string,
    bool: _boolean,
    int: _integer,
    float: _number,
    date: _day,
    Rule: _rule,
}


def write(value: Any) -> Any:
    """What a settings value is kept as: JSON, without what is as it would be anyway."""
    if isinstance(value, Rule):
        return value.to_json()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, tuple):
        return [write(one) for one in value]
    if is_dataclass(value) and not isinstance(value, type):
        held = [(field, getattr(value, field.name)) for field in fields(value)]
        return {field.name: write(one) for field, one in held if one != field.default}
    return dict(value) if isinstance(value, Words) else value
