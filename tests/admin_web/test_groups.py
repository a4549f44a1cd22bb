"""Groups of residents: named, and filled by hand, by whoever asks the robot for a code and reads it out."""

from __future__ import annotations

import httpx
import pytest
from sqlalchemy import select, update

from storage import audit, erasure, groups, participants, returning
from storage.groups import Group
from storage.models import Contribution, Phase
from storage.returning import NewCode
from tests.admin_web.conftest import Town
from tests.admin_web.gathering import gather, write
from tests.admin_web.test_town import send

GROUPS = "/panel/settings/groups"


async def make(claire: httpx.AsyncClient, town: Town, name: str = "Lettre de mars") -> Group:
    answer = await send(claire, GROUPS, {"name.fr": name})
    async with town.database.read() as connection:
        made = (await groups.listed(connection, town.space.id))[-1]
    assert answer.headers["location"] == f"{GROUPS}/{made.id}"
    return made


async def somebody(town: Town) -> tuple[int, str]:
    """A resident, and the code that the robot gives them."""
    await gather(town)
    text = await write(town, "Un banc à l’ombre.")
    async with town.database.write() as connection:
        author = await connection.scalar(select(Contribution.participant_id).where(Contribution.id == text))
        assert author is not None
        [code] = await returning.issue(connection, [NewCode(town.space.id, author, 1, town.now.isoformat())])
    assert isinstance(code, str)
    return author, code


async def belongs_to(town: Town, person: int) -> list[str]:
    async with town.database.read() as connection:
        found = await participants.by_ids(connection, [(town.space.id, person)])
    return found[town.space.id, person].groups


async def noted(town: Town) -> list[str]:
    async with town.database.read() as connection:
        return [entry.action for entry in await audit.listed(connection, town.space.id, 0, 100)][::-1]


async def test_groups_are_made_once_and_renamed(claire: httpx.AsyncClient, town: Town) -> None:
    made = await make(claire, town)
    assert made.slug == "lettre-de-mars"
    assert (await send(claire, GROUPS, {"name.fr": "Lettre de mars"})).status_code == 400
    assert (await send(claire, GROUPS, {"name.fr": ""})).status_code == 400
    assert (await send(claire, f"{GROUPS}/{made.id}/name", {"name.fr": ""})).status_code == 400
    await send(claire, f"{GROUPS}/{made.id}/name", {"name.fr": "Courrier de mars"})
    assert "Courrier de mars" in (await claire.get(GROUPS)).text
    async with town.database.read() as connection:
        [renamed] = await groups.listed(connection, town.space.id)
    assert renamed.slug == "lettre-de-mars", "rules and codes still know it"
    assert (await claire.get(f"{GROUPS}/{made.id + 1}")).status_code == 404
    assert await noted(town) == ["group", "name_group"]


async def test_whoever_reads_a_code_out_is_put_into_a_group_and_taken_off(
    claire: httpx.AsyncClient, town: Town
) -> None:
    made, other = await make(claire, town), await make(claire, town, "Conseil")
    person, code = await somebody(town)
    answer = await send(claire, f"{GROUPS}/{made.id}/put", {"code": code.lower(), "tag": "Mme Petit, jury"})
    assert answer.status_code == 303
    assert await belongs_to(town, person) == ["lettre-de-mars"]
    page = (await claire.get(f"{GROUPS}/{made.id}")).text
    assert "Mme Petit, jury" in page
    async with town.database.read() as connection:
        assert await groups.tags(connection, town.space.id) == {"Mme Petit": 1, "jury": 1}
    assert "<dt>personne en fait partie</dt><dd>1</dd>" in page
    assert "1 personne" in (await claire.get(GROUPS)).text.replace("\N{NO-BREAK SPACE}", " ")
    assert "Mme Petit" not in (await claire.get("/panel/contributions")).text, "never beside what they wrote"
    again = await send(claire, f"{GROUPS}/{other.id}/put", {"code": code})
    assert again.status_code == 400, "a code serves once"
    await send(claire, f"{GROUPS}/{made.id}/take-off", {"person": str(person)})
    await send(claire, f"{GROUPS}/{made.id}/take-off", {"person": str(person)})
    assert await belongs_to(town, person) == []
    assert await noted(town) == ["group", "group", "put_group", "take_off_group"], "what changed nothing is not noted"


@pytest.mark.parametrize("code", ["", "ABCD-EFGH-JKMN", "quarante-deux"])
async def test_an_unknown_code_puts_nobody_anywhere(claire: httpx.AsyncClient, town: Town, code: str) -> None:
    made = await make(claire, town)
    answer = await send(claire, f"{GROUPS}/{made.id}/put", {"code": code, "tag": "Mme Petit"})
    assert answer.status_code == 400
    assert "Ce code n’est pas connu." in answer.text
    assert "Mme Petit" in answer.text, "nothing typed is lost"


async def test_whoever_is_erased_is_in_no_list_any_more(claire: httpx.AsyncClient, town: Town) -> None:
    made = await make(claire, town)
    person, code = await somebody(town)
    await send(claire, f"{GROUPS}/{made.id}/put", {"code": code, "tag": "Mme Petit"})
    async with town.database.write() as connection:
        await erasure.erase(connection, [(town.space.id, person, town.now.isoformat())])
        assert await groups.members(connection, made, 10) == []
        assert not await groups.put(connection, made, person)
    assert "Mme Petit" not in (await claire.get(f"{GROUPS}/{made.id}")).text


async def test_a_group_is_removed_with_its_number_and_begins_empty_again(claire: httpx.AsyncClient, town: Town) -> None:
    made = await make(claire, town)
    person, code = await somebody(town)
    await send(claire, f"{GROUPS}/{made.id}/put", {"code": code})
    assert "Supprimer, 1 personne" in (await claire.get(f"{GROUPS}/{made.id}")).text.replace("\N{NO-BREAK SPACE}", " ")
    assert (await send(claire, f"{GROUPS}/{made.id}/remove", {})).headers["location"] == GROUPS
    assert await belongs_to(town, person) == []
    assert (await claire.get(f"{GROUPS}/{made.id}")).status_code == 404
    assert "Lettre de mars" not in (await claire.get(GROUPS)).text
    journal = (await claire.get("/panel/journal")).text.replace("\N{NO-BREAK SPACE}", " ")
    assert "a supprimé le groupe Lettre de mars (personnes qui en faisaient partie : 1)" in journal
    assert await noted(town) == ["group", "put_group", "remove_group"]
    again = await make(claire, town)
    assert "Personne n’en fait partie" in (await claire.get(f"{GROUPS}/{again.id}")).text, "nobody is back in it"


async def test_a_group_that_a_step_asks_for_is_not_removed_and_the_page_says_where(
    claire: httpx.AsyncClient, town: Town
) -> None:
    made = await make(claire, town)
    stages = [{"from": None, "who": {"any": [{"area": "gare"}, {"not": {"group": ["x", made.slug]}}]}}]
    async with town.database.write() as connection:
        await connection.execute(update(Phase).where(Phase.id == town.phase.id).values(stages=stages))
    refused = await send(claire, f"{GROUPS}/{made.id}/remove", {})
    assert refused.status_code == 400
    where = f"/panel/consultations/{town.consultation.id}/steps/{town.phase.id}"
    for page in (refused.text, (await claire.get(f"{GROUPS}/{made.id}")).text):
        assert f'<a href="{where}">Le centre-ville et vous, étape 1</a>' in page
        assert f'action="{GROUPS}/{made.id}/remove"' not in page
    assert (await claire.get(where)).status_code == 200
    assert await noted(town) == ["group"]
