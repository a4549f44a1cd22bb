"""Ideas as residents read them: only what is sent, but for its author. What is handed back fits a journal.

An idea is a text of the kind `idea`; the arguments and details that others add to it are about it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, TypeAlias

from sqlalchemy import BigInteger, ColumnElement, and_, cast, func, or_, select, union_all
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import aliased

from storage import attached, similar
from storage.models import Ballot, Contribution, Progress
from storage.shortening import bounded
from storage.similar import Asked
from storage.supporting import SUPPORT, SUPPORTERS, followed_by, reported_by, supported_by
from storage.value import value
from storage.written import NOWHERE

IDEA, FOR, AGAINST, DETAIL = "idea", "argument_for", "argument_against", "detail"
"""The kinds of contributions."""
A_PAGE = 3
"""Ideas shown at once."""
MINE = 6
"""Things of one's own shown at once."""
ARGUMENTS = 3
"""Arguments of each side shown at once, the newest."""
FOUND = 30
"""Ideas that a search finds at most."""
PRIME = 1_000_003
"""Orders are drawn modulo this: small enough that nothing overflows, large enough that ideas rarely share a place."""

Order: TypeAlias = Literal["random", "new", "search"]

_Found = aliased(Contribution)


def found(space_id: int, **values: Any) -> tuple[ColumnElement[bool], ...]:
    """Rows with these values, which an index holds, by their ids: SQLite without statistics would rather read all
    contributions of the space than look up a row behind an index that does not hold it whole."""
    where = (getattr(_Found, name) == value for name, value in values.items())
    ids = select(_Found.id).where(_Found.space_id == space_id, *where)
    return Contribution.space_id == space_id, Contribution.id.in_(ids)


def shown(space_id: int, phase_id: int) -> tuple[ColumnElement[bool], ...]:
    """The ideas of a phase that everybody may read."""
    return (*found(space_id, phase_id=phase_id, state="sent"), Contribution.kind == IDEA)


# -- lists ---------------------------------------------------------------------------------------------------------


@value
class Look:
    """A page of ideas: in an order drawn by `seed`, the newest first, or those that hold all `words`.

    `after` is where the page before ended, as it was handed back.
    """

    space_id: int
    phase_id: int
    order: Order
    seed: int = 0
    theme: str | None = None
    area: str | None = None
    words: str = ""
    language: str = "fr"
    after: tuple[int, int] | None = None


async def browse(connection: AsyncConnection, looks: Sequence[Look]) -> Sequence[dict[str, Any]]:
    """For each look `{ideas: [{id, text, support}], after}`; `after` is None where nothing more comes."""
    return [
        await _sought(connection, look) if look.order == "search" else await _page(connection, look) for look in looks
    ]


async def _page(connection: AsyncConnection, look: Look) -> dict[str, Any]:
    place = _drawn(look.seed) if look.order == "random" else -Contribution.id
    where = list(shown(look.space_id, look.phase_id))
    where += [Contribution.theme == look.theme] if look.theme is not None else []
    where += [Contribution.area == look.area] if look.area is not None else []
    if look.after is not None:
        where.append(or_(place > look.after[0], and_(place == look.after[0], Contribution.id > look.after[1])))
    rows = await connection.execute(
        select(place, Contribution.id).where(*where).order_by(place, Contribution.id).limit(A_PAGE + 1)
    )
    found = [list(row) for row in rows]
    ideas = await listed(connection, look.space_id, [id_ for _place, id_ in found[:A_PAGE]])
    return {"ideas": ideas, "after": found[A_PAGE - 1] if len(found) > A_PAGE else None}


def _drawn(seed: int) -> ColumnElement[int]:
    """A place for each idea that chance decides: another order for each seed, and the same one for the same seed.

    The square keeps ideas that were sent one after the other from staying neighbours.
    """
    shifted = (Contribution.id + seed) % PRIME
    return shifted * shifted % PRIME * (seed % PRIME + 1) % PRIME


async def _sought(connection: AsyncConnection, look: Look) -> dict[str, Any]:
    """Those that hold the words, the nearest first; `after` counts those shown before."""
    asked = Asked(look.space_id, look.phase_id, look.words, look.language, limit=FOUND)
    [near] = await similar.search(connection, [asked])
    begin = look.after[0] if look.after is not None else 0
    ideas = await listed(connection, look.space_id, [one["id"] for one in near[begin : begin + A_PAGE]])
    end = begin + A_PAGE
    return {"ideas": ideas, "after": [end, 0] if end < len(near) else None}


async def listed(connection: AsyncConnection, space_id: int, ids: Sequence[int]) -> list[dict[str, Any]]:
    """These ideas in this order, as `{id, text, support}`."""
    rows = await connection.execute(
        select(Contribution.id, Contribution.text, SUPPORTERS).where(
            Contribution.space_id == space_id, Contribution.id.in_(ids), Contribution.state == "sent"
        )
    )
    found = {id_: {"id": id_, "text": text, "support": count} for id_, text, count in rows}
    return [found[id_] for id_ in ids if id_ in found]


async def near(connection: AsyncConnection, asked: Sequence[Asked]) -> Sequence[list[dict[str, Any]]]:
    """For each text the ideas that are like it, the nearest first, as `{id, text, support}`."""
    found = await similar.similar(connection, asked)
    return [
        await listed(connection, one.space_id, [idea["id"] for idea in ideas])
        for one, ideas in zip(asked, found, strict=True)
    ]


# -- one idea ------------------------------------------------------------------------------------------------------


@value
class Reader:
    """Somebody reads a contribution: an idea that is sent, or anything of their own."""

    space_id: int
    phase_id: int
    contribution_id: int
    participant_id: int


_COLUMNS = ("id", "kind", "text", "theme", "area", "state", "status", "reason", "fields", "created_at")


async def read(connection: AsyncConnection, readers: Sequence[Reader]) -> Sequence[dict[str, Any] | None]:
    """For each reader the contribution, or None where there is nothing to read any more:
    `{id, kind, text, details, attached: [{kind, picture, id}], theme, area, state, status, reason, at, support, for,
    against, mine, supported, followed, reported, progress: [{status, text, at}]}`, the newest progress first; times in
    ISO format."""
    return [await _read(connection, reader) for reader in readers]


async def _read(connection: AsyncConnection, reader: Reader) -> dict[str, Any] | None:
    mine = Contribution.participant_id == reader.participant_id
    rows = await connection.execute(
        select(
            *(getattr(Contribution, name) for name in _COLUMNS),
            SUPPORTERS.label("support"),
            mine.label("mine"),
            supported_by(reader.participant_id).label("supported"),
            followed_by(reader.participant_id).label("followed"),
            reported_by(reader.participant_id).label("reported"),
        ).where(
            Contribution.space_id == reader.space_id,
            Contribution.phase_id == reader.phase_id,
            Contribution.id == reader.contribution_id,
            Contribution.state.not_in(NOWHERE),
            or_(mine, and_(Contribution.state == "sent", Contribution.kind == IDEA)),
        )
    )
    row = rows.one_or_none()
    if row is None:
        return None
    found = dict(row._mapping)
    fields, at = found.pop("fields"), found.pop("created_at")
    counts = await _counts(connection, reader)
    details, reason = fields.get("details"), found["reason"]
    return {
        **found,
        "mine": bool(found["mine"]),
        "details": details and bounded(details, 1_500),
        "attached": [
            {"kind": one.kind, "picture": one.is_picture, "id": one.id}
            for one in await attached.beside(connection, reader.space_id, fields)
        ],
        "reason": reason and bounded(reason, 300),
        "at": at.isoformat(),
        "for": counts.get(FOR, 0),
        "against": counts.get(AGAINST, 0),
        "progress": await _progress(connection, reader),
    }


async def _counts(connection: AsyncConnection, reader: Reader) -> dict[str, int]:
    """How many arguments of each side others see."""
    rows = await connection.execute(
        select(Contribution.kind, func.count())
        .where(*found(reader.space_id, parent_id=reader.contribution_id), Contribution.state == "sent")
        .group_by(Contribution.kind)
    )
    return dict(rows.all())


async def _progress(connection: AsyncConnection, reader: Reader) -> list[dict[str, Any]]:
    """What the town said of it last."""
    rows = await connection.execute(
        select(Progress.status, Progress.text, Progress.at)
        .where(Progress.space_id == reader.space_id, Progress.contribution_id == reader.contribution_id)
        .order_by(Progress.at.desc(), Progress.id.desc())
        .limit(2)
    )
    return [
        {"status": status, "text": {name: bounded(words, 500) for name, words in text.items()}, "at": at.isoformat()}
        for status, text, at in rows
    ]


async def arguments(connection: AsyncConnection, readers: Sequence[Reader]) -> Sequence[dict[str, list[str]]]:
    """For each idea the newest arguments of each side, and details, as `{argument_for: [text], ...}`."""
    return [await _arguments(connection, reader) for reader in readers]


async def _arguments(connection: AsyncConnection, reader: Reader) -> dict[str, list[str]]:
    texts = {}
    for kind in (FOR, AGAINST, DETAIL):
        rows = await connection.execute(
            select(Contribution.text)
            .where(
                *found(reader.space_id, parent_id=reader.contribution_id),
                Contribution.kind == kind,
                Contribution.state == "sent",
            )
            .order_by(Contribution.id.desc())
            .limit(ARGUMENTS)
        )
        texts[kind] = [bounded(text or "", 350) for text in rows.scalars()]
    return texts


# -- one's own -----------------------------------------------------------------------------------------------------


@value
class Giver:
    """Somebody looks at what they gave to a phase, from the `skip`th on."""

    space_id: int
    phase_id: int
    participant_id: int
    skip: int = 0


async def mine(connection: AsyncConnection, givers: Sequence[Giver]) -> Sequence[dict[str, Any]]:
    """For each giver `{given: [{id, kind, text, state, support}], more}`: what they wrote, the newest first, then the
    ideas they support, of the kind `support`."""
    return [await _mine(connection, giver) for giver in givers]


async def _mine(connection: AsyncConnection, giver: Giver) -> dict[str, Any]:
    wrote = select(_Found.id).where(_Found.space_id == giver.space_id, _Found.participant_id == giver.participant_id)
    supported = select(cast(Ballot.subject, BigInteger)).where(
        Ballot.space_id == giver.space_id,
        Ballot.phase_id == giver.phase_id,
        Ballot.voter == str(giver.participant_id),
    )
    theirs = func.coalesce(Contribution.participant_id, 0) == giver.participant_id
    rows = await connection.execute(
        select(
            Contribution.id,
            Contribution.kind,
            Contribution.text,
            Contribution.state,
            SUPPORTERS,
            theirs.label("theirs"),
        )
        .where(
            Contribution.space_id == giver.space_id,
            Contribution.id.in_(union_all(wrote, supported)),
            Contribution.phase_id == giver.phase_id,
            Contribution.kind.in_((IDEA, FOR, AGAINST, DETAIL)),
            or_(Contribution.state == "sent", and_(theirs, Contribution.state.not_in(NOWHERE))),
        )
        .order_by(theirs.desc(), Contribution.id.desc())
        .offset(giver.skip)
        .limit(MINE + 1)
    )
    given = [
        {
            "id": id_,
            "kind": kind if own else SUPPORT,
            "text": bounded(text or "", 300),
            "state": state,
            "support": count,
        }
        for id_, kind, text, state, count, own in rows
    ]
    return {"given": given[:MINE], "more": len(given) > MINE}
