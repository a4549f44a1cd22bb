"""The check-list before opening, line by line: codes for the letter, paper, and who is there when nobody works."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from admin_web.readiness import Looked, checks
from flows import module
from flows.texts import translate
from storage.consultations import Consultation, Phase
from storage.rules import Aged, InArea, InGroup, Rule
from storage.spaces import Space
from tests.admin_web.conftest import NOW, Town
from tests.admin_web.test_phase_pages import made, send

SPACE = Space(1, "montaubry", {"fr": "Montaubry"}, ["fr"], "Europe/Paris", None, {}, {})
DRAFT = Consultation(
    1, 2, "arbres", {}, {}, {}, {}, "draft", None, datetime(2027, 4, 30, 16, tzinfo=UTC), None, NOW, {}
)
IDEAS = module.load("ideas", {})
ASKED = module.load("analysis", {})


def step(who: Rule | None = None, **values: Any) -> Phase:
    stages = [{"from": None, "who": who.to_json()}] if who is not None else []
    return replace(Phase(1, 3, 2, 1, "ideas", {}, 1, stages=stages), **values)


def look(phase: Phase, **values: Any) -> Looked:
    return replace(Looked(SPACE, DRAFT, [phase], [IDEAS], [0], 0, True, NOW), **values)


def said(at: Looked) -> dict[str, str]:
    """The lines in French, with their colours."""
    return {translate(check.said, "fr"): check.colour for check in checks(at)}


@pytest.mark.parametrize("who", [InGroup(("lettre",)), InArea(("gare",), True), Aged(16, None, True)])
def test_where_only_a_code_lets_people_in_the_codes_have_to_be_made(who: Rule) -> None:
    nobody = "Personne ne peut entrer dans l’étape 1 : aucun code n’est fait pour la lettre."
    assert said(look(step(who)))[nobody] == "watch"
    made = said(look(step(who), codes=412))
    assert made["412 codes sont faits pour la lettre."] == "good"
    assert nobody not in made
    assert nobody not in said(look(step(who), known=[3])), "somebody was put into the group by hand"


@pytest.mark.parametrize("who", [None, InArea(("gare",)), Aged(16, None)])
def test_where_a_word_is_enough_nobody_asks_for_codes(who: Rule | None) -> None:
    assert not any("lettre" in line for line in said(look(step(who))))


def test_it_is_asked_about_when_nothing_can_come_on_paper() -> None:
    assert said(look(step()))["Ce qui arrive sur papier peut être saisi."] == "good"
    petition = module.load("petition", {"text": {"fr": "Un banc"}, "goal": 10})
    lines = said(look(step(kind="petition"), modules=[petition]))
    assert lines["Aucune étape ne se fait sur papier : pensez à qui n’a pas de téléphone."] == "watch"
    vote = module.load("vote", {"method": "for_against", "question": {"fr": "Un banc ?"}, "options": []})
    assert said(look(step(kind="vote"), modules=[vote]))["Ce qui arrive sur papier peut être saisi."] == "good"
    told = said(look(step(kind="analysis"), modules=[ASKED]))
    assert not any("papier" in line for line in told), "there is nothing to answer"


@pytest.mark.parametrize(
    ("closes", "words"),
    [
        (datetime(2027, 4, 24, 10, tzinfo=UTC), "Fermeture le samedi 24 avril, 12 h"),
        (datetime(2027, 4, 25, 21, 59, tzinfo=UTC), "Fermeture le dimanche 25 avril, 23 h 59"),
        (datetime(2027, 4, 23, 19, tzinfo=UTC), "Fermeture le vendredi 23 avril, 21 h"),
    ],
)
def test_closing_on_a_week_end_or_in_the_evening_is_asked_about(closes: datetime, words: str) -> None:
    for at in (look(step(), consultation=replace(DRAFT, closes_at=closes)), look(step(closes_at=closes))):
        [line] = [line for line, colour in said(at).items() if "le week-end et le soir" in line]
        assert line.startswith(words)
        assert said(at)[line] == "watch"


@pytest.mark.parametrize(
    "closes", [datetime(2027, 4, 23, 21, 59, tzinfo=UTC), datetime(2027, 4, 23, 16, tzinfo=UTC), None, NOW]
)
def test_a_working_day_until_its_end_is_nothing_to_ask_about(closes: datetime | None) -> None:
    lines = said(look(step(closes_at=closes), consultation=replace(DRAFT, closes_at=closes)))
    assert lines["Elle ouvre et ferme quand quelqu’un peut répondre."] == "good"


def test_what_others_see_at_once_wants_a_reader_on_week_ends() -> None:
    assert said(look(step()))["Étape 1 : ce qu’on écrit se voit aussitôt. Qui relit le week-end ?"] == "watch"
    assert said(look(step(moderation="before")))["Étape 1 : ce qu’on écrit est relu avant d’être vu."] == "good"


async def test_the_list_counts_the_codes_that_were_made(claire: httpx.AsyncClient, town: Town) -> None:
    id_ = await made(claire)
    await send(claire, "/panel/settings/groups", {"name.fr": "Lettre"})
    await send(claire, f"/panel/consultations/{id_}/steps/new/ideas", {**BARE, "stage.0.who": "group:lettre"})
    page = (await claire.get(f"/panel/consultations/{id_}")).text
    assert "aucun code n’est fait pour la lettre" in page
    await send(claire, f"/panel/consultations/{id_}/codes", {"count": "3", "group": "lettre"})
    page = (await claire.get(f"/panel/consultations/{id_}")).text.replace("\N{NO-BREAK SPACE}", " ")
    assert "3 codes sont faits pour la lettre." in page
    assert "aucun code" not in page


BARE = {"state": "dated", "moderation": "before", "stages": "1", "area": "yes"}
