"""The platform as a whole: who is on it, what was called, what goes wrong."""

from __future__ import annotations

import asyncio
import random
import string
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from tests.telegram_api.clock import Bell, Clock
from tests.telegram_api.faults import WRITES, Faults
from tests.telegram_api.files import Files
from tests.telegram_api.mailbox import TAP, Mailbox, Update
from tests.telegram_api.rates import Limits, Rates, Violation
from tests.telegram_api.residents import Resident
from tests.telegram_api.state import Bot, Chat, Message, Person

FIRST_PERSON = 7_000_000_001
"""Real ids have long outgrown 32 bits."""
FIRST_BOT = 6_000_000_001
KEY = string.ascii_letters + string.digits + "_-"


@dataclass(eq=False)
class Call:
    """One call and what became of it. `done`: it was carried out. `told`: the HTTP status the bot was given, None when
    it was given no answer (yet). Times are monotonic seconds."""

    at: float
    bot: Bot | None
    method: str
    arguments: dict[str, str]
    chat: int | None = None
    done: bool = False
    told: int | None = None
    description: str = ""
    fault: str = ""
    message: Message | None = None
    answered: float | None = None


@dataclass(eq=False)
class Post:
    """One update sent to a webhook, at this monotonic second. `answer` is the HTTP status, None when there was none."""

    at: float
    bot: Bot
    update: Update
    answer: int | None = None


@dataclass
class Platform:
    """Everything, in memory. `http_allowed`: webhooks may be plain http on any port and address, as the open-source
    server's local mode has it. `conflict_pause` is how many seconds a 409 is held back when the last is more recent.
    `taps_kept` is how many seconds a tap waits to be fetched before it is forgotten."""

    seed: int = 0
    clock: Clock = field(default_factory=Clock)
    limits: Limits = field(default_factory=Limits)
    http_allowed: bool = True
    conflict_pause: float = 3.0
    taps_kept: float = TAP
    calls: list[Call] = field(default_factory=list)
    posts: list[Post] = field(default_factory=list)
    bots: dict[str, Bot] = field(default_factory=dict)
    files: Files = field(default_factory=Files)
    closing: bool = False

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)
        self.faults = Faults(random.Random(self.seed + 1), WRITES)
        self.limits = replace(self.limits)  # a test may change its own
        self.rates = Rates(self.limits)
        self.changed = Bell()
        self.called = Bell()
        self._people = 0
        self._groups = 0

    @property
    def violations(self) -> list[Violation]:
        """Who was too fast."""
        return self.rates.violations

    def bot(self, name: str = "Palabre", username: str = "") -> Bot:
        """A new bot with its token."""
        number = FIRST_BOT + len(self.bots)
        token = f"{number}:AA{''.join(self.chance.choices(KEY, k=33))}"
        mailbox = Mailbox(self.clock, self.chance, self.chance.randrange(1, 1 << 29))
        bot = Bot(number, token, name, username or f"palabre_{len(self.bots) + 1}_bot", mailbox)
        self.bots[token] = bot
        return bot

    def new_token(self, bot: Bot) -> str:
        """Revoke a bot's token: the old is unknown from now on, all else stays."""
        del self.bots[bot.token]
        bot.token = f"{bot.id}:AA{''.join(self.chance.choices(KEY, k=33))}"
        self.bots[bot.token] = bot
        return bot.token

    def resident(self, bot: Bot, name: str, language: str = "fr", *, person: Person | None = None) -> Resident:
        """Somebody who has not yet written to the bot; a `person` who talks to another bot already is the same one."""
        if person is None:
            person = Person(FIRST_PERSON + self._people, name, language)
            self._people += 1
        chat = Chat(person.id, "private", person.name, bot, person)
        bot.chats[chat.id] = chat
        return Resident(person, chat, self.clock, self.files, self.taps_kept)

    def group(self, bot: Bot, title: str, members: Sequence[Resident]) -> list[Resident]:
        """A group that the bot is in; its members as they are there."""
        self._groups += 1
        chat = Chat(-4_000_000_000 - self._groups, "group", title, bot, open=True)
        bot.chats[chat.id] = chat
        return [Resident(member.person, chat, self.clock, self.files, self.taps_kept) for member in members]

    def upgrade(self, group: Chat) -> Chat:
        """Make a group a supergroup: it has another id from now on, and an empty history."""
        self._groups += 1
        chat = Chat(-1_004_000_000_000 - self._groups, "supergroup", group.title, group.bot, open=True)
        group.bot.chats[chat.id] = chat
        group.moved_to = chat.id
        return chat

    async def until(self, true: Callable[[], object], seconds: float = 30.0) -> None:
        """Wait until this is true, which is looked at after every call a bot makes. AssertionError when it never is,
        with the last calls."""
        try:
            async with asyncio.timeout(seconds):
                while not true():
                    await self.called.heard(None)
        except TimeoutError:
            last = [f"{call.method} {call.told} {call.description}" for call in self.calls[-5:]]
            raise AssertionError(f"not true within {seconds} s; the last calls: {last}") from None

    def redeliver(self, fraction: float) -> None:
        """From now on this share of what was confirmed is handed over once more."""
        for bot in self.bots.values():
            bot.mailbox.again = fraction

    def made(self, method: str, bot: Bot | None = None) -> list[Call]:
        """The calls of one method, in the order they came."""
        return [call for call in self.calls if call.method == method.lower() and bot in (None, call.bot)]

    def json_of(self, *bots: Bot) -> list[dict[str, Any]]:
        """The updates of these bots as they were made, for recordings."""
        return [update.json() for bot in bots for update in bot.mailbox.pushed]
