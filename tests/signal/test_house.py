"""Signal in a house: only where a number is set; and what `palabre check` says."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot import house
from bot.channels.signal import Signal
from bot.commands.check import _ask
from bot.config import Settings
from bot.mistakes import Mistake
from bot.signal.checking import look
from bot.signal.client import Client
from storage.accounts import CAPTCHA, KEY
from storage.database import Database
from tests.channels.little import build_town
from tests.signal.conftest import Bench
from tests.signal.fakes import NUMBER
from tests.signal_daemon import faults


async def settings(url: str, slug: str = "montaubry") -> Settings:
    database = Database(url)
    await build_town(database)
    await database.close()
    return Settings.model_validate({"database_url": url, "signal": {"accounts": {slug: NUMBER}}})


async def test_a_number_switches_it_on(database_url: str) -> None:
    async with house.opened(await settings(database_url)) as built:
        assert isinstance(built.channels["signal"], Signal)


async def test_a_number_of_a_town_that_is_not_there_is_a_mistake(tmp_path: Path) -> None:
    wrong = await settings(f"sqlite:///{tmp_path}/palabre.db", "arvelle")
    with pytest.raises(Mistake, match=r"signal\.accounts: there is no space arvelle\. There are: montaubry"):
        async with house.opened(wrong):
            pass


async def test_a_number_that_was_taken_out_of_the_settings_is_noted_and_comes_back(bench: Bench) -> None:
    await bench.start()
    await bench.until_noted(None)
    await bench.stop()
    url = bench.database.url.render_as_string()
    async with house.opened(Settings.model_validate({"database_url": url})):
        pass
    await bench.until_noted(KEY)
    await bench.start()
    await bench.until_noted(None)


# -- palabre check -----------------------------------------------------------------------------------------------


async def said(bench: Bench, error: str | None = None) -> str:
    return str(await look(bench.signal.daemon, "montaubry", bench.account.number, error))


async def test_a_number_that_is_well_is_said_to_be(bench: Bench) -> None:
    assert await said(bench) == "well   Signal of montaubry: +33600000001, by signal-cli 0.13.19"
    assert bench.platform.made("send") == []


async def test_what_is_wrong_is_said_with_what_to_do(bench: Bench) -> None:
    assert "is to solve a captcha. docs/signal.md tells how" in await said(bench, CAPTCHA)
    bench.platform.loses(bench.account)
    assert "signal-cli does not have +33600000001. Register or link it" in await said(bench)
    bench.platform.faults.script(faults.broken(), "listIdentities")
    bench.platform.down = True
    assert "signal-cli does not answer. Start `signal-cli daemon" in await said(bench)
    nobody = Client("http://127.0.0.1:9")
    assert (await look(nobody, "montaubry", NUMBER, None)).found == "signal-cli does not answer"
    await nobody.close()


async def test_the_check_looks_at_the_numbers_of_the_settings(tmp_path: Path) -> None:
    there = await settings(f"sqlite:///{tmp_path}/palabre.db")
    away = there.signal.model_copy(update={"url": "http://127.0.0.1:9", "accounts": {"montaubry": NUMBER, "x": "+1"}})
    database = Database(there.database_url.get_secret_value())
    findings = [str(one) async for one in _ask(there.model_copy(update={"signal": away}), database)]
    await database.close()
    assert (
        findings[-1] == "wrong  Signal of x: there is no such space. Correct signal.accounts, or import a consultation."
    )
    assert findings[-2].startswith("wrong  Signal of montaubry: signal-cli does not answer. Start")


async def test_the_older_daemon_begins_its_stream_with_the_first_message(bench: Bench) -> None:
    bench.platform.flushes = False
    await bench.start()
    bench.anna.says("Bonjour")
    await bench.until(lambda: bench.texts() == ["Bonjour"])
