"""A vote's figures: counted by docs/counting.md, with the rule, from totals alone; and what is shown before closing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import insert, update
from sqlalchemy.ext.asyncio import AsyncConnection

from flows.figures import Figure, Filter, PhaseRef
from flows.texts import Said, translate
from flows.voting import choices, results, settings
from flows.voting.settings import Vote
from storage import ballots, consultations, models, participants, tallying
from storage.ballots import NewBallot
from storage.consultations import Phase
from storage.paper import Number, OnPaper, number, type_in
from storage.participants import AddressKey, Person
from storage.types import new_id
from tests.storage.test_consultations import make, make_space

NOW = datetime(2027, 3, 10, 9, tzinfo=UTC)
OVER = NOW + timedelta(hours=1)
OPTIONS = [{"id": id_, "label": {"en": id_.title()}} for id_ in ("trees", "bench", "fountain", "kiosk")]


def vote(method: str, **more: Any) -> Vote:
    return settings.read({"question": {"en": "Which?"}, "options": OPTIONS, "method": method, **more})


def said(text: Said | None) -> str:
    return translate(text, "en") if text is not None else ""


def figured(of: Vote, cast: list[tuple[int, Any]]) -> Figure:
    """The first figure of these (people, choice)."""
    alike = {choices.packed(of, choice): people for people, choice in cast}
    return results.figured(of, alike, over=True)[0]


def bars(figure: Figure) -> list[tuple[str, int]]:
    return [(said(row.label), row.people) for row in figure.rows]


def outcomes(figure: Figure) -> list[tuple[str, str]]:
    return [(said(row.label), said(row.outcome)) for row in figure.heat]


# -- the worked examples of docs/counting.md ---------------------------------------------------------------


def test_one_of_several_as_on_the_page() -> None:
    figure = figured(vote("one_of"), [(24, "trees"), (18, "bench"), (13, "fountain"), (5, None)])
    assert bars(figure) == [("1. Trees", 24), ("2. Bench", 18), ("3. Fountain", 13), ("4. Kiosk", 0), ("Blank vote", 5)]
    assert figure.people == 60
    assert said(figure.note).startswith("60 people voted. Blank votes: 5.")


def test_approval_as_on_the_page() -> None:
    cast = [(20, ["trees", "bench"]), (14, ["bench", "fountain"]), (12, ["fountain"]), (6, ["trees"]), (3, ["kiosk"]),
            (4, None)]  # fmt: skip
    figure = figured(vote("approval"), cast)
    assert bars(figure) == [("2. Bench", 34), ("1. Trees", 26), ("3. Fountain", 26), ("4. Kiosk", 3), ("Blank vote", 4)]
    assert figure.several


def test_points_as_on_the_page() -> None:
    cast = [(12, {"trees": 6, "bench": 4}), (9, {"bench": 10}), (7, {"trees": 3, "bench": 3, "fountain": 4}), (2, None)]
    figure = figured(vote("points"), cast)
    assert outcomes(figure)[:3] == [("2. Bench", "Place 1: 159 points"), ("1. Trees", "Place 2: 93 points"),
                                    ("3. Fountain", "Place 3: 28 points")]  # fmt: skip
    given = {said(cell.label): cell.people for cell in figure.heat[1].cells}
    assert given == {"10": 0, "6": 12, "4": 0, "3": 7}, "how many gave the trees so many points: 12 x 6 + 7 x 3 = 93"


def test_a_short_ranking_by_borda_as_on_the_page() -> None:
    figure = figured(vote("borda"), [(3, ["trees", "bench", "fountain", "kiosk"]), (2, ["kiosk"])])
    assert [outcome for _name, outcome in outcomes(figure)] == [
        "Place 1: 11 points", "Place 2: 8 points", "Place 3: 6 points", "Place 4: 5 points",
    ]  # fmt: skip


def test_a_ranking_by_duels_shows_duels_and_paths() -> None:
    of = vote("schulze")
    alike = {choices.packed(of, ranked): people for people, ranked in (
        (3, ["trees", "bench", "fountain", "kiosk"]), (2, ["bench", "fountain", "trees", "kiosk"]),
        (2, ["fountain", "trees", "bench", "kiosk"]),
    )}  # fmt: skip
    duels, paths = results.figured(of, alike, over=True)
    by_name = {row.id: {cell.id: cell.people for cell in row.cells} for row in duels.heat}
    assert by_name["trees"] == {"trees": 0, "bench": 5, "fountain": 3, "kiosk": 7}
    assert {cell.id: cell.people for cell in paths.heat[0].cells}["fountain"] == 5, "over the bench"
    assert outcomes(duels)[0] == ("1. Trees", "Place 1: as good as 3 others")


def test_majority_judgment_as_on_the_page() -> None:
    cast = [
        (6, {"trees": "very_good", "bench": "good", "kiosk": "good"}),
        (5, {"trees": "fair", "bench": "good", "kiosk": "very_good", "fountain": "very_good"}),
        (4, {"bench": "fair", "kiosk": "good"}),
        (3, {"trees": "good", "bench": "poor", "fountain": "fair"}),
        (2, None),
    ]
    figure = figured(vote("judgment"), cast)
    assert outcomes(figure) == [
        ("4. Kiosk", "Place 1: Good, plus"), ("2. Bench", "Place 2: Good, minus"),
        ("1. Trees", "Place 3: Fair, plus"), ("3. Fountain", "Place 4: To be rejected, plus"),
    ]  # fmt: skip
    assert [cell.people for cell in figure.heat[0].cells] == [5, 10, 0, 0, 3]


# -- what was decided --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("votes", "more", "words"),
    [
        ((55, 40, 10), {"turnout": 50, "entitled": 200}, "It is adopted: 55 for, 48 were needed."),
        ((40, 55, 10), {"turnout": 50, "entitled": 200}, "It is not adopted: 40 for, 48 were needed."),
        ((45, 45, 15), {}, "It is not adopted: as many for as against."),
        ((60, 20, 19), {"turnout": 50, "entitled": 200}, "Nothing is decided: 100 people would have had to vote."),
        ((59, 41, 5), {"threshold": "three_fifths"}, "It is not adopted: 59 for, 60 were needed."),
        ((55, 40, 20), {"blank_expressed": True}, "It is not adopted: 55 for, 58 were needed."),
    ],
)
def test_quorum_and_threshold_decide_as_on_the_page(
    votes: tuple[int, int, int], more: dict[str, Any], words: str
) -> None:
    figure = figured(vote("for_against", **more), list(zip(votes, ("for", "against", None), strict=True)))
    assert said(figure.note).endswith(words)
    assert bars(figure) == [("For", votes[0]), ("Against", votes[1]), ("Blank vote", votes[2])]


def test_a_choice_among_several_has_a_quorum_too() -> None:
    figure = figured(vote("one_of", quorum=10), [(9, "trees")])
    assert said(figure.note).endswith("Nothing is decided: 10 people would have had to vote.")
    assert "decided" not in said(figured(vote("one_of", quorum=9), [(9, "trees")]).note)


@pytest.mark.parametrize("method", [method.id for method in settings.METHODS])
def test_where_nobody_voted_or_all_voted_blank_nothing_is_ranked(method: str) -> None:
    for cast in ([], [(3, None)]):
        figure = figured(vote(method), cast)
        assert figure.people == sum(people for people, _choice in cast)
        assert not any(said(row.outcome).startswith("Place") for row in figure.heat)


# -- a candidate that was withdrawn ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "cast", "same"),
    [
        ("one_of", [(2, "trees"), (1, "bench")], [(2, None), (1, "bench")]),
        ("approval", [(2, ["trees", "bench"]), (1, ["trees"])], [(2, ["bench"]), (1, None)]),
        ("borda", [(2, ["trees", "bench"]), (1, ["bench"])], [(3, ["bench"])]),
        ("schulze", [(2, ["bench", "trees", "kiosk"])], [(2, ["bench", "kiosk"])]),
        ("judgment", [(2, {"trees": "good", "bench": "poor"})], [(2, {"bench": "poor"})]),
        ("points", [(2, {"trees": 4, "bench": 6}), (1, {"trees": 10})], [(2, {"bench": 6}), (1, None)]),
    ],
)
def test_a_withdrawn_candidate_is_left_out_of_the_ballots(method: str, cast: Any, same: Any) -> None:
    now = vote(method, options=[{**OPTIONS[0], "withdrawn": True}, *OPTIONS[1:]])
    gone = vote(method, options=[{"id": "other", "label": {"en": "Other"}, "withdrawn": True}, *OPTIONS[1:]])
    figure = figured(now, cast)
    assert figure == figured(now, same) == figured(gone, cast)
    assert [row.number for row in now.standing] == [2, 3, 4], "the others keep their published numbers"
    assert "trees" not in {*(row.id for row in figure.rows), *(row.id for row in figure.heat)}


# -- in a database -----------------------------------------------------------------------------------------


async def opened(connection: AsyncConnection) -> Phase:
    made = await make(connection, await make_space(connection))
    await consultations.open_now(connection, made, NOW)
    return await consultations.add_phase(connection, made, "vote", {})


async def cast(connection: AsyncConnection, phase: Phase, value: str, channel: str, *, secret: bool = False) -> None:
    """Somebody votes in a conversation on this channel."""
    person = Person(phase.space_id, new_id(), "fr", None, [], None, None, channel, None)
    await participants.welcome(connection, [(AddressKey(channel, "montaubry", str(person.id)), person)], NOW)
    new = NewBallot(phase.space_id, phase.id, person.id, tallying.VOTE, value, NOW, secret=secret)
    assert all(isinstance(one, int) for one in await ballots.cast(connection, [new]))
    talk = insert(models.Conversation).values(
        space_id=phase.space_id, id=new_id(), participant_id=person.id, phase_id=phase.id, kind="vote", state="ended",
        journal="{}", channel=channel, place="bakery" if channel == "web" else None, sent_at=NOW, begun_at=NOW,
        heard_at=NOW,
    )  # fmt: skip
    await connection.execute(talk)


@pytest.mark.parametrize("secret", [False, True], ids=["open", "secret"])
async def test_figures_say_how_many_people_by_which_channel_and_how_many_on_paper(
    connection: AsyncConnection, secret: bool
) -> None:
    phase = await opened(connection)
    await connection.execute(update(models.Phase).values(closes_at=OVER))
    of = vote("for_against", secret=secret, hidden=False)
    for value, channel in (('"for"', "web"), ('"for"', "telegram"), ("null", "web")):
        await cast(connection, phase, value, channel, secret=secret)
    paper = [
        OnPaper(phase.space_id, phase.id, value, number, 1, NOW)
        for value, number in (('"against"', 4), ("null", 1), (None, 2))
    ]
    assert len(set(await type_in(connection, paper))) == 3
    ref = PhaseRef(phase.space_id, phase.id)
    found = await results.results(connection, ref, of, Filter(), lambda: OVER)
    assert found.people == 8
    assert found.by_channel == (("web", 2), ("telegram", 1), ("paper", 5))
    assert found.by_place == (("bakery", 2), ("", 1))
    assert found.started == 3
    assert bars(found.figures[0]) == [("For", 2), ("Against", 4), ("Blank vote", 2)]
    assert said(found.figures[0].note).endswith("On paper: 5. Spoilt on paper, and not counted: 2.")
    rows = [row async for row in results.table(connection, ref, of, "en", lambda: OVER)]
    assert rows == [["Ballots", "Blank vote", "Choice"], [4, 0, "Against"], [2, 0, "For"], [2, 1, None]]


@pytest.mark.parametrize("rule", [{"hidden": True}, {"secret": True, "hidden": False}], ids=["hidden", "secret"])
async def test_results_are_hidden_until_closing_but_how_many_voted_is_not(
    connection: AsyncConnection, rule: dict[str, bool]
) -> None:
    """A secret vote always hides them: totals that grow by one tell who has just voted what."""
    phase = await opened(connection)
    await connection.execute(update(models.Phase).values(closes_at=OVER))
    await cast(connection, phase, '"for"', "web")
    ref, of = PhaseRef(phase.space_id, phase.id), vote("for_against", **rule)
    found = await results.results(connection, ref, of, Filter(), lambda: NOW)
    [figure] = found.figures
    assert (found.people, figure.people, figure.rows, figure.heat) == (1, 1, (), ())
    assert said(figure.note) == "What people chose is shown after closing."
    assert len([row async for row in results.table(connection, ref, of, "en", lambda: NOW)]) == 1
    over = await results.results(connection, ref, of, Filter(), lambda: OVER)
    assert bars(over.figures[0])[0] == ("For", 1)
    assert said(over.figures[0].note).endswith("It is adopted: 1 for, 1 were needed.")
    assert len([row async for row in results.table(connection, ref, of, "en", lambda: OVER)]) == 2


async def test_what_is_sealed_is_counted_like_what_was_cast(connection: AsyncConnection) -> None:
    phase = await opened(connection)
    here = {"space_id": phase.space_id, "phase_id": phase.id, "subject": tallying.VOTE}
    totals = [{**here, "value": value, "ballots": number} for value, number in (('"for"', 700), ("null", 12))]
    await connection.execute(insert(models.Sealed), totals)
    await type_in(connection, [OnPaper(phase.space_id, phase.id, '"for"', 3, 1, NOW)])
    assert await tallying.alike(connection, phase.space_id, phase.id) == {'"for"': 703, "null": 12}
    assert await number(connection, phase.space_id, phase.id) == Number(3, 0)


async def test_a_vote_is_not_split_for_its_parts_could_tell_who_chose_what(connection: AsyncConnection) -> None:
    phase = await opened(connection)
    await cast(connection, phase, '"for"', "web")
    await cast(connection, phase, '"against"', "telegram")
    ref, of = PhaseRef(phase.space_id, phase.id), vote("for_against", hidden=False)
    for where, people in ((Filter("web"), 1), (Filter(place=""), 1), (Filter(since=NOW + timedelta(1)), 0)):
        found = await results.results(connection, ref, of, where, lambda: NOW)
        assert found.people == people
        assert found.figures[0].rows == ()


@pytest.mark.parametrize("number", [0, -1, 5001])
async def test_a_number_of_paper_ballots_that_can_not_be_is_refused(connection: AsyncConnection, number: int) -> None:
    with pytest.raises(ValueError, match="alike"):
        await type_in(connection, [OnPaper(1, 1, "null", number, 1, NOW)])


async def test_the_table_tells_every_method_in_columns(connection: AsyncConnection) -> None:
    phase = await opened(connection)
    ref = PhaseRef(phase.space_id, phase.id)
    paper = ('["bench","trees"]', '{"trees":"good"}', '{"bench":3,"kiosk":7}', "null")
    await type_in(connection, [OnPaper(phase.space_id, phase.id, one, 1, 1, NOW) for one in paper])

    async def row(method: str, value: str) -> list[Any]:
        of = vote(method, hidden=False)
        rows = [list(row) async for row in results.table(connection, ref, of, "en", lambda: NOW)]
        assert rows[0] == ["Ballots", "Blank vote", "1. Trees", "2. Bench", "3. Fountain", "4. Kiosk"]
        return rows[1 + sorted(paper).index(value)]

    assert await row("approval", paper[0]) == [1, 0, 1, 1, None, None]
    assert await row("borda", paper[0]) == [1, 0, 2, 1, None, None]
    assert await row("judgment", paper[1]) == [1, 0, "Good", None, None, None]
    assert await row("points", paper[2]) == [1, 0, None, 3, None, 7]
    assert await row("points", paper[3]) == [1, 1, None, None, None, None]
