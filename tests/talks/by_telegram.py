"""Plays a transcript through Telegram: the resident writes and taps in the app, and reads what is shown there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from bot.attachments import Attachments
from bot.channels import Incoming, Outgoing
from bot.channels.telegram import Telegram
from bot.telegram.writing import CAPABILITIES
from storage.unfetched import Unfetched
from tests.talks.player import Phone, Player, town
from tests.talks.transcript import OPENED, Turn
from tests.telegram.drivers import AIOGRAM
from tests.telegram.served import NO_LIMITS, carried, set_up
from tests.telegram_api import Platform, Resident

FETCH = Attachments._fetch
GREETED = ("Démarrer", "Start")


@dataclass
class TelegramPhone(Phone):
    """The channel, whose messages are remembered as they leave, and the person's own phone."""

    telegram: Telegram = field(init=False)
    resident: Resident = field(init=False)

    async def send(self, outgoing: Outgoing) -> str | None:
        sent = await self.telegram.send(outgoing)
        self.sent.append(outgoing)
        self.texts = self.resident.heard
        return sent


class ByTelegram(Player):
    """One resident with a phone."""

    phone: TelegramPhone

    def __post_init__(self) -> None:
        super().__post_init__()
        self.kept, self.fetched = asyncio.Event(), asyncio.Event()

        async def fetch(attachments: Attachments, one: Unfetched) -> None:
            await FETCH(attachments, one)
            self.fetched.set()

        self.monkeypatch.setattr(Attachments, "_fetch", fetch)

    async def receive(self, *incoming: Incoming) -> None:
        """What the channel hands over."""
        await self.reception.keep(incoming)
        self.kept.set()

    async def hear(self, turn: Turn) -> None:
        if turn.second:
            await super().hear(turn)
            return
        self.kept.clear()
        self.fetched.clear()
        self.phone.resident.person.language = self.language or ""
        self._do(turn)
        await asyncio.wait_for(self.kept.wait(), 60)
        if turn.tapped == "A PDF":
            await asyncio.wait_for(self.fetched.wait(), 60)

    def _do(self, turn: Turn) -> None:
        resident, label = self.phone.resident, self.names.get(turn.tapped or "", turn.tapped)
        if label is None:
            resident.writes(turn.said)
        elif label in GREETED:
            code, self.code = self.code, ""
            resident.starts(code)
        elif label == "A sticker":
            resident.sends_sticker()
        elif label == "A voice message":
            resident.sends_voice()
        elif label == "A PDF":
            resident.sends_document("plan.pdf", b"%PDF-1.7", "application/pdf")
        elif label == "A spreadsheet":
            resident.sends_document("budget.ods", b"PK", "application/vnd.oasis.opendocument.spreadsheet")
        else:
            [button] = [one for one in self.offering(label).buttons if one.label == label]
            resident.taps(button.data)  # the label itself may bear the mark of an answer by now


@asynccontextmanager
async def on_telegram(
    folder: Path, road: str, monkeypatch: pytest.MonkeyPatch, opened: Sequence[str] = OPENED, driver: str = AIOGRAM
) -> AsyncIterator[ByTelegram]:
    """The town of the talks, with a bot, and a resident who has not written yet."""
    platform = Platform(limits=NO_LIMITS)
    bot = platform.bot("Montaubry")
    phone = TelegramPhone(replace(CAPABILITIES, rates=None))
    phone.resident = platform.resident(bot, "Marie")
    async with town(f"sqlite+aiosqlite:///{folder}/talk.db", opened) as database:
        player = ByTelegram(database, phone, monkeypatch)
        await set_up(database, bot)
        async with carried(database, platform, road, player.receive, lambda: player.now, driver) as phone.telegram:
            yield player
    files = [call for call in platform.calls if call.method in ("sendphoto", "senddocument") and call.told == 200]
    assert len(files) == sum(one.message.media is not None for one in phone.sent), "what comes along arrives"
    refused = [f"{call.method}: {call.description}" for call in platform.calls if call.told not in (200, None)]
    if [one for one in refused if not one.startswith("getupdates: Conflict")]:  # the poll that the last one ended
        raise AssertionError(f"the platform refused {refused}")
