"""A ballot on paper, as it is typed in: by the published numbers, which stand on it.

for or against, one of     3                the number that is ticked, or the word
several                    1 4              those that are ticked
a ranking                  4 1 3            the best first
grades                     2 1 5 0          for each proposal in the order of the numbers its grade, 1 the best;
                                            0 where none was given
points                     4 0 6            the points of each, in the same order
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from flows.answers import Json, Misread
from flows.folding import fold
from flows.texts import LANGUAGES, Joined, Said, Text, _, plural, translate
from flows.voting import choices
from flows.voting.settings import FOR_AGAINST, JUDGMENT, ONE_OF, POINTS, RANKED, Vote

_NUMBERS = re.compile(r"\d{1,3}(?:[\s,;.+>/-]+\d{1,3})*")


def hints(vote: Vote) -> Sequence[Said]:
    """How to type one in, then what the numbers stand for. A proposal that was withdrawn stands on the paper still."""
    if vote.method == FOR_AGAINST:
        return (_("Type the word that is ticked: {words}.", words=Joined(tuple(one.name for one in vote.published))),)
    numbered: list[Said] = [candidate.line for candidate in vote.published]
    if vote.method == JUDGMENT:
        named = enumerate(vote.grades, 1)
        grades = tuple(Text("{number}. {name}", {"number": at, "name": grade.label}) for at, grade in named)
        numbered.append(_("Grades: {grades}", grades=Joined(grades)))
    return (_how(vote), *numbered)


def _how(vote: Vote) -> Said:
    match vote.method:
        case "one_of":
            return _("Type the number that is ticked.")
        case "approval":
            return _("Type the numbers that are ticked, like: 1 4.")
        case "borda" | "schulze":
            return _("Type the numbers, the best first, like: 4 1 3.")
        case "judgment":
            return _("Type the number of the grade of each proposal, in their order; 0 where there is none.")
        case _points:
            return _("Type the points of each proposal, in their order; 0 where there are none.")


def read(vote: Vote, text: str) -> str:
    """The value of this ballot. Raises Misread."""
    if not text.strip():
        return choices.packed(vote, None)
    if vote.method == FOR_AGAINST:
        return choices.packed(vote, _word(vote, text))
    if not _NUMBERS.fullmatch(text.strip(" \t.,;")):
        raise Misread(_("“{words}” is no number of a proposal.", words=text[:60]))
    numbers = [int(number) for number in re.findall(r"\d+", text)]
    if vote.method in (JUDGMENT, POINTS):
        return choices.packed(vote, _rows(vote, numbers))
    return choices.packed(vote, _chosen(vote, numbers))


def _word(vote: Vote, text: str) -> str:
    words = {fold(translate(one.name, language)): one.id for one in vote.published for language in LANGUAGES}
    if fold(text) not in words:
        raise Misread(_("“{words}” is not among the answers. Please choose again.", words=text[:60]))
    return words[fold(text)]


def _chosen(vote: Vote, numbers: Sequence[int]) -> Json:
    by_number = {candidate.number: candidate.id for candidate in vote.published}
    for number in numbers:
        if number not in by_number:
            raise Misread(_("“{words}” is no number of a proposal.", words=str(number)))
    if len(set(numbers)) < len(numbers):
        raise Misread(_("The same number stands there twice."))
    most, least = (1, 1) if vote.method == ONE_OF else (_most(vote), vote.least)
    if not least <= len(numbers) <= most:
        raise Misread(
            _("A ballot names from {least} to {most} proposals. Otherwise it is spoilt.", least=least, most=most)
        )
    ids = [by_number[number] for number in numbers]
    return ids[0] if vote.method == ONE_OF else ids


def _most(vote: Vote) -> int:
    """A paper was printed when all proposals stood: where all could be chosen, all can be on it."""
    return len(vote.published) if vote.most == len(vote.standing) else vote.most


def _rows(vote: Vote, numbers: Sequence[int]) -> Json:
    if len(numbers) != len(vote.published):
        raise Misread(_("There are {count} proposals: type {count} numbers.", count=len(vote.published)))
    if vote.method == POINTS:
        if sum(numbers) > vote.points:
            raise Misread(plural("{count} point is all there is.", "{count} points are all there are.", vote.points))
        return {one.id: mark for one, mark in zip(vote.published, numbers, strict=True) if mark}
    if max(numbers) > len(vote.grades):
        raise Misread(_("There are {count} grades.", count=len(vote.grades)))
    return {one.id: vote.grades[at - 1].id for one, at in zip(vote.published, numbers, strict=True) if at}


def tell(vote: Vote, value: str) -> Said:
    """What this ballot says, by numbers and words."""
    choice = choices.unpacked(value)
    lines = {candidate.id: candidate.line for candidate in vote.published}
    if choice is None:
        return _("Blank vote")
    if isinstance(choice, str):
        return lines.get(choice, choice)
    numbers = {candidate.id: str(candidate.number) for candidate in vote.published}
    if isinstance(choice, list):
        between = " > " if vote.method in RANKED else ", "
        return between.join(numbers.get(one) or one for one in choice)
    grades = {grade.id: grade.label for grade in vote.grades}
    marks = sorted((numbers.get(one, one), one) for one in choice)
    said = [Text("{number}: {name}", {"number": at, "name": _mark(grades, choice[one])}) for at, one in marks]
    return Joined(tuple(said), ", ")


def _mark(grades: Mapping[str, Said], mark: str | int) -> Said:
    return grades.get(mark, mark) if isinstance(mark, str) else str(mark)
