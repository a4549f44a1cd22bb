"""The key of a bot is in every address that is called, so that nearly everything that fails could tell it. It stands in
no line of the log, no error and no repr, whatever other libraries write down."""

from __future__ import annotations

import asyncio
import io
import logging
import traceback
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import structlog

from bot import logging as ours
from bot.channels import Incoming, NotKept
from bot.config import Settings
from bot.telegram.api import Api, ApiError, Away, Call, NoAnswer
from bot.telegram.keys import Key
from storage.database import Database
from tests.channels.little import build_town
from tests.telegram.drivers import DRIVERS
from tests.telegram.served import ROADS, carried, set_up
from tests.telegram_api import Bot, Clock, Platform, faults

LIBRARIES = ("aiogram", "aiohttp", "telegram", "httpx", "httpcore", "uvicorn", "asyncio", "starlette")
NOWHERE = "http://127.0.0.1:9"


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """Everything that is logged, down to what libraries say for their developers."""
    written, before = io.StringIO(), structlog.get_config()
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    ours.configure("debug", "json", written)
    root.setLevel(logging.DEBUG)
    plain = logging.StreamHandler(written)  # as others would log, with all that is filled in
    plain.setFormatter(logging.Formatter("%(message)s"))
    for name in LIBRARIES:
        logging.getLogger(name).setLevel(logging.DEBUG)
        logging.getLogger(name).addHandler(plain)
    yield written
    for name in LIBRARIES:
        logging.getLogger(name).removeHandler(plain)
    root.handlers[:], root.level = handlers, level
    structlog.configure(**before)


def secret_of(bot: Bot) -> str:
    return bot.token.partition(":")[2]


@pytest.fixture
async def _talkative() -> AsyncIterator[None]:
    """The loop, which is shared with all other tests, tells its developers what it does."""
    loop = asyncio.get_running_loop()
    loop.set_debug(True)
    yield
    loop.set_debug(False)


@pytest.mark.usefixtures("_talkative")
@pytest.mark.parametrize("driver", DRIVERS)
@pytest.mark.parametrize("road", ROADS)
async def test_a_run_in_which_everything_fails_tells_no_key(
    road: str, driver: str, tmp_path: Path, log: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.patience.LONGEST", 0.05)
    monkeypatch.setattr("bot.channels.telegram.EVERY", 0.05)
    platform = Platform(clock=Clock(pace=20), conflict_pause=0.01)
    bot = platform.bot("Montaubry")
    database = Database(f"sqlite:///{tmp_path}/palabre.db")
    await build_town(database)
    await set_up(database, bot)
    troubles: list[Exception] = [RuntimeError("a fault of ours"), NotKept()]
    kept = asyncio.Event()

    async def receive(*_incoming: Incoming) -> None:
        if troubles:
            raise troubles.pop()
        kept.set()

    for fault in (faults.broken(502, page=True), faults.cut_before(), faults.garbled(), faults.conflict()):
        platform.faults.script(fault, ["getMe", "deleteWebhook", "setWebhook", "getUpdates"])
    marie = platform.resident(bot, "Marie")
    marie.starts("centre")
    async with carried(database, platform, road, receive, driver=driver):
        await asyncio.wait_for(kept.wait(), 60)
        old = secret_of(bot)
        platform.new_token(bot)
        marie.writes("bonjour")
    await database.close()
    assert "RuntimeError" in log.getvalue()
    assert not [secret for secret in (old, secret_of(bot)) if secret in log.getvalue()]


@pytest.mark.parametrize("driver", DRIVERS)
@pytest.mark.parametrize("method", ["getMe", "sendMessage", "getUpdates"])
async def test_no_error_of_a_call_tells_the_key_not_even_by_its_cause(
    method: str, driver: str, log: io.StringIO
) -> None:
    token = "123456:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw"
    api = DRIVERS[driver](token, NOWHERE)
    parameters = {"chat_id": "1", "text": "Bonjour"} if method == "sendMessage" else {}
    with pytest.raises((ApiError, Away, NoAnswer)) as raised:
        await api.call(Call(method, parameters))
    await api.close()
    told = "".join(traceback.format_exception(raised.value)) + log.getvalue()
    assert token.partition(":")[2] not in told


@pytest.mark.parametrize("driver", DRIVERS)
def test_nothing_that_holds_a_key_shows_it(driver: str) -> None:
    token = "123456:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw"
    api: Api = DRIVERS[driver](token, NOWHERE)
    settings = Settings.model_validate({"telegram": {"bots": {"montaubry": token}}})
    for holder in (api, settings, settings.telegram, Key("123456", 1, token, settled=False)):
        assert token.partition(":")[2] not in f"{holder!r} {holder}"
