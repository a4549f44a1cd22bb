"""What a phase was told in people's own words, as the panel reads it."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncConnection

from flows.figures import Filter, OpenText, Page, PhaseRef
from storage import spaces, texts


async def open_texts(
    connection: AsyncConnection, phase: PhaseRef, kind: str, question_id: str | None, where: Filter, page: Page
) -> tuple[int, list[OpenText]]:
    """What contributions of a kind say to everybody, or the open answers to a question of theirs, that hold the
    words: how many, and one page of them, the newest first.

    Of a question with choices these are the answers in one's own words; of a place, those that were typed.
    """
    scope = where.scope(phase, kind)
    count, found = await texts.found(connection, scope, question_id, page.search, page.offset, page.limit)
    zone = ZoneInfo((await spaces.load(connection, phase.space_id)).zone)
    return count, [OpenText(one.text, one.origin, one.place, one.at.astimezone(zone).date()) for one in found]
