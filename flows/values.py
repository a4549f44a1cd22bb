"""Readers of values: numbers, days, scales, addresses, places, photos and documents.

Each is a Reader (flows/answers.py). Days have their own file, flows/days.py.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import phonenumbers
from email_validator import EmailNotValidError, validate_email

from flows.answers import Choice, FreeText, Heard, Json, Misread
from flows.folding import clean, fold
from flows.gist import NUMBERS
from flows.messages import Wants
from flows.texts import LANGUAGES, Joined, Said, Text, _, translate
from storage.value import value

LONGEST = 320
"""Characters of anything but a text; an e-mail address may have this many."""


def _text(heard: Heard) -> str:
    return clean(heard.text or "")[:LONGEST]


def shown(number: float) -> Text:
    """A number as it is written in each language; nothing in it to translate."""
    return Text("{number}", {"number": number})


@value
class Number:
    """A number between `least` and `most`, both included; whole unless `whole` is False. Kept as int or float.

    Spaces, commas and dots are read as the resident's language has them: `1 200,5`, `1,200.5`. Words around
    the number (`about 12 km`) are left out; the echo shows what was understood.
    """

    least: float | None = None
    most: float | None = None
    whole: bool = True
    unit: Said | None = None

    @property
    def wants(self) -> Wants:
        return "number"

    def choices(self) -> Sequence[Choice]:
        return ()

    def read(self, heard: Heard) -> int | float:
        text = _text(heard)
        number = NUMBERS.get(fold(text), _read_number(text, heard.language, self.whole))
        if number is None:
            raise Misread(_("Please write one number in digits, for example {number}.", number=self._example()))
        if self.whole and number != int(number):
            raise Misread(_("Please write a whole number, without decimals."))
        if self.least is not None and self.most is not None and not self.least <= number <= self.most:
            raise Misread(_("Please write a number from {least} to {most}.", least=self.least, most=self.most))
        if self.least is not None and number < self.least:
            raise Misread(_("Please write a number of at least {least}.", least=self.least))
        if self.most is not None and number > self.most:
            raise Misread(_("Please write a number of at most {most}.", most=self.most))
        return int(number) if number == int(number) else number

    def _example(self) -> float:
        low = -math.inf if self.least is None else self.least
        high = math.inf if self.most is None else self.most
        return 12 if low <= 12 <= high else (high if low == -math.inf else low)

    def echo(self, value: Json) -> Said:
        return shown(value) if self.unit is None else Joined((shown(value), self.unit), " ")


_NUMBER = re.compile(r"(?:(?:^|(?<=\s))[-−])?\d[\d.,'’ \u00a0\u202f]*")
_MOST_DIGITS = 15


def _read_number(text: str, language: str, whole: bool) -> float | None:
    """The only number in a text; None when there is none, more than one, or it can't be read for sure."""
    found = _NUMBER.findall(text)
    if len(found) != 1:
        return None
    bare = re.sub(r"[ '’\u00a0\u202f]", " ", found[0]).strip(" .,").replace("−", "-")
    comma_first = language == "fr"
    decimal = _decimal_mark(bare, "," if comma_first else ".", whole)
    if decimal is not None:
        integer, fraction = bare.rsplit(decimal, 1)
    else:
        integer, fraction = bare, ""
    groups = re.split(r"[ .,]", integer.lstrip("-"))
    if (fraction and not fraction.isdigit()) or not _grouped(groups):
        return None
    digits = "".join(groups)
    if not digits.isdigit() or len(digits + fraction) > _MOST_DIGITS:
        return None
    number = float(f"{digits}.{fraction or 0}")
    return -number if bare.startswith("-") else number


def _decimal_mark(text: str, usual: str, whole: bool) -> str | None:
    """Which of `.` and `,` begins the decimals: the last one if it comes once, unless three digits follow it that
    the language (or a question for whole numbers) reads as thousands."""
    last = max(text.rfind("."), text.rfind(","))
    if last < 0 or text.count(text[last]) > 1:
        return None
    three = len(text) - last - 1 == 3
    both = {".", ","} <= set(text)
    thousands = three and not both and " " not in text and (whole or text[last] != usual)
    return None if thousands else text[last]


def _grouped(groups: Sequence[str]) -> bool:
    return len(groups) == 1 or (1 <= len(groups[0]) <= 3 and all(len(group) == 3 for group in groups[1:]))


@dataclass(frozen=True)
class Scale:
    """A whole number between two ends, tapped, typed alone or as `2/5`; the words of the ends work too."""

    least: int = 1
    most: int = 5
    low: Said | None = None
    high: Said | None = None

    wants: Wants = "choice"

    @cached_property
    def _choices(self) -> tuple[Choice, ...]:
        return tuple(Choice(str(number), str(number)) for number in range(self.least, self.most + 1))

    def choices(self) -> Sequence[Choice]:
        return self._choices

    def ends(self) -> tuple[Said, ...]:
        """What the ends mean, as a line under the question."""
        ends = [(self.least, self.low), (self.most, self.high)]
        said = tuple(_("{number} means {word}.", number=number, word=word) for number, word in ends if word is not None)
        return (Joined(said, " "),) if said else ()

    def read(self, heard: Heard) -> int:
        said = heard.tap if heard.tap is not None else fold(_text(heard))
        said = str(NUMBERS.get(said, said))
        found = re.fullmatch(r"(-?\d{1,4})(?: ?(?:/|sur|of|out of|on) ?(\d{1,4}))?", said)
        if found is not None and found[2] in (None, str(self.most)) and self.least <= int(found[1]) <= self.most:
            return int(found[1])
        for number, word in ((self.least, self.low), (self.most, self.high)):
            if word is not None and said and any(fold(translate(word, language)) == said for language in LANGUAGES):
                return number
        raise Misread(_("Please choose a number from {least} to {most}.", least=self.least, most=self.most))

    def echo(self, value: Json) -> Said:
        return _("{number} of {most}", number=value, most=self.most)


@value
class EmailAddress:
    """An e-mail address, kept with its domain in small letters; whether it exists is not looked up."""

    @property
    def wants(self) -> Wants:
        return "email"

    def choices(self) -> Sequence[Choice]:
        return ()

    def read(self, heard: Heard) -> str:
        candidates = [word.strip("<>()[],;:.\"'") for word in _text(heard).split() if "@" in word]
        try:
            return validate_email(candidates[0] if len(candidates) == 1 else "", check_deliverability=False).normalized
        except EmailNotValidError:
            raise Misread(_("Please write one e-mail address, like name@example.org.")) from None

    def echo(self, value: Json) -> Said:
        return str(value)


@value
class Phone:
    """A phone number, national in `region` or with its country code; kept as E.164, shown as people write it."""

    region: str = "FR"

    @property
    def wants(self) -> Wants:
        return "phone"

    def choices(self) -> Sequence[Choice]:
        return ()

    def read(self, heard: Heard) -> str:
        try:
            number = phonenumbers.parse(_text(heard)[:60], self.region)
        except phonenumbers.NumberParseException:
            number = None
        if number is None or not phonenumbers.is_possible_number(number):
            raise Misread(_("Please write the whole phone number, for example {number}.", number=self._example()))
        return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)

    def _example(self) -> str:
        return "02 61 91 00 12" if self.region == "FR" else "+33 2 61 91 00 12"

    def echo(self, value: Json) -> Said:
        number = phonenumbers.parse(value, None)
        home = phonenumbers.country_code_for_region(self.region) == number.country_code
        shape = phonenumbers.PhoneNumberFormat.NATIONAL if home else phonenumbers.PhoneNumberFormat.INTERNATIONAL
        return phonenumbers.format_number(number, shape)


@value
class PlaceAnswer:
    """A place: a point shared from the phone, kept as {"lat", "lon"}, or words, kept as {"text"}."""

    most: int = 300

    @property
    def wants(self) -> Wants:
        return "place"

    def choices(self) -> Sequence[Choice]:
        return ()

    def read(self, heard: Heard) -> dict[str, Json]:
        point = heard.place
        if point is not None and abs(point.latitude) <= 90 and abs(point.longitude) <= 180:
            return {"lat": round(point.latitude, 6), "lon": round(point.longitude, 6)}
        if not clean(heard.text or ""):
            raise Misread(_("Please write where it is, or share a place from your phone."))
        return {"text": FreeText(self.most).read(heard)}

    def echo(self, value: Json) -> Said | None:
        return FreeText().echo(value["text"]) if "text" in value else _("the place you shared")


@value
class PhotoAnswer:
    """A photo, kept as {"photo": the channel's reference}; with `documents` a PDF too, as {"document": reference}."""

    documents: bool = False

    @property
    def wants(self) -> Wants:
        return "file" if self.documents else "photo"

    def choices(self) -> Sequence[Choice]:
        return ()

    def read(self, heard: Heard) -> dict[str, Json]:
        sent = heard.attached
        if sent is None or (sent.kind == "document" and not self.documents):
            raise Misread(_("Please send a photo or a PDF.") if self.documents else _("Please send a photo."))
        return {sent.kind: sent.reference}

    def echo(self, value: Json) -> Said:
        return _("your document") if "document" in value else _("your photo")
