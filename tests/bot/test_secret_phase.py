"""A secret phase from its first choice to its sealing: what is kept of it on the way, and what is left."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import String, cast, select, text, update

from bot import sealing
from bot.channels import Outgoing, Refused, Uncertain
from flows.composing import VEIL, veil
from flows.journal import SEALED
from flows.texts import translate
from storage import ballots, consultations, history, phases, secrecy
from storage.ballots import NewBallot
from storage.models import Address, Consultation, Conversation, Delivery, Heard, Phase, Sealed, SecretBallot, SecretKey
from storage.participants import AddressKey
from storage.refusals import Closed
from tests.acceptance.attackers import choice_in
from tests.acceptance.ballot_box import ASH, OAK, Booth, booth

PLAIN = translate(VEIL, "en")


@pytest.fixture
async def where(database_url: str) -> AsyncIterator[Booth]:
    async with booth(database_url, secret=True) as found:
        yield found


@pytest.fixture
async def page(database_url: str) -> AsyncIterator[Booth]:
    """The same on a page that shows what we keep."""
    async with booth(database_url, secret=True, drawn=True) as found:
        yield found


async def naming(where: Booth) -> list[str]:
    """Every message in or out, and every journal, that names one choice alone."""
    found = []
    async with where.house.database.read() as connection:
        for column in (Heard.shown, Heard.tap, Heard.body, Delivery.body, Delivery.veil, Conversation.journal):
            rows = await connection.execute(select(cast(column, String)).where(column.is_not(None)))
            found += [value for (value,) in rows if choice_in(value) is not None]
    return found


async def drawn(where: Booth, sender: str) -> list[str]:
    """What a page shows of this person's conversation."""
    house = where.house
    async with house.database.read() as connection:
        seen = await history.behind(connection, AddressKey("street", "montaubry", sender))
        assert seen is not None
        found = await history.entries(connection, seen, house.now)
    return [entry.text or entry.body or "" for entry in found]


def ballot(where: Booth, participant: int, tree: str) -> NewBallot:
    house = where.house
    return NewBallot(house.space_id, house.phase_id, participant, "tree", tree, house.now, change=True, secret=True)


# -- while it is open ----------------------------------------------------------------------------------------------


async def test_once_cast_a_choice_is_nowhere_but_under_its_pseudonym(where: Booth) -> None:
    await where.cast({"ada": OAK, "bob": ASH})
    assert await naming(where) == []
    async with where.house.database.read() as connection:
        kept = (await connection.execute(select(SecretBallot.value).order_by(SecretBallot.value))).scalars().all()
    assert kept == [ASH, OAK]


async def test_a_button_pressed_too_late_tells_nothing_either(where: Booth) -> None:
    house = where.house
    await where.choose({"ada": OAK, "bob": ASH})
    house.street.sent.clear()
    await house.hears("bob", "no")
    pressed = house.tap("bob", OAK.title())
    await house.hears("bob", tap=pressed)
    await house.hears("bob", "yes, cast it")
    assert (await house.hears("bob", tap=pressed))[0].startswith("This was sent already.")
    async with house.database.write() as connection:
        await connection.execute(update(Phase).values(closes_at=house.now))
    await house.hears("bob", tap=pressed)
    taps = await house.rows(Heard.tap)
    assert [tap for tap in taps if tap and tap.endswith((OAK, ASH))] == []


async def test_a_message_that_was_refused_or_is_in_doubt_keeps_no_choice_once_it_is_over(where: Booth) -> None:
    house = where.house
    troubles = [Refused("too long"), Uncertain()]

    async def trouble(_outgoing: Outgoing) -> None:
        if choice_in(_outgoing.message.pack()) and troubles:
            raise troubles.pop(0)

    house.street.trouble = trouble
    await where.choose({"ada": OAK})
    assert await house.rows(Delivery.body, state="failed") == [veil("en")]
    await house.keep(house.incoming("ada", "yes, cast it"))
    await house.deliver()
    waiting = await house.rows(Delivery.body, state="waiting")
    assert [choice_in(body) for body in waiting] == [OAK], "it has to be sent again"
    house.later(minutes=1)
    await house.deliver()
    assert await house.rows(Delivery.state, state="waiting") == []
    assert await naming(where) == []


async def test_a_page_shows_what_was_chosen_until_it_is_answered_and_a_plain_line_from_then_on(page: Booth) -> None:
    await page.choose({"ada": OAK})
    assert f"You chose {OAK.title()}. Cast it?" in (await drawn(page, "ada"))[-1]
    await page.house.hears("ada", "yes, cast it")
    *before, last = await drawn(page, "ada")
    assert [one for one in before if choice_in(one)] == []
    assert PLAIN in "".join(before)
    assert f"You voted for {OAK.title()}" in last
    await page.close()
    assert [one for one in await drawn(page, "ada") if choice_in(one)] == []


async def test_what_was_chosen_and_never_cast_is_forgotten_at_closing(page: Booth) -> None:
    await page.cast({"ada": OAK})
    await page.choose({"bob": ASH})
    assert len(await naming(page)) > 1
    await page.close()
    assert await naming(page) == []
    assert set(await page.house.rows(Conversation.journal, phase_id=page.house.phase_id)) == {SEALED}


async def test_somebody_who_is_erased_has_voted_all_the_same(where: Booth) -> None:
    await where.cast({"ada": OAK, "bob": ASH})
    await where.house.hears("ada", "/delete")
    await where.house.hears("ada", "Yes, erase everything")
    assert await where.house.count(Address) == 1
    await where.close()
    assert await totals(where) == [(ASH, 1), (OAK, 1)]


# -- closing -------------------------------------------------------------------------------------------------------


async def totals(where: Booth) -> list[tuple[str, int]]:
    async with where.house.database.read() as connection:
        rows = await connection.execute(select(Sealed.value, Sealed.ballots).order_by(Sealed.value))
        return [(row.value, row.ballots) for row in rows]


async def test_it_is_sealed_when_it_is_over_and_not_before(where: Booth) -> None:
    house = where.house
    await where.cast({"ada": OAK, "bob": ASH, "eve": OAK})
    await sealing.seal(house.database, house.now)
    assert (await totals(where), await house.rows(Phase.sealed_at)) == ([], [None])
    await where.close()
    assert await totals(where) == [(ASH, 1), (OAK, 2)]
    assert await house.rows(Phase.sealed_at, Phase.state) == [(house.now, "closed")]
    async with house.database.read() as connection:
        assert (await connection.execute(select(SecretKey.key, SecretKey.wiped_at))).all() == [(None, house.now)]
        assert (await connection.execute(select(SecretBallot))).all() == []
    await sealing.seal(house.database, house.later(minutes=1))
    assert await totals(where) == [(ASH, 1), (OAK, 2)], "once"


async def test_nothing_opens_it_again(where: Booth) -> None:
    house = where.house
    await where.cast({"ada": OAK})
    await where.close()
    async with house.database.write() as connection:
        await connection.execute(update(Phase).values(state="dated", opens_at=None, closes_at=None))
        await connection.execute(update(Consultation).values(state="open", opens_at=None, closes_at=None))
    async with house.database.write() as connection:
        facts = (await phases.load(connection, [house.phase_id]))[house.phase_id]
        assert (facts.is_open(house.now), facts.is_over(house.now)) == (False, True)
        [refused] = await ballots.cast(connection, [ballot(where, 1, ASH)])
        assert isinstance(refused, Closed)
    assert "Which tree?" not in await house.hears("ada", code="centre")
    async with house.database.write() as connection:
        await connection.execute(update(Phase).values(sealed_at=None))
        [refused] = await ballots.cast(connection, [ballot(where, 1, ASH)])
        assert isinstance(refused, Closed), "its key is gone, and there is never another"
    assert await totals(where) == [(OAK, 1)]


async def test_two_processes_seal_it_once(where: Booth) -> None:
    house = where.house
    await where.cast({"ada": OAK})
    for _ in range(2):
        async with house.database.write() as connection:
            await secrecy.seal(connection, house.space_id, house.phase_id, house.now, SEALED)
    assert await totals(where) == [(OAK, 1)]


async def test_a_secret_phase_that_is_still_open_loses_nothing_when_another_is_sealed(where: Booth) -> None:
    house = where.house
    await where.cast({"ada": OAK})
    async with house.database.write() as connection:
        centre = await consultations.find(connection, house.space_id, house.consultation_id)
        assert centre is not None
        second = await consultations.add_phase(connection, centre, "test", {})
        other = NewBallot(house.space_id, second.id, 5, "tree", ASH, house.now, secret=True)
        assert await ballots.cast(connection, [other]) == [1]
        await connection.execute(update(Phase).where(Phase.id != second.id).values(closes_at=house.now))
    await sealing.seal(house.database, house.now)
    async with house.database.read() as connection:
        assert (await connection.execute(select(SecretBallot.phase_id, SecretBallot.value))).all() == [(second.id, ASH)]
        keys = {row.phase_id: row.key for row in await connection.execute(select(SecretKey.phase_id, SecretKey.key))}
    assert keys[house.phase_id] is None
    assert keys[second.id] is not None


async def test_whoever_reads_for_long_only_delays_that_the_files_are_wiped(
    where: Booth, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = where.house
    monkeypatch.setattr(secrecy, "LONGEST_WAIT", 1)
    await where.cast({"ada": OAK})
    async with house.database.read() as reading:
        await reading.execute(text("SELECT count(*) FROM secret_ballots"))
        if house.database.sqlite:
            await where.close()
        else:
            with pytest.raises(Exception, match="lock timeout"):
                await where.close()
        assert await totals(where) == [(OAK, 1)]
    await sealing.seal(house.database, house.later(minutes=1))
    async with house.database.read() as connection:
        assert await connection.scalar(select(SecretKey.wiped_at)) == house.now


async def test_in_the_very_moment_of_closing_whoever_is_told_so_is_counted_and_nobody_else(
    where: Booth, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.batch.veil", lambda _language: None)  # to read afterwards who was told what
    house = where.house
    people = {f"voter-{number}": OAK if number % 3 else ASH for number in range(30)}
    await where.cast({"ada": ASH})
    await where.choose(people)

    async def close() -> None:
        async with house.database.write() as connection:
            await connection.execute(update(Phase).values(closes_at=house.now))
        await sealing.seal(house.database, house.now)

    voting = [house.keep(house.incoming(sender, "yes, cast it")) for sender in people]
    await asyncio.gather(*voting[:10], close(), *voting[10:])
    told = [choice_in(body) for body in await house.rows(Delivery.body) if "You voted for" in body]
    assert await totals(where) == sorted(Counter(str(tree) for tree in told).items())
    assert await house.count(SecretBallot) == 0
    assert set(await house.rows(Conversation.journal, phase_id=house.phase_id)) == {SEALED}
