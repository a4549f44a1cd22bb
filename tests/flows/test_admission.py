"""Who may take part: what is asked, what a code proves, what a refusal says; nothing is lost when a stage changes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from flows.admission import ADMITTED
from flows.conversation import Ending, Talk
from storage import areas, contributions, letters, participants
from storage.contributions import NewContribution
from storage.refusals import NotEligible
from tests.flows.harness import PHASE, START, Flow, Harness

NAMES = [{"slug": "gare", "name": {"en": "The station"}}, {"slug": "bourg", "name": {"en": "The old town"}}]
AREA = {"area": "gare"}
LETTER = {"group": "letter"}
RIGHT = "KPMR 2XW9"


async def flow(talk: Talk) -> Ending:
    await talk.ask("q", "Question?")
    await talk.do("sent", contributions.put, given(talk))
    await talk.ask("end", "The end.")
    return None


def given(talk: Talk) -> NewContribution:
    return NewContribution(1, 2, 7, talk.scene.conversation, "idea", "idea", {}, (), "test", None, talk.now)


def at_the_door(*stages: Mapping[str, Any] | None, **options: Any) -> Harness:
    """A person before a phase with these stages, each an hour after the one before; the first has begun."""
    since = [None, *((START + timedelta(hours=n)).isoformat() for n in range(1, len(stages)))]
    phase = replace(PHASE, stages=[{"from": at, "who": who} for at, who in zip(since, stages, strict=True)])
    found = {"area": None, "group": "letter", "born": None}
    verbs = {
        areas.named: lambda _space: NAMES,
        letters.redeem: lambda shown: found if letters.digest(1, shown.code) == letters.digest(1, RIGHT) else WRONG,
    }
    return Harness(Flow(flow), phase=phase, verbs={**verbs, **options.pop("verbs", {})}, **options)


WRONG = {"wrong": True}


def called(h: Harness, verb: Any) -> list[Any]:
    return [call.argument for call in h.calls if call.verb is verb]


def test_where_somebody_lives_is_asked_once_and_kept() -> None:
    h = at_the_door(AREA)
    assert h.begin() == [
        "Hello. I am the robot of the town hall of Montaubry.",
        "Where do you live? I do not ask for your address.",
    ]
    assert h.buttons == ["The station", "The old town", "Elsewhere"]
    assert h.tap("The station") == ["Noted: the station.", "Question?"]
    assert (h.person.area, h.person.proved) == ("gare", "")
    assert [settled.area for settled in called(h, participants.settle)] == ["gare"]
    h.hear("x")
    assert len(called(h, participants.settle)) == 1


def test_a_refusal_says_whom_it_is_for_and_what_to_do() -> None:
    h = at_the_door(AREA)
    h.begin()
    assert h.tap("Elsewhere") == [
        "Noted: elsewhere.",
        "This is not for everybody at the moment.",
        "It is for those who live here: The station.",
        "What would you like to do?",
        "To talk to a person: Claire Morel, 02 61 91 00 12, Monday to Friday, 9 am to noon.",
    ]
    assert h.buttons == ["My answer was wrong", "See what else there is"]
    assert h.tap("My answer was wrong")[-1].startswith("Where do you live?")
    assert h.tap("The station")[-1] == "Question?"


def test_leaving_goes_to_what_else_there_is_and_nothing_was_written() -> None:
    h = at_the_door(AREA)
    h.begin()
    h.tap("The old town")
    h.tap("See what else there is")
    assert h.gone is not None
    assert not [call for call in h.calls if call.write]


def test_what_was_checked_is_not_asked_and_cannot_be_a_slip() -> None:
    h = at_the_door(AREA)
    h.person.area, h.person.proved = "bourg", "area"
    assert "This is not for everybody at the moment." in h.begin()
    assert h.buttons == ["See what else there is"]
    h = at_the_door(AREA)
    h.person.area, h.person.proved = "gare", "area"
    assert h.begin() == ["Question?"]


def test_a_word_is_not_enough_where_the_area_is_checked() -> None:
    h = at_the_door({"checked-area": "gare"})
    h.person.area = "gare"
    assert "This is not for everybody at the moment." in h.begin()
    assert h.buttons == ["I have a code", "See what else there is"]


@pytest.mark.parametrize(("born", "let_in"), [("2009", True), ("2011", True), ("2012", False), ("2000", False)])
def test_the_age_is_counted_with_this_years_birthday(born: str, let_in: bool) -> None:
    h = at_the_door({"of-age": [16, 25]})
    assert h.begin()[-1] == "In which year were you born?"
    heard = h.hear(born)
    assert ("Question?" in heard) == let_in
    if not let_in:
        assert "It is for people from 16 to 25 years." in heard
        assert h.buttons[0] == "My answer was wrong"


@pytest.mark.parametrize(
    ("rule", "sentence"),
    [
        ({"of-age": [18, None]}, "It is for people of at least 18 years."),
        ({"of-age": [None, 25]}, "It is for people of at most 25 years."),
    ],
)
def test_an_open_bound_is_said_alone(rule: Mapping[str, Any], sentence: str) -> None:
    h = at_the_door(rule)
    h.begin()
    assert sentence in h.hear("2027" if "least" in sentence else "1950")


def test_of_several_ways_in_each_is_said_and_one_is_enough() -> None:
    h = at_the_door({"any": [AREA, LETTER, {"not": {"group": "team"}}, {"area": "bourg"}]})
    h.person.groups = ["team"]
    h.begin()
    heard = h.tap("Elsewhere")
    assert heard[1:6] == [
        "This is not for everybody at the moment.",
        "One of these is enough:",
        "It is for those who live here: The station.",
        "It is for those who have received a code, or stand on a list of ours.",
        "It is for those who live here: The old town.",
    ]
    h.tap("I have a code")
    assert h.hear(RIGHT)[-1] == "Question?"


def test_whoever_has_a_tag_is_let_in_unasked_and_no_code_is_offered_to_the_others() -> None:
    h = at_the_door({"tag": "jury"})
    heard = h.begin()
    assert heard[1:3] == ["This is not for everybody at the moment.", "It is for those who stand on a list of ours."]
    assert h.buttons == ["See what else there is"]
    h = at_the_door({"tag": ["jury", "team"]})
    h.person.tags = ["Mrs Petit", "jury"]
    assert h.begin()[-1] == "Question?"


def test_a_right_code_lets_in_and_is_kept_nowhere() -> None:
    h = at_the_door(LETTER)
    h.begin()
    assert h.buttons == ["I have a code", "See what else there is"]
    assert h.tap("I have a code") == ["Write the code of your letter."]
    assert h.hear("kpmr-2xw9") == ["Your code is right.", "Question?"]
    assert h.secret
    assert "kpmr" not in h.record.journal.casefold()
    assert h.person.groups == ["letter"]
    h.hear("x")
    assert len(called(h, letters.redeem)) == 1


def test_a_wrong_code_says_so_shortly_and_may_be_tried_again() -> None:
    h = at_the_door(LETTER)
    h.begin()
    h.tap("I have a code")
    assert h.hear("1234") == [
        "I do not know this code, or it was used already.",
        "What would you like to do?",
        "To talk to a person: Claire Morel, 02 61 91 00 12, Monday to Friday, 9 am to noon.",
    ]
    assert h.secret
    h.tap("I have a code")
    assert "Question?" in h.hear(RIGHT)


def test_who_guesses_too_often_is_told_how_long_to_wait() -> None:
    h = at_the_door(LETTER, verbs={letters.redeem: lambda _shown: {"wait": 57}})
    h.begin()
    h.tap("I have a code")
    assert h.hear("1234")[0] == "Please try again in 57 minutes."


def test_a_right_code_for_others_says_whom_it_is_for() -> None:
    h = at_the_door(
        {"checked-area": "gare"}, verbs={letters.redeem: lambda _shown: {"area": "bourg", "group": None, "born": None}}
    )
    h.begin()
    h.tap("I have a code")
    heard = h.hear(RIGHT)
    assert heard[0] == "Your code is right."
    assert "It is for those who live here: The station." in heard


def test_consent_is_asked_after_and_hello_is_said_once() -> None:
    h = at_the_door(AREA, consented=False)
    heard = [*h.begin(), *h.tap("The station")]
    assert heard.count("Hello. I am the robot of the town hall of Montaubry.") == 1
    assert heard[-1] == "Do you agree to answer?"
    assert h.tap("Yes, begin") == ["Question?"]


# -- stages that change ------------------------------------------------------------------------------------------------


def test_whoever_was_let_in_goes_on_when_everybody_is() -> None:
    h = at_the_door(LETTER, None)
    h.begin()
    h.tap("I have a code")
    h.hear(RIGHT)
    h.now += timedelta(hours=2)
    assert h.hear("my answer")[-1] == "The end."
    assert h.answers["q"] == "my answer"


def test_whoever_was_let_in_goes_on_when_the_stages_are_taken_away() -> None:
    h = at_the_door(AREA)
    h.begin()
    h.tap("The station")
    h.phase = PHASE
    assert h.hear("my answer")[-1] == "The end."


@pytest.mark.parametrize("waiting", ["a way", "a code", "another way", "another code"])
def test_whoever_waits_at_the_door_is_let_in_when_everybody_is(waiting: str) -> None:
    """Also after a wrong code, which was tried, written down, and leads nowhere now."""
    h = at_the_door(LETTER, None, consented=False)
    h.begin()
    if waiting != "a way":
        h.tap("I have a code")
    if waiting.startswith("another"):
        h.hear("1234")
    if waiting == "another code":
        h.tap("I have a code")
    h.now += timedelta(hours=2)
    heard = h.hear("1234") if waiting.endswith("code") else h.tap("I have a code")
    assert heard[0] == "Hello. I am the robot of the town hall of Montaubry."
    assert "1234" not in h.record.journal
    assert h.tap("Yes, begin") == ["Question?"]
    assert h.hear("my answer")[-1] == "The end."


def test_what_somebody_wrote_is_refused_in_words_when_it_is_for_others_by_now() -> None:
    def refuse(_new: NewContribution) -> Any:
        raise NotEligible

    h = at_the_door(AREA, verbs={contributions.put: refuse})
    h.begin()
    h.tap("The station")
    h.phase = replace(h.phase, stages=[{"from": None, "who": LETTER}])
    assert h.hear("my answer")[1:] == [
        "This is not for everybody at the moment.",
        "It is for those who have received a code, or stand on a list of ours.",
        "What you gave last was not sent.",
        "To talk to a person: Claire Morel, 02 61 91 00 12, Monday to Friday, 9 am to noon.",
    ]
    assert h.record.state == "ended"


def test_admission_is_a_wall_that_back_does_not_pass() -> None:
    h = at_the_door(AREA)
    h.begin()
    h.tap("The station")
    assert ADMITTED in h.journal.entries
    assert h.back()[0] == "Question?"
    assert h.person.area == "gare"
