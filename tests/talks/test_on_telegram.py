"""Every transcript goes on Telegram as it is written, by the real channel and a platform that plays Telegram."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.channels import terminal
from tests.talks.by_telegram import on_telegram
from tests.talks.player import FOLDER, WRITTEN_ON, without_own
from tests.talks.transcript import read
from tests.telegram.drivers import AIOGRAM, PTB

ALWAYS = frozenset({"first-time", "idea-photo", "language-unknown", "pressed-twice", "vote-ranking"})
"""Those that differ most there; the others are played with the long tests."""
THROUGH_PTB = ("idea-photo", *(pytest.param(name, marks=pytest.mark.long) for name in sorted(ALWAYS - {"idea-photo"})))
TALKS = [
    pytest.param(path, marks=() if path.stem in ALWAYS else pytest.mark.long, id=path.stem)
    for path in sorted(FOLDER.glob("*.chat"))
]


@pytest.mark.parametrize("road", ["polling", pytest.param("webhook", marks=pytest.mark.long)])
@pytest.mark.parametrize("path", TALKS)
async def test_it_goes_the_same_on_telegram(
    path: Path, road: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await goes(path, road, AIOGRAM, tmp_path, monkeypatch)


@pytest.mark.parametrize("name", THROUGH_PTB)
async def test_it_goes_the_same_through_the_other_library(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await goes(FOLDER / f"{name}.chat", "polling", PTB, tmp_path, monkeypatch)


async def goes(path: Path, road: str, driver: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written = read(path)
    async with on_telegram(folder, road, monkeypatch, written.opened, driver) as player:
        heard = await player.play(written)
    here, there = player.phone.capabilities, player.second.capabilities
    assert without_own(heard, here, there) == without_own(written, WRITTEN_ON, terminal.CAPABILITIES)
