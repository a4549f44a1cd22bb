"""Words said to people: marked where they are written, translated only where they are shown.

`_("Noted: {answer}.", answer=label)` makes a Text, which costs next to nothing: a conversation is run from
its top for every message, and most of what it says is never heard. `translate` turns it into a string.

Organisers write their own words as `{language: text}` (Words); both kinds, and plain strings, are Said.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from typing import TypeAlias

from babel.core import Locale
from babel.dates import format_date, format_time
from babel.messages.pofile import read_po
from babel.numbers import format_decimal
from babel.plural import PluralRule

from storage.value import value

LANGUAGES = ("fr", "en")
"""Languages of the interface, the first one being the one spoken when nothing is known."""


class Words(dict[str, str]):
    """An organiser's text, `{language: text}`; a missing language falls back to one of LANGUAGES, then to any."""

    __slots__ = ()

    def in_language(self, language: str) -> str:
        found = self.get(language)
        return found if found else next((self[other] for other in (*LANGUAGES, *self) if self.get(other)), "")


@value
class Text:
    """A text of the interface: its English sentence (the msgid), maybe a plural, and what fills its braces."""

    singular: str
    values: Mapping[str, Value]
    plural: str | None = None
    count: int = 1


@value
class Joined:
    """Several texts said as one, as a list in a sentence: `the market, the shops`; None where absent."""

    parts: tuple[Said, ...]
    separator: str = ", "


@value
class Lowered:
    """A label as it reads inside a sentence: its first letter small (`On foot` gives `on foot`)."""

    said: Said
    _worded: dict[str, str] = field(default_factory=dict, init=False, compare=False, repr=False)

    def in_language(self, language: str) -> str:
        """Kept once it was said: it is that of a choice, which is made thousands of times."""
        known = self._worded.get(language)
        if known is None:
            known = self._worded[language] = _lower_first(translate(self.said, language))
        return known


Said: TypeAlias = "str | Text | Words | Joined | Lowered"
SAID = (str, Text, Words, Joined, Lowered)
Value: TypeAlias = "Said | int | float | date | datetime"


def _(sentence: str, /, **values: Value) -> Text:
    """Mark a sentence of the interface; its braces are filled when it is translated."""
    return Text(sentence, values)


def plural(singular: str, several: str, count: int, /, **values: Value) -> Text:
    """Mark a sentence that counts; `{count}` is filled with the number itself."""
    return Text(singular, {**values, "count": count}, several, count)


@dataclass(frozen=True)
class Catalogue:
    """The translations of one language: msgid to its forms, singular first."""

    forms: Mapping[str, tuple[str, ...]]
    rule: PluralRule

    def find(self, text: Text) -> str:
        forms = self.forms.get(text.singular)
        if text.plural is None:
            return forms[0] if forms is not None else text.singular
        if forms is None:
            return text.singular if text.count == 1 else text.plural
        return forms[min(_plural_index(self.rule, text.count), len(forms) - 1)]


def _plural_index(rule: PluralRule, count: int) -> int:
    """Gettext numbers the forms in the order of CLDR's tags, `other` last."""
    tags = [*rule.tags, "other"] if "other" not in rule.tags else list(rule.tags)
    order = [tag for tag in ("zero", "one", "two", "few", "other") if tag in tags]
    found = rule(count)
    return order.index(found) if found in order else len(order) - 1


_folders: list[Path] = [Path(__file__).parent / "locale"]


def add_folder(folder: Path) -> None:
    """Read translations from this folder of `<language>.po` too (each room keeps its own words)."""
    if folder not in _folders:
        _folders.append(folder)
        catalogue.cache_clear()


@lru_cache
def catalogue(language: str) -> Catalogue:
    """The translations of a language, read from the .po files once; English is what is written in the code."""
    forms: dict[str, tuple[str, ...]] = {}
    for folder in _folders:
        path = folder / f"{language}.po"
        if path.exists():
            with path.open("rb") as file:
                for message in read_po(file, locale=language):
                    if message.id and message.string and not message.fuzzy:
                        key = message.id if isinstance(message.id, str) else message.id[0]
                        forms[key] = (message.string,) if isinstance(message.string, str) else tuple(message.string)
    return Catalogue(forms, Locale.parse(language).plural_form)


def translate(said: Said, language: str) -> str:
    """The words as this person reads them."""
    if isinstance(said, str):
        return said
    if isinstance(said, Words | Lowered):
        return said.in_language(language)
    if isinstance(said, Text):
        sentence = catalogue(language).find(said)
        if not said.values:
            return sentence
        return sentence.format_map({name: _show(value, language) for name, value in said.values.items()})
    return said.separator.join([translate(part, language) for part in said.parts])


def _show(value: Value, language: str) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, SAID):
        return translate(value, language)
    if isinstance(value, bool):
        raise TypeError("a text shows words, numbers and dates, not booleans")
    if isinstance(value, int) and -1000 < value < 1000:
        return str(value)  # the common case: no separator in any language
    if isinstance(value, int | float):
        return format_decimal(value, locale=language)
    if isinstance(value, datetime):
        return say_time(value, language)
    return say_day(value, language)


def _lower_first(text: str) -> str:
    """Acronyms and names in capitals keep theirs: only a capital followed by a small letter is lowered."""
    if len(text) > 1 and text[0].isupper() and not text[1].islower() and text[1].isalpha():
        return text
    return text[:1].lower() + text[1:]


def say_day(day: date, language: str) -> str:
    """A date with the name of its day, as the talks ask: `vendredi 19 mars`, `Friday 19 March`."""
    pattern = "EEEE d MMMM"
    said = format_date(day, pattern, locale="en_GB" if language == "en" else language)
    return said.replace(" 1 ", " 1er ", 1) if language == "fr" and day.day == 1 else said


def say_time(moment: datetime, language: str) -> str:
    """A moment in the zone it carries: `vendredi 19 mars, 20 h`, `Friday 19 March, 8:00 pm`."""
    if language == "fr":
        clock = f"{moment.hour} h" + (f" {moment.minute:02}" if moment.minute else "")
    else:
        clock = format_time(moment, "short", locale="en_GB")
    return f"{say_day(moment.date(), language)}, {clock}"


def joined(parts: Sequence[Said]) -> Said:
    """Several texts as one: the only one as it is."""
    return parts[0] if len(parts) == 1 else Joined(tuple(parts))
