"""Making a consultation in the panel: its words and dates, its steps from the catalog, and what opening it takes."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import insert, update

from admin_web.consultations import is_open
from admin_web.dates import Civil, NotADate
from admin_web.phase_pages import offered
from flows.texts import Words
from storage import audiences, consultations, making, models
from storage.consultations import Consultation, Phase
from storage.models import Participant
from storage.rules import InArea
from tests.admin_web.conftest import NOW, Town
from tests.admin_web.test_consultations import add_responses
from tests.admin_web.test_sign_in import key_of
from tests.admin_web.wishes import SETTINGS, Wishes, add_draft

NEW = "/panel/consultations/new"
HEAD = {
    "title.fr": "Des arbres",
    "title.en": "Trees",
    "topic.fr": "sur les arbres",
    "why.fr": "Pour planter.",
    "decides.fr": "Le conseil",
    "does.fr": "On plante.",
    "closes.day": "2027-04-30",
    "answer_on": "2027-05-10",
}
STEP = {
    "question.fr": "Quel arbre ?",
    "explained.fr": "",
    "most": "4",
    "size": "many",
    "shown": "yes",
    "options.rows": "2",
    "options.0.label.fr": "Un tilleul",
    "options.1.label.fr": "Un chêne",
    "options.1.about.en": "It lasts.",
    "state": "dated",
    "moderation": "before",
    "per_day": "2",
    "stages": "0",
}


@pytest.fixture(autouse=True)
def _in_the_catalog(wishes: type[Wishes]) -> None:
    """The way of taking part of these tests can be chosen."""


async def send(claire: httpx.AsyncClient, path: str, data: dict[str, str], **more: Any) -> httpx.Response:
    key = key_of(await claire.get("/panel/settings"))
    return await claire.post(path, data={"key": key, **data}, **more)


async def phases_of(town: Town, consultation_id: int) -> list[Phase]:
    async with town.database.read() as connection:
        return await consultations.phases(connection, town.space.id, consultation_id)


async def found(town: Town, id_: int) -> Consultation:
    async with town.database.read() as connection:
        one = await consultations.find(connection, town.space.id, id_)
    assert one is not None
    return one


async def made(claire: httpx.AsyncClient, **more: str) -> int:
    answer = await send(claire, NEW, {**HEAD, **more})
    assert answer.status_code == 303, answer.text
    return int(answer.headers["location"].rpartition("/")[2])


async def test_a_consultation_is_written_in_the_panel(claire: httpx.AsyncClient, town: Town) -> None:
    one = await found(town, await made(claire))
    assert (one.slug, one.state) == ("des-arbres", "draft")
    assert one.title == {"fr": "Des arbres", "en": "Trees"}
    assert one.does == {"fr": "On plante."}
    assert one.closes_at == datetime(2027, 4, 30, 21, 59, tzinfo=UTC), "a day alone lasts until its end, in the town"
    assert one.answer_on == "2027-05-10"
    other = await found(town, await made(claire))
    assert other.slug == "des-arbres-2"


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"title.fr": "", "title.en": ""}, "À remplir."),
        ({"closes.day": "31 avril"}, "Écrivez un jour comme"),
        ({"opens.day": "2027-05-01"}, "La fermeture est avant l’ouverture."),
        ({"answer_on": "2027-04-01"}, "On répond aux participants après la fermeture."),
    ],
)
async def test_what_cannot_be_used_is_said_beside_it_and_nothing_typed_is_lost(
    claire: httpx.AsyncClient, typed: dict[str, str], said: str
) -> None:
    answer = await send(claire, NEW, {**HEAD, **typed})
    assert answer.status_code == 400
    assert said in answer.text
    assert "Pour planter." in answer.text


async def test_its_words_and_dates_are_changed(claire: httpx.AsyncClient, town: Town) -> None:
    id_ = await made(claire)
    page = await claire.get(f"/panel/consultations/{id_}/edit")
    assert 'value="2027-04-30"' in page.text
    assert 'value="23:59"' in page.text
    await send(claire, f"/panel/consultations/{id_}/edit", {**HEAD, "does.fr": "On plante cent arbres."})
    assert (await found(town, id_)).does == {"fr": "On plante cent arbres."}


async def test_a_step_is_chosen_from_the_catalog_and_its_form_drawn_and_read(
    claire: httpx.AsyncClient, town: Town
) -> None:
    base = f"/panel/consultations/{town.consultation.id}/steps/new"
    page = await claire.get(base)
    assert "Des vœux" in page.text
    assert "Chacun dit ce qu’il souhaite, en une phrase." in page.text
    drawn = (await claire.get(f"{base}/wishes")).text
    for name in ("question.fr", "explained.en", "most", "size", "shown", "options.0.label.fr", "drawing", "secret"):
        assert f'name="{name}"' in drawn
    answer = await send(claire, f"{base}/wishes", STEP)
    assert answer.status_code == 303, answer.text
    _first, step = await phases_of(town, town.consultation.id)
    assert (step.kind, step.position, step.moderation, step.per_day, step.stages) == ("wishes", 2, "before", 2, [])
    assert step.settings == {
        "question": {"fr": "Quel arbre ?"},
        "explained": {},
        "most": 4,
        "size": "many",
        "shown": True,
        "drawing": None,
        "secret": False,
        "feedback": False,
        "options": [
            {"id": "o1", "label": {"fr": "Un tilleul"}, "about": {}},
            {"id": "o2", "label": {"fr": "Un chêne"}, "about": {"en": "It lasts."}},
        ],
    }


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"question.fr": ""}, "À remplir."),
        ({"most": "many"}, "Écrivez un nombre entier."),
        ({"most": "21"}, "20 au plus."),
        ({"most": "13"}, "Treize porte malheur."),
        ({"size": "huge"}, "À remplir."),
        ({"options.0.label.fr": ""}, "Au moins 2."),
        ({"per_day": "0"}, "Entre 1 et 1"),
        ({"opens.hour": "08:00"}, "Écrivez un jour comme"),
        ({"stages": "1", "stage.0.who": "area:nowhere"}, "n’existe plus"),
        ({"stages": "1", "stage.0.who": "age"}, "À partir de quel âge"),
        ({"stages": "1", "stage.0.who": "everybody", "stage.0.day": "2027-04-01"}, None),
        ({"stages": "1", "stage.0.who": "as-it-is", "stage.0.rule": "[[["}, "n’existe plus"),
    ],
)
async def test_a_step_that_cannot_be_used_is_drawn_again_as_it_was_typed(
    claire: httpx.AsyncClient, town: Town, typed: dict[str, str], said: str | None
) -> None:
    answer = await send(claire, f"/panel/consultations/{town.consultation.id}/steps/new/wishes", {**STEP, **typed})
    if said is None:
        assert answer.status_code == 303
        return
    assert answer.status_code == 400
    assert said in answer.text
    assert "Un chêne" in answer.text
    assert len(await phases_of(town, town.consultation.id)) == 1


async def test_more_rows_are_given_without_losing_what_was_typed(claire: httpx.AsyncClient, town: Town) -> None:
    path = f"/panel/consultations/{town.consultation.id}/steps/new/wishes"
    answer = await send(claire, path, {**STEP, "more": "options"})
    assert answer.status_code == 200
    assert "Un tilleul" in answer.text
    assert 'name="options.6.label.fr"' in answer.text
    assert len(await phases_of(town, town.consultation.id)) == 1


@pytest.mark.parametrize(
    ("typed", "opened"), [({"points": "many"}, " open"), ({"more": "grades"}, " open"), ({"more": "options"}, "")]
)
async def test_what_stands_behind_more_choices_is_seen_where_it_is_about_that(
    claire: httpx.AsyncClient, town: Town, typed: dict[str, str], opened: str
) -> None:
    path = f"/panel/consultations/{town.consultation.id}/steps/new/vote"
    page = (await send(claire, path, {**STEP, "method": "points", "threshold": "half", **typed})).text
    assert re.findall(r'<details class="box"( open|)>', page) == [opened]


async def test_stages_are_kept_in_the_zone_of_the_town_and_drawn_with_their_people(
    claire: httpx.AsyncClient, town: Town
) -> None:
    await add_draft(town)
    person = {"space_id": town.space.id, "language": "fr", "groups": [], "channel": "web", "created_at": NOW}
    async with town.database.write() as connection:
        await connection.execute(insert(Participant).values(**person, id=1, area="gare"))
        assert await audiences.count(connection, town.space.id, [InArea(("gare",))], NOW) == [1]
    path = f"/panel/consultations/{town.draft}/steps"
    step = (await phases_of(town, town.draft))[0]
    stages = {
        "stages": "3",
        "stage.0.who": "group:lettre",
        "stage.1.who": "age",
        "stage.1.least": "16",
        "stage.1.day": "2027-03-28",
        "stage.1.hour": "02:30",  # the night in which this hour does not exist
        "stage.2.who": "everybody",
        "stage.2.day": "2027-10-31",
        "stage.2.hour": "02:30",  # the night in which it occurs twice
    }
    answer = await send(claire, f"{path}/{step.id}", {**STEP, **stages})
    assert answer.status_code == 303, answer.text
    assert (await phases_of(town, town.draft))[0].stages == [
        {"from": None, "who": {"group": "lettre"}},
        {"from": "2027-03-28T01:00:00+00:00", "who": {"of-age": [16, None]}},
        {"from": "2027-10-31T00:30:00+00:00", "who": None},
    ]
    page = (await claire.get(f"{path}/{step.id}")).text.replace("\N{NO-BREAK SPACE}", " ")
    assert '<option value="area:gare">La Gare : qui dit y habiter (1 personne connue)</option>' in page
    assert re.search(r'value="group:lettre" selected>Lettre de mars', page)


async def test_a_tag_that_several_people_have_may_say_who_takes_part(claire: httpx.AsyncClient, town: Town) -> None:
    await add_draft(town)
    person = {"space_id": town.space.id, "language": "fr", "groups": [], "channel": "web", "created_at": NOW}
    tags = [["Mme Petit", "jury: mars"], ["jury: mars"], []]
    async with town.database.write() as connection:
        rows = [{**person, "id": number, "tags": given} for number, given in enumerate(tags, 1)]
        await connection.execute(insert(Participant), rows)
    step = (await phases_of(town, town.draft))[0]
    path = f"/panel/consultations/{town.draft}/steps/{step.id}"
    page = (await claire.get(path)).text.replace("\N{NO-BREAK SPACE}", " ")
    assert '<option value="tag:jury: mars">jury: mars : qui porte ce mot (2 personnes connues)</option>' in page
    assert "Mme Petit" not in page, "a name is offered to no rule"
    assert (await send(claire, path, {**STEP, "stages": "1", "stage.0.who": "tag:jury: mars"})).status_code == 303
    assert (await phases_of(town, town.draft))[0].stages == [{"from": None, "who": {"tag": "jury: mars"}}]
    async with town.database.write() as connection:
        await connection.execute(update(Participant).values(tags=[]))
    page = (await claire.get(path)).text
    assert '<option value="tag:jury: mars" selected>' in page, "saved again, it is not open to everybody"


async def test_a_finer_rule_is_said_in_words_and_kept_as_it_is(claire: httpx.AsyncClient, town: Town) -> None:
    await add_draft(town)
    step = (await phases_of(town, town.draft))[0]
    finer = {"from": None, "who": {"all": [{"area": "gare"}, {"not": {"tag": "jury"}}]}}
    async with town.database.write() as connection:
        await connection.execute(update(models.Phase).where(models.Phase.id == step.id).values(stages=[finer]))
    path = f"/panel/consultations/{town.draft}/steps/{step.id}"
    page = " ".join((await claire.get(path)).text.split())
    said = "les personnes qui habitent La Gare et qui ne portent pas le mot « jury »"
    assert f'<option value="as-it-is" selected>Comme c’est réglé ailleurs : {said}</option>' in page
    kept = {"stages": "1", "stage.0.who": "as-it-is", "stage.0.rule": json.dumps(finer["who"])}
    assert (await send(claire, path, {**STEP, **kept})).status_code == 303
    assert (await phases_of(town, town.draft))[0].stages == [finer]


async def test_steps_change_places_and_go_while_nobody_has_begun(claire: httpx.AsyncClient, town: Town) -> None:
    await add_draft(town)
    first, second = await phases_of(town, town.draft)
    base = f"/panel/consultations/{town.draft}/steps"
    await send(claire, f"{base}/{second.id}/up", {})
    assert [one.id for one in await phases_of(town, town.draft)] == [second.id, first.id]
    await send(claire, f"{base}/{second.id}/up", {})
    await send(claire, f"{base}/{second.id}/down", {})
    assert [one.id for one in await phases_of(town, town.draft)] == [first.id, second.id]
    await send(claire, f"{base}/{first.id}/remove", {})
    [left] = await phases_of(town, town.draft)
    assert (left.id, left.position) == (second.id, 1)
    assert (await send(claire, f"{base}/{left.id}/explode", {})).status_code == 404
    assert (await claire.get(f"{base}/{left.id}/remove")).status_code == 405


async def test_once_somebody_has_begun_a_step_stays_and_only_its_words_change(
    claire: httpx.AsyncClient, town: Town
) -> None:
    async with town.database.write() as connection:
        town.phase = await consultations.add_phase(connection, town.consultation, Wishes.kind, SETTINGS)
    await add_responses(town, 1)
    async with town.database.read() as connection:
        assert await making.has_begun(connection, town.phase)
    base = f"/panel/consultations/{town.consultation.id}"
    path = f"{base}/steps/{town.phase.id}"
    assert "seuls les textes peuvent changer" in (await claire.get(path)).text.replace("\N{NO-BREAK SPACE}", " ")
    assert "Supprimer l’étape 2" not in (await claire.get(base)).text
    assert (await send(claire, f"{path}/remove", {})).status_code == 409
    typed = {**STEP, "options.0.id": "o2", "options.0.label.fr": "Un grand chêne", "question.fr": "Lequel ?"}
    assert (await send(claire, path, typed)).status_code == 303
    settings: dict[str, Any] = dict((await phases_of(town, town.consultation.id))[1].settings)
    assert settings["question"] == {"fr": "Lequel ?"}
    assert (settings["most"], settings["size"]) == (3, "few"), "these are not words"
    assert [(one["id"], one["label"]["fr"]) for one in settings["options"]] == [
        ("o1", "Un tilleul"),
        ("o2", "Un grand chêne"),
    ]


async def test_a_step_is_opened_and_closed_by_hand(claire: httpx.AsyncClient, town: Town) -> None:
    base = f"/panel/consultations/{town.consultation.id}/steps/{town.phase.id}"
    await send(claire, f"{base}/close", {})
    assert (await phases_of(town, town.consultation.id))[0].state == "closed"
    await send(claire, f"{base}/open", {})
    [step] = await phases_of(town, town.consultation.id)
    assert (step.state, step.opens_at, step.closes_at) == ("dated", town.now, None)


# -- the check-list --------------------------------------------------------------------------------------------------


async def test_nothing_opens_without_who_decides_and_what_will_be_done(claire: httpx.AsyncClient, town: Town) -> None:
    id_ = await made(claire, **{"decides.fr": "", "does.fr": ""})
    answer = await send(claire, f"/panel/consultations/{id_}/open", {"anyway": "yes"})
    text = answer.text.replace("\N{NO-BREAK SPACE}", " ")
    assert answer.status_code == 409
    for missing in ("Dites qui décide.", "Dites ce qui en sera fait.", "Ajoutez une première étape."):
        assert missing in text
    assert "Ouvrir quand même" not in text
    assert (await found(town, id_)).state == "draft"


async def test_what_is_only_doubtful_asks_whether_to_open_all_the_same(claire: httpx.AsyncClient, town: Town) -> None:
    id_ = await made(claire)
    await send(claire, f"/panel/consultations/{id_}/steps/new/wishes", STEP)
    answer = await send(claire, f"/panel/consultations/{id_}/open", {})
    assert answer.status_code == 409
    text = answer.text.replace("\N{NO-BREAK SPACE}", " ")
    assert "Ouvrir quand même ?" in text
    assert "Personne n’a essayé la conversation." in text
    assert "Un texte manque dans une des langues." in text
    await send(claire, f"/panel/consultations/{id_}/try", {"say": "Oui"})
    again = await send(claire, f"/panel/consultations/{id_}/open", {})
    assert "Personne n’a essayé" not in again.text
    assert (await send(claire, f"/panel/consultations/{id_}/open", {"anyway": "yes"})).status_code == 303
    assert (await found(town, id_)).state == "open"


async def test_it_may_open_by_itself_on_its_date(claire: httpx.AsyncClient, town: Town) -> None:
    opens = (town.now + timedelta(days=2)).replace(hour=7, minute=0, second=0, microsecond=0)
    id_ = await made(claire, **{"opens.day": f"{opens:%Y-%m-%d}", "opens.hour": "08:00"})
    base = f"/panel/consultations/{id_}"
    await send(claire, f"{base}/steps/new/wishes", STEP)
    assert "Ouvrir à sa date" in (await claire.get(base)).text
    asked = await send(claire, f"{base}/open", {"when": "date"})
    assert '<input type="hidden" name="when" value="date">' in asked.text
    await send(claire, f"{base}/open", {"when": "date", "anyway": "yes"})
    one = await found(town, id_)
    assert (one.state, one.opens_at, is_open(one, town.now), is_open(one, opens)) == ("open", opens, False, True)
    assert "Elle s’ouvrira d’elle-même" in (await claire.get(base)).text
    await send(claire, f"{base}/open", {})
    assert is_open(await found(town, id_), town.now)


async def test_a_step_that_is_never_open_stops_it(claire: httpx.AsyncClient, town: Town) -> None:
    id_ = await made(claire)
    await send(claire, f"/panel/consultations/{id_}/steps/new/wishes", {**STEP, "opens.day": "2027-06-01"})
    await send(claire, f"/panel/consultations/{id_}/steps/new/wishes", {**STEP, "state": "waiting"})
    page = (await claire.get(f"/panel/consultations/{id_}")).text
    assert "L’étape 1 n’est jamais ouverte" in page.replace("\N{NO-BREAK SPACE}", " ")
    assert "Attend l’étape d’avant" in page


@pytest.mark.parametrize(
    "typed", [Civil("2027-02-30", ""), Civil("", "10:00"), Civil("demain", ""), Civil("0001-01-01")]
)
def test_what_is_no_day_is_refused(typed: Civil) -> None:
    with pytest.raises(NotADate):
        typed.at("Europe/Paris")


def test_ways_without_a_name_are_not_offered() -> None:
    assert "menu" not in offered()
    assert isinstance(offered()["wishes"].name, Words)


async def test_every_way_in_the_catalog_is_drawn_and_says_what_it_misses(claire: httpx.AsyncClient, town: Town) -> None:
    base = f"/panel/consultations/{town.consultation.id}/steps/new"
    bare = {"state": "dated", "moderation": "none", "stages": "0"}
    for kind in offered():
        assert (await claire.get(f"{base}/{kind}")).status_code == 200, kind
        assert (await send(claire, f"{base}/{kind}", bare)).status_code in (303, 400), kind
