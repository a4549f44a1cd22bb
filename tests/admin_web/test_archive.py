"""Using a consultation again, and putting one away."""

from __future__ import annotations

import httpx

from storage import consultations
from tests.admin_web.conftest import Town
from tests.admin_web.gathering import gather
from tests.admin_web.test_ballots import pile, set_vote
from tests.admin_web.test_phase_pages import found, phases_of, send


async def test_a_new_consultation_begins_from_another_one(claire: httpx.AsyncClient, town: Town) -> None:
    page = (await claire.get(f"/panel/consultations/{town.consultation.id}")).text
    assert f'action="/panel/consultations/{town.consultation.id}/copy"' in page
    answer = await send(claire, f"/panel/consultations/{town.consultation.id}/copy", {})
    id_ = int(answer.headers["location"].split("/")[3])
    assert answer.headers["location"] == f"/panel/consultations/{id_}/edit", "its words are read over first"
    one = await found(town, id_)
    assert (one.slug, one.state, one.title) == ("le-centre-ville-et-vous", "draft", town.consultation.title)
    assert [phase.kind for phase in await phases_of(town, id_)] == ["made_up"]
    again = await send(claire, f"/panel/consultations/{town.consultation.id}/copy", {})
    assert (await found(town, int(again.headers["location"].split("/")[3]))).slug == "le-centre-ville-et-vous-2"


async def test_a_copy_of_a_vote_begins_without_what_was_withdrawn_and_without_residents_ideas(
    claire: httpx.AsyncClient, town: Town
) -> None:
    named = [
        {"id": f"o{at}", "label": {"fr": text}, "about": {}} for at, text in enumerate(("Un tilleul", "Un chêne"), 1)
    ]
    gone = {"id": "o3", "label": {"fr": "Un platane"}, "about": {}, "withdrawn": True}
    idea = {"id": "o4", "label": {"fr": "Des arceaux"}, "about": {}, "idea": 7}
    settings = {"method": "one_of", "question": {"fr": "Quel arbre ?"}, "options": [*named, gone, idea]}
    async with town.database.write() as connection:
        await consultations.add_phase(connection, town.consultation, "vote", settings)
    answer = await send(claire, f"/panel/consultations/{town.consultation.id}/copy", {})
    [_first, vote] = await phases_of(town, int(answer.headers["location"].split("/")[3]))
    assert vote.settings == {**settings, "options": named}


async def test_what_is_over_is_put_into_the_archive_and_taken_out(claire: httpx.AsyncClient, town: Town) -> None:
    base = f"/panel/consultations/{town.consultation.id}"
    assert f'action="{base}/archive"' not in (await claire.get(base)).text
    refused = await send(claire, f"{base}/archive", {})
    assert refused.status_code == 409, "residents can still answer"
    assert "Ce n’est pas possible maintenant" in refused.text
    await send(claire, f"{base}/close", {})
    assert f'action="{base}/archive"' in (await claire.get(base)).text
    assert (await send(claire, f"{base}/archive", {})).headers["location"] == "/panel"
    title = "Le centre-ville et vous"
    assert title not in (await claire.get("/panel")).text
    assert 'href="/panel/archive"' in (await claire.get("/panel")).text
    assert title in (await claire.get("/panel/archive")).text
    assert title not in (await claire.get("/montaubry")).text
    assert (await claire.get("/montaubry/centre-ville")).status_code == 200, "its own address stays"
    assert (await claire.get(f"{base}/results")).status_code == 200
    page = (await claire.get(base)).text
    assert f'action="{base}/open"' not in page
    assert f'href="{base}/edit"' not in page
    await send(claire, f"{base}/take-out", {})
    assert title in (await claire.get("/panel")).text
    assert (await found(town, town.consultation.id)).state == "closed"


async def test_nothing_is_typed_in_from_paper_where_it_was_put_away(claire: httpx.AsyncClient, town: Town) -> None:
    base = f"/panel/consultations/{town.consultation.id}"
    await send(claire, f"{base}/close", {})
    await set_vote(town)
    assert (await pile(claire, town, "3", "1")).status_code == 303
    await gather(town)
    assert "Aucune consultation ne recueille" not in (await claire.get("/panel/contributions/new")).text
    await send(claire, f"{base}/archive", {})
    for page in ("/panel/contributions", f"/panel/team/{town.organiser_id}"):
        before, _label, after = (await claire.get(page)).text.partition("Dans les archives")
        assert f'value="{town.phase.id}"' in after or f'name="role_{town.consultation.id}"' in after, "last, and apart"
        assert f'value="{town.phase.id}"' not in before
        assert f"role_{town.consultation.id}" not in before
    assert "Aucune consultation ne recueille" in (await claire.get("/panel/contributions/new")).text
    await set_vote(town)
    assert (await pile(claire, town, "3", "1")).status_code == 404
