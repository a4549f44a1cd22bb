"""What was sent of a broadcast is deleted again where its channel can, some messages at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime

import structlog

from bot.channels import Channel, TakesBack, TryLater
from storage import broadcast_undoing
from storage.broadcast_undoing import Sent
from storage.database import Database

AT_ONCE = 10
"""Deletions under way: fewer a second than messages, for residents are answered meanwhile."""

log = structlog.get_logger()


async def go_on(database: Database, channels: Mapping[str, Channel], now: datetime) -> None:
    """The next messages of each broadcast that is to be taken back."""
    async with database.read() as connection:
        wanted = await broadcast_undoing.wanted(connection)
        found = [(one, await broadcast_undoing.some(connection, one)) for one in wanted]
    for one, sent in found:
        gone: list[int] = []
        to = one.undone_to if sent else None
        for start in range(0, len(sent), AT_ONCE):
            some = sent[start : start + AT_ONCE]
            outcomes = await asyncio.gather(*(_delete(channels, message, now) for message in some))
            gone += [message.participant_id for message, outcome in zip(some, outcomes, strict=True) if outcome]
            if None in outcomes:
                break
            to = some[-1].participant_id
        async with database.write() as connection:
            await broadcast_undoing.note(connection, one, gone, to)


async def _delete(channels: Mapping[str, Channel], sent: Sent, now: datetime) -> bool | None:
    """Whether it is gone; None where it is to be tried again later."""
    channel = channels.get(sent.channel)
    edits = channel.capabilities.edits if channel is not None else None
    if not isinstance(channel, TakesBack) or edits is None or now - sent.sent_at > edits:
        return False
    try:
        await channel.take_back(sent.account, sent.sender, sent.external)
    except TryLater:
        return None
    except Exception as error:
        log.warning("not taken back", channel=sent.channel, error=type(error).__name__)
        return False
    return True
