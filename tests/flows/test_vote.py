"""A vote in chat: how a ballot is filled in by each method, changed, and refused."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import orjson
import pytest

from flows.forms import Faults
from flows.modules.vote import Vote
from flows.texts import translate
from flows.voting import settings
from flows.voting.settings import METHODS
from storage import ballots
from storage.ballots import NewBallot
from storage.refusals import AlreadyVoted, Closed, NotEligible, Refusal
from tests.flows.harness import CONVERSATION, PHASE, Harness

TREES = {"oak": "An oak", "elm": "An elm", "ash": "An ash tree", "fir": "A fir tree"}
SETTINGS: dict[str, Any] = {
    "question": {"en": "Which trees?"},
    "options": [{"id": id_, "label": {"en": name}} for id_, name in TREES.items()],
}


def voting(method: str, *, refusal: Refusal | None = None, **more: Any) -> Harness:
    """A harness that has shown the first prompt of such a vote."""

    def cast(_ballot: NewBallot) -> int:
        if refusal is not None:
            raise refusal
        return 1

    harness = Harness(Vote.load({**SETTINGS, "method": method, **more}), verbs={ballots.cast: cast})
    harness.begin()
    return harness


def cast(harness: Harness) -> list[Any]:
    """The choices that were cast."""
    return [orjson.loads(call.argument.value) for call in harness.calls if call.verb is ballots.cast]


def test_for_or_against_is_two_answers() -> None:
    harness = voting("for_against")
    assert harness.buttons == ["For", "Against", "Blank vote"]
    assert harness.tap("Against") == ["Here is your vote. It is not sent yet.", "Against"]
    assert harness.tap("Send")[0] == "Your vote is recorded. Thank you."
    assert cast(harness) == ["against"]


@pytest.mark.parametrize("method", [method.id for method in METHODS])
def test_blank_is_always_possible(method: str) -> None:
    harness = voting(method)
    assert harness.tap("Blank vote")[-1] == "Blank vote"
    harness.hear("send")
    assert cast(harness) == [None]


def test_only_the_order_is_drawn_and_the_numbers_are_the_published_ones() -> None:
    orders = set()
    for conversation in range(60):
        harness = voting("one_of")
        harness.record = replace(harness.record, id=CONVERSATION + conversation)
        lines = harness.begin()
        listed = [line for line in lines if line[:1].isdigit()]
        assert sorted(listed) == ["1. An oak", "2. An elm", "3. An ash tree", "4. A fir tree"]
        assert [f"{line[0]}" for line in listed] == harness.buttons[:4]
        orders.add(tuple(harness.buttons[:4]))
    assert len(orders) > 12, "24 orders are possible"


@pytest.mark.parametrize("said", ["3", "an ash tree", "AN ASH TREE", "ash"])
def test_a_number_or_a_name_is_read(said: str) -> None:
    harness = voting("one_of")
    assert harness.hear(said)[-1] == "3. An ash tree"


def test_several_are_chosen_one_after_the_other_or_as_a_list() -> None:
    harness = voting("approval", least=2, most=3)
    harness.hear("4")
    assert "That is all" not in harness.buttons
    harness.hear("1")
    assert "That is all" in harness.buttons
    harness.hear("that is all")
    assert harness.hear("send")
    harness = voting("approval", least=2, most=3)
    assert "Please choose 3 at most." in harness.hear("1 2 3 4")
    assert "“9” is not among the answers. Please choose again." in harness.hear("1, 9")
    assert harness.hear("4, 2 and 1")[-1] == "1. An oak"
    harness.hear("send")
    assert cast(harness) == [["elm", "fir", "oak"]]


def test_a_ranking_keeps_its_order_and_places_the_last_one_by_itself() -> None:
    harness = voting("schulze")
    for number in "34":
        harness.hear(number)
    assert harness.hear("1")[-4:] == ["Choice 1: 3. An ash tree", "Choice 2: 4. A fir tree", "Choice 3: 1. An oak",
                                      "Choice 4: 2. An elm"]  # fmt: skip
    harness.hear("send")
    assert cast(harness) == [["ash", "fir", "oak", "elm"]]


def test_a_ranking_may_be_short() -> None:
    harness = voting("borda")
    harness.hear("2")
    harness.tap("That is all")
    harness.hear("send")
    assert cast(harness) == [["elm"]]


def test_each_candidate_gets_a_grade() -> None:
    harness = voting("judgment")
    harness.tap("Begin")
    for _candidate in TREES:
        harness.hear("good")
    harness.hear("send")
    assert cast(harness) == [dict.fromkeys(sorted(TREES), "good")]


def test_no_more_points_are_given_than_there_are() -> None:
    harness = voting("points", points=3)
    harness.tap("Begin")
    harness.hear("2")
    assert harness.buttons == ["0", "1", "Back"]
    assert harness.hear("2")[0] == "Please choose a number from 0 to 1."
    assert harness.hear("1")[1] == "Here is your vote. It is not sent yet."
    harness.hear("send")
    assert sorted(cast(harness)[0].values()) == [1, 2]


def test_no_points_at_all_are_a_blank_vote() -> None:
    harness = voting("points", points=3)
    harness.tap("Begin")
    for _candidate in TREES:
        harness.hear("0")
    assert harness.messages[-1].lines[-1].text == "Blank vote"
    harness.hear("send")
    assert cast(harness) == [None]


def test_a_number_at_the_recap_neither_sends_nor_changes() -> None:
    harness = voting("one_of")
    harness.hear("3")
    for number in "1234":
        assert harness.hear(number)[0] == "To send, write “send”. To change it, write “change”."
    assert cast(harness) == []


def test_an_open_vote_that_is_taken_up_is_read_over_and_sent_anew() -> None:
    harness = voting("one_of")
    harness.hear("3")
    harness.hear("send")
    again = "Here is your vote. The one that you sent counts until you send another."
    assert harness.reopen() == [again, "3. An ash tree"]
    assert harness.tap("Change")[0] == "The vote that you sent counts until you send another."
    harness.hear("1")
    harness.hear("send")
    assert cast(harness) == ["ash", "oak"]
    assert [call.argument.change for call in harness.calls if call.verb is ballots.cast] == [True, True]


def test_a_vote_that_may_not_be_changed_says_so() -> None:
    harness = voting("for_against", change=False)
    harness.hear("for")
    assert "Your vote cannot be changed any more." in harness.hear("send")
    assert harness.reopen() == ["What was sent here cannot be changed any more."]


# -- secret ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "said"),
    [("for_against", ["for"]), ("one_of", ["3"]), ("approval", ["3", "1", "that is all"]), ("schulze", ["3 1 2 4"]),
     ("judgment", ["begin", "good", "poor", "fair", "good"]), ("points", ["begin", "3", "7"])],
)  # fmt: skip
def test_a_secret_choice_is_in_the_ballot_and_nowhere_else(method: str, said: list[str]) -> None:
    harness = voting(method, secret=True)
    for text in said:
        harness.hear(text)
        assert harness.secret
        echoes = [line.text for line in harness.messages[0].lines if line.role == "echo"]
        assert all(echo in ("Noted. Thank you.", *SECRET_WORDS) for echo in echoes), echoes
    harness.hear("send")
    [call] = [call for call in harness.calls if call.verb is ballots.cast]
    assert call.argument.secret
    left = {key: value for key, value in harness.answers.items() if key.startswith(("choice", "recap"))}
    assert set(left.values()) == {None}, left


SECRET_WORDS = ("This vote is secret: after closing, the program keeps only the totals.",)


def test_a_secret_vote_that_is_changed_is_filled_in_anew() -> None:
    harness = voting("one_of", secret=True)
    harness.hear("3")
    harness.hear("send")
    said = harness.reopen()
    assert "The vote that you sent counts until you send another." in said
    assert not any("Your answer was" in line for line in said)
    harness.hear("1")
    harness.hear("send")
    assert cast(harness) == ["ash", "oak"]


# -- refusals ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("refusal", "words"),
    [
        (Closed(), "Your vote could not be sent."),
        (NotEligible(), "This is not for everybody at the moment."),
        (AlreadyVoted(), "You have voted already, and the first vote counts."),
    ],
    ids=lambda given: type(given).__name__,
)
def test_a_refusal_is_worded_with_a_person_to_call(refusal: Refusal, words: str) -> None:
    harness = voting("for_against", refusal=refusal)
    harness.hear("for")
    said = harness.hear("send")
    assert said[0] == words
    assert any("02 61 91 00 12" in line for line in said)
    assert not any("recorded" in line for line in said)


# -- settings ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "fields"),
    [
        ({"question": {}}, {"question"}),
        ({"method": "dice"}, {"method"}),
        ({"method": "one_of", "options": SETTINGS["options"][:1]}, {"options"}),
        ({"method": "one_of", "options": [{"id": "a b", "label": {"en": "A"}}] * 2}, {"options"}),
        ({"method": "approval", "least": 3, "most": 2}, {"least"}),
        ({"method": "points", "points": 0}, {"points"}),
        ({"turnout": 50}, {"entitled"}),
        ({"threshold": "most", "quorum": -1}, {"threshold", "quorum"}),
        ({"grades": [{"id": "good", "label": {"en": "Good"}}]}, {"grades"}),
    ],
)
def test_what_is_wrong_with_settings_is_said(given: dict[str, Any], fields: set[str]) -> None:
    with pytest.raises(Faults) as raised:
        settings.read({**SETTINGS, **given})
    assert {fault.field for fault in raised.value.faults} == fields


def test_the_form_asks_for_what_settings_hold() -> None:
    names = [field.name for field in Vote.form()]
    assert len(set(names)) == len(names)
    assert {field.name for field in Vote.form() if field.required} == {"question", "method"}
    defaults = {field.name: field.default for field in Vote.form() if field.default is not None}
    assert settings.read({**defaults, **SETTINGS}) == settings.read(SETTINGS)


@pytest.mark.parametrize(
    ("said", "understood"),
    [("yes", "For"), ("yes of course", "For"), ("I am for", "For"), ("no", "Against"), ("je vote contre", "Against")],
)
def test_whoever_is_asked_for_or_against_answers_in_their_own_words_and_reads_what_was_understood(
    said: str, understood: str
) -> None:
    harness = voting("for_against")
    assert harness.hear(said) == ["Here is your vote. It is not sent yet.", understood]


# -- a proposal is withdrawn -------------------------------------------------------------------------------


def without(method: str, gone: str, **more: Any) -> Vote:
    options = [{**one, "withdrawn": one["id"] == gone} for one in SETTINGS["options"]]
    return Vote.load({**SETTINGS, "options": options, "method": method, **more})


@pytest.mark.parametrize("secret", [False, True], ids=["open", "secret"])
def test_whoever_has_just_chosen_what_is_withdrawn_is_asked_again_before_anything_is_sent(secret: bool) -> None:
    harness = voting("one_of", secret=secret)
    harness.hear("2")
    harness.module = without("one_of", "elm", secret=secret)
    assert any(line.endswith("Which trees?") for line in harness.hear("send"))
    assert "2" not in harness.buttons
    assert cast(harness) == []
    harness.hear("3")
    harness.hear("send")
    assert cast(harness) == ["ash"]


@pytest.mark.parametrize(
    ("method", "change", "told"),
    [
        ("one_of", True, ["If you chose it, your vote counts as blank.", "write “correct”."]),
        ("borda", True, ["If it is in your vote, your vote counts without it.", "write “correct”."]),
        ("approval", False, ["If it is in your vote, your vote counts without it."]),
    ],
)
def test_everybody_who_voted_hears_the_same_and_how_to_vote_again_where_they_may(
    method: str, change: bool, told: list[str]
) -> None:
    module = without(method, "elm", change=change)
    phase = replace(PHASE, title={"en": "Our trees"})
    first, *rest = [translate(line, "en") for line in module.withdrawn("elm", phase, "Europe/Paris")]
    assert first == "A proposal is withdrawn from the vote “Our trees”: 2. An elm."
    assert len(rest) == len(told)
    assert all(line.endswith(end) for line, end in zip(rest, told, strict=True))
