"""Updates on their way to a bot's address.

As the open-source server sends them (WebhookActor): each queue in order and the queues side by side, at most
max_connections at once. An update that is not answered with 2xx is sent again at once, then after 2, 4, 8 ... seconds
up to a minute or two, or when the bot's Retry-After says, and given up when it would be too old by then.
"""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import dataclass, field
from http import HTTPStatus

import aiohttp

from tests.telegram_api.handling import handle
from tests.telegram_api.mailbox import Update
from tests.telegram_api.platform import Platform, Post
from tests.telegram_api.state import Bot, Webhook

HEADER = "X-Telegram-Bot-Api-Secret-Token"
LONGEST_ASKED = 3600
"""Seconds of a Retry-After that are honoured."""
LONGEST_PAUSE = (60, 120)
"""Seconds between which the longest pause lies, by chance."""
TIMEOUT = aiohttp.ClientTimeout(60)
GONE_FOR = 23 * 3600
"""Seconds of nothing but 410, after which the webhook is dropped."""
NOT_IN_ANSWERS = frozenset({"deletewebhook", "setwebhook", "close", "logout"})


async def deliver(platform: Platform) -> None:
    """Send what waits for bots with a webhook, until cancelled."""
    couriers: dict[int, asyncio.Task[None]] = {}
    try:
        while True:
            for bot in platform.bots.values():
                hook = bot.webhook
                running = couriers.get(bot.id)
                if hook is not None and (running is None or running.done()):
                    couriers[bot.id] = asyncio.create_task(Courier(platform, bot, hook).run())
            await platform.changed.heard(None)
    finally:
        for courier in couriers.values():
            courier.cancel()
        await asyncio.gather(*couriers.values(), return_exceptions=True)


@dataclass
class Courier:
    """Sends one bot's updates to the address it has now."""

    platform: Platform
    bot: Bot
    hook: Webhook
    lines: dict[int, asyncio.Task[None]] = field(default_factory=dict)
    gone_since: float | None = None

    async def run(self) -> None:
        """Until another address is set, or none."""
        free = asyncio.Semaphore(self.hook.connections)
        # Only ever to this machine, so no certificate is looked at.
        connector = aiohttp.TCPConnector(limit=self.hook.connections, ssl=False)
        async with aiohttp.ClientSession(connector=connector, timeout=TIMEOUT) as client:
            try:
                while self.bot.webhook is self.hook:
                    for line in self.bot.mailbox.lines():
                        if line not in self.lines:
                            self.lines[line] = asyncio.create_task(self._empty(line, client, free))
                    await self.bot.mailbox.bell.heard(None)
            finally:
                for task in self.lines.values():
                    task.cancel()
                await asyncio.gather(*self.lines.values(), return_exceptions=True)
        self.platform.changed.ring()

    async def _empty(self, line: int, client: aiohttp.ClientSession, free: asyncio.Semaphore) -> None:
        """Send what waits in one queue, one after another."""
        try:
            while update := self.bot.mailbox.first(line):
                await self._send(update, client, free)
        finally:
            del self.lines[line]

    async def _send(self, update: Update, client: aiohttp.ClientSession, free: asyncio.Semaphore) -> None:
        """Send one update until it is taken, or too old."""
        clock, pause = self.platform.clock, 1
        for failures in range(10_000):
            async with free:
                asked = await self._post(update, client)
            if asked is None:
                self.bot.mailbox.confirm(update)
                async with free:
                    for again in self.bot.mailbox.take_repeated():
                        await self._post(again, client)
                return
            if failures and not asked:
                pause = min(pause * 2, self.platform.chance.randint(*LONGEST_PAUSE))
            wait = min(asked, LONGEST_ASKED) or (pause if failures else 0)
            if clock.now() + wait > update.until:
                self.bot.mailbox.drop(update)
                return
            await clock.sleep(wait)

    async def _post(self, update: Update, client: aiohttp.ClientSession) -> int | None:
        """None when it was taken, else the seconds that the bot asks to wait (0: it doesn't say)."""
        headers = {"Content-Type": "application/json"} | ({HEADER: self.hook.secret} if self.hook.secret else {})
        post = Post(time.monotonic(), self.bot, update)
        self.platform.posts.append(post)
        body = json.dumps(update.json())
        try:
            async with client.post(self.hook.url, data=body, headers=headers, allow_redirects=False) as answer:
                post.answer, asked = answer.status, answer.headers.get("retry-after", "")
                said, reason = await answer.read(), answer.reason
        except (aiohttp.ClientError, TimeoutError) as error:
            refused = isinstance(error, aiohttp.ClientConnectorError)
            self._failed("Connection refused" if refused else "Webhook connection closed")
            return 0
        if 200 <= post.answer < 300:
            self.gone_since = None
            await self._obey(said)
            return None
        self._failed(f"Wrong response from the webhook: {post.answer} {reason}")
        self._drop_if_gone(post.answer)
        return int(asked) if asked.isdigit() else 0

    def _failed(self, sentence: str) -> None:
        self.bot.webhook_error = (int(self.platform.clock.now()), sentence)

    def _drop_if_gone(self, status: int) -> None:
        """A bot that says 410 for a day is believed."""
        now = self.platform.clock.now()
        if status != HTTPStatus.GONE:
            self.gone_since = None
        elif self.gone_since is None:
            self.gone_since = now
        elif now > self.gone_since + GONE_FOR and self.bot.webhook is self.hook:
            self.bot.webhook = None
            self.bot.mailbox.bell.ring()

    async def _obey(self, said: bytes) -> None:
        """An answer that is itself a call is carried out; the bot does not hear how it went."""
        try:
            given = json.loads(said or b"{}")
        except ValueError:
            return
        if not isinstance(given, dict):
            return
        arguments = {name: part if isinstance(part, str) else json.dumps(part) for name, part in given.items()}
        method = arguments.pop("method", "").lower()
        if method and method not in NOT_IN_ANSWERS and not method.startswith("get"):
            await handle(self.platform, self.bot.token, method, arguments, {}, time.monotonic())
