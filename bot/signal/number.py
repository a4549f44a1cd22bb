"""One of our numbers: it is looked up at the daemon, hears, and sends one message after the other."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy.exc import SQLAlchemyError

from bot.channels import Incoming, NotKept, Receive
from bot.finishing import stop
from bot.in_turn import InTurn
from bot.patience import Patience, Pause
from bot.signal.api import Away, Call, CaptchaWanted, Daemon, NoAnswer, NotRegistered, TooFast
from bot.signal.hearing import Ear
from bot.signal.introducing import introduce
from bot.signal.patience import FAILURES, diagnose
from bot.signal.reading import CHANNEL, Ours
from bot.wellbeing import Wellbeing
from flows.texts import Words
from storage import accounts
from storage.accounts import AWAY, CAPTCHA, LIMITED, UNREGISTERED, TakenElsewhere
from storage.database import Database
from storage.phases import SpaceFacts

LOOK_AGAIN = 60.0
"""Seconds between looks whether the daemon still has the number."""
UNTOLD, LONGEST = timedelta(seconds=15), timedelta(hours=1)
"""How long nothing leaves after a rate limit that doesn't tell: longer with each that follows."""
UNSOLVED = timedelta(minutes=15)
"""How long at most while a captcha is wanted, which somebody may have solved meanwhile."""
IN_DOUBT = timedelta(seconds=5)
"""How long nothing leaves after a message of which nobody knows whether it did: the next would be in doubt as well."""

log = structlog.get_logger()


@dataclass
class Number:
    """`account` is what addresses call it, once that is known. One that does not hear only sends."""

    number: str
    space: SpaceFacts
    daemon: Daemon
    database: Database
    clock: Callable[[], datetime]
    account: str | None = None
    pause: Pause = asyncio.sleep
    _trouble: str | None = field(init=False, default=None)
    """Why nothing leaves, as far as that is the platform's will."""
    _silent_until: float = field(init=False, default=0.0)
    _limits: int = field(init=False, default=0)
    _one_at_a_time: asyncio.Lock = field(init=False, default_factory=asyncio.Lock)
    _wellbeing: Wellbeing | None = field(init=False, default=None)

    @property
    def wellbeing(self) -> Wellbeing:
        """Noted on its account, or nowhere while that is not known."""
        if self._wellbeing is None or self._wellbeing.account != (self.account or ""):
            self._wellbeing = Wellbeing(self.database, CHANNEL, self.account or "", self.clock)
        return self._wellbeing

    # -- its life --------------------------------------------------------------------------------------------------

    async def run(
        self, receive: Receive, kept: Callable[[Sequence[Incoming]], None], in_turn: InTurn, *, hears: bool
    ) -> None:
        """Serve until cancelled; `in_turn` with other processes. `kept` is told which messages were kept."""
        try:
            await self._insist(self._introduce)
        except TakenElsewhere:
            log.error("a number of the settings belongs to another space", channel=CHANNEL)
            return
        assert self.account is not None
        if not hears:
            await asyncio.Event().wait()
        ours = Ours(self.account, self.number)
        ear = Ear(self.daemon, ours, receive, self.wellbeing, self.clock, kept, self.pause)
        patience = self._patience()
        await in_turn(f"hear {CHANNEL} {self.account}", lambda: self._hear(ear, patience))

    async def _hear(self, ear: Ear, patience: Patience) -> None:
        watching = asyncio.create_task(self._watch(ear))
        try:
            await ear.run(patience)
        finally:
            await stop(watching)

    def _patience(self) -> Patience:
        return Patience(self.wellbeing, FAILURES, diagnose, self.pause)

    async def _insist(self, step: Callable[[], Awaitable[None]]) -> None:
        await self._patience().insist(step)

    async def _introduce(self) -> None:
        """See that the daemon has it, and keep it as an account of its space. Raises TakenElsewhere."""
        found = await introduce(self.daemon, self.number)
        account, now = self.account or found, self.clock()
        title = Words(self.space.name).in_language(self.space.languages[0])
        try:
            async with self.database.write() as connection:
                await accounts.put(
                    connection, self.space.id, CHANNEL, account, name=self.number, title=title, token=None, now=now
                )
        except SQLAlchemyError as error:
            raise NotKept from error
        self.account = account
        await self.wellbeing.worked()

    async def _watch(self, ear: Ear) -> None:
        """A number that Signal has closed hears nothing more, and its connection stays open."""
        while True:
            await self.pause(LOOK_AGAIN)
            try:
                await introduce(self.daemon, self.number)
            except FAILURES as error:
                if (word := diagnose(error).word) is not None:
                    await self.wellbeing.failed(word)
            else:
                if ear.listening and self._trouble is None:
                    await self.wellbeing.worked()

    # -- what it sends ---------------------------------------------------------------------------------------------

    async def call(self, call: Call) -> Any:
        """One at a time. Raises as Daemon.call does; after TooFast nothing leaves until that is over."""
        async with self._one_at_a_time:
            self._speak_up()
            try:
                result = await self.daemon.call(self.number, call)
            except TooFast as error:
                raise await self._limited(error) from None
            except (NotRegistered, Away) as error:
                await self.wellbeing.failed(UNREGISTERED if isinstance(error, NotRegistered) else AWAY)
                raise
            except NoAnswer:
                self._rest(IN_DOUBT)
                raise
            self._limits = 0
            if self._trouble is not None:
                self._trouble = None
                await self.wellbeing.worked()
            return result

    def _speak_up(self) -> None:
        """Raises TooFast while nothing may leave."""
        left = self._silent_until - asyncio.get_running_loop().time()
        if left > 0:
            raise TooFast("it rests", timedelta(seconds=left))

    def _rest(self, after: timedelta) -> None:
        self._silent_until = asyncio.get_running_loop().time() + after.total_seconds()

    async def _limited(self, error: TooFast) -> TooFast:
        """How long it is to rest; the organiser is told why, and the log what for."""
        after = error.after or min(LONGEST, UNTOLD * 2.0 ** min(self._limits, 10))
        self._limits += 1
        self._trouble = LIMITED
        if isinstance(error, CaptchaWanted):
            after, self._trouble = min(after, UNSOLVED), CAPTCHA
            log.warning("Signal wants a captcha solved", channel=CHANNEL, challenge=error.challenge)
        self._rest(after)
        await self.wellbeing.failed(self._trouble)
        return TooFast(error.description, after)
