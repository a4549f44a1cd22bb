"""How each kind of question is asked in a conversation, and how its answer reads in a recap.

An Interview is made of a question once, when its settings are loaded; for an answer that is recorded nothing more
is made.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property, partial
from zoneinfo import ZoneInfo

from flows import asking, values
from flows.answers import Choice, FreeText, Json, OneOf, Reader
from flows.conversation import Talk
from flows.days import Day
from flows.messages import Media
from flows.prompt import Prompt
from flows.questionnaires import questions
from flows.questionnaires.questions import Illustration, Question, Section
from flows.questionnaires.settings import Option
from flows.texts import Said, _, joined
from storage.shortening import shortened
from storage.value import value

NO_ANSWER = _("no answer")
LONGEST_SHOWN = 160
"""Characters of one's own words in a recap."""


@value
class Place:
    """Where a question stands in this conversation: its number, of how many, and the sections said before it."""

    number: int
    of: int
    sections: tuple[Section, ...] = ()

    def said(self) -> tuple[Said, ...]:
        progress = _("Question {number} of {of}", number=self.number, of=self.of)
        return (*(section.text for section in self.sections), progress)


@dataclass(frozen=True)
class Interview:
    """One question, ready to be asked. `looked_at` tells that later conditions need its answer."""

    question: Question
    looked_at: bool

    @cached_property
    def compound(self) -> bool:
        """Whether it takes several prompts, with keys below the question's."""
        return isinstance(self.question, questions.SeveralOf | questions.Ranking | questions.Grades | questions.Matrix)

    @cached_property
    def choices(self) -> tuple[Choice, ...]:
        given = getattr(self.question, "choices", ()) or self.question.options()
        return as_choices(given)

    @cached_property
    def rows(self) -> tuple[Choice, ...]:
        return as_choices(self.question.rows())

    @cached_property
    def reader(self) -> Reader:
        """Reads the answer of a question of one prompt; some depend on the person or the day (`reader_now`)."""
        return _reader(self.question, self.choices)

    def reader_now(self, talk: Talk) -> Reader:
        """The reader for this person today."""
        question = self.question
        if isinstance(question, questions.Date):
            today = talk.now.astimezone(ZoneInfo(talk.scene.space.zone)).date()
            return Day(today, question.earliest, question.latest)
        if isinstance(question, questions.OneOf) and question.shuffle:
            return OneOf(talk.shuffled(question.id, self.choices), question.other)
        return self.reader

    @cached_property
    def after(self) -> tuple[Said, ...]:
        """What explains the question, below it."""
        question = self.question
        lines: list[Said] = [question.help] if question.help is not None else []
        if isinstance(question, questions.Scale | questions.Matrix) and not getattr(question, "choices", ()):
            lines += values.Scale(question.min, question.max, question.low, question.high).ends()
        if isinstance(question, questions.OneOf) and question.other:
            lines.append(asking.WRITE_ANOTHER)
        return tuple(lines)

    def prompt(self, talk: Talk, reader: Reader, place: Place) -> Prompt:
        """The question put round a reader."""
        illustrations = (step.media for step in (self.question, *place.sections) if step.media is not None)
        shown = next(illustrations, None)
        media = illustrated(shown, talk) if shown is not None else None
        progress = (place.number, place.of)
        return Prompt(self.question.text, reader, place.said(), self.after, media=media, progress=progress)

    def ask(self, talk: Talk, place: Callable[[], Place]) -> Awaitable[Json]:
        """The answer, in the shape that questions.py says; `place` is only called when a prompt is shown."""
        optional = not self.question.required
        if self.compound:
            return self._ask_compound(talk, lambda reader: self.prompt(talk, reader, place()), optional)
        reader = self.reader_now(talk)
        shown = partial(self._kept_prompt, talk, reader, place)
        return talk.ask(self.question.id, shown, reader, optional=optional)

    def _kept_prompt(self, talk: Talk, reader: Reader, where: Callable[[], Place]) -> Prompt:
        """The same prompt for everybody it is the same for, because prompts keep their words once translated."""
        place = where()
        if reader is not self.reader:
            return self.prompt(talk, reader, place)
        sections = tuple(section.id for section in place.sections)
        key = (place.number, place.of, sections, talk.person.language)
        kept = self._prompts.get(key)
        if kept is None:
            kept = self._prompts[key] = self.prompt(talk, reader, place)
        return kept

    @cached_property
    def _prompts(self) -> dict[tuple[int, int, tuple[str, ...], str | None], Prompt]:
        return {}

    async def _ask_compound(self, talk: Talk, framing: asking.Framing, optional: bool) -> Json:
        question = self.question
        if isinstance(question, questions.SeveralOf):
            least, most = question.bounds()
            return await asking.several_of(
                talk,
                question.id,
                self.choices,
                framing,
                least=least,
                most=most,
                other=question.other,
                optional=optional,
                shuffle=question.shuffle,
            )
        if isinstance(question, questions.Ranking):
            ranks, shuffle = question.ranks(), question.shuffle
            return await asking.ranking(
                talk, question.id, self.choices, framing, ranks=ranks, optional=optional, shuffle=shuffle
            )
        return await asking.for_each(talk, question.id, self.rows, self.choices, framing, optional=optional)

    def shown(self, answer: Json) -> Said:
        """The answer as it reads in a recap."""
        question = self.question
        if answer is None:
            return NO_ANSWER
        if not self.compound:
            answer = _shortened(answer)
            return self.reader.echo(answer) or answer
        if isinstance(question, questions.SeveralOf):
            return asking.chosen_of(self.choices, [_shortened(one) for one in answer])
        if isinstance(question, questions.Ranking):
            return asking.ranked(self.choices, answer)
        return _by_row(self.rows, OneOf(self.choices), answer)


def as_choices(options: Sequence[Option]) -> tuple[Choice, ...]:
    return tuple(Choice(option.id, option.label) for option in options)


def illustrated(shown: Illustration, talk: Talk) -> Media:
    """What is shown beside a question, described in this person's language."""
    language = talk.person.language or talk.scene.space.languages[0]
    return Media(shown.kind, shown.address, shown.description.in_language(language))


def _reader(question: Question, choices: tuple[Choice, ...]) -> Reader:
    match question:
        case questions.ShortText():
            return FreeText(question.max)
        case questions.LongText():
            return FreeText(question.max, long=True)
        case questions.Date():
            return Day(date.min, question.earliest, question.latest)
        case questions.Number():
            return values.Number(question.min, question.max, not question.decimals, question.unit)
        case questions.Scale():
            return values.Scale(question.min, question.max, question.low, question.high)
        case questions.OneOf():
            return OneOf(choices, question.other)
        case questions.YesNo():
            return OneOf(choices)
        case questions.Place():
            return values.PlaceAnswer()
        case questions.Photo():
            return values.PhotoAnswer()
        case questions.Email():
            return values.EmailAddress()
        case questions.Phone():
            return values.Phone()
    raise TypeError(f"nobody reads a {question.kind} in one prompt")


def _by_row(rows: Sequence[Choice], reader: OneOf, answer: Json) -> Said:
    answered = [row for row in rows if row.id in answer]
    return joined([asking.in_row(row, reader.echo(answer[row.id])) for row in answered])


def _shortened(answer: Json) -> Json:
    """One's own words, cut for a recap; what is short stays as it is."""
    if isinstance(answer, str):
        return shortened(answer, LONGEST_SHOWN)
    if isinstance(answer, dict):
        return {name: _shortened(value) for name, value in answer.items()}
    return answer
