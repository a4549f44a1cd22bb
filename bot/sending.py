"""One delivery handed to its channel, and what that made of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import structlog

from bot.channels import Channel, Moved, Outgoing, Refused, TryLater, Uncertain, Unreachable
from bot.metrics import FAILED, OUTBOX_WAIT, SENT, UNCERTAIN
from flows.messages import Media
from flows.telling import word
from flows.texts import LANGUAGES
from storage import attached, doubts, files
from storage.addressing import NOTICE
from storage.clock import Clock
from storage.database import Database
from storage.files import File
from storage.outbox import ANSWERS, PAUSED, Claimed
from storage.settling import Settled
from storage.value import value

MOST_TRIES = 24
"""Of a channel that asks to try later: half a day, with the pauses between them."""
LONGEST_PAUSE = timedelta(hours=1)
SHORTEST_PAUSE = timedelta(seconds=1)
"""Of an account that was asked to wait."""
MOST_DOUBTS = 5
"""Times a message is sent when nobody knows whether it arrived."""
REPEATED = frozenset({"reply", "receipt", NOTICE})
"""Kinds sent again when nobody knows whether they arrived: twice is better than never. The rest is held and shown."""
SILENCE = timedelta(seconds=25)
"""How long we wait for somebody to write who may have their answer, before it is sent again: most write within it."""
SILENCE_AFTER_DEATH = timedelta(seconds=3)
"""The same for what a house held when it died. Few of these had left, and their people have waited for the restart
already; in this time channels bring what was written meanwhile, which tells who had their answer."""

log = structlog.get_logger()


@value
class Outcome:
    """What became of a delivery, as it is noted; and beyond that why its person can't be written to any more (`shut`),
    the platform's new id of them (`moved`), or how long their whole account is to send nothing (`pause`). `paid`: it
    was paid for."""

    item: Claimed
    settled: Settled
    shut: str | None = None
    moved: str | None = None
    pause: timedelta | None = None
    paid: bool = False


@dataclass
class Sending:
    """Sends one delivery at a time. Never raises: whatever a channel does, something became of the delivery."""

    database: Database
    clock: Clock

    async def send(
        self, channel: Channel, item: Claimed, another: Callable[[], Awaitable[None]], *, paid: bool = False
    ) -> Outcome:
        """Hand it over; `another` and `paid` go with it (see Outgoing)."""
        try:
            language = item.language or LANGUAGES[0]
            message = word(item.body, language)
        except Exception:
            log.exception("a delivery nobody can read", delivery=item.id)
            return self._failed(item, "unreadable")
        file = partial(self._file, item.space_id, message.media)
        began = self.clock()
        try:
            external = await channel.send(
                Outgoing(str(item.id), item.account, item.sender, language, message, file, another, paid)
            )
        except Exception as trouble:
            return self._after(trouble, channel, item)
        SENT.labels(item.channel).inc()
        kind = "answer" if item.kind in ANSWERS else "bulk"
        OUTBOX_WAIT.labels(item.channel, kind).observe((began - item.made_at).total_seconds())
        return Outcome(item, settled(item, "sent", self.clock(), external=external, drawn=channel.capabilities.drawn))

    async def _file(self, space_id: int, media: Media | None) -> File | None:
        if media is None or not media.ours:
            return None
        async with self.database.read() as connection:
            shown = attached.shown if media.address.startswith(attached.GIVEN) else files.shown
            return await shown(connection, space_id, media.address)

    def _after(self, trouble: Exception, channel: Channel, item: Claimed) -> Outcome:
        now = self.clock()
        match trouble:
            case TryLater(all_of_them=True):
                pause = max(trouble.after, SHORTEST_PAUSE)
                return Outcome(item, untried(item, now + pause, PAUSED), pause=pause)
            case TryLater() | Moved() if item.tries + 1 >= MOST_TRIES:
                return self._failed(item, "tried too often")
            case TryLater():
                pause = min(max(trouble.after, timedelta(seconds=2**item.tries)), LONGEST_PAUSE)
                return Outcome(item, settled(item, "waiting", now + pause, error="try later"))
            case Moved():
                return Outcome(item, settled(item, "waiting", now, error="moved"), moved=trouble.to)
            case Unreachable():
                return Outcome(item, settled(item, "waiting", now, error=trouble.why), shut=trouble.why)
            case Refused():
                return self._failed(item, str(trouble))
            case Uncertain():
                return self._uncertain(channel, item)
        log.error("a channel failed", channel=item.channel, delivery=item.id, exc_info=trouble)
        return self._uncertain(channel, item)

    def _uncertain(self, channel: Channel, item: Claimed) -> Outcome:
        UNCERTAIN.labels(item.channel).inc()
        if item.tries + 1 >= MOST_DOUBTS:
            return self._failed(item, "tried too often")
        now = self.clock()
        return Outcome(item, in_doubt(channel, item, now + timedelta(seconds=2**item.tries), now + SILENCE))

    def _failed(self, item: Claimed, why: str) -> Outcome:
        FAILED.labels(item.channel).inc()
        log.error("delivery failed", channel=item.channel, delivery=item.id)
        return Outcome(item, settled(item, "failed", self.clock(), error=why))


def settled(item: Claimed, state: str, at: datetime, **more: Any) -> Settled:
    return Settled(item.space_id, item.id, state, at, **more)


def untried(item: Claimed, at: datetime, error: str | None = None) -> Settled:
    """It waits again, until then, and this time does not count."""
    return settled(item, "waiting", at, error=error, untried=True)


def in_doubt(channel: Channel, item: Claimed, again: datetime, silence: datetime) -> Settled:
    """Nobody knows whether it arrived: it is sent `again` where that can't be seen, and elsewhere after a `silence`."""
    if channel.capabilities.safe_again:
        return settled(item, "waiting", again, error=doubts.UNCERTAIN)
    if item.kind in REPEATED:
        return settled(item, "waiting", silence, error=doubts.UNCERTAIN, doubted=True)
    return settled(item, "held", again, error=doubts.UNCERTAIN)
