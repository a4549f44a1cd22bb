"""Similar texts are found as a plain model finds them, on both databases, and nothing that is not to be seen."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from math import log, sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import similar
from storage.database import Database
from storage.models import Contribution, Term
from storage.similar import Asked, Near, Text
from storage.words import stems
from tests.crowd import MORNING, Crowd, opened


@dataclass
class Shelf:
    """A phase whose contributions are the texts a test puts there; each has the number it was put with as its id."""

    connection: AsyncConnection
    space_id: int
    phase_id: int
    texts: dict[int, str] = field(default_factory=dict)
    hidden: set[int] = field(default_factory=set)

    async def put(self, *texts: str, state: str = "sent") -> list[int]:
        """Contributions with these texts; answers their ids, from 1 on."""
        new = {len(self.texts) + number: text for number, text in enumerate(texts, start=1)}
        self.texts |= new
        if state != "sent":
            self.hidden |= set(new)
        if new:
            await self.connection.execute(insert(Contribution), [self._row(id_, state) for id_ in new])
            await similar.index(self.connection, [self.text(*item) for item in new.items()])
        return list(new)

    def text(self, id_: int, text: str) -> Text:
        return Text(self.space_id, self.phase_id, id_, text, "fr")

    def asked(self, text: str, *, limit: int = 3, bar: float = 0.0, but: int | None = None) -> Asked:
        return Asked(self.space_id, self.phase_id, text, "fr", limit, bar, but)

    async def near(self, text: str, *, limit: int = 3, bar: float = 0.0, but: int | None = None) -> list[int]:
        """The ids of the texts that are similar, the best first."""
        [found] = await similar.similar(self.connection, [self.asked(text, limit=limit, bar=bar, but=but)])
        return [near["id"] for near in found]

    async def holding(self, text: str, *, limit: int = 3, but: int | None = None) -> list[int]:
        """The ids of the texts that a search finds."""
        [found] = await similar.search(self.connection, [self.asked(text, limit=limit, but=but)])
        return [near["id"] for near in found]

    def _row(self, id_: int, state: str) -> dict[str, object]:
        return {
            "space_id": self.space_id,
            "id": id_,
            "phase_id": self.phase_id,
            "participant_id": None,
            "conversation_id": None,
            "parent_id": None,
            "key": "idea",
            "kind": "idea",
            "state": state,
            "fields": {},
            "origin": "web",
            "place": None,
            "created_at": MORNING,
            "updated_at": MORNING,
        }


@pytest.fixture
async def shelf(database_url: str) -> AsyncIterator[Shelf]:
    async with opened(database_url) as connection:
        crowd = await Crowd.gather(connection)
        yield Shelf(connection, crowd.space_id, crowd.phase_id)


async def test_plurals_and_accents_do_not_matter(shelf: Shelf) -> None:
    banc, velo = await shelf.put("Des bancs à l'ombre", "Garer les VÉLOS près de l’école")
    assert await shelf.near("un banc") == [banc]
    assert await shelf.near("velo") == [velo]
    assert await shelf.near("ecoles") == [velo]


async def test_a_text_of_stop_words_finds_nothing_and_is_found_by_nothing(shelf: Shelf) -> None:
    await shelf.put("Et pour les autres, c'est quoi ?", "!!! 🌳", "Un banc pour les autres")
    assert await shelf.near("Pour les autres") == await shelf.near("") == []
    assert await shelf.holding("pour les") == await shelf.holding("🌳 !") == []
    assert await similar.similar(shelf.connection, []) == []


async def test_the_rare_word_counts_more_than_the_common_one(shelf: Shelf) -> None:
    ids = await shelf.put("Un parc", "Le parc propre", "Le parc ouvert", "Une fontaine ancienne", "Le parc ancien")
    assert (await shelf.near("la fontaine du parc"))[0] == ids[3]


async def test_the_same_text_scores_one_and_of_equal_ones_the_newest_comes_first(shelf: Shelf) -> None:
    first, second = await shelf.put("Plus de bancs", "Des bancs !")
    found = await similar.similar(shelf.connection, [shelf.asked("bancs")])
    assert found == [[Near(id=second, score=1.0), Near(id=first, score=1.0)]]


async def test_what_is_below_the_bar_is_not_shown(shelf: Shelf) -> None:
    far, near = await shelf.put("Un banc, une fontaine, un arbre, une école et un marché couvert", "Un banc")
    assert await shelf.near("un banc") == [near, far]
    assert await shelf.near("un banc", bar=0.9) == [near]


async def test_only_what_is_sent_is_shown_though_much_that_is_not_is_nearer(shelf: Shelf) -> None:
    await shelf.put(*["Un banc"] * (similar.CANDIDATES * 9), state="withdrawn")
    [sent] = await shelf.put("Un banc à la gare")
    assert await shelf.near("un banc") == [sent]
    assert await shelf.holding("banc") == [sent]


async def test_the_one_that_is_being_written_is_not_found(shelf: Shelf) -> None:
    mine, other = await shelf.put("Un banc", "Un banc")
    assert await shelf.near("un banc", but=mine) == await shelf.holding("banc", but=mine) == [other]


async def test_another_phase_has_its_own_texts(shelf: Shelf) -> None:
    await shelf.put("Un banc")
    elsewhere = [Asked(shelf.space_id, shelf.phase_id + 1, "banc", "fr"), Asked(9, shelf.phase_id, "banc", "fr")]
    assert await similar.similar(shelf.connection, elsewhere) == [[], []]
    assert await similar.search(shelf.connection, elsewhere) == [[], []]


async def test_a_corrected_text_is_found_by_its_new_words_alone(shelf: Shelf) -> None:
    [one] = await shelf.put("Un banc")
    await similar.index(shelf.connection, [shelf.text(one, "Un arbre"), shelf.text(one, "Une fontaine")])
    assert [await shelf.near(word) for word in ("banc", "arbre", "fontaine")] == [[], [], [one]]


async def test_what_is_forgotten_or_whose_contribution_goes_is_not_kept(shelf: Shelf) -> None:
    first, second = await shelf.put("Un banc", "Un arbre")
    await similar.forget(shelf.connection, [(shelf.space_id, first)])
    await similar.forget(shelf.connection, [])
    assert (await shelf.near("banc"), await shelf.near("arbre")) == ([], [second])
    await shelf.connection.execute(delete(Contribution).where(Contribution.id == second))
    assert (await shelf.connection.execute(select(func.count()).select_from(Term))).scalar_one() == 0


async def test_a_text_hidden_afterwards_is_no_longer_shown(shelf: Shelf) -> None:
    [one] = await shelf.put("Un banc")
    await shelf.connection.execute(update(Contribution).where(Contribution.id == one).values(state="withdrawn"))
    assert await shelf.near("banc") == await shelf.holding("banc") == []


async def test_a_search_finds_beginnings_and_all_its_words(shelf: Shelf) -> None:
    both, school = await shelf.put("Un restaurant scolaire avec des fruits", "La cour de récréation scolaire")
    assert await shelf.holding("sco") == await shelf.holding("scolaires") == [school, both]
    assert await shelf.holding("sco fru") == [both]
    assert await shelf.holding("recre SCO") == [school]
    assert await shelf.holding("sco velo") == []
    assert await shelf.holding("colaire") == []


async def test_each_text_asked_has_its_own_result(shelf: Shelf) -> None:
    banc, arbre = await shelf.put("Un banc", "Un arbre")
    found = await similar.similar(shelf.connection, [shelf.asked(text) for text in ("arbre", "rien", "banc", "arbre")])
    assert [[near["id"] for near in one] for one in found] == [[arbre], [], [banc], [arbre]]


# -- against a model -----------------------------------------------------------------------------------------------

VOCABULARY = ["banc", "bancs", "Vélos", "velo", "école", "arbre", "ombre", "place", "les", "30", "fontaine", "écolier"]
texts = st.lists(st.sampled_from(VOCABULARY), max_size=8).map(" ".join)
several = st.lists(texts, max_size=9)


def test_the_database_finds_what_a_model_finds(database_url: str) -> None:
    async def prepare() -> None:
        async with opened(database_url):
            pass

    async def compare(sent: list[str], hidden: list[str], asked: list[str], limit: int) -> None:
        database = Database(database_url)
        async with database.engine.connect() as connection:  # nothing is committed: the next example begins anew
            crowd = await Crowd.gather(connection)
            await _compare(Shelf(connection, crowd.space_id, crowd.phase_id), sent, hidden, asked, limit)
        await database.close()

    @given(several, several, several, st.integers(1, 4))
    def example(sent: list[str], hidden: list[str], asked: list[str], limit: int) -> None:
        asyncio.run(compare(sent, hidden, asked, limit))

    asyncio.run(prepare())
    example()


async def _compare(shelf: Shelf, sent: list[str], hidden: list[str], asked: list[str], limit: int) -> None:
    await shelf.put(*sent)
    await shelf.put(*hidden, state="withdrawn")
    found = await similar.similar(shelf.connection, [shelf.asked(text, limit=limit) for text in asked])
    assert [_pairs(one) for one in found] == [_pairs(_model(shelf, text, limit)) for text in asked]


def _pairs(found: Sequence[Near]) -> list[tuple[int, float]]:
    return [(near["id"], round(near["score"], 9)) for near in found]


def _model(shelf: Shelf, text: str, limit: int) -> list[Near]:
    """The same by comparing with every text."""
    vectors = {id_: stems(held, "fr") for id_, held in shelf.texts.items()}
    holding = Counter(stem for vector in vectors.values() for stem in vector)
    asked = {
        stem: sqrt(count) * log(1 + max(len(vectors), 1) / max(holding[stem], 1))
        for stem, count in stems(text, "fr").items()
    }
    norm = sqrt(sum(weight**2 for weight in asked.values()))
    scores = {}
    for id_, vector in vectors.items():
        shared = [
            round(similar.WHOLE * asked[stem] / norm) * round(similar.WHOLE * sqrt(count / sum(vector.values())))
            for stem, count in vector.items()
            if stem in asked
        ]
        if shared and id_ not in shelf.hidden:
            scores[id_] = min(1.0, sum(shared) / similar.WHOLE**2)
    best = sorted(scores, key=lambda id_: (scores[id_], id_), reverse=True)[:limit]
    return [Near(id=id_, score=scores[id_]) for id_ in best]
