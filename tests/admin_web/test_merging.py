"""A duplicate is merged into another text on its page: its author is told once, and both pages lead to each other."""

import httpx
import pytest
from sqlalchemy import insert, select

from storage import similar
from storage.models import Ballot, Contribution
from storage.similar import Text
from storage.types import new_id
from tests.admin_web.conftest import Town
from tests.admin_web.gathering import gather, write
from tests.admin_web.test_contributions import LIST, entries, post, state_of, told


@pytest.fixture
async def gathering(town: Town) -> Town:
    await gather(town)
    return town


async def found(town: Town, text: str, state: str = "sent") -> int:
    """A text that is found by its words."""
    made = await write(town, text, state)
    async with town.database.write() as connection:
        await similar.index(connection, [Text(town.space.id, town.phase.id, made, text, "fr")])
    return made


async def supported(town: Town, text: int, *voters: int) -> None:
    async with town.database.write() as connection:
        for voter in voters:
            row = {"space_id": town.space.id, "id": new_id(), "phase_id": town.phase.id, "subject": str(text)}
            await connection.execute(insert(Ballot).values(**row, voter=str(voter), value="support", cast_at=town.now))


async def voters_of(town: Town, text: int) -> set[str]:
    async with town.database.read() as connection:
        return set(await connection.scalars(select(Ballot.voter).where(Ballot.subject == str(text))))


async def test_a_duplicate_is_chosen_among_those_alike_and_merged(claire: httpx.AsyncClient, gathering: Town) -> None:
    one, other = await found(gathering, "Des bancs à l’ombre"), await found(gathering, "Un banc devant la poste")
    tree = await found(gathering, "Planter un arbre")
    await supported(gathering, one, 7, 8)
    await supported(gathering, other, 8, 9)
    assert f"{LIST}/{one}/merge" in (await claire.get(f"{LIST}/{one}")).text
    page = (await claire.get(f"{LIST}/{one}/merge")).text
    assert f'value="{other}"' in page
    assert f'value="{tree}"' not in page
    assert f'value="{tree}"' in (await claire.get(f"{LIST}/{one}/merge", params={"search": "arbre"})).text
    done = await post(claire, f"/{one}/merge", into=other)
    assert (done.status_code, done.headers["location"]) == (303, f"{LIST}/{other}")
    async with gathering.database.read() as connection:
        author = await connection.scalar(select(Contribution.participant_id).where(Contribution.id == one))
    assert await voters_of(gathering, other) == {"7", "8", "9", str(author)}
    [(who, kind, words)] = await told(gathering)
    assert (who, kind) == (author, "receipt")
    assert "Celui qui reste : « Un banc devant la poste »" in words
    assert "et vous aussi" in words
    assert await entries(gathering) == [("merge", one, {})]
    assert f"{LIST}/{one}" in (await claire.get(f"{LIST}/{other}")).text
    merged = (await claire.get(f"{LIST}/{one}")).text
    assert f"{LIST}/{other}" in merged
    assert 'name="text_fr"' not in merged
    assert "Des bancs" not in (await claire.get(f"{LIST}?list=visible")).text
    assert "a réuni un texte avec un autre" in (await claire.get("/panel/journal")).text


async def test_a_second_press_changes_nothing_more(claire: httpx.AsyncClient, gathering: Town) -> None:
    one, other = await found(gathering, "Des bancs"), await found(gathering, "Un banc")
    await post(claire, f"/{one}/merge", into=other)
    assert (await post(claire, f"/{one}/merge", into=other)).status_code == 404
    assert (await post(claire, f"/{one}/reply", text_fr="Oui.")).status_code == 404
    assert (len(await told(gathering)), len(await entries(gathering))) == (1, 1)


async def test_what_can_t_be_one_is_not_merged(claire: httpx.AsyncClient, gathering: Town) -> None:
    one, hidden = await found(gathering, "Des bancs"), await found(gathering, "Un banc", "hidden")
    argument = await write(gathering, "Parce que", "sent", kind="argument")
    for into in (one, hidden, argument, 12):
        refused = await post(claire, f"/{one}/merge", into=into)
        assert refused.status_code == 400
        assert "Choisissez le texte qui reste." in refused.text
    assert (await post(claire, f"/{one}/merge")).status_code == 400
    for text in (hidden, argument, 12):
        assert (await claire.get(f"{LIST}/{text}/merge")).status_code == 404
    assert await state_of(gathering, one) == "sent"
    assert await entries(gathering) == []
