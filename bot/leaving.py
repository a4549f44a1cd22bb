"""What we begin ourselves is looked at once more in the transaction that claims it: is it still true, is this the hour?

Answers pass untouched. The rest is worded here, from what the database says now, or it does not leave.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from flows import occasion
from flows.occasion import Occasion
from flows.texts import LANGUAGES
from storage import leaving
from storage.leaving import TOO_OLD, UNREADABLE, Dropped, Due, Halted, Kept, Later, Worded
from storage.left_out import SILENT, STOPPED
from storage.outbox import Claim, Claimed, LaneKey

log = structlog.get_logger()


async def look(
    connection: AsyncConnection, lane: LaneKey, claim: Claim, now: datetime, *, writes_first: bool = True
) -> Claim:
    """The claim with those that leave now, worded; the others are given back. By a channel that never `writes_first`
    nothing leaves that nobody asked for."""
    begun = [item for item in claim.taken if item.cause is not None]
    if not begun:
        return claim
    silent = [] if writes_first else [item for item in begun if item.unasked]
    kept = {item.id: Kept(item.space_id, item.id, "cancelled", now, SILENT) for item in silent}
    kept |= await _kept(connection, lane, [item for item in begun if item.id not in kept], now)
    said = await _said(connection, [item for item in begun if item.id not in kept], now)
    kept |= {id_: one for id_, one in said.items() if isinstance(one, Kept)}
    worded = {id_: one for id_, one in said.items() if isinstance(one, Worded)}
    await leaving.note(connection, list(worded.values()), list(kept.values()))
    taken = [
        replace(item, body=worded[item.id].body) if item.id in worded else item
        for item in claim.taken
        if item.id not in kept
    ]
    return replace(claim, taken=taken, passed=claim.passed + len(kept))


async def _kept(connection: AsyncConnection, lane: LaneKey, items: Sequence[Claimed], now: datetime) -> dict[int, Kept]:
    """Those that are too old, those for which this is not the hour, and reminders for whoever wants none any more."""
    reminded = {(item.space_id, item.participant_id) for item in items if item.kind == "reminder"}
    stopped = await leaving.stopped(connection, reminded) if reminded else set()
    unasked = {(item.space_id, item.participant_id) for item in items if item.unasked}
    openings = await leaving.openings(connection, unasked, now) if unasked else {}
    found: dict[int, Kept] = {}
    later: dict[int, datetime] = {}
    for item in items:
        opening = openings.get((item.space_id, item.participant_id)) if item.unasked else None
        at = opening.at if opening is not None else now
        if item.kind == "reminder" and (item.space_id, item.participant_id) in stopped:
            found[item.id] = Kept(item.space_id, item.id, "cancelled", now, STOPPED)
        elif item.expires_at is not None and item.expires_at <= at:
            found[item.id] = Kept(item.space_id, item.id, "cancelled", now, TOO_OLD)
        elif at > now:
            found[item.id] = Kept(item.space_id, item.id, "waiting", at)
        if opening is not None and at > now and not opening.own:
            later[item.space_id] = at
    for space_id, at in later.items():
        await leaving.postpone(connection, lane, space_id, now, at)
    return found


async def _said(connection: AsyncConnection, items: Sequence[Claimed], now: datetime) -> dict[int, Worded | Kept]:
    """What each says, or what becomes of it that says nothing: one look for all of an occasion."""
    by_kind: dict[str, list[tuple[Claimed, Due]]] = defaultdict(list)
    for item in items:
        kind, about = occasion.about(item.cause or "")
        by_kind[kind].append((item, Due(item.space_id, item.id, item.participant_id, about)))
    found: dict[int, Worded | Kept] = {}
    for kind, pairs in by_kind.items():
        its = occasion.catalog()[kind]
        facts = await its.look(connection, [due for _item, due in pairs], now)
        for (item, due), known in zip(pairs, facts, strict=True):
            found[item.id] = _outcome(its, item, due, known, now)
    return found


def _outcome(its: Occasion, item: Claimed, due: Due, known: Any, now: datetime) -> Worded | Kept:
    if isinstance(known, Dropped):
        return Kept(item.space_id, item.id, "cancelled", now, known.why)
    if isinstance(known, Halted):
        return Kept(item.space_id, item.id, "paused", now)
    if isinstance(known, Later):
        return Kept(item.space_id, item.id, "waiting", known.at)
    try:
        message = its.word(known, due, item.language or LANGUAGES[0], now)
    except Exception:  # one that can't be worded must not hold up the others
        log.exception("a delivery nobody can word", delivery=item.id, occasion=its.kind)
        return Kept(item.space_id, item.id, "failed", now, UNREADABLE)
    return Worded(item.space_id, item.id, message.pack())
