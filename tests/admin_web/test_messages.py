"""Messages to many: written, tried, sent, held and looked at in the panel."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from sqlalchemy import insert, select, update

from bot import broadcasting
from storage import broadcasts, consultations, models
from storage.broadcasts import Broadcast
from storage.models import Account, Address, Consent, Delivery, Entry, Participant
from storage.types import new_id
from tests.admin_web.conftest import Town
from tests.admin_web.test_attached import photo

NEW = {"text.fr": "La mairie demande votre avis sur le centre-ville.", "audience": "everybody"}


async def crowd(town: Town, people: int = 3, channel: str = "web") -> list[int]:
    """People who agreed to take part and can be written to."""
    ids = [(new_id(), new_id()) for _number in range(people)]
    known = {"space_id": town.space.id, "created_at": town.now, "channel": channel}
    async with town.database.write() as connection:
        for person, address in ids:
            row = {"id": person, "groups": [], "address_id": address, "language": "fr"}
            await connection.execute(insert(Participant).values(**known, **row))
            mine = {"id": address, "participant_id": person, "account": "montaubry", "sender": str(person)}
            await connection.execute(insert(Address).values(**known, **mine))
            agreed = {"consultation_id": town.consultation.id, "words": "Oui", "given_at": town.now}
            consent = {"space_id": town.space.id, "id": new_id(), "participant_id": person}
            await connection.execute(insert(Consent).values(**consent, **agreed))
    return [person for person, _address in ids]


async def press(claire: httpx.AsyncClient, path: str, **data: Any) -> httpx.Response:
    page = (await claire.get("/panel/messages/new")).text
    key = page.split('name="key" value="')[1].split('"')[0]
    return await claire.post(path, data={"key": key, **data})


async def write(town: Town, claire: httpx.AsyncClient, **data: Any) -> Broadcast:
    answer = await press(claire, "/panel/messages/new", **{**NEW, "phase": str(town.phase.id), **data})
    assert answer.status_code == 303, answer.text
    [one] = await listed(town)
    return one


async def listed(town: Town) -> list[Broadcast]:
    async with town.database.read() as connection:
        return await broadcasts.listed(connection, town.space.id)


async def told(town: Town, **values: Any) -> None:
    async with town.database.write() as connection:
        await connection.execute(update(Delivery).values(**values))


async def test_it_is_written_looked_at_and_sent_with_its_number(town: Town, claire: httpx.AsyncClient) -> None:
    await crowd(town)
    one = await write(town, claire)
    page = (await claire.get(f"/panel/messages/{one.id}")).text
    assert "3 personnes" in page
    assert "De la part de Montaubry" in page
    sure = (await press(claire, f"/panel/messages/{one.id}/send", at="now")).text
    assert "Envoyer à 3 personnes" in sure
    assert (await listed(town))[0].state == "draft"
    await press(claire, f"/panel/messages/{one.id}/send", at="now", sure="yes")
    await broadcasting.go_on(town.database, {}, town.now)
    [sent] = await listed(town)
    assert (sent.state, sent.queued) == ("sending", 3)
    assert "Pour 3 personnes" in (await claire.get(f"/panel/messages/{one.id}")).text


async def test_who_gets_none_is_said_with_the_reason(town: Town, claire: httpx.AsyncClient) -> None:
    ada, ben, _cleo = await crowd(town)
    async with town.database.write() as connection:
        await connection.execute(update(Participant).where(Participant.id == ada).values(stopped_at=town.now))
        await connection.execute(update(Address).where(Address.participant_id == ben).values(unreachable="gone"))
    one = await write(town, claire)
    page = (await claire.get(f"/panel/messages/{one.id}")).text
    for words in ("1 personne sur 3", "1 personne a demandé à ne rien recevoir", "1 personne ne peut plus être jointe"):
        assert words in plain(page)


def plain(page: str) -> str:
    return page.replace("\u00a0", " ").replace("\u202f", " ")


async def test_it_is_planned_for_a_wall_time_and_says_when_it_really_leaves(
    town: Town, claire: httpx.AsyncClient
) -> None:
    await crowd(town)
    one = await write(town, claire)
    when = {"at": "date", "when.day": "2027-03-13", "when.hour": "10:00"}  # a Saturday
    sure = plain((await press(claire, f"/panel/messages/{one.id}/send", **when)).text)
    assert "la mairie n’écrit pas" in sure
    assert "Part lundi 15 mars, 10 h." in sure
    await press(claire, f"/panel/messages/{one.id}/send", sure="yes", **when)
    [planned] = await listed(town)
    assert (planned.state, planned.wall) == ("planned", "2027-03-13T10:00")
    await press(claire, f"/panel/messages/{one.id}/unplan")
    assert (await listed(town))[0].state == "draft"


@pytest.mark.parametrize(
    "wrong",
    [{"when.day": "2027-03-01"}, {"when.day": "31 mars"}, {}, {"when.day": "2027-03-13", "when.hour": "25:00"}],
)
async def test_a_day_that_is_none_or_over_is_refused(
    town: Town, claire: httpx.AsyncClient, wrong: dict[str, str]
) -> None:
    one = await write(town, claire)
    answer = await press(claire, f"/panel/messages/{one.id}/send", at="date", sure="yes", **wrong)
    assert answer.status_code == 400
    assert (await listed(town))[0].state == "draft"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"text.fr": "", "text.en": "", "button.en": "Your opinion?"}, "Écrivez ce que les gens liront"),
        ({"text.fr": "a" * 801}, "800 caractères au plus"),
        ({"button.fr": "a" * 31}, "30 caractères au plus"),
        ({"phase": "12"}, "On ne peut plus y participer"),
        ({"audience": "atlantis"}, "Ce choix n’existe plus"),
        ({"audience": ""}, "Choisissez"),
    ],
)
async def test_what_cannot_be_used_is_said_and_nothing_typed_is_lost(
    town: Town, claire: httpx.AsyncClient, data: dict[str, str], words: str
) -> None:
    answer = await press(claire, "/panel/messages/new", **{**NEW, "text.en": "Your opinion?", **data})
    assert answer.status_code == 400
    assert words in plain(answer.text)
    assert "Your opinion?" in answer.text
    assert await listed(town) == []


async def test_a_photo_goes_with_it_and_is_seen_by_those_it_is_sent_to(town: Town, claire: httpx.AsyncClient) -> None:
    page = (await claire.get("/panel/messages/new")).text
    key = page.split('name="key" value="')[1].split('"')[0]
    data = {"key": key, **NEW, "description.fr": "La place de la halle"}
    await claire.post("/panel/messages/new", data=data, files={"media": ("place.jpg", photo().content, "image/jpeg")})
    [one] = await listed(town)
    assert one.media is not None
    digest = one.media["address"].removeprefix("file:")
    assert "La place de la halle" in (await claire.get(f"/panel/messages/{one.id}")).text
    assert (await claire.get(f"/panel/messages/files/{digest}")).status_code == 200
    assert (await claire.get(f"/files/montaubry/{digest}")).status_code == 200
    await press(claire, f"/panel/messages/{one.id}/edit", **NEW, **{"media.remove": "yes"})
    assert (await listed(town))[0].media is None


async def test_it_is_paused_goes_on_and_is_called_off_by_one_button_each(town: Town, claire: httpx.AsyncClient) -> None:
    await crowd(town)
    one = await write(town, claire)
    await press(claire, f"/panel/messages/{one.id}/send", at="now", sure="yes")
    await broadcasting.go_on(town.database, {}, town.now)
    for action, state in (("pause", "paused"), ("resume", "queueing"), ("cancel", "cancelled")):
        assert (await press(claire, f"/panel/messages/{one.id}/{action}")).status_code == 303
        assert (await listed(town))[0].state == state
    late = await press(claire, f"/panel/messages/{one.id}/pause")
    assert "late=yes" in late.headers["location"]
    assert "plus rapide" in (await claire.get(late.headers["location"])).text


async def test_its_page_counts_says_why_it_failed_and_lets_those_in_doubt_go(
    town: Town, claire: httpx.AsyncClient
) -> None:
    people = await crowd(town)
    one = await write(town, claire)
    await press(claire, f"/panel/messages/{one.id}/send", at="now", sure="yes")
    await broadcasting.go_on(town.database, {}, town.now)
    await told(town, state="sent", sent_at=town.now)
    async with town.database.write() as connection:
        mine = update(Delivery).where(Delivery.participant_id == people[0])
        await connection.execute(mine.values(state="failed", error="blocked"))
        mine = update(Delivery).where(Delivery.participant_id == people[1])
        await connection.execute(mine.values(state="held", error="uncertain"))
    page = plain((await claire.get(f"/panel/messages/{one.id}")).text)
    assert "1 personne a bloqué le robot" in page
    assert "Renvoyer à 1 personne" in page
    await press(claire, f"/panel/messages/{one.id}/release")
    async with town.database.read() as connection:
        states = set((await connection.execute(select(Delivery.state))).scalars())
    assert states == {"sent", "failed", "waiting"}


async def test_it_is_taken_back_after_a_page_that_asks_with_its_number(town: Town, claire: httpx.AsyncClient) -> None:
    await crowd(town)
    one = await write(town, claire)
    await press(claire, f"/panel/messages/{one.id}/send", at="now", sure="yes")
    await broadcasting.go_on(town.database, {}, town.now)
    await told(town, state="sent", sent_at=town.now)
    await broadcasting.go_on(town.database, {}, town.now)
    assert "Retirer 3 messages" in plain((await claire.get(f"/panel/messages/{one.id}/take-back")).text)
    assert (await listed(town))[0].undone_at is None
    await press(claire, f"/panel/messages/{one.id}/take-back")
    assert (await listed(town))[0].undone_at == town.now


async def test_its_test_code_opens_the_page_of_the_talk(town: Town, claire: httpx.AsyncClient) -> None:
    one = await write(town, claire)
    await town.open_telegram()
    page = (await claire.get(f"/panel/messages/{one.id}")).text
    assert f"https://t.me/montaubry_bot?start={one.test_code}" in page
    assert f"/c/{one.test_code}" in page
    assert (await claire.get(f"/c/{one.test_code}")).status_code == 200
    await claire.post(f"/c/{one.test_code}", data={"nonce": "n" * 24, "begin": "yes"})
    assert [heard.code for heard in town.heard] == [one.test_code]


@pytest.mark.parametrize("state", ["open", "draft"])
async def test_a_message_that_leads_nowhere_is_tried_on_the_page_too(
    town: Town, claire: httpx.AsyncClient, state: str
) -> None:
    one = await write(town, claire, phase="")
    assert one.phase_id is None
    async with town.database.write() as connection:
        await connection.execute(update(models.Consultation).values(state=state))
    assert f"/c/{one.test_code}" in (await claire.get(f"/panel/messages/{one.id}")).text
    page = plain((await claire.get(f"/c/{one.test_code}")).text)
    assert "Recevoir l’essai" in page
    assert "centre-ville" not in page, "it is about another thing"
    await claire.post(f"/c/{one.test_code}", data={"nonce": "n" * 24, "begin": "yes"})
    assert [heard.code for heard in town.heard] == [one.test_code]


async def test_what_the_program_announces_by_itself_stands_in_the_list_and_can_be_stopped(
    town: Town, claire: httpx.AsyncClient
) -> None:
    async with town.database.write() as connection:
        content = broadcasts.Content({}, town.phase.id)
        one = await broadcasts.write(connection, town.space.id, content, None, town.now, occasion="closes")
        await broadcasts.plan(connection, one.ref, "2027-03-16T10:00", "Europe/Paris", town.now)
    assert "La clôture prochaine" in (await claire.get("/panel/messages")).text
    assert "Annuler l’envoi" in (await claire.get(f"/panel/messages/{one.id}")).text
    assert (await press(claire, f"/panel/messages/{one.id}/edit", **NEW)).status_code == 404
    await press(claire, f"/panel/messages/{one.id}/cancel")
    assert (await listed(town))[0].state == "cancelled"


async def test_a_draft_is_thrown_away(town: Town, claire: httpx.AsyncClient) -> None:
    one = await write(town, claire)
    answer = await press(claire, f"/panel/messages/{one.id}/discard")
    assert answer.headers["location"] == "/panel/messages"
    assert await listed(town) == []


async def test_whatever_is_done_is_noted_in_the_journal(town: Town, claire: httpx.AsyncClient) -> None:
    one = await write(town, claire)
    await press(claire, f"/panel/messages/{one.id}/send", at="now", sure="yes")
    await press(claire, f"/panel/messages/{one.id}/cancel")
    async with town.database.read() as connection:
        noted = (await connection.execute(select(Entry.action).where(Entry.about == "broadcasts"))).scalars()
        assert list(noted) == ["write_message", "send_message", "cancel_message"]
    assert "a annulé un envoi" in (await claire.get("/panel/journal")).text


async def test_what_is_of_another_town_or_nowhere_is_not_there(town: Town, claire: httpx.AsyncClient) -> None:
    assert (await claire.get("/panel/messages/1")).status_code == 404
    assert (await press(claire, "/panel/messages/1/pause")).status_code == 404
    one = await write(town, claire)
    assert (await press(claire, f"/panel/messages/{one.id}/explode")).status_code == 404


async def test_a_step_that_was_closed_is_no_place_to_lead_to(town: Town, claire: httpx.AsyncClient) -> None:
    async with town.database.write() as connection:
        await consultations.close_now(connection, town.consultation, town.now)
    page = (await claire.get("/panel/messages/new")).text
    assert f'<option value="{town.phase.id}"' not in page


async def test_what_may_be_paid_for_is_said_where_a_door_is_paid_and_raised_where_it_was_reached(
    town: Town, claire: httpx.AsyncClient
) -> None:
    asked = 'name="ceiling"'
    assert asked not in (await claire.get("/panel/messages/new")).text
    await town.open_telegram()
    async with town.database.write() as connection:
        await connection.execute(update(Account).values(paid=True))
    assert asked in (await claire.get("/panel/messages/new")).text
    wrong = await press(claire, "/panel/messages/new", **NEW, ceiling="ten")
    assert (wrong.status_code, 'value="ten"' in wrong.text) == (400, True)
    one = await write(town, claire, ceiling="10")
    assert one.ceiling == 10
    async with town.database.write() as connection:
        await connection.execute(update(models.Broadcast).values(state="paused", paused_for="ceiling", spent=10))
    page = (await claire.get(f"/panel/messages/{one.id}")).text
    assert "Le reste vous attend" in page
    await press(claire, f"/panel/messages/{one.id}/resume", ceiling="25")
    [now] = await listed(town)
    assert (now.state, now.ceiling, now.paused_for) == ("queueing", 25, None)
