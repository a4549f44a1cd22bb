"""Ballots on paper, typed in by the numbers that stand on them: counted, spoilt, corrected, and in the journal."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import insert, update

from storage import models, paper, roles, tallying
from storage.paper import Number
from tests.admin_web.conftest import Town
from tests.admin_web.test_contributions import entries
from tests.admin_web.test_sign_in import key_of

PAGE = "/panel/contributions/ballots"
VOTE = {
    "method": "one_of",
    "question": {"fr": "Quel arbre ?", "en": "Which tree?"},
    "options": [
        {"id": "oak", "label": {"fr": "Un chêne", "en": "An oak"}},
        {"id": "ash", "label": {"fr": "Un frêne", "en": "An ash"}},
        {"id": "elm", "label": {"fr": "Un orme", "en": "An elm"}},
    ],
}


@pytest.fixture
async def voting(town: Town) -> Town:
    """The town's phase is a vote."""
    await set_vote(town)
    return town


async def set_vote(town: Town, **settings: Any) -> None:
    async with town.database.write() as connection:
        values = {"kind": "vote", "settings": {**VOTE, **settings}, "version": models.Phase.version + 1}
        await connection.execute(update(models.Phase).where(models.Phase.id == town.phase.id).values(**values))


async def dated(town: Town, **values: Any) -> None:
    async with town.database.write() as connection:
        await connection.execute(update(models.Phase).values(**values))


async def pile(claire: httpx.AsyncClient, town: Town, ballots: str, text: str, **more: str) -> httpx.Response:
    key = key_of(await claire.get("/panel/settings"))
    data = {"key": key, "step": str(town.phase.id), "ballots": ballots, "text": text, "kind": "vote", **more}
    return await claire.post(PAGE, data=data)


async def correct(claire: httpx.AsyncClient, town: Town, line: int, instead: str, reason: str) -> httpx.Response:
    key = key_of(await claire.get("/panel/settings"))
    data = {"key": key, "step": str(town.phase.id), "instead": instead, "reason": reason}
    return await claire.post(f"{PAGE}/{line}", data=data)


def plain(page: httpx.Response) -> str:
    """With the spaces of a keyboard."""
    return re.sub(r"[\u202f\xa0]", " ", page.text)


async def counted(town: Town) -> tuple[dict[str, int], Number]:
    async with town.database.read() as connection:
        here = (town.space.id, town.phase.id)
        return await tallying.alike(connection, *here), await paper.number(connection, *here)


async def lines(town: Town) -> list[paper.Line]:
    async with town.database.read() as connection:
        return await paper.listed(connection, town.space.id, town.phase.id, 9)


async def test_a_pile_is_typed_in_by_the_number_on_the_paper(claire: httpx.AsyncClient, voting: Town) -> None:
    answer = await pile(claire, voting, "12", "3", place="École")
    assert answer.status_code == 303
    await pile(claire, voting, "4", "", kind="blank")
    await pile(claire, voting, "2", "1 et 2 ?", kind="spoilt")
    assert await counted(voting) == ({'"elm"': 12, "null": 4}, Number(16, 2))
    page = plain(await claire.get(answer.headers["location"]))
    assert 'value="École"' in page
    assert "12 bulletins : 3. Un orme" in page
    consultation = await claire.get(f"/panel/consultations/{voting.consultation.id}")
    assert "16 bulletins papier en plus." in plain(consultation)
    noted = await entries(voting)
    assert [(action, details["ballots"]) for action, _id, details in noted] == [
        ("type_in_ballots", 12),
        ("type_in_ballots", 4),
        ("type_in_spoilt", 2),
    ]


async def test_a_line_is_corrected_or_taken_back_with_a_reason_and_stays_readable(
    claire: httpx.AsyncClient, voting: Town
) -> None:
    await pile(claire, voting, "12", "3", place="École")
    await pile(claire, voting, "5", "1")
    last, first = await lines(voting)
    assert (await correct(claire, voting, first.id, "21", "Deux chiffres inversés")).status_code == 303
    assert (await correct(claire, voting, last.id, "0", "Mauvaise urne")).status_code == 303
    assert (await counted(voting))[0] == {'"elm"': 21}
    kept = {(line.ballots, line.place, line.reason) for line in await lines(voting)}
    assert kept == {(21, "École", None), (12, "École", "Deux chiffres inversés"), (5, None, "Mauvaise urne")}
    await correct(claire, voting, first.id, "30", "Une seconde fois")
    assert (await counted(voting))[0] == {'"elm"': 21}, "once"
    assert (await entries(voting))[2:] == [
        ("correct_ballots", voting.phase.id, {"before": 12, "ballots": 21, "reason": "Deux chiffres inversés"}),
        ("correct_ballots", voting.phase.id, {"before": 5, "ballots": 0, "reason": "Mauvaise urne"}),
    ]
    assert "a corrigé des bulletins papier : 12, maintenant 21" in plain(await claire.get("/panel/journal"))


@pytest.mark.parametrize(
    ("ballots", "text", "more"),
    [
        ("0", "1", {}),
        ("5001", "1", {}),
        ("beaucoup", "1", {}),
        ("2", "", {}),
        ("2", "4", {}),
        ("2", "1 2", {}),
        ("2", "un chêne", {}),
        ("2", "1", {"place": "x" * 61}),
    ],
)
async def test_what_can_t_be_on_a_paper_is_said_and_not_kept(
    claire: httpx.AsyncClient, voting: Town, ballots: str, text: str, more: dict[str, str]
) -> None:
    answer = await pile(claire, voting, ballots, text, **more)
    assert answer.status_code == 400
    assert 'role="alert"' in answer.text
    assert await counted(voting) == ({}, Number(0, 0))
    assert await entries(voting) == []


@pytest.mark.parametrize(("instead", "reason"), [("-1", "x"), ("trois", "x"), ("3", ""), ("3", "x" * 301)])
async def test_nothing_is_corrected_without_a_number_and_a_reason(
    claire: httpx.AsyncClient, voting: Town, instead: str, reason: str
) -> None:
    await pile(claire, voting, "2", "1")
    [line] = await lines(voting)
    assert (await correct(claire, voting, line.id, instead, reason)).status_code == 400
    assert (await counted(voting))[0] == {'"oak"': 2}


async def test_they_are_typed_in_after_closing_too_and_not_before_the_vote_opens(
    claire: httpx.AsyncClient, voting: Town
) -> None:
    await dated(voting, closes_at=voting.now)
    assert (await pile(claire, voting, "3", "1")).status_code == 303
    await dated(voting, opens_at=voting.now + timedelta(days=1), closes_at=None)
    assert (await pile(claire, voting, "3", "1")).status_code == 404
    assert "Aucun vote" in (await claire.get(PAGE)).text
    assert (await counted(voting))[0] == {'"oak"': 3}


async def test_what_is_sealed_is_not_touched_by_what_is_typed_in_afterwards(
    claire: httpx.AsyncClient, voting: Town
) -> None:
    await set_vote(voting, secret=True)
    async with voting.database.write() as connection:
        here = {"space_id": voting.space.id, "phase_id": voting.phase.id}
        total = {"subject": tallying.VOTE, "value": '"oak"', "ballots": 7}
        await connection.execute(insert(models.Sealed).values(**here, **total))
        await connection.execute(update(models.Phase).values(sealed_at=voting.now, state="closed"))
    assert (await pile(claire, voting, "3", "2")).status_code == 303
    assert (await counted(voting))[0] == {'"oak"': 7, '"ash"': 3}
    page = (await claire.get(f"/panel/consultations/{voting.consultation.id}/results")).text
    assert "Sur papier" in page


async def test_whoever_reads_texts_types_ballots_in_and_nobody_else(claire: httpx.AsyncClient, voting: Town) -> None:
    for role, status in ((roles.MODERATOR, 200), (roles.ANALYST, 404), (roles.READER, 404)):
        async with voting.database.write() as connection:
            await connection.execute(update(models.Organiser).values(role=role))
        assert (await claire.get(f"{PAGE}?step={voting.phase.id}")).status_code == status
