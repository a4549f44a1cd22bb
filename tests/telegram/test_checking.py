"""`palabre check` says of each bot how it is, and what to do."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bot.telegram.api import Away, NoAnswer, Wrong, WrongKey
from bot.telegram.checking import look
from storage.accounts import AWAY, TAKEN
from storage.database import Database
from tests.acceptance.process import palabre
from tests.channels.little import build_town
from tests.telegram.fakes import ACCOUNT, ME, Scripted
from tests.telegram.served import set_up
from tests.telegram_api import Platform, serve

OURS = "https://town.example"
NAME = "Montaubry, @montaubry_bot"


def bot(**info: Any) -> Scripted:
    told = {"url": "", "has_custom_certificate": False, "pending_update_count": 2, **info}
    return Scripted(otherwise={"getMe": ME, "getWebhookInfo": told})


async def test_a_bot_that_is_polled_is_well() -> None:
    looked = await look(bot(), ACCOUNT, None, None)
    assert (looked.found, looked.todo) == (f"{NAME}, is asked for what is new; 2 updates wait", None)


@pytest.mark.parametrize("url", ["", f"{OURS}/telegram/{ACCOUNT}"])
async def test_a_bot_that_posts_to_us_or_will_is_well(url: str) -> None:
    looked = await look(bot(url=url, pending_update_count=0), ACCOUNT, OURS, None)
    assert looked.todo is None
    assert "0 updates wait" in looked.found


@pytest.mark.parametrize("base_url", [None, OURS])
async def test_a_bot_that_posts_elsewhere_is_not_and_the_address_is_not_told_whole(base_url: str | None) -> None:
    looked = await look(bot(url="https://elsewhere.example/hook/sesame"), ACCOUNT, base_url, None)
    assert looked.found == f"{NAME}, posts what is new to elsewhere.example"
    assert looked.todo is not None
    assert "another program has the token" in looked.todo


async def test_posts_that_fail_are_told_while_they_are_news() -> None:
    told = {"url": f"{OURS}/telegram/{ACCOUNT}", "last_error_message": "Connection timed out"}
    now = int(datetime.now(UTC).timestamp())
    looked = await look(bot(**told, last_error_date=now - 60), ACCOUNT, OURS, None)
    assert looked.found == f"{NAME}, could not post what is new (Connection timed out); 2 updates wait"
    assert looked.todo == "Can base_url be reached from outside?"
    assert (await look(bot(**told, last_error_date=now - 86_400), ACCOUNT, OURS, None)).todo is None


async def test_a_bot_that_another_program_uses_is_told() -> None:
    looked = await look(bot(), ACCOUNT, None, TAKEN)
    assert looked.found == f"{NAME}, is used by another program at the same time"
    assert (await look(bot(), ACCOUNT, None, AWAY)).todo is None


@pytest.mark.parametrize(
    ("trouble", "found"),
    [
        (WrongKey("Unauthorized"), "its token is refused"),
        (Away("502"), "Telegram does not answer"),
        (NoAnswer("timeout"), "Telegram does not answer"),
        (Wrong("Bad Request: x"), "Telegram refuses (Bad Request: x)"),
    ],
)
async def test_what_goes_wrong_is_told_with_what_to_do(trouble: Exception, found: str) -> None:
    looked = await look(Scripted({"getMe": [trouble]}), ACCOUNT, None, None)
    assert looked.found == found
    assert looked.todo


@pytest.mark.long
async def test_the_command_has_a_line_for_each_bot_and_shows_no_token(tmp_path: Path) -> None:
    platform = Platform()
    in_panel, in_settings = platform.bot("Montaubry", "montaubry_bot"), platform.bot("Saint-Cyr", "saint_cyr_bot")
    database = Database(f"sqlite:///{tmp_path}/palabre.db")
    await build_town(database)
    await set_up(database, in_panel)
    await database.close()
    async with serve(platform) as url:
        variables = {
            "PALABRE_TELEGRAM_API_URL": url,
            "PALABRE_TELEGRAM_BOTS": f'{{"saint-cyr": "{in_settings.token}"}}',
        }
        ended = await palabre("check", folder=tmp_path, environment=variables)
    lines = ended.output.splitlines()
    assert ended.code == 1, ended
    assert "well   bot of montaubry: Montaubry, @montaubry_bot, is asked for what is new; 0 updates wait" in lines
    assert "well   clock: right" in lines
    assert "wrong  bot of saint-cyr: there is no such space. Correct telegram.bots, or import a consultation." in lines
    assert all(token not in ended.output + ended.errors for token in (in_panel.token, in_settings.token))
