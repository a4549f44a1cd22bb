"""Contributions that somebody typed in: from paper, from a table at a meeting, or of the organisers' own.

They have no participant: nobody is made up for them. A table of N people gives one contribution at which N were
present, and is never added to the people who took part.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import similar
from storage.models import Contribution
from storage.scope import MEETING, ORGANISER, PAPER
from storage.types import new_id
from storage.value import value

ORIGINS = (PAPER, MEETING, ORGANISER)
MOST_PEOPLE = 500
"""A table with more is a hall, and a slip of the finger."""


@value
class TypedIn:
    """What was typed in. `origin` is one of ORIGINS; `place` says which meeting or which box. `language` is given where
    the phase finds similar texts."""

    space_id: int
    phase_id: int
    kind: str
    text: str
    theme: str | None
    area: str | None
    people: int
    origin: str
    place: str | None
    at: datetime
    language: str | None = None


async def put(connection: AsyncConnection, given: Sequence[TypedIn]) -> Sequence[int]:
    """Keep these, which whoever typed them has read; answers their ids. They may come after closing: what was written
    before it takes a day to type. ValueError for an origin or a number of people there can't be."""
    ids = []
    for one in given:
        if one.origin not in ORIGINS or not 1 <= one.people <= MOST_PEOPLE:
            raise ValueError(f"{one.people} people by {one.origin!r} can't be")
        ids.append(new_id())
    rows: list[dict[str, Any]] = [
        {
            "space_id": one.space_id,
            "id": id_,
            "phase_id": one.phase_id,
            "key": "typed",
            "kind": one.kind,
            "state": "sent",
            "text": one.text,
            "theme": one.theme,
            "area": one.area,
            "people": one.people,
            "fields": {},
            "origin": one.origin,
            "place": one.place,
            "read_at": one.at,
            "created_at": one.at,
            "updated_at": one.at,
        }
        for id_, one in zip(ids, given, strict=True)
    ]
    if rows:
        await connection.execute(insert(Contribution), rows)
    found = [
        similar.Text(one.space_id, one.phase_id, id_, one.text, one.language)
        for id_, one in zip(ids, given, strict=True)
        if one.language is not None
    ]
    await similar.index(connection, found)
    return ids
