"""Plays a transcript through Signal: the resident writes numbers and words in the app, and reads what arrives there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from bot.attachments import Attachments
from bot.channels import Incoming, Outgoing
from bot.channels.signal import Signal
from bot.finishing import stop
from bot.signal.client import Client
from bot.signal.writing import CAPABILITIES
from storage import rounds
from storage.unfetched import Unfetched
from tests.signal_daemon import Platform, Resident, serve
from tests.talks.player import Phone, Player, town
from tests.talks.transcript import OPENED, Turn

FETCH = Attachments._fetch
AGREED = replace(CAPABILITIES, rates=None, writes_first=True)
"""As if people there had agreed to be written to first: what we begin shall read well too."""


@dataclass
class SignalPhone(Phone):
    """The channel, whose messages are remembered as they leave, and the person's own phone."""

    signal: Signal = field(init=False)
    resident: Resident = field(init=False)

    async def send(self, outgoing: Outgoing) -> str | None:
        sent = await self.signal.send(outgoing)
        self.sent.append(outgoing)
        self.texts = self.resident.heard
        return sent


class BySignal(Player):
    """One resident with a phone."""

    phone: SignalPhone

    def __post_init__(self) -> None:
        super().__post_init__()
        self.kept, self.fetched = asyncio.Event(), asyncio.Event()

        async def fetch(attachments: Attachments, one: Unfetched) -> None:
            await FETCH(attachments, one)
            self.fetched.set()

        self.monkeypatch.setattr(Attachments, "_fetch", fetch)

    async def receive(self, *incoming: Incoming) -> None:
        """What the channel hands over. Signal tells nobody's language: as if they had been asked for it before."""
        await self.reception.keep([replace(one, language=self.language) for one in incoming])
        self.kept.set()

    async def hear(self, turn: Turn) -> None:
        if turn.second:
            await super().hear(turn)
            return
        self.kept.clear()
        self.fetched.clear()
        self._do(self._incoming(turn), self.phone.resident)
        await asyncio.wait_for(self.kept.wait(), 60)
        if turn.tapped == "A PDF":
            await asyncio.wait_for(self.fetched.wait(), 60)

    def _do(self, meant: Incoming, resident: Resident) -> None:
        """The code of a poster or of a sheet is typed as it is printed; who comes without one says hello."""
        if meant.unread == "sticker":
            resident.sends_sticker()
        elif meant.unread == "voice":
            resident.sends_voice()
        elif meant.unread == "document":
            resident.sends_document("budget.ods", b"PK", "application/vnd.oasis.opendocument.spreadsheet")
        elif meant.attached is not None:
            resident.sends_document("plan.pdf", b"%PDF-1.7", "application/pdf")
        elif meant.code is not None:
            resident.says(rounds.shown(meant.code) if rounds.is_code(meant.code) else meant.code or "bonjour")
        else:
            resident.says(meant.text or "")


@asynccontextmanager
async def on_signal(
    folder: Path, monkeypatch: pytest.MonkeyPatch, opened: Sequence[str] = OPENED
) -> AsyncIterator[BySignal]:
    """The town of the talks, with a number, and a resident who has not written yet."""
    platform = Platform()
    account = platform.account()
    phone = SignalPhone(AGREED)
    phone.resident = platform.resident(account, "Marie")
    async with town(f"sqlite+aiosqlite:///{folder}/talk.db", opened) as database, serve(platform) as url:
        player = BySignal(database, phone, monkeypatch)
        phone.signal = Signal(database, Client(url), {"montaubry": account.number}, lambda: player.now)
        running = asyncio.create_task(phone.signal.run(player.receive))
        try:
            await platform.until(lambda: account.mail.listened)
            yield player
        finally:
            await stop(running)
    assert platform.violations == []
