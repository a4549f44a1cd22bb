"""A secret vote in the panel: closing it by hand warns, nothing closes it by the way, and nothing opens it again."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import insert, update

from storage import consultations, models
from storage.consultations import Phase
from storage.types import new_id
from tests.admin_web.conftest import Town
from tests.admin_web.test_ballots import plain, set_vote
from tests.admin_web.test_sign_in import key_of

WARNING = "Le fermer le scelle pour toujours"


@pytest.fixture
async def secret(town: Town) -> Town:
    """Somebody has begun a secret vote."""
    await set_vote(town, secret=True)
    async with town.database.write() as connection:
        here = {"space_id": town.space.id, "phase_id": town.phase.id, "id": new_id()}
        person = {"space_id": town.space.id, "id": new_id(), "language": "fr", "groups": [], "channel": "web"}
        await connection.execute(insert(models.Participant).values(**person, created_at=town.now))
        talk = {"participant_id": person["id"], "kind": "vote", "state": "open", "journal": "{}", "channel": "web"}
        await connection.execute(
            insert(models.Conversation).values(**here, **talk, begun_at=town.now, heard_at=town.now)
        )
    return town


def base(town: Town) -> str:
    return f"/panel/consultations/{town.consultation.id}"


async def send(claire: httpx.AsyncClient, path: str, **data: str) -> httpx.Response:
    return await claire.post(path, data={"key": key_of(await claire.get("/panel/settings")), **data})


async def phase(town: Town) -> Phase:
    async with town.database.read() as connection:
        [found] = await consultations.phases(connection, town.space.id, town.consultation.id)
    return found


async def sealed(town: Town) -> None:
    async with town.database.write() as connection:
        await connection.execute(update(models.Phase).values(sealed_at=town.now, state="closed"))


async def test_closing_it_by_hand_says_that_it_is_for_good(claire: httpx.AsyncClient, secret: Town) -> None:
    page = plain(await claire.get(base(secret)))
    assert WARNING in page
    assert "L’étape 1 est un vote secret." in page
    assert (await send(claire, f"{base(secret)}/steps/{secret.phase.id}/close")).status_code == 303
    assert (await phase(secret)).state == "closed"


async def test_a_vote_that_is_not_secret_or_that_nobody_has_begun_closes_without_a_word(
    claire: httpx.AsyncClient, town: Town
) -> None:
    await set_vote(town, secret=True)
    assert WARNING not in plain(await claire.get(base(town)))


async def test_once_sealed_it_is_closed_and_can_not_be_opened_again(claire: httpx.AsyncClient, secret: Town) -> None:
    await sealed(secret)
    page = plain(await claire.get(base(secret)))
    assert "on ne peut pas le rouvrir" in page
    assert f"/steps/{secret.phase.id}/open" not in page
    assert (await send(claire, f"{base(secret)}/steps/{secret.phase.id}/open")).status_code == 409
    assert (await phase(secret)).state == "closed"


async def test_no_date_and_no_tick_closes_it_by_the_way(claire: httpx.AsyncClient, secret: Town) -> None:
    step: dict[str, Any] = {
        "question.fr": "Quel arbre ?", "method": "one_of", "options.rows": "0", "moderation": "none", "stages": "0",
        "threshold": "half",
    }  # fmt: skip
    past = (secret.now - timedelta(days=1)).date().isoformat()
    at = f"{base(secret)}/steps/{secret.phase.id}"
    for more in ({"state": "closed"}, {"state": "dated", "closes.day": past}):
        answer = await send(claire, at, **step, **more)
        assert answer.status_code == 400
        assert "Un vote secret est scellé à sa clôture." in plain(answer)
    words = {"title.fr": "Le centre", "decides.fr": "Le conseil", "does.fr": "On plante.", "closes.day": past}
    answer = await send(claire, f"{base(secret)}/edit", **words)
    assert "Un vote secret est scellé à sa clôture." in plain(answer)
    assert ((await phase(secret)).state, (await phase(secret)).closes_at) == ("dated", None)
