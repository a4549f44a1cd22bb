"""The real input: the Grand Débat's questionnaires, answered in chat by people who hesitate, counted as they said."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from flows.figures import Filter, Page
from flows.messages import Message
from flows.open_texts import open_texts
from flows.questionnaires import tables, tallies
from flows.questionnaires.file import Draft, read_file
from flows.questionnaires.questionnaire import Questionnaire
from flows.questionnaires.questions import Question, SeveralOf
from flows.texts import translate
from tests import grand_debat
from tests.acceptance.town import Town, opened
from tests.flows.test_tallies import Reply, check_figures, check_table, check_texts

Json = Any

TEXTS = (
    "Moins de camions et plus de trains",
    "L'eau de la rivière",
    "Isoler les maisons",
    "Je ne sais pas trop",
    "Des pistes cyclables, de l'ombre ; et du temps",
)
OWN = ("Le bruit", "Le prix de l'énergie", "Une charrette à cheval")


@pytest.fixture(params=sorted(grand_debat.TOPICS))
def draft(request: pytest.FixtureRequest, shared: Path) -> Draft:
    return read_file(grand_debat.read(shared / "data" / "grand-debat", request.param)).draft


@pytest.fixture
def ecology(shared: Path) -> Draft:
    return read_file(grand_debat.read(shared / "data" / "grand-debat", "transition-ecologique")).draft


def test_they_are_imported_whole(shared: Path) -> None:
    counts = {}
    for name in grand_debat.TOPICS:
        questions = read_file(grand_debat.read(shared / "data" / "grand-debat", name)).draft.questionnaire.questions
        conditional = [question for question in questions if question.when is not None]
        several = [question for question in questions if isinstance(question, SeveralOf)]
        counts[name] = (len(questions), len(conditional), len(several))
    assert counts == {"transition-ecologique": (16, 6, 1), "fiscalite": (8, 1, 1)}


# -- people who answer -----------------------------------------------------------------------------------------


@dataclass
class Walker:
    """Somebody who answers by chance, changes their mind, and remembers what they said under each key."""

    town: Town
    questionnaire: Questionnaire
    name: str
    door: str
    chance: random.Random
    given: dict[str, Json] = field(default_factory=dict)
    shown: list[Message] = field(default_factory=list)
    sent: Mapping[str, Json] | None = None

    async def says(self, text: str) -> None:
        """By a tap where this door has buttons and one reads so, otherwise typed; a typed command has its slash,
        because a bare word is doubted where it could be an answer."""
        buttons = self.shown[-1].buttons if self.shown and self.door == "web" else ()
        tap = next((button.data for button in buttons if button.label == text), None)
        typed = f"/{text}" if text in ("Passer", "Retour") else text
        said = {"tap": tap} if tap is not None else {"text": typed}
        self.shown = await self.town.hear(self.name, self.door, **said) or self.shown

    async def walk(self) -> None:
        """From the poster to having sent, and sometimes on to a correction that is sent or not."""
        self.shown = await self.town.hear(self.name, self.door, code="affiche")
        for _ in range(400):
            key = await self.town.waits_at(self.name)
            if key is None and (self.sent is None or self.maybe(0.6)):
                return
            if key is None:
                await self.says("corriger")
            elif key.split(".")[0] in {question.id for question in self.questionnaire.questions}:
                if self.sent is not None and self.maybe(0.1):
                    return
                await self.answers(key)
            else:
                await self.decides(key)
        raise AssertionError(f"{self.name} is still at {key}")

    def maybe(self, probability: float) -> bool:
        return self.chance.random() < probability

    async def decides(self, key: str) -> None:
        """What is asked around the questions."""
        if key == "recap":
            fixes = self.maybe(0.3)
            await self.says("Corriger une réponse" if fixes else "Envoyer")
            self.sent = self.sent if fixes else self.answers_now()
        elif key == "recap.which":
            numbers = [button.label for button in self.shown[-1].buttons if button.label.isdigit()]
            await self.says(self.chance.choice(numbers))
        else:
            await self.says({"consent": "Oui, commencer", "wish": "Non", "recap.keep": "Changer"}[key])

    async def answers(self, key: str) -> None:
        question = next(one for one in self.questionnaire.questions if one.id == key.split(".")[0])
        labels = {translate(option.label, "fr"): option.id for option in question.options() if option.id != "other"}
        first = key in (question.id, f"{question.id}.1")
        if self.maybe(0.1) and any(button.label == "Retour" for button in self.shown[-1].buttons):
            await self.says("Retour")
        elif first and self.maybe(0.15):
            await self.says("Passer")
            self.remember(key, None)
        elif labels and self.maybe(0.1) and not getattr(question, "other", False):
            await self.says("n'importe quoi")
        elif not labels:
            text = self.chance.choice(TEXTS)
            await self.says(text)
            self.remember(key, text)
        else:
            await self.chooses(key, question, labels)

    async def chooses(self, key: str, question: Question, labels: Mapping[str, str]) -> None:
        """A choice by its label or its number, an answer of one's own, or that this is all."""
        before = self.chosen(question.id, below=key)
        left = [label for label, id in labels.items() if id not in before]
        own = getattr(question, "other", False) and not any(isinstance(one, dict) for one in before)
        if before and (not left or self.maybe(0.4)):
            await self.says("C'est tout")
            taken: list[Json] = []
        elif own and self.maybe(0.3):
            text = self.chance.choice(OWN)
            await self.says(text)
            taken = [{"other": text}]
        else:
            label = self.chance.choice(left)
            await self.says(str(left.index(label) + 1) if self.door == "terminal" else label)
            taken = [labels[label]]
        self.remember(key, taken if isinstance(question, SeveralOf) else taken[0])

    def remember(self, key: str, answer: Json) -> None:
        """What was said after it to the same question is said anew."""
        question, _, number = key.partition(".")
        if number:
            later = [other for other in self.given if other.startswith(f"{question}.")]
            for other in later:
                if int(other.partition(".")[2]) >= int(number):
                    del self.given[other]
        self.given[key] = answer

    def chosen(self, question: str, below: str) -> list[Json]:
        parts = [self.given[f"{question}.{number}"] for number in range(1, int(below.partition(".")[2] or 1))]
        return [one for part in parts for one in part or ()]

    def answers_now(self) -> dict[str, Json]:
        found: dict[str, Json] = {}
        for question in self.questionnaire.questions:
            if isinstance(question, SeveralOf):
                keys = [key for key in self.given if key.startswith(f"{question.id}.")]
                found[question.id] = [one for key in keys for one in self.given[key] or ()] or None
            else:
                found[question.id] = self.given.get(question.id)
        return found


async def send_people(town: Town, questionnaire: Questionnaire, count: int, seed: int) -> list[Reply]:
    replies = []
    for number in range(count):
        door = "terminal" if number % 2 else "web"
        walker = Walker(town, questionnaire, f"p{number}", door, random.Random(f"{seed}.{number}"))
        await walker.walk()
        assert walker.sent is not None
        replies.append(Reply(walker.sent, None, door, "Boulangerie"))
    return replies


async def check_everything(town: Town, questionnaire: Questionnaire, replies: Sequence[Reply]) -> None:
    """Figures, open answers and table are what these people said."""
    async with town.database.read() as connection:
        figures = await tallies.results(connection, town.where, questionnaire, Filter())
        header, *rows = [row async for row in tables.table(connection, town.where, questionnaire, "en")]
        check_figures(questionnaire, replies, figures)
        check_table(questionnaire, figures, header, rows)
        for question in questionnaire.questions:
            found = await open_texts(connection, town.where, tallies.RESPONSE, question.id, Filter(), Page("", 0, 1000))
            check_texts(questionnaire, question, replies, *found)
    assert figures.started == len(replies)


# -- the tests -------------------------------------------------------------------------------------------------


async def test_results_are_what_people_said_who_hesitated(database_url: str, draft: Draft) -> None:
    async with opened(database_url, draft) as town:
        replies = await send_people(town, draft.questionnaire, 8, seed=1)
        await check_everything(town, draft.questionnaire, replies)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(4))
async def test_so_they_are_for_many_more(database_url: str, draft: Draft, seed: int) -> None:
    async with opened(database_url, draft) as town:
        replies = await send_people(town, draft.questionnaire, 20, 100 + seed)
        await check_everything(town, draft.questionnaire, replies)


async def test_only_what_is_asked_is_asked_and_a_correction_changes_it(database_url: str, ecology: Draft) -> None:
    """Somebody without a car who changes their mind: the question for drivers' alternatives goes, two others come."""
    async with opened(database_url, ecology) as town:
        walker = Walker(town, ecology.questionnaire, "Monique", "terminal", random.Random(1))
        walker.shown = await town.hear("Monique", "terminal", code="affiche")
        await walker.says("oui")
        said = {"q160": "Le bruit", "q146": "1", "q148": "non", "q152": "NON", "q154": "oui"}
        asked = await through(walker, said)
        assert asked == [f"q{n}" for n in (160, 161, 146, 147, 148, 150, 151, 152, 154, 155, 158, 159)]
        await walker.says("Corriger une réponse")
        await walker.says("9")
        assert await through(walker, {"q154": "2", "q207.1": "le vélo, le covoiturage"}) == ["q154", "q207.1", "q157"]
        await walker.says("Envoyer")
        async with town.database.read() as connection:
            figures = await tallies.results(connection, town.where, ecology.questionnaire, Filter())
            header, row = [row async for row in tables.table(connection, town.where, ecology.questionnaire, "fr")]
    people = {figure.id: figure.people for figure in figures.figures}
    assert [id for id, count in people.items() if count] == [
        f"q{n}" for n in (160, 161, 146, 147, 148, 150, 151, 152, 154, 207, 157, 158, 159)
    ]
    cells = dict(zip(header, row, strict=True))
    several = next(question for question in ecology.questionnaire.questions if question.id == "q207")
    assert cells[several.name["fr"]] == "Le vélo ; Le covoiturage"
    assert "Le bruit" in row
    assert row[:5] == [1, "2027-03-06", row[2], "terminal", "Boulangerie"]


async def through(walker: Walker, said: Mapping[str, str]) -> list[str]:
    """Answer until the recap, open questions with any text; the keys that were asked."""
    asked: list[str] = []
    while (key := await walker.town.waits_at(walker.name)) != "recap":
        assert key is not None
        assert key not in asked, f"{key} is asked again"
        asked.append(key)
        await walker.says(said.get(key, "Je réfléchis"))
    return asked


async def test_before_it_is_sent_again_the_old_answer_counts(database_url: str, ecology: Draft) -> None:
    async with opened(database_url, ecology) as town:
        walker = Walker(town, ecology.questionnaire, "Karim", "web", random.Random(1))
        walker.shown = await town.hear("Karim", "web", code="affiche")
        await walker.says("Oui, commencer")
        no = dict.fromkeys(("q146", "q148", "q152"), "Non")
        without_car = "Je n'utilise pas la voiture pour des déplacements quotidiens"
        await through(walker, {**no, "q160": "L'érosion du littoral", "q154": without_car})
        await walker.says("Envoyer")
        await walker.says("Non")
        await walker.says("corriger")
        assert await first_answer(town, ecology.questionnaire) == {"l_erosion_du_lit": 1}
        await walker.says("Corriger une réponse")
        await walker.says("1")
        await walker.says("La pollution de l'air")
        assert await first_answer(town, ecology.questionnaire) == {"l_erosion_du_lit": 1}
        await walker.says("Envoyer")
        assert await first_answer(town, ecology.questionnaire) == {"la_pollution_de": 1}


async def first_answer(town: Town, questionnaire: Questionnaire) -> dict[str, int]:
    async with town.database.read() as connection:
        figures = await tallies.results(connection, town.where, questionnaire, Filter())
    assert figures.people == 1
    return {row.id: row.people for row in figures.figures[0].rows if row.people}
