"""Withdrawing a proposal in the panel: it keeps its number, whoever voted is told, and other words change nothing."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from sqlalchemy import insert, select, update

from admin_web import fields
from flows.modules.vote import Vote
from storage import consultations, models
from storage.types import new_id
from tests.admin_web.conftest import Town
from tests.admin_web.test_ballots import VOTE, dated, plain, set_vote
from tests.admin_web.test_contributions import entries
from tests.admin_web.test_sealing import base, send


@pytest.fixture
async def voting(town: Town) -> Town:
    await set_vote(town)
    return town


async def somebody(town: Town, *, sent: bool, stopped: bool = False) -> int:
    """Somebody who has begun to vote, and maybe sent their vote, and maybe said stop."""
    person = {"space_id": town.space.id, "id": new_id(), "language": "fr", "groups": [], "channel": "web"}
    talk = {"space_id": town.space.id, "id": new_id(), "phase_id": town.phase.id, "participant_id": person["id"]}
    when = {"begun_at": town.now, "heard_at": town.now, "sent_at": town.now if sent else None}
    async with town.database.write() as connection:
        await connection.execute(
            insert(models.Participant).values(**person, created_at=town.now, stopped_at=town.now if stopped else None)
        )
        kept = {"kind": "vote", "state": "ended", "journal": "{}", "channel": "web"}
        await connection.execute(insert(models.Conversation).values(**talk, **kept, **when))
    return int(str(person["id"]))


async def options(town: Town) -> list[tuple[str, bool]]:
    async with town.database.read() as connection:
        [phase] = await consultations.phases(connection, town.space.id, town.consultation.id)
    return [(one["id"], bool(one.get("withdrawn"))) for one in phase.settings["options"]]


async def told(town: Town) -> list[tuple[int, str]]:
    async with town.database.read() as connection:
        rows = await connection.execute(select(models.Delivery.participant_id, models.Delivery.body))
        return [(row[0], row[1]) for row in rows]


def page(town: Town) -> str:
    return f"{base(town)}/steps/{town.phase.id}/withdraw"


async def test_first_it_is_said_how_many_are_told_then_it_is_done(claire: httpx.AsyncClient, voting: Town) -> None:
    voter = await somebody(voting, sent=True)
    await somebody(voting, sent=False)
    await somebody(voting, sent=True, stopped=True)
    assert "2. Un frêne" in plain(await claire.get(page(voting)))
    asked = await send(claire, page(voting), option="ash")
    assert "1 personne qui a voté est prévenue" in plain(asked)
    assert (await options(voting), await told(voting)) == ([("oak", False), ("ash", False), ("elm", False)], [])
    assert (await send(claire, page(voting), option="ash", sure="yes")).status_code == 303
    assert await options(voting) == [("oak", False), ("ash", True), ("elm", False)]
    [(whom, body)] = await told(voting)
    assert whom == voter
    assert "A proposal is withdrawn" in body
    assert await entries(voting) == [("withdraw", voting.phase.id, {"number": 2, "people": 1})]
    assert "a retiré la proposition 2 d’un vote" in plain(await claire.get("/panel/journal"))
    assert (await send(claire, page(voting), option="ash", sure="yes")).status_code == 404, "once"


async def test_two_stay_at_least_and_an_unknown_one_is_not_withdrawn(claire: httpx.AsyncClient, voting: Town) -> None:
    await send(claire, page(voting), option="ash", sure="yes")
    answer = await send(claire, page(voting), option="oak", sure="yes")
    assert (answer.status_code, 'role="alert"' in answer.text) == (400, True)
    assert (await send(claire, page(voting), option="moon", sure="yes")).status_code == 404
    assert await options(voting) == [("oak", False), ("ash", True), ("elm", False)]


async def test_once_a_vote_is_over_its_result_stands(claire: httpx.AsyncClient, voting: Town) -> None:
    await dated(voting, closes_at=voting.now)
    assert (await claire.get(page(voting))).status_code == 404
    assert (await send(claire, page(voting), option="ash", sure="yes")).status_code == 404


async def test_for_or_against_has_nothing_to_withdraw(claire: httpx.AsyncClient, voting: Town) -> None:
    async with voting.database.write() as connection:
        settings = {"method": "for_against", "question": {"fr": "Éteindre ?"}}
        await connection.execute(update(models.Phase).values(settings=settings, version=9))
    assert (await claire.get(page(voting))).status_code == 404


def test_other_words_leave_withdrawn_what_is_withdrawn() -> None:
    before: dict[str, Any] = {**VOTE, "options": [{**one, "withdrawn": one["id"] == "ash"} for one in OPTIONS]}
    typed = {**fields.shown(Vote.form(), before), "method": "one_of", "threshold": "half"}
    typed["options"] = [fields.Row(row.id, {"fr": row.label["fr"].upper()}, {}) for row in typed["options"] if row.id]
    made = fields.settings_of(Vote.form(), typed, before)
    words = fields.only_words(Vote.form(), before, made)
    for after in (made, words):
        assert [(one["id"], bool(one.get("withdrawn"))) for one in after["options"]] == [
            ("oak", False),
            ("ash", True),
            ("elm", False),
        ]
        assert after["options"][0]["label"] == {"fr": "UN CHÊNE"}


OPTIONS: list[dict[str, Any]] = VOTE["options"]  # type: ignore[assignment]
