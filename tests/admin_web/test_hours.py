"""Settings of the hours: when the robot may write first, and how often."""

from __future__ import annotations

import httpx
import pytest

from storage import hours, spaces
from tests.admin_web.conftest import Town
from tests.admin_web.test_town import send

PATH = "/panel/settings/hours"
TYPED = {"day": ["2", "4"], "from1": "09:00", "to1": "12:30", "from2": "17:00", "to2": "19:00", "cap": "2"}


async def kept(town: Town) -> tuple[hours.Hours, int]:
    async with town.database.read() as connection:
        chosen, cap = await spaces.reaching(connection, town.space.id)
    return hours.from_json(chosen), cap


async def test_the_usual_hours_hold_until_others_are_chosen(claire: httpx.AsyncClient, town: Town) -> None:
    page = (await claire.get(PATH)).text
    assert 'value="10:00"' in page
    assert await kept(town) == (hours.USUAL, 4)
    assert (await send(claire, PATH, TYPED)).status_code == 303
    chosen, cap = await kept(town)
    assert (chosen.days, len(chosen.spans), cap) == ((2, 4), 2, 2)
    assert 'value="12:30"' in (await claire.get(PATH)).text


@pytest.mark.parametrize(
    "wrong",
    [
        {"day": []},
        {"from1": "13:00"},
        {"from1": "", "to1": "", "from2": "", "to2": ""},
        {"to1": "18:00"},
        {"from2": "22:00", "to2": "23:00", "from1": "x"},
        {"cap": "31"},
        {"cap": "often"},
    ],
)
async def test_what_cannot_be_is_marked_and_nothing_is_kept(
    claire: httpx.AsyncClient, town: Town, wrong: dict[str, object]
) -> None:
    answer = await send(claire, PATH, {**TYPED, **wrong})
    assert answer.status_code == 400
    assert 'role="alert"' in answer.text
    assert await kept(town) == (hours.USUAL, 4)
