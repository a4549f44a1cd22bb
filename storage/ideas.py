"""Ideas: what residents propose, with the arguments and details others add to them, and who supports them.

An idea is a contribution of the kind `idea`; what is said about one has the idea as its parent. Nobody answers an
argument: it has no children. Its supporters are ballots, the subject being the idea's id.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, TypeAlias

from sqlalchemy import bindparam, delete, insert, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import ballots, contributions, gate, similar
from storage.ballots import NewBallot
from storage.contributions import NewContribution
from storage.models import Contribution, Follow, Report
from storage.refusals import Closed, Refusal
from storage.types import new_id
from storage.value import value

IDEA, FOR, AGAINST, DETAIL = "idea", "argument_for", "argument_against", "detail"
"""The kinds of contributions."""
SUPPORT = "support"
"""The value of a ballot on an idea."""


class Gone(Refusal):
    """It was withdrawn or hidden, or it is not theirs."""


class OwnIdea(Refusal):
    """Nobody supports an idea of their own."""


class AlreadyReported(Refusal):
    """Everybody reports a contribution once."""


# -- giving --------------------------------------------------------------------------------------------------------


@value
class NewText(NewContribution):
    """An idea, or what somebody says about one; `language` is the one in which its words are cut to stems."""

    language: str = "fr"


async def put(connection: AsyncConnection, given: Sequence[NewText]) -> Sequence[int | Refusal]:
    """Write these as `contributions.put` does and with its refusals; ideas can be found by their words from then on.

    Refuses what is about an idea that others no longer see (Gone).
    """
    about = await _shown(connection, {(item.space_id, item.parent_id) for item in given if item.parent_id is not None})
    stands = [item.parent_id is None or (item.space_id, item.parent_id) in about for item in given]
    accepted = [item for item, stand in zip(given, stands, strict=True) if stand]
    written = await contributions.put(connection, accepted)
    await similar.index(
        connection,
        [
            similar.Text(item.space_id, item.phase_id, made, item.text or "", item.language)
            for item, made in zip(accepted, written, strict=True)
            if isinstance(made, int) and item.kind == IDEA
        ],
    )
    left = iter(written)
    return [next(left) if stand else Gone() for stand in stands]


async def _shown(connection: AsyncConnection, keys: Collection[tuple[int, int | None]]) -> dict[tuple[int, int], Any]:
    """The (phase, author) of those of these ideas that others see, by (space, id)."""
    if not keys:
        return {}
    rows = await connection.execute(
        select(Contribution.space_id, Contribution.id, Contribution.phase_id, Contribution.participant_id).where(
            tuple_(Contribution.space_id, Contribution.id).in_(keys),
            Contribution.kind == IDEA,
            Contribution.state == "sent",
        )
    )
    return {(space_id, id_): (phase_id, author) for space_id, id_, phase_id, author in rows}


# -- supporting ----------------------------------------------------------------------------------------------------


async def support(connection: AsyncConnection, given: Sequence[NewBallot]) -> Sequence[int | Refusal]:
    """Support ideas, or take it back (value None); answers how many support each once it is done.

    Refuses what others no longer see (Gone), one's own idea (OwnIdea), and what `ballots.cast` refuses. Support can be
    taken back from whatever it was given to.
    """
    known = await _shown(connection, {(one.space_id, int(one.subject)) for one in given})

    def judge(ballot: NewBallot) -> Refusal | None:
        if ballot.value is None:
            return None
        phase_id, author = known.get((ballot.space_id, int(ballot.subject)), (None, None))
        if phase_id != ballot.phase_id:
            return Gone()
        return OwnIdea() if author == ballot.participant_id else None

    refused = [judge(ballot) for ballot in given]
    left = iter(await ballots.cast(connection, [one for one, no in zip(given, refused, strict=True) if no is None]))
    return [next(left) if no is None else no for no in refused]


# -- changing one's own --------------------------------------------------------------------------------------------

What: TypeAlias = Literal["text", "details", "theme", "area"]


@value
class Own:
    """Something of somebody's own that they change, or withdraw, at a moment.

    `what` None withdraws it. Otherwise that becomes `new`; its words are cut to stems in this `language`.
    """

    space_id: int
    phase_id: int
    contribution_id: int
    participant_id: int
    at: datetime
    what: What | None = None
    new: str | None = None
    language: str = "fr"

    @property
    def key(self) -> tuple[int, int]:
        return self.space_id, self.contribution_id


async def change(connection: AsyncConnection, given: Sequence[Own]) -> Sequence[bool | Refusal]:
    """Correct or withdraw what one gave, until closing (Closed). What is not theirs, or is withdrawn, is Gone.

    A text that was hidden, and every text where texts are read before others see them, waits to be read again.
    """
    doors = await gate.doorways(connection, {(one.space_id, one.phase_id) for one in given})
    closed = [not doors[one.phase_id].is_open(one.at) for one in given]
    theirs = await _theirs(connection, given)
    results: list[bool | Refusal] = []
    rows: list[dict[str, Any]] = []
    for one, is_closed in zip(given, closed, strict=True):
        before = theirs.get((*one.key, one.participant_id))
        if is_closed or before is None:
            results.append(Closed() if is_closed else Gone())
            continue
        rows.append(_changed(one, before, first=doors[one.phase_id].moderation == "before"))
        results.append(True)
    if rows:
        await connection.execute(_CHANGE, rows)
    done = [one for one, result in zip(given, results, strict=True) if result is True]
    await similar.forget(connection, [one.key for one in done if one.what is None])
    await similar.index(connection, [_words(one) for one in done if one.what == "text" and _kind(theirs, one) == IDEA])
    return results


async def _theirs(connection: AsyncConnection, given: Sequence[Own]) -> dict[tuple[int, int, int], Mapping[str, Any]]:
    """What stands now in the rows that are theirs, by (space, id, participant)."""
    names = ("kind", "state", "text", "theme", "area", "fields", "read_at")
    columns = (getattr(Contribution, name) for name in names)
    rows = await connection.execute(
        select(Contribution.space_id, Contribution.id, Contribution.participant_id, *columns).where(
            tuple_(Contribution.space_id, Contribution.id).in_([one.key for one in given]),
            Contribution.state != "withdrawn",
        )
    )
    return {(row.space_id, row.id, row.participant_id): dict(row._mapping) for row in rows}


def _changed(one: Own, before: Mapping[str, Any], *, first: bool) -> dict[str, Any]:
    """The row as it becomes."""
    row = {name: before[name] for name in ("state", "text", "theme", "area", "fields", "read_at")}
    if one.what is None:
        row["state"] = "withdrawn"
    else:
        row |= {"fields": {**before["fields"], "details": one.new}} if one.what == "details" else {one.what: one.new}
        if one.what in ("text", "details"):
            waits = row["state"] == "hidden" or first or before["kind"] == DETAIL
            row |= {"state": "waiting" if waits else row["state"], "read_at": None}
    return {"s": one.space_id, "i": one.contribution_id, "at": one.at, **{f"new_{k}": v for k, v in row.items()}}


_CHANGE = (
    update(Contribution)
    .where(Contribution.space_id == bindparam("s"), Contribution.id == bindparam("i"))
    .values(
        state=bindparam("new_state"),
        text=bindparam("new_text"),
        theme=bindparam("new_theme"),
        area=bindparam("new_area"),
        fields=bindparam("new_fields"),
        read_at=bindparam("new_read_at"),
        updated_at=bindparam("at"),
    )
)


def _kind(theirs: Mapping[tuple[int, int, int], Mapping[str, Any]], one: Own) -> str:
    return str(theirs[*one.key, one.participant_id]["kind"])


def _words(one: Own) -> similar.Text:
    return similar.Text(one.space_id, one.phase_id, one.contribution_id, one.new or "", one.language)


# -- following and reporting ---------------------------------------------------------------------------------------


@value
class Following:
    """Somebody wants to hear what becomes of a contribution, or no longer does."""

    space_id: int
    contribution_id: int
    participant_id: int
    wanted: bool


async def follow(connection: AsyncConnection, given: Sequence[Following]) -> Sequence[bool | Refusal]:
    """Follow contributions, or leave off; doing it twice changes nothing."""
    keys = [(one.space_id, one.contribution_id, one.participant_id) for one in given]
    await connection.execute(
        delete(Follow).where(tuple_(Follow.space_id, Follow.contribution_id, Follow.participant_id).in_(keys))
    )
    rows = [
        {"space_id": key[0], "id": new_id(), "contribution_id": key[1], "participant_id": key[2]}
        for key in dict.fromkeys(key for key, one in zip(keys, given, strict=True) if one.wanted)
    ]
    if rows:
        await connection.execute(insert(Follow), rows)
    return [True for _ in given]


@value
class Reported:
    """Somebody finds that a contribution should not be there; `reason` is a word of the module."""

    space_id: int
    contribution_id: int
    participant_id: int
    reason: str
    at: datetime


async def report(connection: AsyncConnection, given: Sequence[Reported]) -> Sequence[bool | Refusal]:
    """Report contributions to the moderators; each person each of them once (AlreadyReported)."""
    keys = [(one.space_id, one.contribution_id, str(one.participant_id)) for one in given]
    columns = (Report.space_id, Report.contribution_id, Report.reporter)
    known = {tuple(row) for row in await connection.execute(select(*columns).where(tuple_(*columns).in_(keys)))}
    results: list[bool | Refusal] = []
    rows = []
    for key, one in zip(keys, given, strict=True):
        results.append(AlreadyReported() if key in known else True)
        if key not in known:
            known.add(key)
            row = {"space_id": key[0], "contribution_id": key[1], "reporter": key[2], "reason": one.reason}
            rows.append({**row, "id": new_id(), "at": one.at, "settled_at": None})
    if rows:
        await connection.execute(insert(Report), rows)
    return results
