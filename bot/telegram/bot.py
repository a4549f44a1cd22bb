"""One bot that is switched on: it introduces itself, and then hears by polling or by the webhook."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy.exc import SQLAlchemyError

from bot.channels import Incoming, NotKept, Receive
from bot.finishing import stop
from bot.in_turn import InTurn, alone
from bot.patience import Patience, Pause
from bot.telegram import webhook
from bot.telegram.api import Api, Call, TooFast, WrongKey
from bot.telegram.hearing import Courtesies, Ear
from bot.telegram.introducing import Me, introduce
from bot.telegram.keys import Key
from bot.telegram.patience import patience
from bot.telegram.polling import Poller
from bot.telegram.presenting import present
from bot.telegram.reading import CHANNEL
from bot.telegram.webhook import Listener
from bot.telegram.writing import commands, described
from bot.wellbeing import Wellbeing
from flows.texts import Words
from storage import accounts
from storage.accounts import KEY, TakenElsewhere
from storage.database import Database
from storage.phases import SpaceFacts

SET_AGAIN = 3600.0
"""Seconds after which the webhook is set again; where it is as it should be that changes nothing."""
LAST_CALLS = 10.0
"""Seconds that calls under way have to end before the connection is closed."""

log = structlog.get_logger()


@dataclass
class Bot:
    """`base_url` is where updates are posted to; without it they are polled for, `in_turn` with other processes. `kept`
    is told which messages were kept. One that does not hear by itself only sends, and hears what it is handed."""

    key: Key
    space: SpaceFacts
    api: Api
    database: Database
    receive: Receive
    kept: Callable[[Sequence[Incoming]], None]
    base_url: str | None
    clock: Callable[[], datetime]
    pause: Pause = asyncio.sleep
    hears: bool = True
    in_turn: InTurn = alone
    wellbeing: Wellbeing = field(init=False)
    ear: Ear = field(init=False)
    introduced: asyncio.Event = field(init=False, default_factory=asyncio.Event)
    _serving: asyncio.Task[None] = field(init=False)
    _calls: int = field(init=False, default=0)
    _silent_until: float = field(init=False, default=0.0)
    _idle: asyncio.Event = field(init=False, default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.wellbeing = Wellbeing(self.database, CHANNEL, self.key.account, self.clock)
        self.ear = Ear(self.key.account, self.receive, Courtesies(self.call), self.clock, self.kept)
        self.listener = Listener(webhook.secret_of(self.key.token), self._hear)
        self._idle.set()

    # -- its life --------------------------------------------------------------------------------------------------

    def switch_on(self) -> None:
        """Begin to serve; what fails is tried again until it is switched off."""
        self._serving = asyncio.create_task(self._serve())

    async def switch_off(self) -> None:
        """End in order: a batch and calls under way are finished first."""
        await stop(self._serving)
        await self.ear.courtesies.close()
        try:
            async with asyncio.timeout(LAST_CALLS):
                await self._idle.wait()
        except TimeoutError:
            log.warning("calls of a bot were cut off", channel=CHANNEL, count=self._calls)
        await self.api.close()

    @property
    def fell(self) -> BaseException | None:
        """What ended it, when nothing should have."""
        return self._serving.exception() if self._serving.done() and not self._serving.cancelled() else None

    async def _serve(self) -> None:
        patient = patience(self.wellbeing, self.pause)
        try:
            await patient.insist(self._introduce)
        except TakenElsewhere:
            log.error("a bot of the settings belongs to another space", channel=CHANNEL)
            return
        self.introduced.set()
        if not self.hears:
            await asyncio.Event().wait()
        presenting = asyncio.create_task(self._present())
        try:
            await self._listen(patient)
        finally:
            await stop(presenting)

    async def _present(self) -> None:
        space = self.space
        host = Words(space.contact.get("host") or space.name)
        await present(self.api, [*commands(space.languages), *described(host, space.languages)])

    async def _listen(self, patience: Patience) -> None:
        if self.base_url is None:
            await self.in_turn(f"poll {CHANNEL} {self.key.account}", lambda: self._poll(patience))
        else:
            opening = webhook.opening(self.base_url, self.key.account, self.key.token)
            while True:  # whatever else has the key may have changed it
                await patience.insist(lambda: self.api.call(opening))
                await self.wellbeing.worked()
                await self.pause(SET_AGAIN)

    async def _poll(self, patience: Patience) -> None:
        await patience.insist(lambda: self.api.call(webhook.CLOSING))
        await Poller(self, self.ear.hear, patience).run()

    async def _introduce(self) -> None:
        """See that the key is right. What the settings bring is kept as an account; what the panel brings is one, and
        its key may have been changed meanwhile."""
        me = await introduce(self.api)
        if self.key.settled:
            try:
                await self._keep(me)
            except SQLAlchemyError as error:
                raise NotKept from error
        await self.wellbeing.worked()

    async def _keep(self, me: Me) -> None:
        space_id, now = self.key.space_id, self.clock()
        async with self.database.write() as connection:
            await accounts.put(
                connection, space_id, CHANNEL, me.account, name=me.name, title=me.title, token=None, now=now
            )

    async def _hear(self, updates: Sequence[Any]) -> None:
        """What is posted. Raises NotKept, also before we are introduced: what comes to no account is for no space."""
        if not self.introduced.is_set():
            raise NotKept
        await self.ear.hear(updates)

    # -- what it sends ---------------------------------------------------------------------------------------------

    async def call(self, call: Call, *, patience: timedelta | None = None) -> Any:
        """Raises as Api.call does. After TooFast nothing leaves until that is over; a refused key is noted."""
        time = asyncio.get_running_loop().time
        if self._silent_until > time():
            raise TooFast("it has asked to wait", timedelta(seconds=self._silent_until - time()))
        self._calls += 1
        self._idle.clear()
        try:
            return await self.api.call(call, patience=patience)
        except TooFast as error:
            self._silent_until = max(self._silent_until, time() + error.after.total_seconds())
            raise
        except WrongKey:
            await self.wellbeing.failed(KEY)
            raise
        finally:
            self._calls -= 1
            if not self._calls:
                self._idle.set()
