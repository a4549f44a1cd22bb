"""Ideas that become proposals of a vote: ticked by how far the town is with them, numbered, linked."""

from __future__ import annotations

import re

import httpx
import pytest
from sqlalchemy import insert, select, update

from storage import consultations, models, paper
from storage.consultations import Phase
from storage.paper import OnPaper
from tests.admin_web.conftest import Town
from tests.admin_web.gathering import write
from tests.admin_web.test_ballots import plain
from tests.admin_web.test_sealing import base, send

STEP = {
    "question.fr": "Quelles idées réaliser ?", "method": "approval", "threshold": "half", "state": "dated",
    "moderation": "none", "stages": "0", "change": "yes",
}  # fmt: skip


@pytest.fixture
async def ideas(town: Town) -> dict[str, int]:
    """Ideas that the town has accepted or not, and one that was hidden."""
    async with town.database.write() as connection:
        await connection.execute(update(models.Phase).values(kind="ideas", settings={}))
    made = {
        "bench": await write(town, "Des bancs à l’ombre", "sent", status="accepted"),
        "kiosk": await write(town, "Un kiosque à musique", "sent", status="accepted"),
        "tower": await write(town, "Une tour", "sent", status="not_kept"),
        "gone": await write(town, "Un mot de trop", "hidden", status="accepted"),
    }
    async with town.database.write() as connection:
        here = {"space_id": town.space.id, "phase_id": town.phase.id, "id": 1, "cast_at": town.now}
        await connection.execute(
            insert(models.Ballot).values(**here, subject=str(made["kiosk"]), voter="7", value="support")
        )
    return made


async def phases(town: Town) -> list[Phase]:
    async with town.database.read() as connection:
        return await consultations.phases(connection, town.space.id, town.consultation.id)


async def told(town: Town) -> list[str]:
    async with town.database.read() as connection:
        return list((await connection.execute(select(models.Delivery.body))).scalars())


async def test_they_are_chosen_by_where_they_stand_the_most_supported_first(
    claire: httpx.AsyncClient, town: Town, ideas: dict[str, int]
) -> None:
    page = plain(await claire.get(f"{base(town)}/steps/ideas?to=vote"))
    assert page.index("Un kiosque à musique") < page.index("Des bancs à l’ombre")
    assert "Une tour" not in page
    assert "Un mot de trop" not in page
    assert "Une tour" in plain(await claire.get(f"{base(town)}/steps/ideas?to=vote&status=not_kept"))
    assert "Aucune idée n’en est là" in plain(await claire.get(f"{base(town)}/steps/ideas?to=vote&status=done"))
    assert (await claire.get(f"{base(town)}/steps/ideas?to=ideas")).status_code == 404
    assert "Reprendre des idées" in plain(await claire.get(f"{base(town)}/steps/new/vote"))


async def vote(claire: httpx.AsyncClient, town: Town, ideas: dict[str, int]) -> httpx.Response:
    """What the form of a new vote sends, with the two ideas as it drew them."""
    address = f"{base(town)}/steps/new/vote?idea={ideas['kiosk']}&idea={ideas['bench']}&idea={ideas['gone']}"
    drawn = plain(await claire.get(address))
    assert re.findall(r'name="options\.\d\.idea" value="(\d+)"', drawn) == [str(ideas["bench"]), str(ideas["kiosk"])]
    rows = {
        "options.rows": "2",
        "options.0.label.fr": "Des bancs",
        "options.0.idea": str(ideas["bench"]),
        "options.1.label.fr": "Un kiosque à musique",
        "options.1.idea": str(ideas["kiosk"]),
    }
    return await send(claire, address, **STEP, **rows)


async def test_they_become_numbered_proposals_and_their_authors_are_told_once(
    claire: httpx.AsyncClient, town: Town, ideas: dict[str, int]
) -> None:
    assert (await vote(claire, town, ideas)).status_code == 303
    _ideas, step = await phases(town)
    assert [(one["id"], one["label"]["fr"], one["idea"]) for one in step.settings["options"]] == [
        ("o1", "Des bancs", ideas["bench"]),
        ("o2", "Un kiosque à musique", ideas["kiosk"]),
    ]
    assert [("Des bancs à l’ombre" in body, "Un kiosque" in body) for body in await told(town)] == [
        (True, False),
        (False, True),
    ]
    again = {"options.rows": "2", "options.0.id": "o1", "options.0.label.fr": "Bancs", "options.1.id": "o2"}
    address = f"{base(town)}/steps/{step.id}"
    answer = await send(claire, address, **STEP, **again, **{"options.1.label.fr": "Kiosque"})
    assert answer.status_code == 303
    kept = (await phases(town))[1].settings["options"]
    assert [(one["label"]["fr"], one["idea"]) for one in kept] == [
        ("Bancs", ideas["bench"]),
        ("Kiosque", ideas["kiosk"]),
    ]
    assert len(await told(town)) == 2


async def test_an_idea_that_is_not_there_any_more_is_not_taken_over(
    claire: httpx.AsyncClient, town: Town, ideas: dict[str, int]
) -> None:
    async with town.database.write() as connection:
        await connection.execute(
            update(models.Contribution).where(models.Contribution.id == ideas["bench"]).values(state="withdrawn")
        )
    rows = {
        "options.rows": "2",
        "options.0.label.fr": "Des bancs",
        "options.0.idea": str(ideas["bench"]),
        "options.1.label.fr": "Autre",
    }
    answer = await send(claire, f"{base(town)}/steps/new/vote", **STEP, **rows)
    assert (answer.status_code, "Une idée reprise n’est plus là" in plain(answer)) == (400, True)
    assert (len(await phases(town)), await told(town)) == (1, [])


async def test_results_show_where_a_proposal_came_from(
    claire: httpx.AsyncClient, town: Town, ideas: dict[str, int]
) -> None:
    await vote(claire, town, ideas)
    step = (await phases(town))[1]
    async with town.database.write() as connection:
        await connection.execute(
            update(models.Phase).where(models.Phase.id == step.id).values(settings={**step.settings, "hidden": False})
        )
        await paper.type_in(connection, [OnPaper(town.space.id, step.id, '["o1"]', 3, town.organiser_id, town.now)])
    page = plain(await claire.get(f"{base(town)}/results?step=2"))
    assert f'href="/panel/contributions/{ideas["bench"]}"' in page
    assert "Idées d’habitants : 1, 2." in page
