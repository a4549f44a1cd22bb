"""Answers of people in a hurry: understood where there is no doubt, and never turned round."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.answers import Choice, Heard, Misread, OneOf
from flows.days import Day
from flows.values import Number, Scale
from tests.flows.questionnaires import english

CONSENT = OneOf((Choice("yes", "Oui, commencer"), Choice("who", "Qui lit mes réponses ?"), Choice("no", "Non merci")))
OPINION = OneOf((Choice("yes", "Oui"), Choice("no", "Non"), Choice("none", "Sans avis")))
VISITS = OneOf(
    (Choice("daily", "Tous les jours"), Choice("weekly", "Chaque semaine"), Choice("rarely", "Moins souvent"))
)
WAYS = OneOf((Choice("foot", "À pied"), Choice("bike", "À vélo"), Choice("car", "En voiture")))
EVENING = OneOf((Choice("glad", "Volontiers"), Choice("yes_ish", "Plutôt oui"), Choice("never", "Jamais")))
AGES = OneOf((Choice("a", "de 10 à 20 ans"), Choice("b", "plus de 20 ans")))


def heard(reader: OneOf | Scale | Number, text: str) -> object:
    try:
        return reader.read(Heard(text=text))
    except Misread:
        return None


@pytest.mark.parametrize(
    ("reader", "text", "meant"),
    [
        (CONSENT, "oui oui", "yes"),
        (CONSENT, "OK merci !", "yes"),
        (CONSENT, "oui c'est bon", "yes"),
        (CONSENT, "C'est bon", "yes"),
        (CONSENT, "c'est non", "no"),
        (CONSENT, "Bien sûr", "yes"),
        (CONSENT, "d’accord", "yes"),
        (CONSENT, "non, merci beaucoup", "no"),
        (CONSENT, "merci", None),
        (CONSENT, "Merci beaucoup", None),
        (CONSENT, "pas d'accord", None),
        (CONSENT, "oui et non", None),
        (CONSENT, "je ne sais pas", None),
        (OPINION, "je sais pas", "none"),
        (OPINION, "oui mais pas le samedi", None),
        (VISITS, "j'y vais tous les jours", "daily"),
        (VISITS, "Tout les jours", "daily"),
        (VISITS, "chaques semaine", "weekly"),
        (VISITS, "pas tous les jours", None),
        (VISITS, "presque tous les jours", None),
        (WAYS, "a pied surtout", "foot"),
        (WAYS, "à pied ou en voiture", None),
        (WAYS, "à pied et en bus", None),
        (WAYS, "à pied, en bus", None),
        (WAYS, "en voitur", "car"),
        (EVENING, "presque jamais", None),
        (EVENING, "pas volontiers", None),
        (AGES, "de 10 à 30 ans", None),
        (Scale(), "Trois", 3),
        (Scale(), "zéro", None),
        (Number(0, 60), "dix", 10),
    ],
)
def test_what_is_meant_in_a_hurry(reader: OneOf | Scale | Number, text: str, meant: object) -> None:
    assert heard(reader, text) == meant


def test_who_may_write_an_answer_of_their_own_is_not_guessed_at() -> None:
    own = OneOf(WAYS.options, other=True)
    assert heard(own, "en voiture avec ma fille") == {"other": "en voiture avec ma fille"}


def test_a_number_word_of_another_language_is_read_too() -> None:
    assert heard(Scale(), "three") == 3


@given(st.text(max_size=30), st.sampled_from(["pas", "jamais", "presque", "ou", "mais", "sauf"]))
def test_a_word_that_turns_is_never_passed_over(more: str, turning: str) -> None:
    assert heard(VISITS, f"{turning} tous les jours {more}") is None


@pytest.mark.parametrize(
    ("kind", "no"), [("email", "non merci"), ("phone", "Non"), ("number", "nan"), ("date", "no"), ("photo", "non")]
)
def test_no_to_being_asked_for_an_address_is_to_skip_it(kind: str, no: str) -> None:
    h = english(f"- {{id: a, kind: {kind}, text: 'Which one?', required: false}}")
    assert h.begin()[-1] == "Which one?"
    assert h.hear(no)[-1] == "1. Which one: no answer"


def test_the_day_before_yesterday_is_written_with_and_without_its_hyphen() -> None:
    day = Day(date(2027, 3, 6))
    assert {day.read(Heard(text=text)) for text in ("avant-hier", "Avant hier")} == {"2027-03-04"}
