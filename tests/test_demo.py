"""The demo: a believable town, complete in both languages, that shows something of every kind of question."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from bot.demo import content
from bot.demo.content import furnish
from bot.importing import beside
from flows.figures import Filter, Page, PhaseRef, Reports
from flows.module import load
from flows.open_texts import open_texts
from flows.questionnaires import tables, tallies
from flows.questionnaires.file import read_file
from flows.questionnaires.questionnaire import Questionnaire
from flows.questionnaires.questions import KINDS, Question
from flows.texts import Words, translate
from storage import (
    broadcast_figures,
    broadcasts,
    codes,
    consultations,
    files,
    milestones,
    moderation,
    organisers,
    reach,
    similar,
)
from storage.files import SCHEME
from storage.moderation import HIDDEN, TO_READ, VISIBLE, Queue
from storage.refusals import AlreadyExists
from storage.rules import from_json
from storage.similar import Asked
from tests.crowd import opened

NOW = datetime(2026, 11, 22, 6, 30, tzinfo=UTC)
LONGEST_PROMPT = 240
LONGEST_LABEL = 30
LONGEST_FRAME = len("Corrigé : des traversées dangereuses.\nQuestion 17 sur 17\n")
"""What the robot may say in the same message before the question."""


@pytest.fixture(scope="module")
def questionnaire() -> Questionnaire:
    return content.read_draft().questionnaire


def test_every_kind_of_question_is_there(questionnaire: Questionnaire) -> None:
    assert {step.kind for step in questionnaire.steps} == set(KINDS)
    assert sum(step.when is not None for step in questionnaire.steps) >= 4
    assert any(step.media for step in questionnaire.steps)


def test_it_is_imported_without_a_word() -> None:
    assert not read_file((content.FOLDER / "montaubry.yaml").read_bytes(), beside(content.FOLDER)).warnings


@pytest.mark.parametrize("language", content.LANGUAGES)
def test_prompts_and_labels_are_short_in_every_language(questionnaire: Questionnaire, language: str) -> None:
    for step in questionnaire.steps:
        said = [step.text, *([step.help] if isinstance(step, Question) and step.help else [])]
        said += [step.media.description] if step.media else []
        assert all(isinstance(one, Words) and one.get(language) for one in said)
        link = step.media.address if step.media and not step.media.address.startswith(SCHEME) else ""
        shown = [*(translate(one, language) for one in said), link]
        assert LONGEST_FRAME + sum(len(one) + 1 for one in shown) <= LONGEST_PROMPT, step.id
        if isinstance(step, Question):
            assert step.short is not None
            for option in (*step.options(), *step.rows()):
                assert len(translate(option.label, language)) <= LONGEST_LABEL


async def test_the_town_has_results_to_show(database_url: str) -> None:
    async with opened(database_url) as connection:
        demo = await furnish(connection, NOW)
        [phase] = await consultations.phases(connection, demo.space_id, demo.consultation_id)
        where = PhaseRef(demo.space_id, phase.id)
        questionnaire = Questionnaire.from_settings(phase.settings)
        figures = await tallies.results(connection, where, questionnaire, Filter())
        rows = [row async for row in tables.table(connection, where, questionnaire, "fr")]
        count, found = await open_texts(connection, where, tallies.RESPONSE, "to_change", Filter(), Page("banc", 0, 50))
        everything, _ = await open_texts(connection, where, tallies.RESPONSE, "to_change", Filter(), Page("", 0, 1))
    assert figures.people == len(rows) - 1 == 140
    assert [channel for channel, _people in figures.by_channel] == ["web", "telegram", "paper"]
    assert len(figures.by_place) == 5
    assert all(figure.people > 5 for figure in figures.figures if figure.id != "photo")
    stages = {stage.id: stage.stopped for stage in figures.stages}
    assert sum(stages.values()) == 27
    assert max(stages, key=lambda id: stages[id]) == "seats"
    assert everything >= 36
    assert count == len(found) >= 4


async def test_the_town_shows_its_square(database_url: str) -> None:
    async with opened(database_url) as connection:
        demo = await furnish(connection, NOW)
        [phase] = await consultations.phases(connection, demo.space_id, demo.consultation_id)
        [reference] = files.shown_by(phase.settings)
        drawing = await files.shown(connection, demo.space_id, reference)
    assert drawing is not None
    assert drawing.media_type == "image/png"
    assert len(drawing.content) < 80_000


async def test_the_days_are_those_before_it_is_looked_at(database_url: str) -> None:
    async with opened(database_url) as connection:
        demo = await furnish(connection, NOW)
        consultation = await consultations.find(connection, demo.space_id, demo.consultation_id)
        [phase] = await consultations.phases(connection, demo.space_id, demo.consultation_id)
        questionnaire = Questionnaire.from_settings(phase.settings)
        where = PhaseRef(demo.space_id, phase.id)
        _header, *rows = [row async for row in tables.table(connection, where, questionnaire, "fr")]
        hung = await codes.hung(connection, demo.space_id, demo.consultation_id)
    days = [str(row[1]) for row in rows]
    assert days == sorted(days)
    assert "2026-11-12" <= days[0] <= "2026-11-14"
    assert days[-1] <= "2026-11-22"
    assert consultation is not None
    assert consultation.closes_at is not None
    assert consultation.state == "open"
    assert consultation.closes_at.astimezone(ZoneInfo(content.ZONE)).isoformat() == "2026-12-05T20:00:00+01:00"
    assert consultation.answered_on is not None
    assert consultation.answered_on.weekday() == 3
    assert {one.code.code for one in hung} == set(demo.codes)
    assert all(one.came.answered for one in hung)
    assert sum(one.came.people for one in hung) > sum(one.came.answered for one in hung)


async def test_what_residents_wrote_was_read_but_for_the_newest_and_one_is_hidden(database_url: str) -> None:
    async with opened(database_url) as connection:
        demo = await furnish(connection, NOW)
        counts = await moderation.count(connection, Queue(demo.space_id))
        [hidden] = await moderation.listed(connection, Queue(demo.space_id), HIDDEN, 0, 9)
        asked = Queue(demo.space_id, kind="question")
        waiting = await moderation.listed(connection, asked, TO_READ, 0, 9)
        shown = await moderation.listed(connection, asked, VISIBLE, 0, 9)
        [near] = await similar.similar(
            connection, [Asked(demo.space_id, shown[0].phase_id, "La piscine rouvre quand ?", "fr")]
        )
        petition = next(one for one in await milestones.untold(connection))
        assert await milestones.tell(connection, [petition], NOW) == [0]
    assert hidden.reason == "advert"
    assert [item.text for item in waiting] == ["Y aura-t-il un feu d'artifice en juillet ?"]
    assert all(item.read_at is not None for item in shown)
    assert [one["id"] for one in near] == [one.id for one in shown if "piscine" in one.text]
    assert counts[TO_READ] < counts[VISIBLE]


async def test_each_way_tells_what_is_known_of_who_took_part(database_url: str) -> None:
    async with opened(database_url) as connection:
        demo = await furnish(connection, NOW)
        found = {}
        for one in await consultations.listed(connection, demo.space_id, NOW):
            for phase in await consultations.phases(connection, demo.space_id, one.consultation.id):
                module = load(phase.kind, phase.settings)
                assert isinstance(module, Reports)
                found[phase.kind] = await module.results(connection, PhaseRef(demo.space_id, phase.id), Filter())
    vote = found["vote"]
    assert dict(vote.by_channel)["paper"] == 45
    assert vote.people == sum(people for _channel, people in vote.by_channel) == 201
    assert vote.figures[0].note is not None
    assert "Sur papier : 45. Nuls sur papier, non comptés : 3." in translate(vote.figures[0].note, "fr")
    assert {kind: figures.started for kind, figures in found.items()} == {
        "questionnaire": 148,
        "vote": 167,
        "ideas": None,
        "petition": None,
        "questions": None,
    }


async def test_the_organiser_signs_in_with_the_password_that_was_printed(database_url: str) -> None:
    async with opened(database_url) as connection:
        demo = await furnish(connection, NOW)
        [account] = await organisers.find_by_email(connection, demo.email)
    assert account.must_change
    assert await organisers.matches(account.password, demo.password)


async def test_a_second_demo_is_refused_where_there_is_one(database_url: str) -> None:
    async with opened(database_url) as connection:
        await furnish(connection, NOW)
        with pytest.raises(AlreadyExists):
            await furnish(connection, NOW)


async def test_the_town_has_written_to_many_and_will_again(database_url: str) -> None:
    async with opened(database_url) as connection:
        made = await furnish(connection, NOW)
        later, sent = await broadcasts.listed(connection, made.space_id)
        figures = await broadcast_figures.figures(connection, sent)
        [reach_later] = await reach.look(connection, [reach.Asked(made.space_id, from_json(later.audience), NOW)])
    assert (sent.state, later.state) == ("sent", "planned")
    assert sum(figures.parts) == figures.recipients == content.NEIGHBOURS
    assert figures.recipients * 0.9 < figures.sent < figures.recipients
    assert 0 < figures.took_part < figures.clicked < figures.seen_of < figures.sent
    assert reach_later.reached > content.NEIGHBOURS / 2
