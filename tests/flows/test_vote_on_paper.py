"""A ballot on paper, as it is typed in: by the published numbers, whatever the method."""

from __future__ import annotations

from typing import Any

import pytest

from flows.answers import Misread
from flows.texts import translate
from flows.voting import choices, paper
from tests.flows.test_vote_results import OPTIONS, said, vote

GONE = [{**one, "withdrawn": one["id"] == "bench"} for one in OPTIONS]


@pytest.mark.parametrize(
    ("method", "text", "choice", "told"),
    [
        ("for_against", "For", "for", "For"),
        ("for_against", " contre ", "against", "Against"),
        ("for_against", "", None, "Blank vote"),
        ("one_of", "3", "fountain", "3. Fountain"),
        ("approval", "4 1", ["kiosk", "trees"], "4, 1"),
        ("approval", "1, 2, 3 4", ["bench", "fountain", "kiosk", "trees"], "2, 3, 4, 1"),
        ("borda", "4 1 3", ["kiosk", "trees", "fountain"], "4 > 1 > 3"),
        ("schulze", "2>1", ["bench", "trees"], "2 > 1"),
        ("judgment", "2 1 5 0", {"trees": "good", "bench": "very_good", "fountain": "reject"}, ""),
        ("judgment", "0 0 0 0", None, "Blank vote"),
        ("points", "4 0 6 0", {"trees": 4, "fountain": 6}, "1: 4, 3: 6"),
        ("points", "0 0 0 0", None, "Blank vote"),
    ],
)
def test_it_is_typed_in_as_it_stands_on_the_paper_and_counts_like_one_cast_in_a_chat(
    method: str, text: str, choice: Any, told: str
) -> None:
    of = vote(method)
    value = paper.read(of, text)
    assert value == choices.packed(of, choice)
    assert translate(paper.tell(of, value), "en") == (told or "1: Good, 2: Very good, 3: To be rejected")


@pytest.mark.parametrize(
    ("method", "text", "reason"),
    [
        ("for_against", "1", "“1” is not among the answers"),
        ("one_of", "7", "“7” is no number of a proposal."),
        ("one_of", "1 2", "from 1 to 1"),
        ("one_of", "trees", "“trees” is no number"),
        ("approval", "1 1", "twice"),
        ("approval", "1 2 3", "from 1 to 2"),
        ("borda", "4 9", "“9” is no number"),
        ("judgment", "1 2 3", "There are 4 proposals: type 4 numbers."),
        ("judgment", "1 2 3 6", "There are 5 grades."),
        ("points", "4 4 4 0", "10 points are all there are."),
        ("points", "4 6", "There are 4 proposals"),
    ],
)
def test_what_can_not_be_a_ballot_says_why(method: str, text: str, reason: str) -> None:
    with pytest.raises(Misread) as misread:
        paper.read(vote(method, **({"most": 2} if method == "approval" else {})), text)
    assert reason in said(misread.value.reason)


def test_a_proposal_that_was_withdrawn_stands_on_the_paper_and_is_left_out_when_counting() -> None:
    of = vote("borda", options=GONE)
    value = paper.read(of, "2 4 1 3")
    assert choices.unpacked(value) == ["bench", "kiosk", "trees", "fountain"]
    assert choices.counted(of, {value: 1}) == {("kiosk", "trees", "fountain"): 1}
    assert [said(line) for line in paper.hints(of)][1:] == ["1. Trees", "2. Bench", "3. Fountain", "4. Kiosk"]
