"""Which bots are switched on: those of the settings and of the panel, a town each, changed while the house runs."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from bot.finishing import stop
from bot.telegram.api import Api, Away, WrongKey
from bot.telegram.reading import Reading, read
from bot.telegram.webhook import HEADER, secret_of
from storage import accounts
from storage.accounts import KEY
from tests.telegram.fakes import ACCOUNT, ME, NOON, Town, message, texts

TOKEN, RENEWED = f"{ACCOUNT}:first", f"{ACCOUNT}:second"
OTHER = "7000000002"
YOU = {**ME, "id": int(OTHER), "first_name": "Saint-Cyr", "username": "saint_cyr_bot"}


async def test_a_bot_of_the_settings_becomes_an_account_and_is_polled(town: Town) -> None:
    town.telegram.tokens = {"montaubry": TOKEN}
    town.script[TOKEN].says["getUpdates"] = [[message(7, "bonjour")]]
    await town.look()
    await town.polls(TOKEN)
    found = (await town.accounts())[ACCOUNT]
    assert (found.space_id, found.name, found.title) == (town.spaces["montaubry"], "montaubry_bot", "Montaubry")
    assert (found.token, found.error, found.worked_at) == (None, None, NOON)
    assert texts(town.kept) == ["bonjour"]
    assert (town.kept[0].channel, town.kept[0].account) == ("telegram", ACCOUNT)
    assert [call.method for call in town.script[TOKEN].calls[:2]] == ["getMe", "deleteWebhook"]


async def test_two_towns_have_a_bot_each(town: Town) -> None:
    town.telegram.tokens = {"montaubry": TOKEN, "saint-cyr": f"{OTHER}:x"}
    town.script[f"{OTHER}:x"].otherwise["getMe"] = YOU
    await town.look()
    await asyncio.gather(town.polls(TOKEN), town.polls(f"{OTHER}:x"))
    found = await town.accounts()
    assert {one: found[one].space_id for one in found} == {
        ACCOUNT: town.spaces["montaubry"],
        OTHER: town.spaces["saint-cyr"],
    }


async def test_a_bot_may_be_added_in_the_panel_while_the_house_runs(town: Town) -> None:
    await town.look()
    assert not town.script
    await town.put(TOKEN)
    await town.look()
    await town.polls(TOKEN)


async def test_the_house_notices_by_itself(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.channels.telegram.EVERY", 0.01)
    running = asyncio.create_task(town.run())
    await town.put(TOKEN)
    await town.polls(TOKEN)
    await stop(running)
    assert town.script[TOKEN].closed


async def test_the_house_notices_at_once_when_it_is_told(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.channels.telegram.EVERY", 3600)
    running = asyncio.create_task(town.run())
    await asyncio.sleep(0)
    await town.put(TOKEN)
    town.telegram.wake()
    await town.polls(TOKEN)
    await stop(running)


async def test_a_bot_that_is_removed_is_polled_no_more(town: Town) -> None:
    account = await town.put(TOKEN)
    await town.look()
    await town.polls(TOKEN)
    async with town.database.write() as connection:
        await accounts.remove(connection, account)
    await town.look()
    assert town.script[TOKEN].closed
    assert not town.script[TOKEN].waiting.is_set()


async def test_a_key_is_changed_without_losing_what_comes_meanwhile(town: Town) -> None:
    """The batch under way is kept and acknowledged before the next key is used."""
    await town.put(TOKEN)
    old, new = town.script[TOKEN], town.script[RENEWED]
    old.says["getUpdates"] = [[message(7, "first")]]
    new.says["getUpdates"] = [[message(8, "second")]]
    await town.look()
    await town.polls(TOKEN)
    await town.put(RENEWED)
    await town.look()
    await town.polls(RENEWED)
    assert texts(town.kept) == ["first", "second"]
    assert old.closed
    assert not new.closed


async def test_the_panel_s_new_key_is_not_overwritten_by_the_old_one(town: Town) -> None:
    await town.put(TOKEN)
    await town.look()
    await town.put(RENEWED)
    await town.polls(TOKEN)
    assert (await town.accounts())[ACCOUNT].token == RENEWED


async def test_the_settings_win_over_the_panel(town: Town) -> None:
    await town.put(TOKEN)
    town.telegram.tokens = {"montaubry": RENEWED}
    await town.look()
    await town.polls(RENEWED)
    assert TOKEN not in town.script
    assert (await town.accounts())[ACCOUNT].token is None


async def test_an_account_whose_key_the_settings_have_lost_is_shown_as_such(town: Town) -> None:
    town.telegram.tokens = {"montaubry": TOKEN}
    await town.look()
    await town.polls(TOKEN)
    town.telegram.tokens = {}
    await town.look()
    assert (await town.accounts())[ACCOUNT].error == KEY
    assert town.script[TOKEN].closed


async def test_a_platform_that_is_away_at_the_start_is_asked_again(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.patience.LONGEST", 0.001)
    town.telegram.tokens = {"montaubry": TOKEN}
    town.script[TOKEN].says = {"getMe": [Away("502")] * 3, "deleteWebhook": [Away("502")]}
    await town.look()
    await town.polls(TOKEN)
    assert (await town.accounts())[ACCOUNT].error is None


async def test_a_wrong_key_is_shown_with_its_account(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    account = await town.put(TOKEN)
    api = town.script[TOKEN]
    api.says["getMe"] = [WrongKey("Unauthorized")]
    api.waits.add("getMe")  # the second time it is asked it answers no more
    monkeypatch.setattr("bot.telegram.patience.SHUT_OUT", NOON - NOON)
    await town.look()
    await town.polls(TOKEN)
    found = (await town.accounts())[account.account]
    assert (found.error, found.failed_at, found.token) == (KEY, NOON, TOKEN)


async def test_a_bot_of_another_space_serves_nobody(town: Town) -> None:
    await town.put(TOKEN, "saint-cyr")
    town.telegram.tokens = {"montaubry": RENEWED}
    await town.look()
    await asyncio.wait([town.telegram.bot(ACCOUNT)._serving])
    assert not town.script[RENEWED].asked("getUpdates")
    assert (await town.accounts())[ACCOUNT].space_id == town.spaces["saint-cyr"]


async def test_a_bot_that_falls_over_is_switched_on_again(town: Town) -> None:
    await town.put(TOKEN)
    town.script[TOKEN].says["getUpdates"] = [RuntimeError("a fault of ours")]
    await town.look()
    await asyncio.wait([town.telegram.bot(ACCOUNT)._serving])
    await town.look()
    await town.polls(TOKEN)


async def test_an_update_that_makes_the_reader_fail_holds_up_nothing(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(update: Any, account: str, now: datetime) -> Reading:
        if update["update_id"] == 8:
            raise RuntimeError("a fault of ours")
        return read(update, account, now)

    monkeypatch.setattr("bot.telegram.hearing.read", fails)
    await town.put(TOKEN)
    town.script[TOKEN].says["getUpdates"] = [[message(7, "a"), message(8, "b"), message(9, "c")]]
    await town.look()
    await town.polls(TOKEN)
    assert texts(town.kept) == ["a", "c"]
    assert town.script[TOKEN].offsets() == [None, 10]


# -- the webhook -----------------------------------------------------------------------------------------------


@pytest.fixture
def posting(town: Town) -> httpx.AsyncClient:
    town.telegram.base_url = "https://town.example"
    transport = httpx.ASGITransport(Starlette(routes=town.telegram.routes()))
    return httpx.AsyncClient(transport=transport, base_url="https://town.example")


async def post(client: httpx.AsyncClient, update: Any, token: str = TOKEN) -> int:
    path = f"/telegram/{token.partition(':')[0]}"
    return (await client.post(path, json=update, headers={HEADER: secret_of(token)})).status_code


async def test_a_bot_that_is_posted_to_sets_its_webhook_and_polls_for_nothing(
    town: Town, posting: httpx.AsyncClient
) -> None:
    await town.put(TOKEN)
    await town.look()
    api = town.script[TOKEN]
    await api.came["setWebhook"].wait()
    assert api.asked("setWebhook")[0]["url"] == f"https://town.example/telegram/{ACCOUNT}"
    assert await post(posting, message(7, "bonjour")) == 200
    assert texts(town.kept) == ["bonjour"]
    town.full = True
    assert await post(posting, message(8)) == 503
    assert not api.asked("getUpdates")


async def test_what_is_posted_before_the_bot_is_introduced_is_to_come_again(
    town: Town, posting: httpx.AsyncClient
) -> None:
    """Its account is not there yet, and what comes to no account is for no space."""
    town.telegram.tokens = {"montaubry": TOKEN}
    town.script[TOKEN].waits.add("getMe")
    assert await post(posting, message(7)) == 503
    await town.look()
    assert await post(posting, message(7), f"{OTHER}:x") == 403
    await town.polls(TOKEN)
    assert await post(posting, message(7)) == 503
    assert town.kept == []


async def test_a_house_that_is_slow_to_begin_does_not_look_like_one_that_refuses(
    town: Town, posting: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The platform soon tries again what it was asked to, and what is refused less and less often."""
    asked, loaded = asyncio.Event(), asyncio.Event()

    async def slowly(token: str) -> Api:
        asked.set()
        await loaded.wait()
        return await town.open(token)

    monkeypatch.setattr(town.telegram, "open", slowly)
    await town.put(TOKEN)
    assert await post(posting, message(7)) == 503
    looking = asyncio.create_task(town.look())
    await asked.wait()
    assert await post(posting, message(7)) == 503
    loaded.set()
    await looking
    await town.script[TOKEN].came["setWebhook"].wait()
    assert await post(posting, message(7)) == 200


async def test_the_secret_changes_with_the_key(town: Town, posting: httpx.AsyncClient) -> None:
    await town.put(TOKEN)
    await town.look()
    await town.put(RENEWED)
    await town.look()
    await town.script[RENEWED].came["setWebhook"].wait()
    assert await post(posting, message(7), TOKEN) == 403
    assert await post(posting, message(7), RENEWED) == 200
