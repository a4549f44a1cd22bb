"""A questionnaire: questions in order, those that conditions leave out apart; a recap, corrections, and sending."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal, Self

from sqlalchemy.ext.asyncio import AsyncConnection

from flows.answers import Choice, Json
from flows.asking import DONE
from flows.conversation import MISSING, Again, Ending, Talk
from flows.figures import Cell, Figures, Filter, OpenText, Page, PhaseRef
from flows.giving import called, closing
from flows.host import closed
from flows.module import Left, Module
from flows.open_texts import open_texts
from flows.prompt import Prompt
from flows.questionnaires import questionnaire, tables, tallies
from flows.questionnaires.interview import Interview, Place
from flows.questionnaires.questions import Question, Section
from flows.texts import Joined, Said, Words, _, plural
from flows.ways import Recap, Ways
from flows.wishing import offer_result
from storage import contributions
from storage.contributions import NewContribution
from storage.refusals import AlreadySent, Closed
from storage.rules import Answered, Facts

NOT_ONE = Choice("none", _("None of them"))
WAYS = (
    Choice("send", _("Send")),
    Choice("fix", _("Correct an answer")),
    Choice("reread", _("Read it all again")),
)
"""At the recap, where the first two are offered."""
CHANGE = (Choice("change", _("Change it")), Choice("keep", _("Change nothing")))


@dataclass(slots=True)
class _Walk:
    """One run through the questions: the answers so far, by question, in the order they are asked."""

    answers: dict[str, Json] = field(default_factory=dict)
    asked: list[Interview] = field(default_factory=list)


class Questionnaire(Module):
    """One response a person, or several if its settings say so; corrected until closing."""

    kind = "questionnaire"
    name = _("Questionnaire")
    purpose = _("Residents answer questions that you wrote beforehand, one after another.")
    editable = True
    aloud = True
    kept = _("Your answers were sent and count.")

    def __init__(self, settings: questionnaire.Questionnaire) -> None:
        self.settings = settings
        self.repeatable = settings.replies == "several"
        looked_at = {
            leaf.question
            for step in settings.steps
            if step.when is not None
            for leaf in step.when.leaves()
            if isinstance(leaf, Answered)
        }
        self.interviews = [Interview(question, question.id in looked_at) for question in settings.questions]
        self.conditions = [(i, q.when) for i, q in enumerate(settings.questions) if q.when is not None]
        self.sections = _sections(settings)

    @classmethod
    def load(cls, settings: Mapping[str, Any]) -> Self:
        return cls(questionnaire.Questionnaire.from_settings(settings))

    # -- before and between --------------------------------------------------------------------------------

    def announce(self, talk: Talk) -> Said | None:
        count = self._possible(Facts({}, talk.person.area, talk.person.groups))
        topic = Words(talk.phase.topic)
        if not self.conditions:
            first = plural("I ask {count} question {topic}.", "I ask {count} questions {topic}.", count, topic=topic)
        else:
            first = _("I ask at most {count} questions {topic}.", count=count, topic=topic)
        minutes = self.settings.duration()
        return Joined(
            (first, plural("It takes about {count} minute.", "It takes about {count} minutes.", minutes)), " "
        )

    def length(self) -> tuple[int, int]:
        """How many questions at most, and how many minutes about."""
        return self._possible(Facts({}, None, ())), self.settings.duration()

    def left(self, answers: Mapping[str, Any]) -> Left:
        whole = {question.id: gathered(question, answers) for question in self.settings.questions}
        met = {question.id for question in self.settings.questions if _met(question, answers)}
        asked = self.settings.asked(whole)
        questions = sum(question.id not in met for question in asked)
        minutes = self.settings.duration() * questions // max(1, len(asked))
        return Left(sum(whole[question.id] is not None for question in asked), questions, max(1, minutes))

    def _possible(self, facts: Facts, start: int = 0) -> int:
        """How many questions from this one on may still be asked: an answer not given yet leaves them open."""
        rules = (rule for position, rule in self.conditions if position >= start)
        return len(self.interviews) - start - sum(rule.judge(facts) is False for rule in rules)

    # -- the conversation ----------------------------------------------------------------------------------

    async def converse(self, talk: Talk) -> Ending:
        chosen: dict[str, Collection[str]] = {}
        facts = Facts(chosen, talk.person.area, talk.person.groups)
        walk = _Walk()
        for index, interview in enumerate(self.interviews):
            question = interview.question
            if question.when is not None and not question.when.judge(facts):
                chosen[question.id] = ()
                continue
            walk.asked.append(interview)
            answer = MISSING if interview.compound else talk.met(question.id)
            if answer is MISSING:
                answer = await interview.ask(talk, partial(self._place, index, len(walk.asked), facts))
            walk.answers[question.id] = answer
            if interview.looked_at:
                chosen[question.id] = question.taken(answer)
        last = self._sections_before(len(self.interviews), facts)
        return await self._recap(talk, walk, tuple(section.text for section in last))

    def _place(self, index: int, number: int, facts: Facts) -> Place:
        """Where a question stands that is about to be shown."""
        return Place(number, number + self._possible(facts, index + 1), self._sections_before(index, facts))

    def _sections_before(self, index: int, facts: Facts) -> tuple[Section, ...]:
        """The sections between the question before and this one, for those they are meant for."""
        if not self.sections[index]:
            return ()
        return tuple(section for section in self.sections[index] if section.when is None or section.when.judge(facts))

    # -- the recap -----------------------------------------------------------------------------------------

    async def _recap(self, talk: Talk, walk: _Walk, before: tuple[Said, ...]) -> Ending:
        prompt: Prompt | str = ""
        if talk.recorded("recap") is None:
            if outdated := self.settings.outdated(walk.answers):
                return Again(outdated)
            prompt = self._recap_prompt(talk, walk, before)
        way = await talk.ask("recap", prompt, once=True, back=False, echo=False)
        if way == "send":
            return await self._send(talk, walk)
        return await self._correct(talk, walk, way) if way != "reread" else Again(("recap",))

    def _recap_prompt(self, talk: Talk, walk: _Walk, before: tuple[Said, ...]) -> Prompt:
        """All answers; after a correction that changed no other question, only that the others stand."""
        asked = {interview.question.id for interview in walk.asked}
        dropped = (interview.question.id for interview in self.interviews if interview.question.id not in asked)
        if talk.corrected and not any(talk.recorded(id) is not None for id in dropped):
            return Prompt(_("The other answers have not changed."), Recap(WAYS))
        lines = tuple(
            _(
                "{number}. {name}: {answer}",
                number=number,
                name=interview.question.name,
                answer=interview.shown(walk.answers[interview.question.id]),
            )
            for number, interview in enumerate(walk.asked, 1)
        )
        if talk.scene.sent:
            read_again = _("Here are your answers. What you sent before counts until you send them again.")
        else:
            read_again = _("Here are your answers. They are not sent yet.")
        return Prompt(read_again, Recap(WAYS, entries=len(lines), shown=2), before, listed=lines)

    async def _correct(self, talk: Talk, walk: _Walk, way: Literal["fix"] | int) -> Ending:
        """The answer of this number, or the one that is named: its question is asked again and nothing else is lost."""
        part = talk.part("recap")
        numbered = {number: interview.question.id for number, interview in enumerate(walk.asked, 1)}
        which = numbered.get(way) if isinstance(way, int) else None
        if which is None:
            reader = Ways((*(Choice(id_, str(number)) for number, id_ in numbered.items()), NOT_ONE))
            which = await part.ask("which", Prompt(_("Which one?"), reader), once=True, back=False, echo=False)
        found = next((interview for interview in walk.asked if interview.question.id == which), None)
        if found is None:
            return Again(("recap",))
        if not found.compound:
            return Again((which, "recap"), correcting=True)
        former = _("Your answer was: {answer}.", answer=found.shown(walk.answers[which]))
        prompt = Prompt(found.question.text, Ways(CHANGE), after=(former,))
        wanted = await part.ask("keep", prompt, once=True, back=False, echo=False)
        return Again((which, "recap") if wanted == "change" else ("recap",))

    # -- sending -------------------------------------------------------------------------------------------

    async def _send(self, talk: Talk, walk: _Walk) -> Ending:
        phase = talk.phase
        try:
            await talk.do("response", contributions.put, self._response(talk, walk))
        except Closed:
            talk.say(_("Your answers could not be sent."), *closed(talk.scene, phase))
            return None
        except AlreadySent:
            talk.say(_("Your answers were sent before. To change them, write “correct”."), *called(talk))
            return None
        if talk.scene.aloud:
            talk.say(_("The answer counts. Please thank them."))
            return None
        await offer_result(talk, _("It is sent. Thank you."), _until(talk))
        return None

    def _response(self, talk: Talk, walk: _Walk) -> NewContribution:
        """The response as it is kept: the answers by question."""
        return talk.contribution(
            NewContribution,
            "response",
            fields=walk.answers,
            parts=self.settings.parts(walk.answers, talk.person.area, talk.person.groups),
            single=not self.repeatable,
        )

    # -- results -------------------------------------------------------------------------------------------

    async def results(self, connection: AsyncConnection, phase: PhaseRef, where: Filter) -> Figures:
        return await tallies.results(connection, phase, self.settings, where)

    async def texts(
        self, connection: AsyncConnection, phase: PhaseRef, question_id: str, where: Filter, page: Page
    ) -> tuple[int, list[OpenText]]:
        return await open_texts(connection, phase, tallies.RESPONSE, question_id, where, page)

    def table(self, connection: AsyncConnection, phase: PhaseRef, language: str) -> AsyncIterator[Sequence[Cell]]:
        return tables.table(connection, phase, self.settings, language)


def _sections(settings: questionnaire.Questionnaire) -> list[list[Section]]:
    """The sections before each question, and those after the last one."""
    before: list[list[Section]] = [[]]
    for step in settings.steps:
        if isinstance(step, Section):
            before[-1].append(step)
        else:
            before.append([])
    return before


def _until(talk: Talk) -> Said:
    """How an answer can be changed, and until when."""
    moment = closing(talk)
    if moment is None:
        return _("To change an answer, write “correct”.")
    return _("To change an answer until {moment}, write “correct”.", moment=moment)


def _met(question: Question, answers: Mapping[str, Any]) -> bool:
    return question.id in answers or any(key.startswith(f"{question.id}.") for key in answers)


def gathered(question: Question, answers: Mapping[str, Any]) -> Json:
    """A question's answer from what a journal holds, where a question of several prompts has several keys."""
    if question.id in answers:
        return answers[question.id]
    below = {key.partition(".")[2]: value for key, value in answers.items() if key.startswith(f"{question.id}.")}
    if question.rows():
        return {row: value for row, value in below.items() if value is not None} or None
    taken = [one for value in below.values() for one in (value if isinstance(value, list) else [value])]
    return [one for one in taken if one is not None and one != DONE.id] or None
