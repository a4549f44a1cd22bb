"""The ceiling of what a broadcast may cost, looked at in the transaction that claims its messages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.lane import Lane
from bot.sending import Outcome
from storage import doubts, leaving, paying
from storage.leaving import Kept
from storage.outbox import Claim


async def pay(connection: AsyncConnection, lane: Lane, claim: Claim, now: datetime) -> Claim:
    """The claim with what may be paid for; the rest waits until somebody raises the ceiling and lets it go on."""
    if not lane.paying:
        return claim
    given = paying.bills(item for item in claim.taken if lane.place(item)[1])
    left = Counter({one.broadcast: most for one, most in zip(given, await paying.pay(connection, given), strict=True)})
    taken, kept = [], []
    for item in claim.taken:
        its = paying.broadcast_of(item) if lane.place(item)[1] else None
        if its is not None and not left[its]:
            kept.append(Kept(item.space_id, item.id, "paused", now))
            continue
        if its is not None:
            left[its] -= 1
        taken.append(item)
    await leaving.note(connection, [], kept)
    return replace(claim, taken=taken, passed=claim.passed + len(kept))


async def pay_back(connection: AsyncConnection, ended: Sequence[Outcome]) -> None:
    """Of what was paid for and surely did not arrive."""
    lost = [one for one in ended if one.paid and one.settled.state != "sent" and one.settled.error != doubts.UNCERTAIN]
    await paying.pay_back(connection, paying.bills(one.item for one in lost))
