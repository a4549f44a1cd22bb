"""Reading a list of contacts: an organiser's CSV becomes lines that can be kept, and lines that can't, with why.

A line without where and when somebody agreed to be written to is refused; so is every list that looks like an electoral
roll: those who stand on one have agreed to nothing. Nothing is kept here, and the file is never kept.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import field
from datetime import date

from flows.answers import Heard, Misread
from flows.days import Day
from flows.figures import Cell
from flows.folding import clean, fold
from flows.texts import Said, _, translate
from flows.values import EmailAddress, Phone
from storage.contacts import Before, Contact, NewContact
from storage.value import value

MOST_BYTES = 2_000_000
MOST_LINES = 10_000
LONGEST_CELL = 200
EARLIEST = date(1990, 1, 1)
"""An agreement before this is a slip of the finger."""
SEPARATORS = ";,\t"

COLUMNS: Mapping[str, Said] = {
    "name": _("name"),
    "email": _("e-mail"),
    "phone": _("phone"),
    "street": _("postal address"),
    "area": _("area they live in"),
    "groups": _("groups"),
    "tags": _("tags"),
    "source": _("where they agreed"),
    "agreed_on": _("date they agreed"),
}
"""The columns of a list, as our own file calls them."""

_NAMED: Mapping[str, tuple[str, ...]] = {
    "name": ("nom complet", "nom et prenom", "prenom et nom", "nom", "full name", "last name"),
    "given": ("prenom", "first name", "given name"),
    "email": ("e mail", "email", "mail", "courriel", "adresse e mail", "adresse mail", "adresse email"),
    "phone": ("telephone", "tel", "mobile", "portable", "numero de telephone", "phone number"),
    "street": ("adresse", "adresse postale", "rue", "address", "street"),
    "postcode": ("code postal", "cp", "postcode"),
    "town": ("ville", "commune", "town", "city"),
    "area": ("quartier", "district"),
    "groups": ("groupe", "groupes", "group"),
    "tags": ("etiquette", "etiquettes", "mots cles", "tag"),
    "source": ("origine de l accord", "source de l accord", "source du consentement", "source of consent", "source"),
    "agreed_on": ("date de l accord", "date du consentement", "date of consent"),
}
"""How others call them, without accents, capitals and signs."""

_ROLL = (
    "bureau de vote", "lieu de vote", "liste electorale", "numero d ordre", "n d ordre", "no d ordre",
    "numero d electeur", "identifiant national d electeur", "commune de naissance", "electoral roll", "polling station",
)  # fmt: skip
"""What stands above the columns of an electoral roll; and `INE`, by itself."""


class NotAList(ValueError):
    """This file is refused as a whole; `said` is why."""

    def __init__(self, said: Said) -> None:
        super().__init__("this is no list of contacts")
        self.said = said


@value
class Town:
    """What lines are read by: today, the slugs of the areas and groups by their names, and where and when those agreed
    whose line does not say it."""

    today: date
    areas: Mapping[str, str] = field(default_factory=dict)
    groups: Mapping[str, str] = field(default_factory=dict)
    source: str = ""
    agreed_on: str = ""


@value
class Refused:
    """A line that can't be kept; lines are counted as a text editor does."""

    line: int
    why: Said


@value
class Lines:
    """What a file says: the lines that can be kept, by their number, and those that can't."""

    good: Mapping[int, NewContact]
    refused: Sequence[Refused]


def named(names: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    """Slugs by every name people give them, from `{slug: {language: name}}`."""
    return {fold(word): slug for slug, said in names.items() for word in (slug, *said.values())}


# -- the file ------------------------------------------------------------------------------------------------------


def text_of(content: bytes) -> str:
    """The text of a file: UTF-8, with its mark or without, or what Excel writes in France. Raises NotAList."""
    if len(content) > MOST_BYTES:
        raise NotAList(_("This file is too large: {most} MB at most. Cut it in two.", most=MOST_BYTES // 1_000_000))
    for encoding in ("utf-8-sig", "cp1252"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise NotAList(_("This file is not a CSV. In Excel or LibreOffice: “Save as”, and choose CSV."))


def read(text: str, town: Town) -> Lines:
    """The contacts of a CSV, separated by semicolons, commas or tabs. Raises NotAList; then no line of it is taken."""
    rows = _rows(text)
    header = next(rows, None)
    if header is None:
        raise NotAList(_("This file is empty."))
    _check_no_roll(header[1])
    columns = _columns(header[1])
    good: dict[int, NewContact] = {}
    refused: list[Refused] = []
    for count, (line, cells) in enumerate(rows):
        if count < 3:
            _check_no_roll(cells)
        if count == MOST_LINES:
            raise NotAList(_("This file is too long: {most} lines at most. Cut it in two.", most=MOST_LINES))
        try:
            good[line] = _contact({name: cells[at] for name, at in columns.items() if at < len(cells)}, town)
        except Misread as wrong:
            refused.append(Refused(line, wrong.reason))
    return Lines(good, refused)


def _rows(text: str) -> Iterator[tuple[int, list[str]]]:
    """The lines that say something, each with its number. Raises NotAList where quotes are never closed."""
    first = text.lstrip().partition("\n")[0]
    separator = max(SEPARATORS, key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    begins = 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield begins, [_plain(cell) for cell in cells]
            begins = reader.line_num + 1
    except csv.Error:
        said = _("Line {line} can't be read: a quotation mark is missing, or there is one too many.", line=begins)
        raise NotAList(said) from None


def _plain(cell: str) -> str:
    """A cell in one line, without the apostrophe that keeps a spreadsheet from taking it for a formula."""
    bare = " ".join(clean(cell).split())
    return bare[1:] if re.match(r"'[=+\-@]", bare) else bare


def _bare(header: str) -> str:
    return re.sub(r"[^a-z0-9]+", " ", fold(header)).strip()


def _check_no_roll(cells: Sequence[str]) -> None:
    for cell in map(_bare, cells):
        if cell == "ine" or any(words in cell for words in _ROLL):
            raise NotAList(
                _(
                    "This looks like an electoral roll. Those who stand on it have not agreed that you write to them: "
                    "it serves elections, and nothing of it was kept."
                )
            )


def _columns(header: Sequence[str]) -> dict[str, int]:
    """At which place each column stands. Raises NotAList when there is no name, or nothing to reach people by."""
    found: dict[str, int] = {}
    known = {word: name for name, words in _NAMED.items() for word in words}
    ours = {_bare(translate(said, language)): name for name, said in COLUMNS.items() for language in ("fr", "en")}
    for at, cell in enumerate(header):
        name = (known | ours).get(_bare(cell))
        if name is not None:
            found.setdefault(name, at)
    if "name" not in found or not found.keys() & {"email", "phone", "street"}:
        raise NotAList(
            _("The first line has to name the columns: the name, and at least one of e-mail, phone, postal address.")
        )
    return found


# -- one line ------------------------------------------------------------------------------------------------------


def _contact(cells: Mapping[str, str], town: Town) -> NewContact:
    """Raises Misread with what is wrong first."""
    given = {name: cell for name, cell in cells.items() if cell}
    if any(len(cell) > LONGEST_CELL for cell in given.values()):
        raise Misread(_("A cell is too long: {most} characters at most.", most=LONGEST_CELL))
    return contact(
        name=" ".join(given[part] for part in ("given", "name") if part in given),
        email=given.get("email", ""),
        phone=given.get("phone", ""),
        street=", ".join(
            part for part in (given.get("street"), " ".join(filter(None, map(given.get, ("postcode", "town"))))) if part
        ),
        area=given.get("area", ""),
        groups=given.get("groups", ""),
        tags=given.get("tags", ""),
        source=given.get("source", town.source),
        agreed_on=given.get("agreed_on", town.agreed_on),
        town=town,
    )


def contact(
    *, name: str, email: str, phone: str, street: str, area: str, groups: str, tags: str, source: str, agreed_on: str,
    town: Town,
) -> NewContact:  # fmt: skip
    """A contact as it is written by hand or in a line. Raises Misread with what is wrong first."""
    if not name:
        raise Misread(_("The name is missing."))
    if not (email or phone or street):
        raise Misread(_("There is nothing to reach them by: neither e-mail, nor phone, nor postal address."))
    if not source:
        raise Misread(_("It does not say where they agreed that you write to them."))
    return NewContact(
        name,
        source,
        _day(agreed_on, town.today),
        EmailAddress().read(Heard(text=email)) if email else None,
        Phone().read(Heard(text=phone)) if phone else None,
        street or None,
        _known(area, town.areas, _("There is no area called {name}: add it first.", name=area)) if area else None,
        tuple(
            _known(one, town.groups, _("There is no group called {name}: add it first.", name=one))
            for one in several(groups)
        ),
        tuple(several(tags)),
    )


def _day(text: str, today: date) -> date:
    if not text:
        raise Misread(_("It does not say on which day they agreed."))
    if not re.search(r"\d{4}", text):
        raise Misread(_("The day they agreed needs its year: {text}", text=text))
    return date.fromisoformat(Day(today, earliest=EARLIEST, latest=today).read(Heard(text=text)))


def _known(name: str, slugs: Mapping[str, str], otherwise: Said) -> str:
    found = slugs.get(fold(name))
    if found is None:
        raise Misread(otherwise)
    return found


def several(cell: str) -> list[str]:
    """What stands in a cell with `|`, `,` or `;` between, each once."""
    return list(dict.fromkeys(part for one in re.split(r"[|,;]", cell) if (part := one.strip())))


# -- the way back --------------------------------------------------------------------------------------------------


async def table(contacts: Sequence[Contact], language: str) -> AsyncIterator[Sequence[Cell]]:
    """Contacts as a list that can be read again; areas and groups stand there by their slugs."""
    yield [translate(said, language) for said in COLUMNS.values()]
    for one in contacts:
        row: list[Cell] = [one.name, one.email, one.phone, one.street, one.area, *map("|".join, (one.groups, one.tags))]
        yield [*row, one.source, one.agreed_on]


# -- what would become of a list -----------------------------------------------------------------------------------


@value
class Preview:
    """Who is new, how many are contacts already or stand in the list twice, and the lines that are refused."""

    new: Sequence[NewContact]
    there: int
    refused: Sequence[Refused]


def weigh(lines: Lines, before: Before) -> Preview:
    """What keeping these lines would do; whoever agreed no more needs an agreement of a later day."""
    new: dict[str, NewContact] = {}
    there, refused = 0, list(lines.refused)
    for line, one in lines.good.items():
        withdrawn = before.withdrawn.get(one.same)
        if withdrawn is not None and one.agreed_on <= date.fromisoformat(withdrawn):
            day = f"{date.fromisoformat(withdrawn):%d/%m/%Y}"
            refused.append(Refused(line, _("They agreed no more on {day}: a later agreement is needed.", day=day)))
        elif one.same in before.there or one.same in new:
            there += 1
        else:
            new[one.same] = one
    return Preview(list(new.values()), there, sorted(refused, key=lambda one: one.line))
