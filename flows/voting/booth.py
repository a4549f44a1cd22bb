"""The booth: how a ballot is filled in, question by question, whatever the method; and how it reads before it is cast.

Candidates are told by their published numbers. Only the order in which a person sees them is drawn, once for each.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from flows.answers import Choice, Heard, Json, Misread, OneOf
from flows.asking import DONE
from flows.conversation import Talk
from flows.folding import clean, fold
from flows.prompt import Prompt
from flows.texts import LANGUAGES, Joined, Said, _, joined, plural, translate
from flows.values import Scale
from flows.voting.settings import APPROVAL, FOR_AGAINST, JUDGMENT, POINTS, RANKED, Candidate, Vote
from flows.ways import SEND_IT, Recap
from storage.value import value

BLANK = Choice("blank", _("Blank vote"))
START = Choice("start", _("Begin"))
NOBODY = Candidate("", None, "")
CHOICE, RECAP = "choice", "recap"
"""The keys of the choice, with which those of its parts begin, and of the recap."""


@value
class Booth:
    """Where one person fills in a ballot. In a secret vote no echo names the choice."""

    talk: Talk
    vote: Vote
    before: tuple[Said, ...]
    """What is said above the first question."""

    @property
    def candidates(self) -> tuple[Candidate, ...]:
        """In the order drawn for this person; for and against as everybody writes them."""
        if self.vote.method == FOR_AGAINST:
            return self.vote.published
        drawn = list(self.vote.standing)
        self.talk.chance(CHOICE).shuffle(drawn)
        return tuple(drawn)

    async def ask(self, key: str, prompt: Prompt, *, echo: bool = True, once: bool = False, back: bool = True) -> Json:
        said: bool | str = "" if echo and self.vote.secret else echo
        return await self.talk.ask(key, prompt, secret=self.vote.secret, once=once, echo=said, back=back)

    async def fill_in(self) -> Json:
        """The choice; None when it is blank."""
        if self.vote.method in (JUDGMENT, POINTS):
            return await _row_by_row(self)
        return await _one_by_one(self)

    def first(self, reader: OneOf) -> Prompt:
        """The question, with the candidates where they have numbers."""
        lines = tuple(_with_about(one) for one in self.candidates) if self.vote.method != FOR_AGAINST else ()
        drawn = (_("The proposals, in an order drawn at random:"), *lines) if lines else ()
        return Prompt(self.vote.question, reader, self.before, _how(self.vote), drawn)


def _with_about(candidate: Candidate) -> Said:
    return Joined((candidate.line, candidate.about), ". ") if candidate.about else candidate.line


def _how(vote: Vote) -> tuple[Said, ...]:
    """What to do, as one sentence under the list."""
    match vote.method:
        case "one_of":
            how = _("Choose a number.")
        case "approval" if vote.least == vote.most:
            how = plural("Choose {count} number.", "Choose {count} numbers.", vote.most)
        case "approval" if vote.most == len(vote.standing):
            how = _("Choose all those that suit you, one number after the other.")
        case "approval":
            how = _("Choose from {least} to {most} numbers, one after the other.", least=vote.least, most=vote.most)
        case "borda" | "schulze":
            how = _("Begin with the number you like best.")
        case "judgment":
            how = _("You give each of them a grade.")
        case "points":
            how = plural("You share out {count} point.", "You share out {count} points.", vote.points)
        case _for_against:
            return ()
    return (how,)


# -- one candidate after the other -------------------------------------------------------------------------


async def _one_by_one(booth: Booth) -> Json:
    """One candidate, or several: taken one after the other, or all at once as a typed list."""
    vote, candidates = booth.vote, booth.candidates
    several = vote.method in (APPROVAL, *RANKED)
    chosen: list[str] = []
    for number in range(1, vote.most + 1):
        left = [candidate for candidate in candidates if candidate.id not in chosen]
        if len(chosen) >= vote.most:
            break
        if vote.method in RANKED and len(left) == 1 and vote.most == len(candidates):
            chosen.append(left[0].id)  # the last one is placed by itself
            break
        reader = _Pick.of(left, chosen, vote)
        prompt = booth.first(reader) if not chosen else _another(vote, left, reader)
        taken = await booth.ask(f"{CHOICE}.{number}", prompt, echo=several)
        if taken == BLANK.id:
            return None
        if taken == DONE.id:
            break
        chosen += [one for one in (taken if isinstance(taken, list) else [taken]) if one not in chosen]
        if isinstance(taken, list) and len(chosen) >= vote.least:
            break
    return chosen if several else chosen[0]


def _another(vote: Vote, left: Sequence[Candidate], reader: OneOf) -> Prompt:
    question = _("And after that?") if vote.method in RANKED else _("Another one?")
    return Prompt(question, reader, listed=tuple(candidate.line for candidate in left))


_NUMBERS = re.compile(r"\d{1,3}(?:(?:[\s,;.+>&/-]|\b(?:et|puis|and|then)\b)+\d{1,3})*[\s.]*")
"""A list: `3 1 2`, `1, 4 et 2`."""


SAID = {
    "for": ("je suis pour", "je vote pour", "i am for", "i vote for"),
    "against": ("je suis contre", "je vote contre", "i am against", "i vote against"),
}
"""How people say it who are asked whether they are for or against; a yes and a no mean the same, and the recap shows
what was understood."""


@dataclass(frozen=True)
class _Pick(OneOf):
    """Reads one of the candidates that are left, by its number or its name; where several are wanted, also a list."""

    left: tuple[Candidate, ...] = ()
    room: int = 1

    @staticmethod
    def of(left: Sequence[Candidate], chosen: Sequence[str], vote: Vote) -> _Pick:
        ways = [candidate.choice for candidate in left]
        ways += [BLANK] if not chosen else [DONE] if len(chosen) >= vote.least else []
        return _Pick(tuple(ways), left=tuple(left), room=vote.most - len(chosen), yes="for", no="against")

    @cached_property
    def by_label(self) -> dict[str, Choice]:
        """Names are read as well."""
        names = {
            fold(translate(candidate.name, language)): self.by_id[candidate.id]
            for candidate in reversed(self.left)
            for language in LANGUAGES
        }
        said = {one: self.by_id[id] for id, said in SAID.items() if id in self.by_id for one in said}
        return said | names | super().by_label

    def read(self, heard: Heard) -> Json:
        """Several are read by their numbers alone: the words of one name may stand in another."""
        text = clean(heard.text or "")
        numbers = dict.fromkeys(re.findall(r"\d+", text)) if _NUMBERS.fullmatch(fold(text)) else {}
        if heard.tap is not None or self.room == 1 or len(numbers) < 2:
            return super().read(heard)
        by_number = {str(candidate.number): candidate.id for candidate in self.left}
        if unknown := [number for number in numbers if number not in by_number]:
            raise Misread(_("“{words}” is not among the answers. Please choose again.", words=unknown[0][:60]))
        if len(numbers) > self.room:
            raise Misread(_("Please choose {count} at most.", count=self.room))
        return [by_number[number] for number in numbers]

    def echo(self, value: Json) -> Said | None:
        return joined([self.spoken[one] for one in value]) if isinstance(value, list) else super().echo(value)


# -- a grade, or points, for each candidate ----------------------------------------------------------------


async def _row_by_row(booth: Booth) -> Json:
    """A grade or a number of points for each candidate, in the order drawn."""
    vote = booth.vote
    begun = await booth.ask(CHOICE, booth.first(OneOf((START, BLANK))), echo=False)
    if begun == BLANK.id:
        return None
    given: dict[str, Json] = {}
    left = vote.points
    for candidate in booth.candidates:
        if vote.method == POINTS and left == 0:
            break
        mark = await booth.ask(f"{CHOICE}.{candidate.id}", _row(vote, candidate, left))
        if vote.method == JUDGMENT or mark:
            given[candidate.id] = mark
        left -= mark if vote.method == POINTS else 0
    return given


def _row(vote: Vote, candidate: Candidate, left: int) -> Prompt:
    if vote.method == JUDGMENT:
        return Prompt(candidate.line, _Graded(vote.grades, candidate=candidate))
    after = plural("You have {count} point left to give.", "You have {count} points left to give.", left)
    return Prompt(candidate.line, _Points(0, left, candidate=candidate), after=(after,))


@dataclass(frozen=True)
class _Graded(OneOf):
    """Reads a grade, and says in the echo whose it is."""

    candidate: Candidate = NOBODY

    def echo(self, value: Json) -> Said | None:
        return _of(self.candidate, super().echo(value) or "")


@dataclass(frozen=True)
class _Points(Scale):
    """Reads how many points a candidate is given, and says in the echo which."""

    candidate: Candidate = NOBODY

    def echo(self, value: Json) -> Said:
        return _of(self.candidate, plural("{count} point", "{count} points", value))


def _of(candidate: Candidate, given: Said) -> Said:
    return _("{row}: {answer}", row=candidate.line, answer=given)


# -- the recap ---------------------------------------------------------------------------------------------


def shown(vote: Vote, choice: Json) -> tuple[Said, ...]:
    """The whole choice, a line each."""
    by_id = {candidate.id: candidate for candidate in vote.published}
    if choice is None or choice == {}:
        return (BLANK.label,)
    if isinstance(choice, str):
        return (by_id[choice].line,)
    if vote.method in RANKED:
        return tuple(_("Choice {rank}: {name}", rank=rank, name=by_id[one].line) for rank, one in enumerate(choice, 1))
    if vote.method == APPROVAL:
        return tuple(by_id[one].line for one in choice)
    if vote.method == POINTS:
        return tuple(
            _of(by_id[one], plural("{count} point", "{count} points", points)) for one, points in choice.items()
        )
    grades = {grade.id: grade.spoken() for grade in vote.grades}
    return tuple(_of(by_id[one], grades[grade]) for one, grade in choice.items())


async def recap(booth: Booth, choice: Json) -> str:
    """What is about to be cast, once more: `send` or `change`."""
    if booth.talk.scene.sent:
        text = _("Here is your vote. The one that you sent counts until you send another.")
    else:
        text = _("Here is your vote. It is not sent yet.")
    prompt = Prompt(text, Recap(WAYS, corrects="change", entries=0, sends=CAST_IT), listed=shown(booth.vote, choice))
    way: str = await booth.ask(RECAP, prompt, echo=False, once=True, back=False)
    return way


WAYS = (Choice("send", _("Send")), Choice("change", _("Change")))
CAST_IT = (*SEND_IT, "voter", "je vote", "vote", "cast")
