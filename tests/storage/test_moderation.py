"""The queue of what residents wrote, and what is done about it, on both databases."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from storage import consultations, contributions, moderation, similar
from storage.contributions import NewContribution
from storage.database import Database
from storage.models import Contribution, Report
from storage.moderation import (
    HIDDEN,
    REASONS,
    REPORTED,
    TO_READ,
    VISIBLE,
    Figure,
    Hiding,
    Moved,
    NotThere,
    Queue,
    Showing,
)
from storage.similar import Asked
from storage.types import new_id
from tests.storage.written import NOW, Written, a_phase, written
from tests.tables import make_tables


@pytest.fixture
async def town(database_url: str) -> AsyncIterator[Written]:
    async with written(database_url) as found:
        yield found


async def ids(town: Written, state: str, queue: Queue | None = None, offset: int = 0, limit: int = 20) -> list[int]:
    found = await moderation.listed(town.connection, queue or town.queue, state, offset, limit)
    return [item.id for item in found]


async def near(town: Written, text: str) -> list[int]:
    [found] = await similar.similar(town.connection, [Asked(town.space_id, town.phase_id, text, "fr")])
    return [one["id"] for one in found]


async def test_each_list_holds_what_it_says_and_is_counted_by_the_database(town: Written) -> None:
    waits, seen = await town.write("Un banc", "waiting"), await town.write("Un arbre")
    gone, bad = await town.write("Une insulte", "hidden"), await town.write("Du bruit")
    await town.write(None)
    await town.write("Repris", "withdrawn")
    await town.report(bad)
    assert await moderation.count(town.connection, town.queue) == {TO_READ: 1, VISIBLE: 2, HIDDEN: 1, REPORTED: 1}
    assert await ids(town, TO_READ) == [waits]
    assert await ids(town, VISIBLE) == [bad, seen]
    assert await ids(town, HIDDEN) == [gone]
    assert await ids(town, REPORTED) == [bad]
    assert (await moderation.reports(town.connection, town.space_id, [bad])) == {bad: ["Insultant"]}


async def test_where_texts_are_read_afterwards_they_are_to_read_until_somebody_did(town: Written) -> None:
    await town.moderate("after")
    first = await town.write("Un banc")
    assert await ids(town, TO_READ) == [first] == await ids(town, VISIBLE)
    await moderation.show(town.connection, [Showing(town.space_id, first, NOW)])
    assert await ids(town, TO_READ) == []


async def test_filters_go_by_consultation_phase_kind_and_words_without_accents(town: Written) -> None:
    bike = await town.write("Des arceaux à VÉLOS près de la halle")
    await town.write("Un banc", kind="argument")
    space = town.space_id
    assert await ids(town, VISIBLE, Queue(space, search="velo halle")) == [bike]
    assert await ids(town, VISIBLE, Queue(space, search="100 %")) == []
    assert await ids(town, VISIBLE, Queue(space, kind="idea")) == [bike]
    assert await ids(town, VISIBLE, Queue(space, phase_id=town.phase_id + 1)) == []
    assert len(await ids(town, VISIBLE, Queue(space, [town.consultation_id]))) == 2
    assert await ids(town, VISIBLE, Queue(space, [])) == []


async def test_pages_hold_each_text_once(town: Written) -> None:
    made = [await town.write(f"Idée {number}", "waiting") for number in range(7)]
    pages = [await ids(town, TO_READ, offset=offset, limit=3) for offset in (0, 3, 6)]
    assert [id_ for page in pages for id_ in page] == made


async def test_what_becomes_visible_is_found_and_what_is_hidden_is_found_no_more(town: Written) -> None:
    bench = await town.write("Des bancs devant la pharmacie", "waiting")
    assert await near(town, "un banc à la pharmacie") == []
    [shown] = await moderation.show(town.connection, [Showing(town.space_id, bench, NOW, "fr")])
    assert isinstance(shown, Moved)
    assert await near(town, "un banc à la pharmacie") == [bench]
    await moderation.hide(town.connection, [Hiding(town.space_id, bench, "person", NOW)])
    assert await near(town, "un banc à la pharmacie") == []


async def test_hiding_keeps_the_reason_settles_reports_and_happens_once(town: Written) -> None:
    bad = await town.write("Une insulte")
    await town.report(bad)
    [first] = await moderation.hide(town.connection, [Hiding(town.space_id, bad, "hurtful", NOW)])
    [second] = await moderation.hide(town.connection, [Hiding(town.space_id, bad, "advert", NOW)])
    assert isinstance(first, Moved)
    assert isinstance(second, NotThere)
    [item] = await moderation.find(town.connection, town.queue, [bad])
    assert (item.state, item.reason, item.reports) == ("hidden", "hurtful", 0)
    settled = await town.connection.execute(select(Report.settled_at))
    assert settled.scalar_one() == NOW


async def test_a_reason_that_is_not_on_the_list_hides_nothing(town: Written) -> None:
    bad = await town.write("Une insulte")
    with pytest.raises(ValueError, match="no reason"):
        await moderation.hide(town.connection, [Hiding(town.space_id, bad, "because", NOW)])
    state = await town.connection.execute(select(Contribution.state).where(Contribution.id == bad))
    assert state.scalar_one() == "sent"


async def test_a_text_that_was_hidden_and_is_corrected_waits_to_be_read_again(town: Written) -> None:
    author, talk = await town.person(), new_id()
    bad = await town.write("Une insulte", participant_id=author, conversation_id=talk)
    await moderation.hide(town.connection, [Hiding(town.space_id, bad, "hurtful", NOW)])
    consultation = await consultations.find(town.connection, town.space_id, town.consultation_id)
    assert consultation is not None
    await consultations.open_now(town.connection, consultation, NOW)
    corrected = NewContribution(
        town.space_id, town.phase_id, author, talk, "idea", "idea", {}, (), "web", None, NOW, text="Un banc"
    )
    assert await contributions.put(town.connection, [corrected]) == [bad]
    [item] = await moderation.listed(town.connection, town.queue, TO_READ, 0, 9)
    assert (item.id, item.text, item.state, item.read_at) == (bad, "Un banc", "waiting", None)


async def test_another_space_s_texts_are_not_there(town: Written) -> None:
    mine = await town.write("Un banc", "waiting")
    [result] = await moderation.show(town.connection, [Showing(town.space_id + 1, mine, NOW)])
    assert isinstance(result, NotThere)
    assert await moderation.find(town.connection, Queue(town.space_id + 1), [mine]) == []


async def test_the_figure_says_how_many_were_hidden_and_when_texts_were_read(town: Written) -> None:
    await town.moderate("before")
    texts = [await town.write("Un banc", "waiting") for _ in range(4)]
    await moderation.show(town.connection, [Showing(town.space_id, texts[0], NOW)])
    await moderation.hide(town.connection, [Hiding(town.space_id, texts[1], "person", NOW)])
    assert await moderation.figure(town.connection, town.queue) == Figure(4, 1, 2, 0)
    await town.moderate("after")
    found = await moderation.figure(town.connection, town.queue)
    assert (found, found.share) == (Figure(4, 1, 0, 2), 0.25)
    assert (await moderation.figure(town.connection, Queue(1))).share == 0


async def test_of_two_moderators_who_hide_a_text_at_once_one_tells_its_author(database_url: str) -> None:
    database = Database(database_url)
    async with database.write() as connection:
        await make_tables(connection)
    async with database.write() as connection:
        town = await a_phase(connection)
        bad = await town.write("Une insulte")

    async def hide() -> object:
        async with database.write() as connection:
            [result] = await moderation.hide(connection, [Hiding(town.space_id, bad, "hurtful", NOW)])
            return result

    results = await asyncio.gather(*(hide() for _ in range(8)))
    await database.close()
    assert sum(isinstance(result, Moved) for result in results) == 1


MOVES = st.lists(
    st.tuples(st.integers(0, 3), st.sampled_from(["show", "hide", "report", "settle"]), st.sampled_from(REASONS)),
    max_size=12,
)


def test_whatever_moderators_do_the_lists_are_those_of_a_plain_model(database_url: str) -> None:
    async def prepare() -> None:
        async with written(database_url):
            pass

    @settings(max_examples=25)
    @given(st.lists(st.sampled_from(["sent", "waiting"]), min_size=4, max_size=4), MOVES)
    def example(states: list[str], moves: list[tuple[int, str, str]]) -> None:
        asyncio.run(compare(states, moves))

    async def compare(states: list[str], moves: list[tuple[int, str, str]]) -> None:
        database = Database(database_url)
        async with database.write() as connection:
            await follow(await a_phase(connection, f"town-{new_id()}"), states, moves)
        await database.close()

    asyncio.run(prepare())
    example()


async def follow(town: Written, states: list[str], moves: list[tuple[int, str, str]]) -> None:
    """Make these moves, and the same in a plain model."""
    made = [await town.write(f"Texte {number}", state) for number, state in enumerate(states)]
    model, reports = dict(zip(made, states, strict=True)), dict.fromkeys(made, 0)
    for number, verb, reason in moves:
        id_ = made[number]
        if verb == "report":
            await town.report(id_)
            reports[id_] += 1
            continue
        if verb == "settle":
            assert await moderation.settle(town.connection, [(town.space_id, id_)], NOW) == [reports[id_]]
        elif verb == "show":
            await moderation.show(town.connection, [Showing(town.space_id, id_, NOW)])
            model[id_] = "sent"
        else:
            [result] = await moderation.hide(town.connection, [Hiding(town.space_id, id_, reason, NOW)])
            assert isinstance(result, NotThere) == (model[id_] == "hidden")
            if model[id_] == "hidden":
                continue
            model[id_] = "hidden"
        reports[id_] = 0
    assert await moderation.count(town.connection, Queue(town.space_id, search="texte")) == {
        TO_READ: list(model.values()).count("waiting"),
        VISIBLE: list(model.values()).count("sent"),
        HIDDEN: list(model.values()).count("hidden"),
        REPORTED: sum(model[id_] == "sent" and reports[id_] > 0 for id_ in made),
    }
