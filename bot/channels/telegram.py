"""Telegram: the bots that are switched on, a town each.

They stand in the settings or in the panel, where they may be added, given another key or removed while the house runs.
What the platform sends and how it is answered stands in bot/telegram/, free of the library that makes the calls.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, TypeAlias

import structlog
from sqlalchemy.exc import SQLAlchemyError
from starlette.routing import Route

from bot.attachments import Attachments
from bot.channels import Moved, NotKept, Outgoing, Receive, Refused, TryLater, Uncertain, Unreachable
from bot.finishing import stop
from bot.in_turn import InTurn, alone
from bot.telegram import keys, webhook
from bot.telegram.api import Api, ApiError, Away, NoAnswer, Shut, TooFast, UsedElsewhere, WrongKey
from bot.telegram.api import Moved as MovedTo
from bot.telegram.bot import Bot
from bot.telegram.keys import Keys
from bot.telegram.reading import CHANNEL
from bot.telegram.sending import Sending, take_back
from bot.telegram.webhook import Listener
from bot.telegram.writing import CAPABILITIES
from bot.wellbeing import Wellbeing
from flows.rendering import Capabilities
from storage.accounts import CLOSED, KEY
from storage.clock import Clock, utc_now
from storage.database import Database

EVERY = 3.0
"""Seconds between looks at the accounts."""
SOON = timedelta(seconds=1)
"""When to try again, at the earliest, what an account that is not well could not send."""

Open: TypeAlias = "Callable[[str], Awaitable[Api]]"
"""The API with this token, which has the form of one."""

log = structlog.get_logger()


@dataclass
class Telegram:
    """`tokens` are those of the settings, by the slug of their space; `base_url` is where updates are posted to, and
    without it they are polled for, `in_turn` where
    several processes would."""

    database: Database
    open: Open
    tokens: Mapping[str, str] = field(default_factory=dict, repr=False)
    base_url: str | None = None
    clock: Clock = utc_now
    hears: bool = True
    """Otherwise it only sends: another process hears."""
    handed: Collection[str] = ()
    """Accounts whose updates the program we live in hands us: they are neither polled for nor posted to us."""
    in_turn: InTurn = alone
    paid: Collection[str] = ()
    """The slugs of spaces whose token of the settings pays for a faster pace."""
    capabilities: Capabilities = CAPABILITIES
    _bots: dict[str, Bot] = field(init=False, default_factory=dict)
    _known: set[str] | None = field(init=False, default=None)
    _paid: set[str] = field(init=False, default_factory=set)
    _woken: asyncio.Event = field(init=False, default_factory=asyncio.Event)
    _looked: asyncio.Event = field(init=False, default_factory=asyncio.Event)
    _sending: Sending = field(init=False, default_factory=Sending)
    _attachments: Attachments = field(init=False)

    def __post_init__(self) -> None:
        self._attachments = Attachments(self.database, CHANNEL, self._download, self.clock)

    def routes(self) -> list[Route]:
        """Where the platform posts what is new; nowhere while we ask for it."""
        return [webhook.route(self._listener)] if self.base_url is not None else []

    def wake(self) -> None:
        """An account was added, changed or removed: look at once."""
        self._woken.set()

    def bot(self, account: str) -> Bot:
        """The one that serves this account now. Raises KeyError."""
        return self._bots[account]

    async def hears_soon(self, account: str) -> None:
        """Returns once what this account is handed can be heard."""
        await self._looked.wait()
        if account in self._bots:
            await self._bots[account].introduced.wait()

    async def hear(self, account: str, updates: Sequence[Any]) -> None:
        """What the program we live in has heard. Returns once it is committed; raises NotKept, also while the bot is
        still being switched on."""
        bot = self._bots.get(account)
        if bot is None:
            raise NotKept
        await bot.listener.hear(updates)
        await bot.wellbeing.worked()

    def _listener(self, account: str) -> Listener | None:
        """Raises NotKept while nobody can say whether it is ours, or its bot is still being switched on."""
        bot = self._bots.get(account)
        if bot is None and (self._known is None or account in self._known):
            raise NotKept
        return bot.listener if bot is not None else None

    # -- which bots are switched on --------------------------------------------------------------------------------

    async def run(self, receive: Receive) -> None:
        """Serve all bots until cancelled."""
        fetching = asyncio.create_task(self._attachments.run() if self.hears else asyncio.Event().wait())
        try:
            while True:
                self._woken.clear()
                try:
                    await self.look(receive)
                except SQLAlchemyError as error:
                    log.error("cannot look at the accounts", channel=CHANNEL, error=type(error).__name__)
                await self._next_look()
        finally:
            await stop(fetching)
            await self.close()

    async def close(self) -> None:
        """Switch all off; batches and calls under way are finished first."""
        bots, self._bots = self._bots, {}
        await asyncio.gather(*(bot.switch_off() for bot in bots.values()))

    async def _download(self, account: str, file_id: str, most: int) -> bytes:
        """A file that came to this account. Raises as `send` does."""
        if account not in self._bots:
            raise TryLater(SOON)
        with failing_as_agreed():
            return await self._bots[account].api.download(file_id, most)

    async def _next_look(self) -> None:
        try:
            async with asyncio.timeout(EVERY):
                await self._woken.wait()
        except TimeoutError:
            return

    async def look(self, receive: Receive) -> None:
        """Switch on what was added, off what was removed, and anew what has another key or fell over."""
        now = await self._keys()
        for account, bot in list(self._bots.items()):
            if bot.fell is not None:
                log.error("a bot fell over", channel=CHANNEL, exc_info=bot.fell)
            if bot.key != now.by_account.get(account) or bot.fell is not None:
                await self._bots.pop(account).switch_off()
        for account, key in now.by_account.items():
            if account not in self._bots:
                api, space = await self.open(key.token), now.spaces[key.space_id]
                bot = Bot(key, space, api, self.database, receive, self._attachments.heard, self.base_url, self.clock)
                bot.hears, bot.in_turn = self.hears and account not in self.handed, self.in_turn
                self._bots[account] = bot
                bot.switch_on()
        self._looked.set()

    async def _keys(self) -> Keys:
        """As they are now. That an account has none any more is noted."""
        async with self.database.read() as connection:
            found = await keys.read(connection, self.tokens)
        self._known = found.known
        self._paid = {one.account for one in found.listed if one.paid and one.token is not None}
        self._paid |= {keys.account_of(token) for slug, token in self.tokens.items() if slug in self.paid}
        for one in found.without:
            if one.error != KEY:
                await Wellbeing(self.database, CHANNEL, one.account, self.clock).failed(KEY)
        return found

    # -- sending ---------------------------------------------------------------------------------------------------

    def pays(self, account: str) -> bool:
        """As it was at the last look."""
        return account in self._paid

    async def send(self, outgoing: Outgoing) -> str | None:
        """The platform's id of the message, of its last where it takes several; None when there is nothing to say."""
        bot = self._bots.get(outgoing.account)
        if bot is None:
            raise self._without(outgoing.account)
        with failing_as_agreed():
            return await self._sending.send(bot.call, outgoing)

    async def take_back(self, account: str, sender: str, external: str) -> None:
        """Of a message that took several, the last goes, which holds the words and the button."""
        bot = self._bots.get(account)
        if bot is None:
            raise self._without(account)
        with failing_as_agreed():
            await take_back(bot.call, sender, external)

    def _without(self, account: str) -> Exception:
        """What to do without its bot: it is being switched on, its key may come back, or it was removed."""
        if self._known is not None and account not in self._known:
            return Unreachable(CLOSED)
        return TryLater(SOON, all_of_them=True)


@contextmanager
def failing_as_agreed() -> Iterator[None]:
    """The platform's failures, as a channel tells them."""
    try:
        yield
    except TooFast as error:
        raise TryLater(error.after, all_of_them=True) from error
    except (Away, WrongKey, UsedElsewhere) as error:
        raise TryLater(SOON, all_of_them=True) from error
    except Shut as error:
        raise Unreachable("gone" if error.gone else "blocked") from error
    except MovedTo as error:
        raise Moved(str(error.to)) from error
    except ApiError as error:
        raise Refused(error.description) from error
    except NoAnswer as error:
        raise Uncertain from error
