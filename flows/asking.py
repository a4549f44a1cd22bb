"""Questions made of several prompts: several of, ranking, and one answer for each row.

Each prompt has its own key below the question's (`key.1`, `key.2` ... or `key.<row>`), so that Back undoes one tap.
`framing` puts a prompt round a reader: it says the question; what these helpers add to it they say themselves.
Nothing is built for answers that are recorded, because a conversation is run from its top for every message.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from flows.answers import Choice, FreeText, Heard, Json, Misread, OneOf, Reader
from flows.conversation import MISSING, Talk
from flows.folding import clean
from flows.prompt import Prompt
from flows.texts import Joined, Lowered, Said, Text, _, joined
from storage.value import value

Framing: TypeAlias = Callable[[Reader], Prompt]

DONE = Choice("-done", _("That is all"))
"""An organiser's ids have no hyphen."""

WRITE_ANOTHER = _("You may also write another answer.")
SPELLED = (
    *("0", _("One"), _("Two"), _("Three"), _("Four"), _("Five")),
    *(_("Six"), _("Seven"), _("Eight"), _("Nine"), _("Ten")),
)


# -- several of --------------------------------------------------------------------------------------------


async def several_of(
    talk: Talk,
    key: str,
    choices: Sequence[Choice],
    framing: Framing,
    *,
    least: int = 1,
    most: int | None = None,
    other: bool = False,
    optional: bool = False,
    shuffle: bool = False,
) -> list[Json] | None:
    """The choices taken, one tap after the other, or all at once as a typed list; None when skipped.

    It goes on by itself when `most` are chosen, or when a list holds at least `least`; otherwise it asks for
    another until "That is all". With `other`, one answer may be in one's own words, kept as {"other": text}.
    """
    part = talk.part(key)
    chosen: list[Json] = []
    bounds = (least, min(most or len(choices) + other, len(choices) + other))
    number = 0
    while len(chosen) < bounds[1]:
        number += 1
        taken = part.met(str(number))
        if taken is MISSING:
            ordered = talk.shuffled(key, choices) if shuffle else tuple(choices)
            prompt = _one_more(talk, _Several.after(chosen, ordered, bounds, other), framing)
            taken = await part.ask(str(number), prompt, optional=optional and number == 1)
        if taken is None:
            return None
        if taken == DONE.id:
            break
        chosen = _added(chosen, taken)
        if isinstance(taken, list) and len(chosen) >= least:
            break
    return chosen[: bounds[1]]


def _added(chosen: list[Json], taken: Json) -> list[Json]:
    """Each once: an old button pressed again may take what was taken after it."""
    return chosen + [one for one in (taken if isinstance(taken, list) else [taken]) if one not in chosen]


@dataclass(frozen=True)
class _Listing(OneOf):
    """Reads one of the choices, or several at once: "the market, my errands"."""

    def read(self, heard: Heard) -> Json:
        text = clean(heard.text or "")
        found = listed(self, text) if heard.tap is None and self.match(text) is None else None
        if found is None:
            return super().read(heard)
        if found.unknown and not self.other:
            raise Misread(_("“{words}” is not among the answers. Please choose again.", words=found.unknown[:60]))
        return self.take(found)

    def take(self, found: Listed) -> Json:
        """The answers that a list is. Raises Misread."""
        return list(found.ids)


@dataclass(frozen=True)
class _Several(_Listing):
    """Reads one of the choices that are left, or a list of them; `every` are all, `chosen` those taken before.

    One choice is kept by its id alone, so that the engine knows a second press of the same button.
    """

    every: tuple[Choice, ...] = ()
    chosen: tuple[Json, ...] = ()
    bounds: tuple[int, int] = (1, 1)

    @staticmethod
    def after(chosen: Sequence[Json], every: tuple[Choice, ...], bounds: tuple[int, int], other: bool) -> _Several:
        left = tuple(choice for choice in every if choice.id not in chosen)
        own = other and not any(isinstance(one, dict) for one in chosen)
        options = (*left, DONE) if chosen and len(chosen) >= bounds[0] else left
        return _Several(options, own, every=every, chosen=tuple(chosen), bounds=bounds)

    def take(self, found: Listed) -> Json:
        taken: list[Json] = [id for id in found.ids if id != DONE.id]
        if found.unknown:
            taken.append({"other": FreeText(500).read(Heard(text=found.unknown))})
        if len(self.chosen) + len(taken) > self.bounds[1]:
            too_many = how_many((1, self.bounds[1]), len(self.every) + 1)
            raise Misread(Joined((too_many or "", _("Please choose again.")), " "))
        return taken

    def echo(self, value: Json) -> Said | None:
        return chosen_of(self.every, self.chosen if value == DONE.id else _added([*self.chosen], value))


def chosen_of(choices: Sequence[Choice], answer: Sequence[Json]) -> Said:
    """Several answers as they read in a sentence: `the market, seeing people`."""
    every = OneOf(tuple(choices))
    return joined([every.echo(one) or "" for one in answer]) if answer else _("nothing")


def _one_more(talk: Talk, reader: _Several, framing: Framing) -> Prompt:
    """The question with how many it takes; after the first answer only what is needed to go on."""
    prompt = framing(reader)
    if reader.chosen and talk.live:
        return Prompt(_("Another answer?"), reader)
    limit = how_many(reader.bounds, len(reader.every) + reader.other)
    text = Joined((prompt.text, limit), " ") if limit is not None else prompt.text
    if not reader.chosen:
        return replace(prompt, text=text, after=(*prompt.after, WRITE_ANOTHER) if reader.other else prompt.after)
    so_far = _("Noted so far: {answer}.", answer=chosen_of(reader.every, reader.chosen))
    return Prompt(_("Another answer?"), reader, (*prompt.before, text, so_far))


def how_many(bounds: tuple[int, int], possible: int) -> Said | None:
    """How many answers a question takes, in words; nothing where anything goes."""
    least, most = bounds
    if least == most and most > 1:
        return _("{number} answers exactly.", number=_spelled(most))
    if least > 1 and most < possible:
        return _("{least} to {most} answers.", least=_spelled(least), most=_small(most))
    if least > 1:
        return _("{number} answers at least.", number=_spelled(least))
    if most == 1:
        return _("One answer at most.")
    return _("{number} answers at most.", number=_spelled(most)) if most < possible else None


def _spelled(number: int) -> Said:
    return SPELLED[number] if number < len(SPELLED) else str(number)


def _small(number: int) -> Said:
    return Lowered(_spelled(number))


# -- lists in one message ----------------------------------------------------------------------------------


@value
class Listed:
    """What a typed list names: ids of choices, each once, and the words that name none."""

    ids: tuple[str, ...]
    unknown: str = ""


BREAKS = (r"[,;\n+&/]+", r"[,;\n+&/]+|\bet\b|\bpuis\b|\band\b|\bthen\b", r"[\s,;.>]+")
"""Where a typed list is cut: first at what can't be in a label, and at words and spaces only if that fails."""


LONGEST_LIST = 1000
"""Characters of a text that is read as a list: cutting up more would keep everybody else waiting."""


def listed(reader: OneOf, text: str) -> Listed | None:
    """The choices a typed list names (`the market, shopping`, `1 and 3`, `3 1 2`); None when it names none."""
    if len(text) > LONGEST_LIST:
        return None
    for breaks in BREAKS:
        pieces = [piece for piece in re.split(breaks, text, flags=re.IGNORECASE) if piece.strip()]
        found = [reader.match(piece) for piece in pieces]
        if len(found) > 1 and all(found):
            return Listed(tuple(dict.fromkeys(choice.id for choice in found if choice is not None)))
    pieces = [piece.strip() for piece in re.split(BREAKS[0], text) if piece.strip()]
    matched = [(piece, reader.match(piece)) for piece in pieces]
    ids = tuple(dict.fromkeys(choice.id for _piece, choice in matched if choice is not None))
    return Listed(ids, ", ".join(piece for piece, choice in matched if choice is None)) if ids else None


# -- ranking -----------------------------------------------------------------------------------------------


async def ranking(
    talk: Talk,
    key: str,
    choices: Sequence[Choice],
    framing: Framing,
    *,
    ranks: int | None = None,
    optional: bool = False,
    shuffle: bool = False,
) -> list[str] | None:
    """The choices in order of preference, the first `ranks` of them; None when skipped.

    One rank is asked after the other, or a typed list (`3 1 2`) takes several; the last one left is placed by itself.
    """
    part = talk.part(key)
    chosen: list[str] = []
    wanted = min(ranks or len(choices), len(choices))
    number = 0
    while len(chosen) < wanted and len(choices) - len(chosen) > 1:
        number += 1
        taken = part.met(str(number))
        if taken is MISSING:
            ordered = talk.shuffled(key, choices) if shuffle else tuple(choices)
            left = tuple(choice for choice in ordered if choice.id not in chosen)
            prompt = _next_rank(talk, _Rank(left, every=ordered, chosen=tuple(chosen)), framing)
            taken = await part.ask(str(number), prompt, optional=optional and number == 1)
        if taken is None:
            return None
        chosen = _added(chosen, taken)
    last = [choice.id for choice in choices if choice.id not in chosen]
    return (chosen + last)[:wanted]


@dataclass(frozen=True)
class _Rank(_Listing):
    """Reads the next of the choices that are left, or several of them in order."""

    every: tuple[Choice, ...] = ()
    chosen: tuple[str, ...] = ()

    def echo(self, value: Json) -> Said | None:
        return ranked(self.every, _added([*self.chosen], value))


def ranked(choices: Sequence[Choice], answer: Collection[str]) -> Said:
    """An order of preference as it reads in a sentence: `1. the market, 2. shopping`."""
    every = OneOf(tuple(choices))
    places = enumerate(answer, 1)
    return joined([Text("{rank}. {choice}", {"rank": rank, "choice": every.echo(id) or ""}) for rank, id in places])


def _next_rank(talk: Talk, reader: _Rank, framing: Framing) -> Prompt:
    prompt = framing(reader)
    if not reader.chosen:
        return replace(prompt, after=(*prompt.after, _("Begin with your first choice.")))
    if talk.live:
        return Prompt(_("And after that?"), reader)
    so_far = _("Noted so far: {answer}.", answer=ranked(reader.every, reader.chosen))
    return Prompt(_("And after that?"), reader, (*prompt.before, prompt.text, so_far))


# -- one answer for each row -------------------------------------------------------------------------------


async def for_each(
    talk: Talk,
    key: str,
    rows: Sequence[Choice],
    choices: Sequence[Choice],
    framing: Framing,
    *,
    optional: bool = False,
) -> dict[str, str] | None:
    """One of the choices for each row: the grades of a majority judgment, the scale of a matrix.

    A row that is skipped is left out; None when all were.
    """
    part = talk.part(key)
    answers: dict[str, str] = {}
    for index, row in enumerate(rows):
        taken = part.met(row.id)
        if taken is MISSING:
            prompt = _row(talk, row, _Row(tuple(choices), row=row), framing, first=index == 0)
            taken = await part.ask(row.id, prompt, optional=optional)
        if taken is not None:
            answers[row.id] = taken
    return answers or None


grades = matrix = for_each


@dataclass(frozen=True)
class _Row(OneOf):
    """Reads the choice for one row, and says in the echo which row it was."""

    row: Choice = DONE

    def echo(self, value: Json) -> Said | None:
        return in_row(self.row, super().echo(value))


def in_row(row: Choice, answer: Said | None) -> Said:
    """The answer for one row as it reads in a sentence: `benches: good`."""
    return _("{row}: {answer}", row=row.spoken(), answer=answer or "")


def _row(talk: Talk, row: Choice, reader: _Row, framing: Framing, *, first: bool) -> Prompt:
    prompt = framing(reader)
    if not first and talk.live:
        return replace(prompt, text=row.label, before=(), after=(), media=None)
    return replace(prompt, text=row.label, before=(*prompt.before, prompt.text))
