"""A house of several towns before the stub of Signal's daemon, and how residents talk with it there.

The daemon waits for no acknowledgement and repeats nothing. So what it has handed to a house that dies before it could
commit is lost, and so is what it writes to the dead one until it notices. People are not told; they see that nobody
answers and write again. Those losses are counted (`gone`), and held to be no others.
"""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from bot.bench.memory import free_port
from bot.importing import beside, bring_in, find_or_make_space, open_it
from flows.questionnaires.file import read_file
from storage.database import Database
from tests.acceptance.crowd import FILE, PATIENCE, Hands, Town, consult
from tests.signal_daemon import Account, Platform, Resident, serve
from tests.signal_daemon.mail import Key, Stream

TOWNS = 12
"""Each with a number of its own, by which five messages leave a second."""

OFFERED = {"Yes, begin": "Do you agree", "Send": "not sent yet"}
"""How a choice is offered where there are no buttons."""


@dataclass
class Thumbs(Hands):
    """They type. `gone` is what died with a house, or after it."""

    resident: Resident
    gone: set[Key]
    _at: int = 0
    _last: Key = ("", None)

    def comes(self, code: str) -> None:
        self.says(code)

    def takes(self, choice: str) -> None:
        self.says(choice)

    def goes_back(self) -> None:
        self.says("/back")

    def says(self, text: str) -> None:
        self._did(self.resident.says(text).timestamp)

    def strays(self) -> None:
        self._did(self.resident.sends_sticker().timestamp)

    def _did(self, timestamp: int) -> None:
        self._at, self._last = len(self.resident.sees), (self.resident.person.aci, timestamp)

    @property
    def heard(self) -> list[str]:
        return self.resident.heard

    def sees(self, words: str) -> bool:
        told = OFFERED.get(words, words)
        return any(told in message.text for message in self.resident.sees[self._at :] if not message.mine)

    @property
    def lost(self) -> bool:
        return self._last in self.gone


@dataclass
class SignalTown(Town):
    """With a number for each space. `gone` is what people sent in vain; `_looked_at` are the streams of dead houses
    whose losses are counted."""

    folder: Path
    platform: Platform
    accounts: Mapping[str, Account]
    url: str
    port: int
    log: list[str] = field(default_factory=list)
    gone: set[Key] = field(default_factory=set)
    _looked_at: set[Stream] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._next = itertools.cycle(self.accounts.values())

    @property
    def around(self) -> Platform:
        return self.platform

    def settings(self) -> Mapping[str, str]:
        numbers = {slug: account.number for slug, account in self.accounts.items()}
        return {"PALABRE_SIGNAL_URL": self.url, "PALABRE_SIGNAL_ACCOUNTS": json.dumps(numbers)}

    def begun(self) -> int:
        return min(len(account.mail.streams) for account in self.accounts.values())

    def newcomer(self, name: str) -> Thumbs:
        return Thumbs(self.platform.resident(next(self._next), name), self.gone)

    async def has_sent(self, more: int) -> None:
        """Returns once so many more messages were sent than before."""
        then = len(self.platform.made("send")) + more
        await self.platform.until(lambda: len(self.platform.made("send")) >= then, PATIENCE)

    def count_losses(self) -> None:
        """Once the next house hears: what the last one took along, and what was written to it when it was dead. It
        keeps in order, so that of what it was handed only the end can be missing."""
        kept = self.kept()
        for mail in (account.mail for account in self.accounts.values()):
            to_come = {envelope.key for stream in mail.streams if not stream.dead for envelope in stream.handed}
            to_come |= {envelope.key for envelope in mail.waiting}
            for stream in [one for one in mail.streams if one.dead and one not in self._looked_at]:
                handed = [one.key for one in stream.handed if one.timestamp is not None and not one.repeat]
                missing = [key for key in handed if key not in kept]
                assert missing == handed[len(handed) - len(missing) :], "lost in the middle"
                self.gone |= set(missing) - to_come
                self._looked_at.add(stream)
            self.gone |= mail.lost - kept
        self.platform.called.ring()

    def check_losses(self) -> None:
        """All else that was ever sent is kept."""
        sent = {one.key for account in self.accounts.values() for one in account.mail.sent if one.timestamp is not None}
        kept = self.kept()
        assert not kept & self.gone
        assert sent == kept | self.gone

    def kept(self) -> set[Key]:
        """What people sent that is in the inbox; keys are made as bot/signal/reading.py does."""
        noted = {str(row[0]) for row in self.rows("SELECT key FROM inbox")}
        sent = [envelope.key for account in self.accounts.values() for envelope in account.mail.sent]
        return {key for key in sent if f"{key[1]}.{hashlib.sha256(key[0].encode()).hexdigest()[:16]}" in noted}

    def check_secrets(self) -> None:
        """Nor do numbers and names of residents stand there."""
        people = list(self.platform.people.values())
        assert people
        self.check_log(*(person.aci for person in people))


@asynccontextmanager
async def town(folder: Path, platform: Platform) -> AsyncIterator[SignalTown]:
    """The consultation in each town, imported; the house is not running yet."""
    slugs = [f"town{number}" for number in range(TOWNS)]
    await consult(folder, "--space", slugs[0], "--name", slugs[0])
    draft, now = read_file(FILE.encode(), beside(folder)).draft, datetime.now(UTC)
    database = Database(f"sqlite:///{folder}/palabre.db")
    async with database.write() as connection:
        for slug in slugs[1:]:  # a program for each would take half a minute
            space = await find_or_make_space(connection, slug, slug, "Europe/Paris", draft.languages, now)
            brought = await bring_in(connection, space, draft, now)
            await open_it(connection, brought.consultation, now)
    await database.close()
    accounts = {slug: platform.account(f"+336000000{number:02}", slug) for number, slug in enumerate(slugs)}
    async with serve(platform) as url:
        yield SignalTown(folder, platform, accounts, url, free_port())
