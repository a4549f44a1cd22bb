"""Petitions from the first signature to the answer, through the real Reception and Courier, on both databases."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from bot.jobs import all_jobs
from flows.figures import Figures, Filter, Page, PhaseRef
from flows.forms import Faults
from flows.modules.petition import Petition
from flows.replies import Replies
from flows.run import Tell
from flows.telling import pack_tell
from flows.texts import Words
from storage import consultations, erasure, models, official, signing
from storage.database import Database
from storage.models import Contribution, Delivery, Milestone, Phase, Report
from storage.official import Reply
from storage.outbox import BULK
from storage.refusals import Closed
from storage.signing import Signature
from tests.bot.town import Town, furnish
from tests.tables import make_tables

SETTINGS: dict[str, Any] = {
    "text": {"en": "A crossing at the school"},
    "goal": 4,
    "silence": 10,
    "opens_next": True,
}
WHY = ["Would you like to say why?", "Others see it, without your name."]


@pytest.fixture
async def house(database_url: str) -> AsyncIterator[Town]:
    database = Database(database_url)
    async with database.write() as connection:
        await make_tables(connection)
    yield await furnish(database, Petition.load(SETTINGS))
    await database.close()


async def sign(house: Town, *names: str) -> None:
    await house.begin(*names)
    for name in names:
        assert (await house.hears(name, "I sign"))[0] == "It is signed. Thank you."


async def change(house: Town, **values: Any) -> None:
    async with house.database.write() as connection:
        await connection.execute(update(Phase).where(Phase.id == house.phase_id).values(**values))


async def figures(house: Town) -> Figures:
    async with house.database.read() as connection:
        return await Petition.load(SETTINGS).results(connection, PhaseRef(house.space_id, house.phase_id), Filter())


async def test_the_goal_opens_the_next_phase_once(house: Town) -> None:
    async with house.database.write() as connection:
        found = await consultations.find(connection, house.space_id, house.consultation_id)
        assert found is not None
        vote = await consultations.add_phase(connection, found, "test", {}, state="waiting")
    await house.begin("a", "b", "c", "d", "e")
    told = [await house.hears(name, "I sign") for name in "abcde"]
    assert told[1][2] == "With your signature, half of the 4 are there."
    assert told[3][1:4] == [
        "You are now 4 to have signed.",
        "With your signature, the goal is reached: 4.",
        "So the next step is open: see the menu.",
    ]
    assert told[4] == ["It is signed. Thank you.", "You are now 5 to have signed.", *WHY]
    assert await house.rows(Phase.state, Phase.opens_at, id=vote.id) == [("dated", house.now)]


async def test_a_milestone_is_not_heard_again_by_who_signs_after_a_withdrawal(house: Town) -> None:
    await sign(house, "a", "b")
    await house.hears("b", "no thank you")
    await house.hears("b", "no")
    await house.hears("b", code="centre")
    await house.hears("b", "take my signature back")
    assert await house.hears("b", "yes") == [
        "It is done. Your signature does not count any more.",
        "To sign again, write “menu”.",
    ]
    assert (await figures(house)).people == 1
    await house.begin("c")
    assert await house.hears("c", "I sign") == ["It is signed. Thank you.", "You are now 2 to have signed.", *WHY]


async def test_a_petition_that_nobody_signs_any_more_has_ended_and_closes_when_it_is_looked_at(house: Town) -> None:
    await sign(house, "a")
    await house.begin("late", "later")
    house.later(days=9)
    await sign(house, "b")
    house.later(days=10, seconds=1)
    signature = Signature(
        *(house.space_id, house.phase_id, 1, 1, "signature", "signature", {}, (), "web", None, house.now),
        silence=10,
    )
    async with house.database.write() as connection:
        [refusal] = await signing.sign(connection, [signature])
    assert isinstance(refusal, Closed)
    told = await house.hears("late", "I sign")
    assert told[:2] == ["This petition has ended: nobody signed it any more.", "2 people have signed it."]
    assert await house.rows(Phase.state, Phase.closes_at, id=house.phase_id) == [
        ("closed", house.now - timedelta(seconds=1))
    ]
    assert (await house.hears("later", "I sign"))[0].startswith("This has been closed since")
    assert (await figures(house)).people == 2


async def test_words_wait_for_a_moderator_and_the_signature_counts_at_once(house: Town) -> None:
    await change(house, moderation="before")
    await sign(house, "a")
    told = await house.hears("a", "Cars do not stop")
    assert told[0] == "Thank you. Once it was read, others see this, without your name: “Cars do not stop”"
    assert await house.rows(Contribution.kind, Contribution.state) == [("signature", "sent"), ("why", "waiting")]
    await house.hears("a", "no")
    await house.hears("a", code="centre")
    await house.hears("a", "change my words")
    await house.hears("a", "Cars go too fast")
    assert await house.rows(Contribution.text, Contribution.state, kind="why") == [
        ("Cars do not stop", "withdrawn"),
        ("Cars go too fast", "waiting"),
    ]
    [signature] = await house.rows(Contribution.id, kind="signature")
    assert set(await house.rows(Contribution.parent_id, kind="why")) == {signature}


async def test_a_reason_is_reported_once_by_each_reader_who_may_sign_afterwards(house: Town) -> None:
    await sign(house, "a", "b")
    await house.hears("a", "Cars do not stop")
    await house.hears("b", "Ask Mr Dupont")
    await house.begin("c")
    await house.hears("c", "Read more")
    assert await house.hears("c", "Report one of these reasons") == [
        "Which one?",
        "1. “Ask Mr Dupont”",
        "2. “Cars do not stop”",
    ]
    await house.hears("c", "1")
    told = await house.hears("c", "It names or points at a person")
    assert told[0] == "Thank you. A moderator will look at it. Its author is not told who reported it."
    [reported] = await house.rows(Report.contribution_id, Report.reason)
    assert reported == ((await house.rows(Contribution.id, text="Ask Mr Dupont"))[0], "person")
    async with house.database.write() as connection:
        await connection.execute(update(Contribution).where(Contribution.kind == "why").values(state="hidden"))
    assert (await house.hears("c", "I sign"))[0] == "It is signed. Thank you."


async def test_a_reason_is_not_offered_to_be_reported_by_who_has_reported_it(house: Town) -> None:
    await sign(house, "a")
    await house.hears("a", "Cars do not stop")
    await house.begin("b")
    for said in ("Read more", "Report one of these reasons", "It may hurt somebody"):
        await house.hears("b", said)
    told = await house.hears("b", "No thank you")
    assert told[0] == "All right. Nothing was signed."
    await house.hears("b", code="centre")
    await house.hears("b", "Read more")
    assert [button.label for button in house.last("b").buttons] == ["I sign", "No thank you", "Back"]
    assert await house.count(Report) == 1


async def test_more_words_than_a_day_allows_are_refused_and_the_signature_stays(house: Town) -> None:
    await change(house, per_day=1)
    await sign(house, "a")
    await house.hears("a", "Cars do not stop")
    await house.hears("a", "no")
    await house.hears("a", code="centre")
    await house.hears("a", "change my words")
    told = await house.hears("a", "Cars go too fast")
    assert told[0] == "I take 1 text in 24 hours from each person. This one was not sent. Please come back tomorrow."
    assert (await figures(house)).people == 1


async def test_a_plain_yes_signs_and_a_plain_no_does_not(house: Town) -> None:
    await house.begin("a", "b")
    assert (await house.hears("a", "yes of course"))[0] == "It is signed. Thank you."
    assert (await house.hears("b", "no"))[0] == "All right. Nothing was signed."


async def test_words_without_a_signature_that_counts_are_not_kept_and_why_is_said(house: Town) -> None:
    await sign(house, "a")
    assert "You signed this petition on Saturday 6 March." in await house.hears("a", "/correct")
    await house.hears("a", "take my signature back")
    await house.hears("a", "yes")
    assert WHY[0] in await house.hears("a", "continue")
    told = await house.hears("a", "Cars do not stop")
    assert told == ["Your words could not be kept: your signature was taken back."]
    assert await house.rows(Contribution.kind, Contribution.state) == [("signature", "withdrawn")]


async def test_the_answer_reaches_each_signer_once_in_their_language_but_not_who_asked_us_to_stop(house: Town) -> None:
    await sign(house, "a", "b", "stopped", "back")
    await house.hears("stopped", "/stop")
    await house.hears("back", "no thank you")
    await house.hears("back", "no")
    await house.hears("back", code="centre")
    await house.hears("back", "take my signature back")
    await house.hears("back", "yes")
    await house.hears("a", "/language")
    await house.hears("a", "Français")
    house.street.sent.clear()
    module = Petition.load(SETTINGS)
    assert isinstance(module, Replies)
    text = {"en": "It is built in June.", "fr": "Il est construit en juin."}
    async with house.database.write() as connection:
        where = PhaseRef(house.space_id, house.phase_id)
        to = await module.addressed(connection, where, house.now)
        body = pack_tell(Tell(0, (to.intro, Words(text))))
        reply = Reply(house.space_id, to.contribution_id, None, "answered", text, body, to.audience, house.now)
        assert await official.reply(connection, [reply]) == [2]
    assert (await house.rows(Delivery.kind))[-2:] == ["broadcast", "broadcast"]
    await house.deliver()
    assert house.street.texts("a")[1:] == ["Il est construit en juin."]
    assert house.street.texts("b") == [
        "The petition you signed is answered: “A crossing at the school”",
        "It is built in June.",
    ]
    assert house.street.texts("stopped") == house.street.texts("back") == []
    told = await house.hears("back", code="centre")
    assert told[2:4] == ["The answer of the town hall, Saturday 6 March:", "“It is built in June.”"]
    assert (await figures(house)).people == 3


async def want_news(house: Town, *names: str) -> None:
    for name in names:
        await house.hears(name, "no thank you")
        assert (await house.hears(name, "yes"))[0] == "It is noted."


async def test_a_milestone_is_told_by_the_job_to_those_who_want_news_in_their_language_and_behind_answers(
    house: Town,
) -> None:
    await sign(house, "fan", "french")
    await want_news(house, "fan", "french")
    await house.hears("french", "/language")
    await house.hears("french", "Français")
    await sign(house, "stopped")
    await want_news(house, "stopped")
    await house.hears("stopped", "/stop")
    await sign(house, "goal")
    house.street.sent.clear()
    [job] = [
        one
        for one in all_jobs(house.database, house.reception, house.courier, timedelta(days=1))
        if one.name == "tell the milestones of petitions"
    ]
    await job.work(house.now)
    assert await house.rows(Delivery.kind, Delivery.rank, state="waiting") == [("broadcast", BULK)] * 3
    await job.work(house.now)
    await house.deliver()
    assert house.street.texts("fan")[1] == "Half of the 4 signatures are there."
    assert house.street.texts("fan")[3:] == [
        "The petition you signed: “A crossing at the school”",
        "The goal is reached: 4 signatures.",
        "To receive no more news, write “menu”.",
    ]
    assert house.street.texts("french")[1] == "L'objectif est atteint : 4 signatures."
    assert house.street.texts("stopped") == house.street.texts("goal") == []
    assert await house.rows(Milestone.name) == ["half", "goal"]


async def test_figures_and_table_say_when_by_which_door_and_why(house: Town) -> None:
    await sign(house, "a", "b")
    await house.hears("a", "Cars do not stop")
    house.later(days=1)
    await sign(house, "c")
    found = await figures(house)
    assert (found.people, found.by_channel) == (3, (("street", 3),))
    assert [row.people for row in found.figures[0].rows] == [2, 1]
    module, where = Petition.load(SETTINGS), PhaseRef(house.space_id, house.phase_id)
    async with house.database.read() as connection:
        table = [row async for row in module.table(connection, where, "en")]
        texts = await module.texts(connection, where, "why", Filter(), Page("stôp", 0, 10))
    assert table[0] == ["Number", "Day", "Hour", "Door", "Place", "Why they sign"]
    assert table[1] == [1, "2027-03-06", "13:00", "street", None, "Cars do not stop"]
    assert [row[5] for row in table[1:]] == ["Cars do not stop", None, None]
    assert texts[0] == 1


async def test_a_signature_stays_in_the_total_when_its_author_is_erased(house: Town) -> None:
    await sign(house, "a", "b")
    await house.hears("a", "Cars do not stop")
    [who, _other] = await house.rows(Contribution.participant_id, kind="signature")
    async with house.database.write() as connection:
        await erasure.erase(connection, [(house.space_id, who, house.now.isoformat())])
    found = await figures(house)
    assert found.people == 2
    assert found.figures[1].people == 0
    assert await house.rows(models.Contribution.text, kind="why") == [None]


def test_settings_that_ask_for_nothing_are_refused_with_the_field() -> None:
    with pytest.raises(Faults) as faults:
        Petition.load({"text": {"en": ""}, "goal": 0, "silence": -1})
    assert [fault.field for fault in faults.value.faults] == ["text", "goal", "silence"]
    assert {field.name for field in Petition.form()} == {"text", "about", "goal", "silence", "opens_next"}
