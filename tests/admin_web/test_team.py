"""The team and its roles, and the journal of what was done."""

import re
from typing import Any

import httpx
import pytest
from sqlalchemy import select, update

from storage import roles
from storage.models import Entry, Organiser
from tests.admin_web.conftest import Town
from tests.admin_web.gathering import gather, write
from tests.admin_web.test_contributions import entries
from tests.admin_web.test_sign_in import key_of

HUGO = {"name": "Hugo Petit", "email": " Hugo@Montaubry.example ", "role": "moderator"}


async def post(client: httpx.AsyncClient, path: str, **data: Any) -> httpx.Response:
    return await client.post(path, data={"key": key_of(await client.get("/panel/settings")), **data})


async def add_hugo(claire: httpx.AsyncClient, town: Town) -> tuple[int, str]:
    """A colleague more: the id, and the password for one time."""
    page = await post(claire, "/panel/team/new", **HUGO)
    found = re.search(r'<code id="password">([a-z0-9-]+)</code>', page.text)
    assert found
    async with town.database.read() as connection:
        row = await connection.execute(select(Organiser.id).where(Organiser.email == "hugo@montaubry.example"))
    return row.scalar_one(), found[1]


async def test_a_colleague_signs_in_with_a_password_for_one_time_and_sees_what_the_role_opens(
    claire: httpx.AsyncClient, town: Town
) -> None:
    hugo, password = await add_hugo(claire, town)
    assert (await post(claire, "/panel/team/new", **HUGO)).status_code == 400
    assert await entries(town) == [("welcome", hugo, {"name": "Hugo Petit", "role": "moderator"})]
    await post(claire, "/panel/sign-out")
    await claire.post("/panel/sign-in", data={"email": HUGO["email"], "password": password})
    new = await claire.get("/panel/password")
    await claire.post("/panel/password", data={"key": key_of(new), "new": "quatre mots tout neufs"})
    assert (await claire.get("/panel", follow_redirects=True)).url.path == "/panel/contributions"
    assert (await claire.get("/panel/team")).status_code == 404


@pytest.mark.parametrize("wrong", [{"name": ""}, {"email": "hugo"}, {"role": "mayor"}])
async def test_a_colleague_without_name_address_or_role_is_not_added(
    claire: httpx.AsyncClient, town: Town, wrong: dict[str, str]
) -> None:
    assert (await post(claire, "/panel/team/new", **{**HUGO, **wrong})).status_code == 400
    assert await entries(town) == []


async def test_roles_are_changed_in_the_space_and_in_one_consultation(claire: httpx.AsyncClient, town: Town) -> None:
    hugo, _ = await add_hugo(claire, town)
    here = {f"role_{town.consultation.id}": "analyst"}
    assert (await post(claire, f"/panel/team/{hugo}", role="none", **here)).status_code == 303
    text = (await claire.get("/panel/team")).text
    assert "Analyse: Le centre-ville et vous" in text.replace("\N{NO-BREAK SPACE}:", ":").replace(" :", ":")
    async with town.database.read() as connection:
        assert await roles.of(connection, town.space.id, hugo) == {town.consultation.id: "analyst"}
    assert (await post(claire, f"/panel/team/{hugo}", role="mayor")).status_code == 400
    assert (await post(claire, "/panel/team/7", role="reader")).status_code == 404


async def test_the_last_organiser_stays_one(claire: httpx.AsyncClient, town: Town) -> None:
    answer = await post(claire, f"/panel/team/{town.organiser_id}", role="reader")
    assert answer.status_code == 400
    assert "Personne d’autre" in answer.text
    assert (await claire.get("/panel/team")).status_code == 200
    assert await entries(town) == []


async def test_the_journal_says_in_words_who_did_what_and_never_what_a_resident_wrote(
    claire: httpx.AsyncClient, town: Town
) -> None:
    await gather(town)
    idea = await write(town, "Zaubernuss devant la mairie")
    one = f"/panel/consultations/{town.consultation.id}"
    await post(claire, f"{one}/close")
    await post(claire, f"{one}/open")
    await post(claire, f"{one}/posters", place="Boulangerie")
    await post(claire, "/panel/contributions/hide", id=idea, reason="hurtful", note="Zaubernuss aussi")
    await add_hugo(claire, town)
    text = (await claire.get("/panel/journal")).text.replace("\N{NO-BREAK SPACE}", " ")
    for words in (
        "a fermé la consultation « Le centre-ville et vous »",
        "a ouvert la consultation « Le centre-ville et vous »",
        "a préparé une affiche pour Boulangerie",
        "a caché un texte. La raison : des mots peuvent blesser",
        "a ajouté Hugo Petit à l’équipe. Rôle : modération",
    ):
        assert words in text, words
    assert "Claire Morel" in text
    async with town.database.read() as connection:
        kept = await connection.execute(select(Entry.details))
        assert "Zaubernuss" not in str(kept.all()) + text
    assert (await claire.get("/panel/journal?page=x")).status_code == 400


async def test_what_fails_leaves_no_trace_in_the_journal(claire: httpx.AsyncClient, town: Town) -> None:
    async with town.database.write() as connection:
        await connection.execute(update(Organiser).values(role="reader"))
    assert (await post(claire, f"/panel/consultations/{town.consultation.id}/close")).status_code == 404
    assert await entries(town) == []
