"""What to do next, as people type it: numbers at a recap, "back" and "yes" at a choice of ways, a text at once."""

from __future__ import annotations

import pytest

from flows.answers import Choice, Heard, Misread
from flows.ideas.giving import Remark
from flows.ways import Recap, Ways, WaysOrText

SEND, FIX, DROP = Choice("send", "Send"), Choice("fix", "Correct"), Choice("drop", "Do not send it")
SUPPORT, LIST = Choice("support", "I support it"), Choice("list", "Other ideas")


def typed(text: str) -> Heard:
    return Heard(text=text, language="fr")


@pytest.mark.parametrize("text", ["1", "2", "la 2", "corriger la 1", "two"])
def test_under_a_numbered_list_a_number_corrects_and_never_sends(text: str) -> None:
    assert Recap((SEND, FIX, DROP), entries=2).read(typed(text)) in (1, 2)


@pytest.mark.parametrize("text", ["3", "0", "la 12"])
def test_a_number_that_is_in_no_list_says_what_to_write(text: str) -> None:
    with pytest.raises(Misread) as misread:
        Recap((SEND, FIX, DROP), entries=2).read(typed(text))
    assert "write “send”" in str(misread.value.reason)


def test_without_a_list_a_number_is_that_of_a_button() -> None:
    assert Recap((SEND, FIX, DROP)).read(typed("1")) == "send"


@pytest.mark.parametrize(("text", "way"), [("envoyez", "send"), ("CORRIGER", "fix"), ("modifier", "fix")])
def test_a_recap_is_answered_in_words_as_well(text: str, way: str) -> None:
    assert Recap((SEND, FIX, DROP), entries=2).read(typed(text)) == way


def test_an_older_button_that_is_offered_no_more_still_works() -> None:
    reader = Recap((SEND, FIX, DROP), entries=2, shown=2)
    assert [choice.id for choice in reader.choices()] == ["send", "fix"]
    assert reader.read(Heard(tap="drop", language="fr")) == "drop"


@pytest.mark.parametrize(
    ("text", "way"), [("retour", "list"), ("BACK", "list"), ("oui", "support"), ("oui je veux bien", "support")]
)
def test_back_and_yes_mean_the_ways_that_are_called_so(text: str, way: str) -> None:
    assert Ways((SUPPORT, LIST), yes="support", leads_back="list").read(typed(text)) == way


def test_a_yes_means_nothing_where_none_of_the_ways_is_one() -> None:
    with pytest.raises(Misread):
        Ways((SUPPORT, LIST)).read(typed("oui"))


@pytest.mark.parametrize(("text", "way"), [("corriger", "fix"), ("edit", "fix"), ("retour", "drop")])
def test_commands_mean_the_ways_that_do_them(text: str, way: str) -> None:
    assert Ways((SEND, FIX, DROP), corrects="fix", leads_back="drop").read(typed(text)) == way


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("other ideas", "list"),
        ("un banc devant la poste", {"text": "un banc devant la poste"}),
        ("Où est la mairie ?", {"text": "Où est la mairie ?"}),
    ],
)
def test_some_words_that_choose_nothing_are_the_text_itself(text: str, read: object) -> None:
    reader = WaysOrText((SUPPORT, LIST), most=40)
    assert reader.read(typed(text)) == read
    assert reader.offers(read)


@pytest.mark.parametrize(
    "text", ["un banc", "merci bien beaucoup", "je ne sais pas", "oui tout à fait", "a b c " * 20, ""]
)
def test_a_few_words_thanks_and_what_is_too_long_are_no_text(text: str) -> None:
    with pytest.raises(Misread):
        WaysOrText((SUPPORT, LIST), most=40).read(typed(text))


@pytest.mark.parametrize("text", ["2", "12", "oui", ""])
def test_a_number_or_a_yes_is_no_remark(text: str) -> None:
    with pytest.raises(Misread):
        Remark().read(typed(text))


@pytest.mark.parametrize(("text", "read"), [("1", "none"), ("non merci", "none"), ("au 2", {"other": "au 2"})])
def test_a_remark_is_a_text_or_none(text: str, read: object) -> None:
    assert Remark().read(typed(text)) == read
