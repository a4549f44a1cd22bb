"""What a message is aimed at: the message of ours that it quotes or reacts to, or a question that was not yet read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.seats import Seat
from flows.commands import command
from flows.early import Asked, is_bare
from flows.journal import Journal
from flows.messages import BACK, KEEP, Incoming, Message
from flows.rendering import meant
from storage import quoting
from storage.conversations import Record
from storage.participants import Person
from storage.quoting import Put, Quote, Quoted

Come = tuple[Person, Incoming]


async def aim(connection: AsyncConnection, come: Sequence[Come]) -> list[Incoming]:
    """These messages, of which those about one of ours mean a choice of it, or it is told that they mean nothing."""
    about = [(person, item) for person, item in come if _is_about(item)]
    quotes = [Quote(p.space_id, p.id, item.channel, item.account, item.about or "") for p, item in about]
    found = await quoting.find(connection, quotes)
    aimed = {id(item): _aimed(item, one) for (_person, item), one in zip(about, found, strict=True)}
    return [aimed.get(id(item), item) for _person, item in come]


def _is_about(item: Incoming) -> bool:
    return item.about is not None and (item.tap, item.code, item.unread) == (None, None, None)


OLDER = "older"
"""For Incoming.unread: it is about something that it can't answer any more."""


def _aimed(item: Incoming, quoted: Quoted | None) -> Incoming:
    """A command is one anywhere. A choice of the message becomes the tap of its button. Anything else is an answer only
    under the newest; then a number, a yes or a no must be about the question itself, and not about what was said
    before it."""
    button = meant(Message.unpack(quoted.body), item.text or "") if quoted is not None else None
    if command(item.text or "") is not None and button is None:
        return item
    if quoted is not None:
        if button is not None and (quoted.newest or button.data.rpartition(":")[2] not in (BACK, KEEP)):
            return replace(item, text=None, tap=button.data)
        if quoted.last or (quoted.newest and not is_bare(item.text)):
            return item
    return replace(item, text=None, attached=None, place=None, unread=OLDER)


class Read:
    """Whether the questions could have been read that the messages of one batch would answer."""

    def __init__(self) -> None:
        self._left: dict[tuple[int, int], datetime | None] = {}

    async def look_up(self, connection: AsyncConnection, seats: Sequence[Seat], records: Mapping[int, Record]) -> None:
        """Load when those questions left."""
        asked = {}
        for seat in seats:
            record = records.get(seat.person.current_id or 0)
            if (one := _asked(seat, record)) is not None and record is not None:
                asked[record.id, one.at] = Put(seat.person.space_id, seat.person.id, one.moment)
        found = await quoting.left(connection, list(asked.values()))
        self._left = dict(zip(asked, found, strict=True))

    def too_early(self, seat: Seat, record: Record | None, now: datetime) -> bool:
        """Whether this is a number, a yes or a no that was written before its question could be read. One that came up
        in this very batch has not left."""
        asked = _asked(seat, record)
        if asked is None or record is None:
            return False
        return not asked.could_be_read(self._left.get((record.id, asked.at)), seat.incoming.at, now)


def _asked(seat: Seat, record: Record | None) -> Asked | None:
    """When the question came up that this message would answer, where that matters."""
    item = seat.incoming
    aimed = item.tap is not None or item.code is not None or item.about is not None
    if seat.channel.buttons or aimed or record is None or not is_bare(item.text):
        return None
    return Journal.loads(record.journal).asked
