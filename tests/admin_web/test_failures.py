"""What went wrong, as organisers read it."""

import httpx
import pytest
from sqlalchemy import insert

from storage.models import Address, Delivery, Heard, Participant
from storage.types import new_id
from tests.admin_web.conftest import Town


async def add_delivery(
    town: Town, state: str, kind: str = "reply", error: str | None = None, unreachable: str | None = None
) -> None:
    """A delivery to somebody on Telegram."""
    participant, address, at = new_id(), new_id(), town.now
    async with town.database.write() as connection:
        await connection.execute(
            insert(Participant).values(
                space_id=town.space.id, id=participant, language="fr", groups=[], channel="telegram", created_at=at
            )
        )
        await connection.execute(
            insert(Address).values(
                space_id=town.space.id, id=address, participant_id=participant, channel="telegram",
                account="7000000001", sender=str(participant), unreachable=unreachable, created_at=at,
            )
        )  # fmt: skip
        await connection.execute(
            insert(Delivery).values(
                space_id=town.space.id,
                id=new_id(),
                participant_id=participant,
                kind=kind,
                body="secret",
                state=state,
                tries=1,
                error=error,
                address_id=address,
                due_at=at,
                made_at=at,
            )
        )


async def add_dead(town: Town) -> None:
    async with town.database.write() as connection:
        await connection.execute(
            insert(Heard).values(
                id=new_id(),
                space_id=town.space.id,
                channel="web",
                account="montaubry",
                key="k",
                body="secret",
                state="dead",
                tries=3,
                error="ValueError",
                heard_at=town.now,
            )
        )


async def test_nothing_failed_is_said_so(claire: httpx.AsyncClient) -> None:
    page = await claire.get("/panel/failures")
    assert "Rien n’a échoué" in page.text
    assert "à regarder" not in page.text


@pytest.mark.parametrize(
    ("state", "kind", "error", "words"),
    [
        ("failed", "reply", "tried too often", "Telegram n’a pas pu être joint"),
        ("failed", "reminder", "Bad Request", "Un rappel n’est pas arrivé.</strong> Telegram l’a refusé."),
        ("held", "broadcast", None, "pour que personne ne le reçoive deux fois"),
    ],
)
async def test_a_delivery_that_failed_has_its_sentence(
    claire: httpx.AsyncClient, town: Town, state: str, kind: str, error: str | None, words: str
) -> None:
    await add_delivery(town, state, kind, error)
    page = await claire.get("/panel/failures")
    assert words in page.text
    assert "secret" not in page.text


async def test_a_message_that_could_not_be_handled_is_counted_in_the_menu(
    claire: httpx.AsyncClient, town: Town
) -> None:
    await add_dead(town)
    await add_delivery(town, "failed")
    await add_delivery(town, "sent")
    page = await claire.get("/panel")
    assert "<b>2<span" in page.text
    failures = await claire.get("/panel/failures")
    assert "n’a pas pu être traité" in failures.text
    assert "secret" not in failures.text


async def test_another_town_s_failures_are_its_own(claire: httpx.AsyncClient, town: Town) -> None:
    await add_dead(town)
    async with town.database.write() as connection:
        await connection.exec_driver_sql("UPDATE inbox SET space_id = 7")
    assert "Rien n’a échoué" in (await claire.get("/panel/failures")).text


async def test_who_left_is_counted_apart_and_is_nothing_to_look_at(claire: httpx.AsyncClient, town: Town) -> None:
    for why in ("blocked", "gone", None):
        await add_delivery(town, "failed" if why else "sent", error=why, unreachable=why)
    text = (await claire.get("/panel/failures")).text
    assert "Rien n’a échoué" in text
    assert "2 personnes sont parties par la porte Telegram" in text
    assert "à regarder" not in text
