"""A few questions of the organiser's own, written in the form of a step: added, changed, moved, removed, kept."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest
from playwright.async_api import Page, expect
from sqlalchemy import insert, update

from storage.models import Contribution, Conversation, Phase
from storage.types import new_id
from tests.admin_web.conftest import Enter, Town
from tests.admin_web.gathering import write
from tests.admin_web.test_ballots import plain
from tests.admin_web.test_contributions import LIST
from tests.admin_web.test_sealing import base, phase, send
from tests.browser import PHONE, assert_accessible

REST = {"state": "dated", "moderation": "before", "stages": "0", "themes.rows": "0", "criteria.rows": "0"}
TYPED = {
    **REST,
    "questions.rows": "3",
    "questions.0.kind": "short_text",
    "questions.0.text.fr": "Qui s’en occuperait ?",
    "questions.0.text.en": "Who would look after it?",
    "questions.0.skip": "yes",
    "questions.1.kind": "number",
    "questions.1.text.fr": "Combien de personnes ?",
    "questions.1.text.en": "How many people?",
    "questions.2.kind": "one_of",
    "questions.2.text.fr": "Pour quand ?",
    "questions.2.text.en": "For when?",
    "questions.2.choice.rows": "4",
    "questions.2.choice.0.fr": "Cette année",
    "questions.2.choice.0.en": "This year",
    "questions.2.choice.2.fr": "Plus tard",
    "questions.2.choice.2.en": "Later",
}
KEPT: list[dict[str, Any]] = [
    {
        "id": "q1",
        "kind": "short_text",
        "text": {"fr": "Qui s’en occuperait ?", "en": "Who would look after it?"},
        "required": False,
    },
    {"id": "q2", "kind": "number", "text": {"fr": "Combien de personnes ?", "en": "How many people?"}},
    {
        "id": "q3",
        "kind": "one_of",
        "text": {"fr": "Pour quand ?", "en": "For when?"},
        "choices": [
            {"id": "c1", "label": {"fr": "Cette année", "en": "This year"}},
            {"id": "c2", "label": {"fr": "Plus tard", "en": "Later"}},
        ],
    },
]
FROM_FILE = {
    "id": "since",
    "kind": "ranking",
    "text": {"fr": "Dans quel ordre ?", "en": "In which order?"},
    "help": {"fr": "Le premier d’abord.", "en": "The first one first."},
    "max": 2,
    "choices": [{"id": "a", "label": {"fr": "A", "en": "A"}}, {"id": "b", "label": {"fr": "B", "en": "B"}}],
}


@pytest.fixture
async def step(town: Town) -> str:
    """The page of the town's step, which collects ideas."""
    await keep(town)
    return f"{base(town)}/steps/{town.phase.id}"


async def keep(town: Town, *questions: dict[str, Any]) -> None:
    async with town.database.write() as connection:
        settings = {"questions": list(questions)} if questions else {}
        await connection.execute(update(Phase).values(kind="ideas", settings=settings))


async def kept(town: Town) -> list[dict[str, Any]]:
    questions: list[dict[str, Any]] = (await phase(town)).settings["questions"]
    return questions


def fields(page: httpx.Response) -> dict[str, str]:
    """What the fields of the questions hold, as a browser would send them."""
    form = plain(page)
    found = dict(re.findall(r'<input[^>]*name="(questions\.[^"]+)"[^>]*value="([^"]*)"', form))
    for name, options in re.findall(r'<select[^>]*name="(questions\.[^"]+)"[^>]*>(.*?)</select>', form, re.S):
        [found[name]] = re.findall(r'value="([^"]*)" selected', options)
    for box in re.findall(r'<input type="checkbox" name="(questions\.[^"]+)" value="yes"(?! checked)', form):
        del found[box]
    return found


def worded(page: httpx.Response) -> list[str]:
    return [text for name, text in fields(page).items() if name.endswith(".text.fr")]


async def test_questions_are_written_and_drawn_as_they_are_kept(
    claire: httpx.AsyncClient, town: Town, step: str
) -> None:
    assert "Ajouter une question" in plain(await claire.get(step))
    assert (await send(claire, step, **TYPED)).status_code == 303
    assert await kept(town) == KEPT
    drawn = fields(await claire.get(step))
    assert (drawn["questions.0.skip"], drawn["questions.2.kind"]) == ("yes", "one_of")
    assert "questions.1.skip" not in drawn
    assert (await send(claire, step, **REST, **drawn)).status_code == 303
    assert await kept(town) == KEPT, "saving what was drawn changes nothing"


async def test_a_button_adds_a_question_or_choices_and_keeps_what_is_typed(
    claire: httpx.AsyncClient, town: Town, step: str
) -> None:
    drawn = await send(claire, step, **TYPED, more="questions")
    assert (drawn.status_code, fields(drawn)["questions.rows"]) == (200, "4")
    assert worded(drawn) == ["Qui s’en occuperait ?", "Combien de personnes ?", "Pour quand ?", ""]
    drawn = await send(claire, step, **TYPED, more="questions.2.choices")
    assert fields(drawn)["questions.2.choice.rows"] == "7"
    assert fields(drawn)["questions.2.choice.1.fr"] == "Plus tard"
    assert "questions" not in (await phase(town)).settings, "nothing is kept yet"


@pytest.mark.parametrize(
    ("pressed", "order"),
    [
        ("questions.1.up", [1, 0, 2]),
        ("questions.1.down", [0, 2, 1]),
        ("questions.0.up", [0, 1, 2]),
        ("questions.2.down", [0, 1, 2]),
        ("questions.0.remove", [1, 2]),
        ("questions.9.remove", [0, 1, 2]),
        ("questions.x.up", [0, 1, 2]),
        ("questions.1.burn", [0, 1, 2]),
    ],
)
async def test_questions_change_places_and_go(
    claire: httpx.AsyncClient, town: Town, step: str, pressed: str, order: list[int]
) -> None:
    await keep(town, *KEPT)
    drawn = await send(claire, step, **REST, **fields(await claire.get(step)), more=pressed)
    assert worded(drawn) == [KEPT[at]["text"]["fr"] for at in order]
    await send(claire, step, **REST, **fields(drawn))
    assert await kept(town) == [KEPT[at] for at in order]


async def test_a_new_question_is_never_one_that_went(claire: httpx.AsyncClient, town: Town, step: str) -> None:
    await keep(town, *KEPT)
    typed = {"rows": "1", "0.kind": "yes_no", "0.text.fr": "Est-ce urgent ?", "0.text.en": "Is it urgent?"}
    await send(claire, step, **REST, **{f"questions.{name}": text for name, text in typed.items()})
    assert [one["id"] for one in await kept(town)] == ["q4"]


@pytest.mark.parametrize(
    ("typed", "said", "at"),
    [
        ({"questions.1.text.en": ""}, "Écrivez la question dans chaque langue.", "questions.1.text"),
        ({"questions.1.kind": "riddle"}, "Choisissez comment on y répond.", "questions.1.kind"),
        ({"questions.2.kind": "yes_no"}, "Des réponses sont écrites plus bas", "questions.2.kind"),
        (
            {"questions.2.choice.2.fr": "", "questions.2.choice.2.en": ""},
            "au moins deux réponses",
            "questions.2.choices",
        ),
        ({"questions.2.choice.0.en": ""}, "Écrivez chaque réponse dans chaque langue.", "questions.2.choices"),
    ],
)
async def test_a_mistake_is_told_at_its_question_and_loses_nothing(
    claire: httpx.AsyncClient, town: Town, step: str, typed: dict[str, str], said: str, at: str
) -> None:
    answer = await send(claire, step, **{**TYPED, **typed})
    assert answer.status_code == 400
    [fault] = re.findall(rf'id="{re.escape(at)}-fault">([^<]*)', plain(answer))
    assert said in fault
    assert f'aria-describedby="{at}-fault"' in answer.text
    assert fields(answer)["questions.2.text.en"] == "For when?"
    assert "questions" not in (await phase(town)).settings


async def test_five_questions_are_the_most(claire: httpx.AsyncClient, town: Town, step: str) -> None:
    rows = {
        f"questions.{at}.{name}": text
        for at in range(6)
        for name, text in {"kind": "yes_no", "text.fr": f"Oui {at} ?", "text.en": f"Yes {at}?"}.items()
    }
    answer = await send(claire, step, **REST, **rows, **{"questions.rows": "6"})
    assert "On pose ici 5 questions au plus." in plain(answer)
    assert "Ajouter une question" not in plain(answer)
    assert worded(answer)[-1] == "Oui 5 ?"


async def test_what_a_file_says_of_a_question_stays(claire: httpx.AsyncClient, town: Town, step: str) -> None:
    await keep(town, KEPT[2], {**FROM_FILE, "when": {"q3": "c1"}})
    page = await claire.get(step)
    assert "réglé ailleurs" in plain(page)
    drawn = {**fields(page), "questions.1.text.fr": "Par quoi commencer ?"}
    await send(claire, step, **REST, **drawn)
    assert (await kept(town))[1] == {
        **FROM_FILE, "when": {"q3": "c1"}, "text": {"fr": "Par quoi commencer ?", "en": "In which order?"},
    }  # fmt: skip
    moved = await send(claire, step, **REST, **drawn, more="questions.1.up")
    refused = await send(claire, step, **REST, **fields(moved))
    assert refused.status_code == 400, "it is asked only after an answer to the other"
    assert re.search(r'id="questions.0.text-fault">[^<]*q3', refused.text)


async def test_once_somebody_has_begun_a_question_changes_its_words_only(
    claire: httpx.AsyncClient, town: Town, step: str
) -> None:
    await keep(town, *KEPT)
    person = await somebody(town)
    async with town.database.write() as connection:
        await connection.execute(
            insert(Conversation).values(
                space_id=town.space.id, id=new_id(), participant_id=person, phase_id=town.phase.id,
                kind="ideas", state="open", journal="{}", channel="web", begun_at=town.now, heard_at=town.now,
            )
        )  # fmt: skip
    page = await claire.get(step)
    drawn = fields(page)
    for name in ("Ajouter une question", "Retirer cette question", "Monter", "Comment y répond-on"):
        assert name not in plain(page)
    assert (await send(claire, step, **REST, **drawn)).status_code == 303
    assert await kept(town) == KEPT
    said = {"questions.2.text.fr": "Quand donc ?", "questions.2.choice.1.fr": "Un jour"}
    forged = {"questions.0.kind": "yes_no", "questions.1.skip": "yes", "questions.0.id": "q2", "questions.1.id": "q1"}
    await send(claire, step, **{**REST, **drawn, **said})
    reworded = await kept(town)
    assert reworded[2]["text"]["fr"] == "Quand donc ?"
    assert [one["label"]["fr"] for one in reworded[2]["choices"]] == ["Cette année", "Un jour"]
    await send(claire, step, **{**REST, **drawn, **forged, "questions.rows": "2"})
    assert [(one["id"], one["kind"], one.get("required")) for one in await kept(town)] == [
        ("q1", "short_text", False),
        ("q2", "number", None),
        ("q3", "one_of", None),
    ]


async def somebody(town: Town) -> int:
    """The id of a resident who gave something."""
    id_ = await write(town, "Un banc")
    async with town.database.write() as connection:
        found = await connection.execute(
            update(Contribution).where(Contribution.id == id_).values(state="withdrawn").returning(
                Contribution.participant_id
            )
        )  # fmt: skip
        return found.scalar_one() or 0


async def test_moderators_read_the_details_and_the_answers_with_the_idea(
    claire: httpx.AsyncClient, town: Town, step: str
) -> None:
    await keep(town, *KEPT, {"id": "mail", "kind": "email", "text": {"fr": "Votre adresse ?", "en": "Your address?"}})
    own = {"q1": "Le <b>comité</b>", "q2": None, "q3": "c2", "mail": "ada@montaubry.example"}
    idea = await write(town, "Un kiosque")
    async with town.database.write() as connection:
        fields = {"details": "Avec un toit.", "photo": None, "own": own}
        await connection.execute(update(Contribution).where(Contribution.id == idea).values(fields=fields))
    for path in (LIST, f"{LIST}/{idea}"):
        page = plain(await claire.get(path))
        lines = re.findall(r'<li><span class="soft">([^<]*)</span> ([^<]*)</li>', page)
        assert lines == [
            ("Précisions :", "Avec un toit."),
            ("Qui s’en occuperait :", "Le &lt;b&gt;comité&lt;/b&gt;"),
            ("Pour quand :", "plus tard"),
        ]
        assert "ada@montaubry.example" not in page
    english = (await claire.get(LIST, headers={"Accept-Language": "en"})).text
    assert "For when:</span> later" in english


async def test_the_form_is_for_everybody_and_every_screen(
    page: Page, served: Town, enter: Enter, complaints: list[str]
) -> None:
    await keep(served, *KEPT)
    await enter(page)
    await page.set_viewport_size({"width": PHONE["width"], "height": PHONE["height"]})
    await page.goto(f"{served.url}{base(served)}/steps/{served.phase.id}")
    await assert_accessible(page)
    assert await page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    await page.get_by_role("button", name="Monter (2)").click()
    await expect(page.get_by_label("Question 1, Français")).to_have_value("Combien de personnes ?")
    await expect(page.get_by_label("Question 2, Français")).to_be_in_viewport()
    assert complaints == []
