"""Texts are found by their words, whoever wrote or changed them, on both databases."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import datetime

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from storage import consultations, contributions, erasure, moderation, texts, typing_in
from storage import written as own
from storage.contributions import NewContribution
from storage.database import Database
from storage.models import Contribution
from storage.moderation import HIDDEN, TO_READ, VISIBLE, Hiding, Moved, Queue, Showing
from storage.scope import Scope
from storage.types import new_id
from storage.typing_in import TypedIn
from storage.words import fold
from storage.written import Change, Own
from tests.storage.written import NOW, Written, a_phase, written

VISIBLE_TO_ALL = "sent"
PIECES = ("Vélos", "velo", "À", "l’École", "CŒUR", "coeur", "100 %", "100%", "a_b", "ab", "ÎLE", "(île)", "…", "Straße")


def test_what_is_compared_has_no_accents_capitals_or_ligatures() -> None:
    assert fold("Le CŒUR d’une Île, « Straße » !") == "le coeur d'une ile, « strasse"
    assert fold("Curriculum vitæ") == "curriculum vitae"


async def test_pages_go_on_where_the_one_before_ended_the_newest_first(database_url: str) -> None:
    async with written(database_url) as town:
        for number in range(5):
            await town.write(f"Un Banc, numéro {number}")
        await town.write("Un banc caché", "hidden")
        await town.write("Un banc, dit-on", kind="argument")

        async def page(offset: int) -> tuple[int, list[str]]:
            count, found = await texts.found(town.connection, ideas_of(town), None, "BANC numero", offset, 2)
            return count, [one.text[-1] for one in found]

        assert [await page(offset) for offset in (0, 2, 4, 6)] == [
            (5, ["4", "3"]),
            (5, ["2", "1"]),
            (5, ["0"]),
            (5, []),
        ]


def ideas_of(town: Written) -> Scope:
    return Scope(town.space_id, town.phase_id, kind="idea")


# -- against a plain model -----------------------------------------------------------------------------------------


@dataclass
class Idea:
    id: int
    author: int | None
    talk: int
    text: str | None
    state: str


@dataclass
class Model:
    """The ideas of a phase in which everybody sees a text at once, and what is done to them."""

    town: Written
    ideas: list[Idea] = field(default_factory=list)

    async def do(self, verb: str, number: int, text: str) -> None:
        if verb in ("write", "type in"):
            await (self.write(text) if verb == "write" else self.type_in(text))
        elif self.ideas:
            idea = self.ideas[number % len(self.ideas)]
            await {
                "send again": self.send_again,
                "correct": self.correct,
                "withdraw": self.withdraw,
                "hide": self.hide,
                "show": self.show,
                "erase": self.erase,
            }[verb](idea, text)

    async def write(self, text: str) -> None:
        author, talk = await self.town.person(), new_id()
        [made] = await contributions.put(self.town.connection, [self.given(author, talk, text)])
        assert isinstance(made, int)
        self.ideas.append(Idea(made, author, talk, text, VISIBLE_TO_ALL))

    def given(self, author: int, talk: int, text: str) -> NewContribution:
        where = (self.town.space_id, self.town.phase_id)
        return NewContribution(*where, author, talk, "idea", "idea", {}, (), "web", None, NOW, text=text)

    async def type_in(self, text: str) -> None:
        typed = TypedIn(self.town.space_id, self.town.phase_id, "idea", text, None, None, 1, "paper", None, NOW)
        [made] = await typing_in.put(self.town.connection, [typed])
        self.ideas.append(Idea(made, None, 0, text, VISIBLE_TO_ALL))

    async def send_again(self, idea: Idea, text: str) -> None:
        if idea.author is not None:
            given = self.given(idea.author, idea.talk, text)
            assert await contributions.put(self.town.connection, [given]) == [idea.id]
            idea.text, idea.state = text, "waiting" if idea.state == "hidden" else VISIBLE_TO_ALL

    async def correct(self, idea: Idea, text: str) -> None:
        if await own.change(self.town.connection, [Change(*self.of(idea), what="text", new=text)]) == [True]:
            idea.text, idea.state = text, "waiting" if idea.state == "hidden" else idea.state

    async def withdraw(self, idea: Idea, _text: str) -> None:
        if await own.withdraw(self.town.connection, [Own(*self.of(idea))]) == [True]:
            idea.state = "withdrawn"

    def of(self, idea: Idea) -> tuple[int, int, int, int, datetime]:
        return self.town.space_id, self.town.phase_id, idea.id, idea.author or 0, NOW

    async def hide(self, idea: Idea, _text: str) -> None:
        [moved] = await moderation.hide(self.town.connection, [Hiding(self.town.space_id, idea.id, "twice", NOW)])
        if isinstance(moved, Moved):
            idea.state = "hidden"

    async def show(self, idea: Idea, _text: str) -> None:
        [moved] = await moderation.show(self.town.connection, [Showing(self.town.space_id, idea.id, NOW)])
        if isinstance(moved, Moved):
            idea.state = VISIBLE_TO_ALL

    async def erase(self, idea: Idea, _text: str) -> None:
        if idea.author is not None:
            await erasure.erase(self.town.connection, [(self.town.space_id, idea.author, NOW.isoformat())])
            idea.author, idea.text, idea.state = None, None, "withdrawn"

    def holding(self, search: str, state: str) -> list[int]:
        """The ideas in this state that hold all words, the oldest first."""
        sought = [fold(word) for word in search.split()]
        there = [one for one in self.ideas if one.state == state and one.text is not None]
        return sorted(one.id for one in there if all(word in fold(one.text or "") for word in sought))


TEXTS = st.lists(st.sampled_from(PIECES), min_size=1, max_size=4).map(" ".join)
SEARCHES = st.lists(st.sampled_from((*PIECES, "Ve", "%", "_", "/", "\\", "é", "st")), max_size=2).map(" ".join)
VERBS = ("write", "type in", "send again", "correct", "withdraw", "hide", "show", "erase")
DONE = st.lists(st.tuples(st.sampled_from(VERBS), st.integers(0, 5), TEXTS), max_size=12)


def test_whoever_changes_a_text_it_is_found_by_its_words_as_in_a_plain_model(database_url: str) -> None:
    async def prepare() -> None:
        async with written(database_url):
            pass

    @settings(max_examples=30)
    @given(TEXTS, DONE, st.lists(SEARCHES, min_size=1, max_size=4))
    def example(first: str, done: list[tuple[str, int, str]], searches: list[str]) -> None:
        asyncio.run(follow([("write", 0, first), *done], searches))

    async def follow(done: list[tuple[str, int, str]], searches: list[str]) -> None:
        database = Database(database_url)
        async with database.write() as connection:
            town = await a_phase(connection, f"town-{new_id()}")
            consultation = await consultations.find(connection, town.space_id, town.consultation_id)
            assert consultation is not None
            await consultations.open_now(connection, consultation, NOW)
            model = Model(town)
            for verb, number, text in done:
                await model.do(verb, number, text)
            for search in searches:
                await compare(model, search)
            kept = await connection.execute(
                select(Contribution.text, Contribution.folded).where(Contribution.space_id == town.space_id)
            )
            assert all(folded == (None if text is None else fold(text)) for text, folded in kept)
        await database.close()

    asyncio.run(prepare())
    example()


async def compare(model: Model, search: str) -> None:
    town = model.town
    sought = Queue(town.space_id, search=search)
    for state, named in ((VISIBLE_TO_ALL, VISIBLE), ("hidden", HIDDEN), ("waiting", TO_READ)):
        found = await moderation.listed(town.connection, sought, named, 0, 50)
        assert sorted(one.id for one in found) == model.holding(search, state)
    assert (await moderation.count(town.connection, sought))[VISIBLE] == len(model.holding(search, VISIBLE_TO_ALL))
    count, page = await texts.found(town.connection, ideas_of(town), None, search, 0, 50)
    by_id = {one.id: one.text for one in model.ideas}
    wanted = [by_id[id_] for id_ in reversed(model.holding(search, VISIBLE_TO_ALL))]
    assert (count, [one.text for one in page]) == (len(wanted), wanted)
