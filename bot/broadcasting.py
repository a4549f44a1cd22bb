"""What is done again and again for broadcasts: those that are due begin, their deliveries are written and follow their
state, and they end; a result that is out is sent to who asks for it now. Several houses may do it at once
(storage/broadcast_rows.py)."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from datetime import datetime

from bot.channels import Channel
from storage import announcements, broadcast_rows, broadcasts
from storage.broadcast_rows import MOST
from storage.broadcasts import PLANNED, QUEUEING, Broadcast
from storage.database import Database

BREATH = 0.005
"""Seconds between two transactions, in which others get to write."""


async def go_on(database: Database, channels: Mapping[str, Channel], now: datetime) -> None:
    """All that can be done now."""
    silent = [name for name, channel in channels.items() if not channel.capabilities.writes_first]
    async with database.read() as connection:
        found = await broadcast_rows.under_way(connection, now)
    for one in found:
        if one.state == PLANNED:
            async with database.write() as connection:
                await broadcasts.begin(connection, [one.ref], now)
        if one.state in (PLANNED, QUEUEING):
            await _queue(database, one, now, silent)
        async with database.read() as connection:
            states = await broadcast_rows.on_their_way(connection, one)
        if broadcast_rows.follows(one, states):
            await _follow(database, one, now)
        elif not states:
            async with database.write() as connection:
                await broadcast_rows.end(connection, one, now)
    await _send_late(database, now, silent)


async def _send_late(database: Database, now: datetime, silent: Collection[str]) -> None:
    """Whoever asks for a result that is out already is sent it."""
    async with database.read() as connection:
        found = await announcements.asked_late(connection, now, silent)
    for one in found:
        async with database.write() as connection:
            await announcements.send_late(connection, one, now, silent)


async def _follow(database: Database, one: Broadcast, now: datetime) -> None:
    """Its deliveries stand still, go on, or are called off with it."""
    while True:
        async with database.write() as connection:
            followed = await broadcast_rows.follow(connection, one, now)
        if followed < MOST:
            return
        await asyncio.sleep(BREATH)


async def _queue(database: Database, one: Broadcast, now: datetime, silent: Collection[str]) -> None:
    """The deliveries of everybody who is left, some thousand people a transaction."""
    while True:
        async with database.write() as connection:
            more = await broadcast_rows.queue(connection, one, now, silent=silent)
        if not more:
            return
        await asyncio.sleep(BREATH)
