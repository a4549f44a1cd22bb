"""Texts found by their words: all have to be there, each maybe inside a longer one, whatever accents and capitals.

Each text is kept a second time as it is compared (`folded`, storage/words.py), since the two databases do not agree on
capitals and neither knows accents. Residents search by stems and find the nearest first (storage/similar.py); whoever
reads for the town wants every text there is, counted and in its order.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import InstrumentedAttribute

from storage.models import Answer, Contribution
from storage.scope import Scope, given_within
from storage.value import value
from storage.words import fold


@value
class Written:
    """One text, with the channel and the place its contribution came by, and when it was first sent (UTC)."""

    text: str
    origin: str
    place: str | None
    at: datetime


def holding(folded: InstrumentedAttribute[str | None], search: str) -> list[ColumnElement[bool]]:
    """That a folded text holds all words of a search."""
    return [folded.contains(fold(word), autoescape=True) for word in search.split()]


async def found(
    connection: AsyncConnection, scope: Scope, question: str | None, search: str, offset: int, limit: int
) -> tuple[int, list[Written]]:
    """The open answers to a question, or what the contributions themselves say where it is None, that hold all words:
    how many, and one page of them, the newest first.

    A text that is not there to be read (a point on the map, what was erased) has no folded form and is not among them.
    """
    kept = Contribution if question is None else Answer
    texts = select(kept.text, Contribution.origin, Contribution.place, Contribution.created_at).where(
        *given_within(scope), kept.folded.is_not(None), *holding(kept.folded, search)
    )
    if question is not None:
        here = (Answer.space_id == Contribution.space_id) & (Answer.contribution_id == Contribution.id)
        texts = texts.join(Answer, here).where(Answer.question == question)
    count = select(func.count()).select_from(texts.subquery())
    page = texts.order_by(Contribution.id.desc(), kept.id.desc()).offset(offset).limit(limit)
    return (
        (await connection.execute(count)).scalar_one(),
        [Written(text or "", origin, place, at) for text, origin, place, at in await connection.execute(page)],
    )
