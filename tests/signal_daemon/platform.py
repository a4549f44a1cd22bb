"""The platform as a whole: who is on it, what the daemon was asked, what goes wrong."""

from __future__ import annotations

import asyncio
import random
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from storage.value import value
from tests.signal_daemon.faults import WRITES, Faults
from tests.signal_daemon.mail import Mail
from tests.signal_daemon.residents import Resident
from tests.signal_daemon.state import Account, Chat, Message, Person
from tests.telegram_api.clock import Bell, Clock

VERSION = "0.13.19"
KEEP_ALIVE = 15.0


@dataclass(eq=False)
class Call:
    """One request and what became of it. `done`: it was carried out. `told` is the result or the error as the client
    was given it, None when it was given none (yet). `at` and `answered` are monotonic seconds."""

    at: float
    method: str
    params: dict[str, Any]
    account: str = ""
    whom: str = ""
    done: bool = False
    told: dict[str, Any] | None = None
    fault: str = ""
    message: Message | None = None
    answered: float | None = None


@value
class Violation:
    """What a well-behaved client never does: `rule` is `two at once`, `several recipients`, `stranger`, `long text`,
    `too old`."""

    rule: str
    what: str


@dataclass
class Platform:
    """Everything, in memory. `noise` is how probably receipts, typing and what other devices of the account do comes
    among the messages; `takes` is the seconds a send takes; `keep_alive` the seconds between comments on a stream.
    `flushes`: the headers of a stream come at once, as since 0.14; in 0.13 with the first event or comment."""

    seed: int = 0
    clock: Clock = field(default_factory=Clock)
    noise: float = 0.0
    takes: float = 0.0
    keep_alive: float = KEEP_ALIVE
    version: str = VERSION
    flushes: bool = False
    down: bool = False
    calls: list[Call] = field(default_factory=list)
    violations: list[Violation] = field(default_factory=list)
    accounts: dict[str, Account] = field(default_factory=dict)
    people: dict[str, Person] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)
        self.faults = Faults(random.Random(self.seed + 1), WRITES)
        self.called = Bell()
        self.sending: set[tuple[str, Any]] = set()
        """The accounts whose messages are being sent, and by which connection."""

    def account(self, number: str = "+33600000001", name: str = "Palabre") -> Account:
        """A new account at the daemon."""
        account = Account(number, self._aci(), name, Mail(random.Random(self.chance.random())))
        self.accounts[number] = account
        return account

    def resident(
        self, account: Account, name: str, *, number: str | None = None, person: Person | None = None
    ) -> Resident:
        """Somebody who has not yet written to the account; a `person` who writes to another already is the same one."""
        person = person or Person(self._aci(), name, number)
        self.people[person.aci] = person
        account.chats[person.aci] = Chat(person, account)
        return Resident(self, account.chats[person.aci])

    def _aci(self) -> str:
        return str(uuid.UUID(int=self.chance.getrandbits(128), version=4))

    def find(self, name: str) -> Account | None:
        """The account with this number or ACI, if the daemon has it."""
        for account in self.accounts.values():
            if account.registered and name in (account.number, account.aci):
                return account
        return None

    def wants_captcha(self, account: Account) -> str:
        """Nothing leaves this account until the challenge is answered, which it gives."""
        account.captcha = str(uuid.UUID(int=self.chance.getrandbits(128), version=4))
        return account.captcha

    def loses(self, account: Account) -> None:
        """Signal no longer knows the device: the daemon closes the account. Its streams stay open, silent."""
        account.registered = False

    def cut_streams(self) -> None:
        """The daemon closes its event streams; what was written to them arrives."""
        for account in self.accounts.values():
            for stream in account.mail.listened:
                stream.cut = True
                stream.close()

    def violated(self, rule: str, what: str) -> None:
        self.violations.append(Violation(rule, what))

    async def until(self, true: Callable[[], object], seconds: float = 30.0) -> None:
        """Wait until this is true, which is looked at after every request. AssertionError when it never is, with the
        last requests."""
        end = time.monotonic() + seconds
        while not true():
            if time.monotonic() > end:
                last = [f"{call.method} {call.fault} {call.told}" for call in self.calls[-5:]]
                raise AssertionError(f"not true within {seconds} s; the last requests: {last}")
            await self.called.heard(min(1.0, seconds))

    def made(self, method: str) -> list[Call]:
        """The requests of one method, in the order they came."""
        return [call for call in self.calls if call.method.lower() == method.lower()]

    async def restart(self, seconds: float = 0.0) -> None:
        """The daemon is restarted: its streams end, and for so many seconds nobody answers."""
        self.down = True
        self.cut_streams()
        await asyncio.sleep(seconds)
        self.down = False
