"""Palabre inside a town's own bot: it hears what it is handed, commits before it hands back, and takes nothing of the
town's."""

from __future__ import annotations

import asyncio
import importlib.util
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import aiogram
import pytest
import telegram
from sqlalchemy.exc import OperationalError

from bot.channels import NotKept
from bot.config import BadSettings
from bot.embedding import embedded
from bot.jobs import Jobs
from bot.mistakes import Mistake
from bot.telegram import within_aiogram, within_ptb
from bot.telegram.reading import read
from storage.models import Heard
from tests.channels.open_house import count
from tests.channels.test_telegram_reading import ACCOUNT, NOW, RECORDED
from tests.telegram.fakes import message, tap
from tests.telegram.hosts import HOSTS, Inside, inside, montaubry, of

LIBRARIES = list(HOSTS)
TAPPED = ("answercallbackquery", "editmessagereplymarkup")
NOWHERE = "http://127.0.0.1:9"
ALIKE = "AAAAAAAAAAA:how:foot"
"""Of the form of our buttons, and of no conversation of ours."""


@pytest.fixture(params=LIBRARIES)
def library(request: pytest.FixtureRequest) -> str:
    return str(request.param)


async def to_how(town: Inside) -> None:
    """Anna has come by the poster, and is asked the first question."""
    town.resident.starts("pain22")
    await town.hears()
    await town.answered("Do you agree")
    town.resident.taps("Yes, begin")
    await town.hears()
    await town.answered("How do you come?")


async def heard(town: Inside) -> int:
    return await count(town.palabre.house.database, Heard)


# -- what the libraries hand over ------------------------------------------------------------------------------


TOO_OLD = {"poll"}
"""Recorded before fields were added that both libraries insist on: it would reach no handler of the host."""


def through(library: str, update: Any) -> Any:
    """What comes out of the library's own object."""
    if library == "ptb":
        return within_ptb.written(telegram.Update.de_json(update, None))
    return within_aiogram.written(aiogram.types.Update.model_validate(update))


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of fields that the library will hand out otherwise
def test_what_a_library_has_read_we_read_the_same(library: str) -> None:
    names = RECORDED.keys() - TOO_OLD
    ours = {name: read(RECORDED[name], ACCOUNT, NOW) for name in names}
    assert {name: read(through(library, RECORDED[name]), ACCOUNT, NOW) for name in names} == ours


def test_a_link_in_a_text_does_not_confuse_the_defaults_of_a_library(library: str) -> None:
    """aiogram puts what is not yet decided where options of a preview are missing."""
    update = message(7, "https://montaubry.example")
    update["message"]["link_preview_options"] = {"url": "https://montaubry.example"}
    assert read(through(library, update), "1", NOW) == read(update, "1", NOW)


# -- who takes what --------------------------------------------------------------------------------------------


async def test_what_the_host_answers_is_the_hosts_and_the_rest_is_ours(library: str, tmp_path: Path) -> None:
    async with inside(library, tmp_path) as town:
        await town.says("/ping")
        assert (town.resident.heard, await heard(town)) == (["pong"], 0)
        await to_how(town)
        await town.says("/ping")
        assert town.resident.heard[-1] == "pong"
        town.resident.taps("By bicycle")
        await town.hears()
        await town.answered("From how many kilometres?")
        note = town.resident.writes("3")
        await town.hears()
        town.resident.edits(note, "4")
        await town.hears()
        await town.platform.until(lambda: any("what you wrote first" in one for one in town.resident.heard))
        assert (town.host.left, await heard(town)) == ([], 5)


async def test_a_button_of_the_host_is_left_to_it_whatever_it_looks_like(library: str, tmp_path: Path) -> None:
    async with inside(library, tmp_path) as town:
        await to_how(town)
        ours, before = town.resident.sees[-1], await heard(town)
        for data in ("page:2", "page:3", "Preferences:how:foot", ALIKE, "!nothing", ">phase:a:b", "x"):
            await town.host.hear(tap(1, data=data, person=town.resident.person.id))
        assert await heard(town) == before
        assert town.host.left == ["callback_query"] * 6  # all but the one that the host knows
        town.resident.taps("On foot", on=ours)
        await town.hears()
        await town.answered("From how many kilometres?")


async def test_what_is_said_in_a_group_is_left_to_the_host(library: str, tmp_path: Path) -> None:
    async with inside(library, tmp_path) as town:
        [anna] = town.platform.group(town.bot, "Voisins", [town.resident])
        anna.writes("bonjour")
        await town.hears()
        assert (town.host.left, await heard(town)) == (["message"], 0)


async def test_who_blocks_the_bot_is_heard_of_by_both(library: str, tmp_path: Path) -> None:
    async with inside(library, tmp_path) as town:
        await to_how(town)
        before = await heard(town)
        town.resident.blocks()
        await town.hears()
        assert (town.host.left, await heard(town)) == (["my_chat_member"], before + 1)


async def test_of_what_is_expected_only_that_is_taken(library: str, tmp_path: Path) -> None:
    async with inside(library, tmp_path, only=lambda palabre: palabre.expects) as town:
        for text in ("bonjour", "/start", "/start promo", "/help"):
            await town.says(text)
        assert (town.host.left, await heard(town)) == (["message"] * 4, 0)
        town.host.left.clear()
        await to_how(town)
        await town.says("/unknown")
        await town.says("/ping")
        assert (town.host.left, town.resident.heard[-1]) == (["message"], "pong")
        await town.says("by bicycle")
        await town.answered("From how many kilometres?")
        await town.says("/back")
        await town.answered("How do you come?")
        assert town.host.left == ["message"]


async def test_a_host_may_say_itself_what_is_taken(library: str, tmp_path: Path) -> None:
    async with inside(library, tmp_path, only=lambda _palabre: lambda incoming: incoming.text == "Palabre") as town:
        await town.says("bonjour")
        await town.says("Palabre")
        assert (town.host.left, await heard(town)) == (["message"], 1)


# -- how well it is kept ---------------------------------------------------------------------------------------


async def test_a_repeat_is_one_message(library: str, tmp_path: Path) -> None:
    async with inside(library, tmp_path) as town:
        await to_how(town)
        before = len(town.resident.heard)
        for update in [*town.bot.mailbox.pushed] * 3:
            await town.host.hear(update.json())
        assert (await heard(town), len(town.resident.heard)) == (2, before)
        assert town.host.left == []


async def test_it_is_committed_when_the_host_goes_on_and_in_its_order(library: str, tmp_path: Path) -> None:
    async with inside(library, tmp_path) as town:
        texts = ["bonjour", *map(str, range(20))]
        for text in texts:
            town.resident.writes(text)
        updates = [one.json() for one in town.bot.mailbox.pushed]
        kept: list[str] = []
        keep = town.palabre.house.reception.keep

        async def noted(messages: Sequence[Any]) -> None:
            await keep(messages)
            kept.extend(one.text for one in messages)

        town.palabre.house.reception.keep = noted  # type: ignore[method-assign]
        await asyncio.gather(*(town.host.hear(update) for update in updates))
        assert (kept, await heard(town)) == (texts, len(texts))


async def test_what_can_not_be_kept_is_tried_again_and_then_said(library: str, tmp_path: Path) -> None:
    """A host that answers Telegram after its handlers says 503 then."""
    async with inside(library, tmp_path) as town:
        keep, failures = town.palabre.house.reception.keep, [3]

        async def failing(messages: Sequence[Any]) -> None:
            failures[0] -= 1
            if failures[0] >= 0:
                raise OperationalError("INSERT", None, Exception("disk I/O error"))
            await keep(messages)

        town.palabre.house.reception.keep = failing  # type: ignore[method-assign]
        await town.says("bonjour")
        assert await heard(town) == 1
        failures[0], town.palabre.patience = 1_000, 0.0
        with pytest.raises(NotKept):
            await town.says("bonsoir")
        assert await heard(town) == 1


async def test_after_the_house_has_fallen_nothing_is_taken_for_kept(
    library: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    falls = asyncio.Event()

    async def fall(_jobs: Jobs) -> None:
        await falls.wait()
        raise RuntimeError("it has fallen")

    monkeypatch.setattr(Jobs, "run", fall)

    async def fallen() -> None:
        async with inside(library, tmp_path) as town:
            await town.says("bonjour")
            falls.set()
            await asyncio.wait([town.palabre.serving])
            with pytest.raises(NotKept):
                await town.says("by bicycle")
            assert await heard(town) == 1
            await town.says("/ping")
            assert town.resident.heard[-1] == "pong"

    with pytest.raises(RuntimeError, match="has fallen"):
        await fallen()


async def test_palabre_neither_hears_by_itself_nor_presents_itself(library: str, tmp_path: Path) -> None:
    async with inside(library, tmp_path) as town:
        await to_how(town)
        assert {call.method for call in town.platform.calls} == {"getme", "sendmessage", *TAPPED}


# -- what has to be so before ----------------------------------------------------------------------------------


async def test_a_bot_that_is_nobodys_is_a_mistake(tmp_path: Path) -> None:
    url = await montaubry(tmp_path)
    with pytest.raises(Mistake, match="there is no space arvelle"):
        async with embedded(of(url, NOWHERE), {"arvelle": "123456:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw"}):
            pass
    with pytest.raises(BadSettings, match="the token of montaubry is not one"):
        async with embedded(of(url, NOWHERE), {"montaubry": "secret"}):
            pass


def test_without_the_library_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "telegram", None)
    found = importlib.util.spec_from_file_location("without", within_ptb.__file__)
    assert found is not None
    assert found.loader is not None
    with pytest.raises(ModuleNotFoundError, match=r"palabre\[ptb\]"):
        found.loader.exec_module(importlib.util.module_from_spec(found))
