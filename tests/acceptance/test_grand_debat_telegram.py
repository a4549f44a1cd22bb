"""The Grand Débat's questionnaire on ecology, answered on Telegram by way of the real program, and exported."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from flows.figures import Cell
from flows.questionnaires.file import read_file
from tests import grand_debat
from tests.acceptance.grand_debat_people import ANNE, LEFT, LUC, LUC_LATER
from tests.acceptance.process import palabre
from tests.acceptance.telegram_crowd import TelegramTown, town
from tests.acceptance.test_grand_debat_doors import NAME, table
from tests.telegram.served import NO_LIMITS, ROADS
from tests.telegram_api import Message, Platform, Resident

BY_TAPS = [index for index, (door, _left) in enumerate(LEFT) if door == "web"]
"""What Anne and Luc leave behind."""


@dataclass
class AtTelegram:
    """Somebody who waits for the reply, and taps where a button reads so."""

    house: TelegramTown
    resident: Resident
    count: list[int]

    async def begin(self, code: str) -> None:
        self.resident.starts(code)
        await self._answered()
        await self.answer("Oui, commencer")

    async def answer(self, *answers: str) -> None:
        for one in answers:
            if one in self._last().labels:
                self.resident.taps(one, on=self._last())
            else:
                self.resident.writes(one)
            await self._answered()

    async def _answered(self) -> None:
        self.count.append(1)
        await self.house.all_delivered(len(self.count))

    def _last(self) -> Message:
        return [message for message in self.resident.sees if not message.mine][-1]


@pytest.mark.long
@pytest.mark.parametrize("road", ROADS)
async def test_what_was_answered_on_telegram_is_exported_to_the_letter(shared: Path, tmp_path: Path, road: str) -> None:
    source = grand_debat.read(shared / "data" / "grand-debat", NAME)
    platform, count = Platform(limits=NO_LIMITS), list[int]()
    async with town(tmp_path, platform, road, source) as house, house.alive():
        anne, luc = (AtTelegram(house, platform.resident(house.bot, name), count) for name in ("Anne", "Luc"))
        await anne.begin(NAME)
        assert "Quel est aujourd'hui pour vous le problème concret" in anne.resident.heard[-1]
        await anne.answer(*ANNE)
        assert anne.resident.heard[-1].startswith("C'est envoyé. Merci.")
        await luc.begin(NAME)
        await luc.answer(*LUC, *LUC_LATER)
        assert luc.resident.heard[-1].startswith("C'est envoyé.")
        ended = await palabre("export", NAME, "--format", "json", folder=tmp_path)
    header, rows = table(read_file(source).draft.questionnaire)
    exported: Sequence[dict[str, Cell]] = json.loads(ended.output)
    assert [list(row) for row in exported] == [header] * 2
    assert [row["Arrivée par"] for row in exported] == ["telegram", "telegram"]
    assert [list(row.values())[5:] for row in exported] == [rows[index][3:] for index in BY_TAPS]
    assert [call.description for call in platform.calls if call.told not in (200, None)] == []
