"""What people sent to one account, on its way through the daemon to its clients.

How the daemon started with `--receive-mode on-connection` hands mail over (0.13.19: receiveMessagesInternal of
ReceiveHelper, passReceivedMessageToHandlers of ManagerImpl, subscribeReceiveHandlers of HttpServerHandler):

- It fetches from Signal's server only while an event stream is open; until then mail waits there.
- The headers of an event stream come with its first event or comment, so up to 15 s late (0.14: at once).
- One envelope at a time: stored on the daemon's disk, acknowledged to Signal, decrypted, written to **every** open
  stream, removed from the disk. A stream that can't be written to raises, which is swallowed. So a client acknowledges
  nothing, and what was written to a stream whose client is dead is **lost**: never repeated, neither at the next
  connection nor after a restart of the daemon (which tries again only what it had not yet decrypted: a message can be
  decrypted once).
- A dead client is noticed when a write fails. The first after its death goes well (it is taken by the kernel), the
  second fails and the stream is closed. A comment (`:`) is written to each stream every 15 s, which counts as a write.
- A second stream of the same client gets everything too: old and new together mean the same envelope twice.
- Senders repeat under the same timestamp what they got no receipt for, so a repeat comes as a second envelope.

Envelopes of one person keep their order; those of different people don't.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from tests.telegram_api.clock import Bell

Key: TypeAlias = tuple[str, int | None]
"""What a message is known by: who wrote it, and when."""
NOTICED = 2
"""Writes to a dead client until its stream is closed."""


@dataclass
class Handed:
    """One envelope: its author, its timestamp (None for what is no message), and the JSON-RPC parameters as the daemon
    writes them. `repeat`: it had been sent before."""

    author: str
    timestamp: int | None
    event: dict[str, Any]
    repeat: bool = False

    @property
    def key(self) -> Key:
        return self.author, self.timestamp


@dataclass(eq=False)
class Stream:
    """One open event stream. `handed` is what was written to it while its client lived, `lost` what was written
    after; `cut` once the daemon has closed it itself."""

    write: Callable[[bytes], Awaitable[None]]
    close: Callable[[], None]
    dead: bool = False
    cut: bool = False
    wasted: int = 0
    handed: list[Handed] = field(default_factory=list)
    lost: list[Handed] = field(default_factory=list)

    @property
    def open(self) -> bool:
        """Whether the daemon believes that somebody reads."""
        return not self.cut and self.wasted < NOTICED

    async def put(self, data: bytes) -> bool:
        """Write to it; whether the client was alive."""
        if not self.dead:
            await self.write(data)
        if self.dead:
            self.wasted += 1
        return not self.dead


class Mail:
    """`again` is the share of messages that their senders repeat; `mixed` means that people overtake one another."""

    def __init__(self, chance: random.Random) -> None:
        self.bell = Bell()
        self.again = 0.0
        self.mixed = False
        self.waiting: deque[Handed] = deque()
        self.streams: list[Stream] = []
        self.sent: list[Handed] = []
        self._chance = chance

    def push(self, author: str, timestamp: int | None, event: dict[str, Any]) -> None:
        """Somebody sent this."""
        self.sent.append(Handed(author, timestamp, event))
        self.waiting.append(self.sent[-1])
        if timestamp is not None and self._chance.random() < self.again:
            self.repeat(self.sent[-1])
        self.bell.ring()

    def repeat(self, envelope: Handed) -> None:
        """Its sender sends it again."""
        self.waiting.append(Handed(envelope.author, envelope.timestamp, envelope.event, repeat=True))
        self.bell.ring()

    @property
    def listened(self) -> list[Stream]:
        """The streams that the daemon believes to be read."""
        return [stream for stream in self.streams if stream.open]

    @property
    def written(self) -> list[Handed]:
        """All that was written to a client that lived, in no order."""
        return [envelope for stream in self.streams for envelope in stream.handed]

    @property
    def lost(self) -> set[Key]:
        """The messages that nobody alive was handed, and nobody ever will be."""
        lost = {envelope.key for stream in self.streams for envelope in stream.lost if envelope.timestamp is not None}
        return lost - {envelope.key for envelope in [*self.written, *self.waiting]}

    def take(self) -> Handed:
        """The next to hand over: the first that waits, or when mixed the first of anybody's."""
        if not self.mixed:
            return self.waiting.popleft()
        firsts: dict[str, Handed] = {}
        for envelope in self.waiting:
            firsts.setdefault(envelope.author, envelope)
        taken = self._chance.choice(list(firsts.values()))
        self.waiting.remove(taken)
        return taken
