"""One contribution: the official reply, its status, a jury's scores; and typing in what came on paper."""

from typing import Any

import httpx
import pytest
from sqlalchemy import func, insert, select

from storage import moderation, progress, similar
from storage.models import Ballot, Contribution, Delivery, Follow, Participant
from storage.moderation import VISIBLE, Queue
from storage.similar import Asked
from storage.types import new_id
from tests.admin_web.conftest import Town
from tests.admin_web.gathering import gather, write
from tests.admin_web.test_contributions import LIST, entries, post, told


@pytest.fixture
async def gathering(town: Town) -> Town:
    await gather(town)
    return town


async def person(town: Town) -> int:
    made = new_id()
    async with town.database.write() as connection:
        await connection.execute(
            insert(Participant).values(
                space_id=town.space.id, id=made, language="en", groups=[], channel="web", created_at=town.now
            )
        )
    return made


async def supported(town: Town, state: str = "sent") -> tuple[int, list[int]]:
    """An idea with an author, and somebody who both supports and follows it."""
    idea, fan = await write(town, "Des bancs à l’ombre", state), await person(town)
    async with town.database.write() as connection:
        ids = {"space_id": town.space.id, "id": new_id()}
        await connection.execute(
            insert(Ballot).values(
                **ids, phase_id=town.phase.id, subject=str(idea), voter=str(fan), value="yes", cast_at=town.now
            )
        )
        await connection.execute(insert(Follow).values(**ids, contribution_id=idea, participant_id=fan))
        author = await connection.execute(select(Contribution.participant_id).where(Contribution.id == idea))
    return idea, [author.scalar_one() or 0, fan]


async def test_a_reply_tells_author_and_supporters_once_each_in_their_language(
    claire: httpx.AsyncClient, gathering: Town
) -> None:
    idea, people = await supported(gathering)
    page = (await claire.get(f"{LIST}/{idea}")).text
    assert "Répondre et prévenir 2 personnes" in page
    reply = {"status": "accepted", "text_fr": "Dix bancs en juin.", "text_en": "Ten benches in June."}
    assert (await post(claire, f"/{idea}/reply", **reply)).status_code == 303
    found = await told(gathering)
    assert [(who, kind) for who, kind, _ in found] == [(who, "broadcast") for who in people]
    assert "Où cela en est : Accepté.\nDix bancs en juin." in found[0][2]
    assert "Where it stands: Accepted.\nTen benches in June." in (await told(gathering, "en"))[1][2]
    async with gathering.database.read() as connection:
        [step] = await progress.of(connection, gathering.space.id, idea)
    assert (step.status, step.name, step.at) == ("accepted", "Claire Morel", gathering.now)
    assert await entries(gathering) == [("reply", idea, {"status": "accepted", "people": 2})]
    assert "Dix bancs en juin." in (await claire.get(f"{LIST}/{idea}")).text


async def test_nobody_but_its_author_is_told_of_a_text_that_is_not_seen(
    claire: httpx.AsyncClient, gathering: Town
) -> None:
    idea, (author, _fan) = await supported(gathering, "hidden")
    await post(claire, f"/{idea}/reply", text_fr="Appelez-nous.")
    assert [who for who, _, _ in await told(gathering)] == [author]


@pytest.mark.parametrize("reply", [{}, {"status": "received_not"}, {"text_fr": "x" * 1_501}])
async def test_an_empty_answer_is_not_one(claire: httpx.AsyncClient, gathering: Town, reply: dict[str, str]) -> None:
    idea, _ = await supported(gathering)
    answer = await post(claire, f"/{idea}/reply", **reply)
    assert answer.status_code == 400
    assert reply.get("text_fr", "") in answer.text
    assert await told(gathering) == []
    assert await entries(gathering) == []


async def test_the_jury_s_scores_stand_beside_the_support_and_are_not_added(
    claire: httpx.AsyncClient, gathering: Town
) -> None:
    idea, _ = await supported(gathering)
    await post(claire, f"/{idea}/scores", score_cost="4")
    await post(claire, f"/{idea}/scores", score_cost="3", score_beauty="5")
    text = (await claire.get(f"{LIST}/{idea}")).text
    assert '<th scope="row">Coût</th><td class="n">3</td><td class="n">1</td>' in text
    assert '<th scope="row">Utilité</th><td class="n">pas encore</td><td class="n">0</td>' in text
    assert "<dt>personne soutient</dt><dd>1</dd>" in text
    assert (await post(claire, f"/{idea}/scores", score_cost="6")).status_code == 400
    assert [(action, details) for action, _, details in await entries(gathering)] == [("score", {"criteria": 1})] * 2


async def test_a_contribution_that_is_not_there(claire: httpx.AsyncClient, gathering: Town) -> None:
    for id_ in (7, 2**63, 2**200):
        assert (await claire.get(f"{LIST}/{id_}")).status_code == 404


def paper(town: Town, **changes: Any) -> dict[str, Any]:
    table = {"text": "Des bancs à l’ombre", "origin": "meeting", "place": "Table 4", "people": "8", "theme": "sit"}
    return {"step": town.phase.id, **table, **changes}


async def test_a_table_of_eight_is_typed_in_as_one_contribution_and_nobody_is_made_up(
    claire: httpx.AsyncClient, gathering: Town
) -> None:
    answer = await post(claire, "/new", **paper(gathering))
    again = (await claire.get(answer.headers["location"])).text
    assert "C’est gardé." in again
    assert 'value="Table 4"' in again
    async with gathering.database.read() as connection:
        [item] = await moderation.listed(connection, Queue(gathering.space.id), VISIBLE, 0, 9)
        people = await connection.execute(select(func.count()).select_from(Participant))
        ask = Asked(gathering.space.id, gathering.phase.id, "un banc à l'ombre", "fr")
        [near] = await similar.similar(connection, [ask])
        left = await connection.execute(select(func.count()).select_from(Delivery))
    assert (item.kind, item.people, item.origin, item.place, item.theme) == ("idea", 8, "meeting", "Table 4", "sit")
    assert [one["id"] for one in near] == [item.id]
    assert (people.scalar_one(), left.scalar_one()) == (0, 0)
    assert await entries(gathering) == [("type_in", item.id, {"origin": "meeting", "people": 8})]
    assert "8 personnes à la table" in (await claire.get(f"{LIST}?list=visible")).text


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"text": ""}, 400),
        ({"text": "x" * 1_501}, 400),
        ({"people": "0"}, 400),
        ({"people": "many"}, 400),
        ({"people": "501"}, 400),
        ({"origin": "web"}, 400),
        ({"place": "x" * 61}, 400),
        ({"theme": "moon"}, 400),
        ({"area": "moon"}, 400),
        ({"step": "7"}, 404),
        ({"step": "seven"}, 400),
    ],
)
async def test_what_can_t_be_typed_in_is_said_and_not_kept(
    claire: httpx.AsyncClient, gathering: Town, changes: dict[str, Any], status: int
) -> None:
    assert (await post(claire, "/new", **paper(gathering, **changes))).status_code == status
    async with gathering.database.read() as connection:
        assert await moderation.listed(connection, Queue(gathering.space.id), VISIBLE, 0, 9) == []
    assert await entries(gathering) == []


async def test_where_nothing_takes_papers_the_page_says_so(claire: httpx.AsyncClient) -> None:
    assert "Aucune consultation ne recueille" in (await claire.get(f"{LIST}/new")).text
