"""What is wrong with a questionnaire that was read well: names used twice, conditions on nothing, dead ends.

Whether a question can be reached is decided by trying every combination of what its condition looks at; where there
are too many (more than MOST_TRIED) it is taken to be reachable.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import chain, combinations, islice, product
from typing import TypeAlias

from flows.questionnaires.questions import (
    OTHER,
    Date,
    Grades,
    Matrix,
    Number,
    OneOf,
    Question,
    Ranking,
    Scale,
    SeveralOf,
    Step,
)
from flows.questionnaires.settings import Path, Reading
from flows.texts import Said, Words, _
from storage.rules import WORDS, Answered, Facts, InArea, InGroup

RESERVED = WORDS | {
    *("recap", "response", "wish", "wished", "wish_said", "none"),
    *("language", "agreed", "agree", "consent", "consent_who"),
}
"""Ids that conditions or the conversation itself use."""

LONGEST_ITEM = 15
"""Characters of an item's id: `question.item` is a key of at most 32."""
LONGEST_LABEL = 30
"""Characters that fit a button (the talks' third rule)."""
LONGEST_MESSAGE = 240
"""Characters of a message (the talks' first rule)."""
WIDEST_SCALE = 11
MOST_TRIED = 20_000

Placed: TypeAlias = "tuple[Path, Step]"


def check(reading: Reading, placed: Sequence[Placed], unread: Collection[str] = ()) -> None:
    """Note what is wrong with these steps, each at its path. `unread` are ids of steps that could not be read:
    what looks at them is let be, so that one mistake is told once."""
    earlier: dict[str, Step] = {}
    everything = {step.id for _path, step in placed}
    for path, step in placed:
        _check_id(reading, path, step, earlier)
        _check_lengths(reading, path, step)
        if isinstance(step, Question):
            _check_answerable(reading, path, step)
        looks_away = _looked_at(step).isdisjoint(unread)
        if (
            step.when is not None
            and looks_away
            and _check_condition(reading, (*path, "when"), step, earlier, everything)
        ):
            _check_reachable(reading, (*path, "when"), step, list(earlier.values()))
        earlier.setdefault(step.id, step)


def _check_id(reading: Reading, path: Path, step: Step, earlier: Collection[str]) -> None:
    if step.id in earlier:
        reading.wrong((*path, "id"), _("The id `{id}` is used twice.", id=step.id))
    elif step.id in RESERVED:
        reading.wrong((*path, "id"), _("`{id}` can't be an id: it means something else already.", id=step.id))
    else:
        reading.id(step.id, (*path, "id"))


def _check_lengths(reading: Reading, path: Path, step: Step) -> None:
    options = (*step.options(), *step.rows()) if isinstance(step, Question) else ()
    for option in options:
        texts = option.label.values() if isinstance(option.label, Words) else ()
        long = max((len(text) for text in texts), default=0)
        if long > LONGEST_LABEL:
            reading.warn(
                path,
                _(
                    "The label of `{id}` has {count} characters; a button shows {most}.",
                    id=option.id,
                    count=long,
                    most=LONGEST_LABEL,
                ),
            )
    for text in step.text.values():
        if len(text) > LONGEST_MESSAGE:
            reading.warn(
                (*path, "text"),
                _("This text has {count} characters; {most} are easy to read.", count=len(text), most=LONGEST_MESSAGE),
            )
            break


# -- can it be answered? -----------------------------------------------------------------------------------


def _check_answerable(reading: Reading, path: Path, question: Question) -> None:
    for wrong in _unanswerable(question):
        reading.wrong(path, wrong)
    for row in question.rows():
        if len(row.id) > LONGEST_ITEM:
            reading.wrong(path, _("The id `{id}` is too long: 15 characters at most for an item.", id=row.id))


def _unanswerable(question: Question) -> Iterator[Said]:
    low, high = getattr(question, "min", None), getattr(question, "max", None)
    if low is not None and high is not None and low > high:
        yield _("`min` is more than `max`.")
    elif isinstance(question, Scale | Matrix) and not 2 <= len(question.options()) <= WIDEST_SCALE:
        yield _("A scale has 2 to {most} steps.", most=WIDEST_SCALE)
    if isinstance(question, Date) and question.earliest and question.latest and question.earliest > question.latest:
        yield _("`earliest` is after `latest`.")
    if isinstance(question, Number) and not question.decimals and any(n is not None and n % 1 for n in (low, high)):
        yield _("Bounds with decimals need `decimals: true`.")
    if isinstance(question, OneOf) and len(question.choices) + question.other < 2:
        yield _("At least two choices are needed.")
    if isinstance(question, OneOf | SeveralOf) and question.other and any(c.id == OTHER for c in question.choices):
        yield _("A choice called `other` can't stand beside `other: true`.")
    if isinstance(question, Ranking):
        yield from _unrankable(question)
    if isinstance(question, SeveralOf):
        yield from _unchoosable(question)
    if isinstance(question, Grades) and len(question.grades) < 2:
        yield _("At least two grades are needed.")
    if isinstance(question, Grades | Matrix) and not question.items:
        yield _("At least one item is needed.")


def _unrankable(question: Ranking) -> Iterator[Said]:
    if len(question.choices) < 2:
        yield _("At least two choices are needed.")
    if question.max is not None and question.max < 1:
        yield _("`max` must be at least 1.")


def _unchoosable(question: SeveralOf) -> Iterator[Said]:
    possible = len(question.choices) + question.other
    if possible < 2:
        yield _("At least two choices are needed.")
    if question.exactly is not None and (question.min is not None or question.max is not None):
        yield _("`exactly` can't stand beside `min` or `max`.")
    wanted = question.exactly if question.exactly is not None else question.min or 1
    if wanted < 1:
        yield _("At least one answer must be possible.")
    if wanted > possible:
        yield _(
            "{wanted} answers are asked for, and there are only {possible} choices.", wanted=wanted, possible=possible
        )
    if (question.exactly or question.max) == 1:
        yield _("For one answer use the kind `one_of`.")


# -- can it be reached? ------------------------------------------------------------------------------------


def _check_condition(
    reading: Reading, path: Path, step: Step, earlier: Mapping[str, Step], everything: Collection[str]
) -> bool:
    """Whether the condition looks at earlier questions and their choices, at the area and at groups only."""
    before = len(reading.problems)
    assert step.when is not None
    for leaf in step.when.leaves():
        if isinstance(leaf, Answered):
            for wrong in _wrong_leaf(leaf, earlier, everything):
                reading.wrong(path, wrong)
        elif not isinstance(leaf, InArea | InGroup):
            reading.wrong(path, _("A condition looks at answers, at `area` and at `group`, and at nothing else."))
    return len(reading.problems) == before


def _wrong_leaf(leaf: Answered, earlier: Mapping[str, Step], everything: Collection[str]) -> Iterator[Said]:
    question = earlier.get(leaf.question)
    if question is None and leaf.question in everything:
        yield _("The condition looks at `{id}`, which comes later.", id=leaf.question)
    elif question is None:
        yield _("The condition looks at `{id}`, which is no question.", id=leaf.question)
    elif not isinstance(question, Question) or not question.pivot:
        yield _(
            "A condition can't look at `{id}`, which is of the kind `{kind}`.", id=leaf.question, kind=question.kind
        )
    else:
        known = {option.id for option in question.options()}
        for choice in leaf.choices:
            if choice not in known:
                yield _("`{choice}` is not a choice of `{id}`.", choice=choice, id=leaf.question)


def _check_reachable(reading: Reading, path: Path, step: Step, earlier: Sequence[Step]) -> None:
    assert step.when is not None
    needed = _needed(step, earlier)
    asked = [question for question in earlier if question.id in needed and isinstance(question, Question)]
    leaves = [leaf for one in (*asked, step) if one.when is not None for leaf in one.when.leaves()]
    answers = [_ways(question, leaves) for question in asked]
    areas = [None, *(area for leaf in leaves if isinstance(leaf, InArea) for area in leaf.areas)]
    groups = _subsets([group for leaf in leaves if isinstance(leaf, InGroup) for group in leaf.groups])
    if None in answers or groups is None:
        return
    tried = 0
    for (area, mine), taken in islice(
        product(product(areas, groups), product(*(ways for ways in answers if ways is not None))), MOST_TRIED
    ):
        tried += 1
        chosen: dict[str, Collection[str]] = {}
        facts = Facts(chosen, area, mine)
        for question, choices in zip(asked, taken, strict=True):
            chosen[question.id] = choices if question.when is None or question.when.judge(facts) else ()
        if step.when.judge(facts):
            return
    if tried < MOST_TRIED:
        reading.wrong(path, _("Nobody can ever reach this: its condition never holds."))


def _needed(step: Step, earlier: Sequence[Step]) -> set[str]:
    """The questions its condition looks at, and those their own conditions look at."""
    needed = _looked_at(step)
    for question in reversed(earlier):
        if question.id in needed:
            needed |= _looked_at(question)
    return needed


def _looked_at(step: Step) -> set[str]:
    leaves = step.when.leaves() if step.when is not None else ()
    return {leaf.question for leaf in leaves if isinstance(leaf, Answered)}


def _ways(question: Question, leaves: Sequence[object]) -> list[tuple[str, ...]] | None:
    """Every answer to a question that conditions can tell apart: which of the choices they name are taken.

    None when they are too many to try.
    """
    named = sorted(
        {
            choice
            for leaf in leaves
            if isinstance(leaf, Answered) and leaf.question == question.id
            for choice in leaf.choices
        }
    )
    unnamed = len(question.options()) - len(named)
    skipped: list[tuple[str, ...]] = [] if question.required else [()]
    if not isinstance(question, SeveralOf):
        return [*skipped, *((choice,) for choice in named), *([()] if unnamed else [])]
    least, most = question.bounds()
    ways = _subsets(named)
    return ways and skipped + [way for way in ways if len(way) <= most and len(way) + unnamed >= least]


def _subsets(names: Sequence[str]) -> list[tuple[str, ...]] | None:
    """Every selection of these; None of more than ten, which are a thousand selections."""
    if len(names) > 10:
        return None
    return list(chain.from_iterable(combinations(names, count) for count in range(len(names) + 1)))
